"""Every role tries everything on every table, view and function: what works is what tests/migrations/rights.py says."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from local import postgres
from tests.conftest import PASSWORDS, administer
from tests.migrations.catalogue import catalogue, connected
from tests.migrations.rights import FUNCTIONS, PROCEDURES, ROLES, TABLES, VIEWS

DENIED = "42501"
MANY = (
    "SELECT FROM {name} LIMIT 0",
    "INSERT INTO {name} ({column}) SELECT CAST(NULL AS {type}) WHERE false",
    "UPDATE {name} SET {column} = NULL WHERE false",
    "DELETE FROM {name} WHERE false",
)
TRIED = dict(zip("rcud", MANY, strict=True))
"""What each letter is tried by; nothing of it meets a row."""

DEFINING = (
    "CREATE TABLE mine (id int)",
    "CREATE TABLE opsdb_roles.mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION hstore",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE ROLE mine",
    "ALTER TABLE employees ADD COLUMN mine int",
    "ALTER TABLE employees OWNER TO CURRENT_USER",
    "ALTER TABLE employee_rewards DISABLE TRIGGER append_only",
    "ALTER FUNCTION audit_change() SECURITY INVOKER",
    "ALTER ROLE opsdb_readonly CREATEROLE",
    "ALTER DATABASE {database} SET opsdb.role = 'admin'",
    "CREATE TRIGGER mine BEFORE INSERT ON employees EXECUTE FUNCTION refuse_change()",
    "CREATE INDEX mine ON employees (batch)",
    "DROP TABLE schedules",
    "DROP FUNCTION audit_change() CASCADE",
    "TRUNCATE schedules",
    "CALL audit_table('people', 'employee_id')",
    "CALL closing_table('employees', 'employee_id', 'hire_date', 'hire_date', NULL)",
    "SET ROLE opsdb_owner",
    "SET ROLE opsdb_doorkeeper",
    "SET SESSION AUTHORIZATION opsdb_owner",
    "SET session_replication_role = replica",
    "COPY employees TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT nextval('employee_rewards_reward_id_seq')",
    "SELECT setval('employee_rewards_reward_id_seq', 1)",
)

Tries = Callable[[str], str | None]


@pytest.fixture(scope="module")
def reader(server: postgres.Server, migrated: str) -> Iterator[str]:
    """The URL of a database user, made as the application makes them."""
    name = f"opsdb_ro_{secrets.token_hex(4)}"
    with connected(server.url("opsdb_app", PASSWORDS["opsdb_app"], migrated)) as cursor:
        verifier = psycopg2.extensions.encrypt_password("read", name, cursor.connection, "scram-sha-256")
        cursor.execute("SELECT opsdb_roles.make_login(%s, %s, NULL, 3)", (name, verifier))
    yield server.url(name, "read", migrated)
    administer(server, f"DROP ROLE {name}")


@pytest.fixture(scope="module", params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def tries(server: postgres.Server, migrated: str, reader: str, role: str) -> Iterator[Tries]:
    """Runs a statement as that role and takes it back: None, or the SQLSTATE with which it was refused."""
    url = reader if role == "reader" else server.url(role, PASSWORDS[role], migrated)
    with connected(url) as cursor:
        # A database user's transactions write nothing by themselves; what they may is a question of rights.
        cursor.execute("SET default_transaction_read_only = off")

        def tried(statement: str) -> str | None:
            cursor.execute("BEGIN")
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                return str(error.pgcode)
            finally:
                cursor.execute("ROLLBACK")
            return None

        yield tried


def asked(server: postgres.Server, database: str, question: str) -> set[Any]:
    owner = server.url("opsdb_owner", PASSWORDS["opsdb_owner"], database)
    return catalogue(owner, {"it": question})["it"]


def test_everything_there_is_stands_in_the_matrix(server: postgres.Server, migrated: str) -> None:
    relations = "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    found = asked(server, migrated, relations)
    assert {name for name, kind in found if kind == "r"} == TABLES.keys()
    assert {name for name, kind in found if kind == "v"} == VIEWS.keys()
    assert {kind for _, kind in found} <= {"r", "v", "i", "S"}
    functions = asked(
        server,
        migrated,
        """SELECT CASE pronamespace WHEN 'public'::regnamespace THEN '' ELSE pronamespace::regnamespace || '.' END
               || proname, prokind::text
           FROM pg_proc p WHERE pronamespace::regnamespace::text IN ('public', 'opsdb_roles')
             AND prorettype <> 'trigger'::regtype
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    )
    assert {name for name, kind in functions if kind == "f"} == FUNCTIONS.keys()
    assert {name for name, kind in functions if kind == "p"} == PROCEDURES.keys()


