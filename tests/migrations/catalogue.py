"""What a database holds, in PostgreSQL's own words, so that two of them can be compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2

OWN = "c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'"

SHAPE = {
    "columns": f"""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
               a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE {OWN} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": f"""
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE {OWN}""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'""",
}
"""What SQLAlchemy can describe."""

EVERYTHING = {
    **SHAPE,
    "triggers": f"""
        SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE {OWN} AND NOT t.tgisinternal""",
    "functions": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proacl::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "extensions": "SELECT extname, extnamespace::regnamespace::text FROM pg_extension",
    "owners": f"SELECT c.relname, c.relkind::text, pg_get_userbyid(c.relowner) FROM pg_class c WHERE {OWN}",
    "rights": """
        SELECT c.relname, g.grantee::regrole::text, g.privilege_type
        FROM pg_class c CROSS JOIN aclexplode(c.relacl) g WHERE c.relnamespace = 'public'::regnamespace""",
    "default rights": """
        SELECT d.defaclobjtype::text, g.grantee::regrole::text, g.privilege_type
        FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) g""",
    "schema rights": """
        SELECT g.grantee::regrole::text, g.privilege_type
        FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) g WHERE n.nspname = 'public'""",
    "seeds": "SELECT category, value, class, work_code, is_active FROM admin_options",
}


def catalogue(url: str, questions: dict[str, str]) -> dict[str, set[Any]]:
    """The answers to every question, without order."""
    with connected(url) as cursor:
        answers = {}
        for name, question in questions.items():
            cursor.execute(question)
            answers[name] = set(cursor.fetchall())
        return answers


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A cursor whose statements commit one by one."""
    conn = psycopg2.connect(url)
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            yield cursor
    finally:
        conn.close()