def test_each_role_may_do_to_rows_what_the_matrix_says(
    server: postgres.Server, migrated: str, role: str, tries: Tries
) -> None:
    columns = asked(
        server,
        migrated,
        """SELECT DISTINCT ON (c.relname) c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
           ORDER BY c.relname, a.attnum""",
    )
    wrong = []
    for name, column, kind in columns:
        may = {**TABLES, **VIEWS}[name].of(role)
        for letter, statement in TRIED.items():
            if name in VIEWS and letter != "r":
                continue
            refused = tries(statement.format(name=name, column=column, type=kind))
            if refused != (None if letter in may else DENIED):
                wrong.append((name, letter, refused))
    assert wrong == []


def test_no_role_has_a_right_that_rows_do_not_need(server: postgres.Server, migrated: str) -> None:
    """Nor one on a column alone, which the matrix could not say."""
    more = asked(
        server,
        migrated,
        """SELECT c.relname, g.grantee::regrole::text, g.privilege_type
           FROM pg_class c CROSS JOIN aclexplode(c.relacl) g
           WHERE c.relnamespace = 'public'::regnamespace AND g.grantee <> c.relowner
             AND g.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')""",
    )
    assert more == set()
    columns = "SELECT attrelid::regclass::text FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid > 16383"
    assert asked(server, migrated, columns) == set()


def test_each_role_may_call_what_the_matrix_says(server: postgres.Server, migrated: str, reader: str) -> None:
    login = reader.partition("://")[2].partition(":")[0]
    for name, callers in {**FUNCTIONS, **PROCEDURES}.items():
        full = name if "." in name else f"public.{name}"
        for role in ROLES:
            who = login if role == "reader" else role
            may = asked(
                server,
                migrated,
                f"""SELECT bool_and(has_function_privilege('{who}', p.oid, 'EXECUTE')
                                    AND has_schema_privilege('{who}', p.pronamespace, 'USAGE'))
                    FROM pg_proc p WHERE p.pronamespace::regnamespace || '.' || p.proname = '{full}'""",
            )
            assert may == {(role in callers,)}, (name, role)


def test_whatever_runs_as_its_owner_looks_names_up_nowhere_else(server: postgres.Server, migrated: str) -> None:
    """Else whoever calls it could put a function or a table of theirs before ours."""
    open_ones = asked(
        server,
        migrated,
        """SELECT p.oid::regprocedure::text FROM pg_proc p
           WHERE p.prosecdef AND p.pronamespace::regnamespace::text IN ('public', 'opsdb_roles')
             AND NOT EXISTS (SELECT FROM unnest(p.proconfig) one
                             WHERE one ~ '^search_path=pg_catalog, (public, )?pg_temp$')""",
    )
    assert open_ones == set()


def test_nobody_but_the_owner_defines_anything(migrated: str, role: str, tries: Tries) -> None:
    answers = {statement: tries(statement.format(database=migrated)) for statement in DEFINING}
    assert {statement: said for statement, said in answers.items() if said != DENIED} == {}


def test_only_the_application_has_tables_for_the_moment(role: str, tries: Tries) -> None:
    assert tries("CREATE TEMPORARY TABLE mine (id int)") == (None if role == "opsdb_app" else DENIED)


def test_a_secret_is_in_nothing_that_analysts_read(server: postgres.Server, migrated: str) -> None:
    named = asked(
        server,
        migrated,
        r"""SELECT DISTINCT table_name::text FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name ~ '(hash|secret|password|verifier|fingerprint)'""",
    )
    assert len(named) > 3
    assert {name for (name,) in named} & {name for name, may in {**TABLES, **VIEWS}.items() if may.readonly} == set()
    behind = asked(
        server,
        migrated,
        """SELECT DISTINCT d.refobjid::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
           JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v' AND v.relnamespace = 'public'::regnamespace
           WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid""",
    )
    assert {name for (name,) in behind} <= {name for name, may in TABLES.items() if may.readonly}
