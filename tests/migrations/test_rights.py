"""What each role may do: tried as that role, on every table."""

from typing import Any

import psycopg2
import pytest

from chalicelib.core.tables import metadata
from local import postgres
from tests.conftest import PASSWORDS
from tests.migrations.catalogue import catalogue, connected

TABLES = {*metadata.tables, "alembic_version"}
NEVER_CHANGED = {"people", "employee_rewards", "periods"}
NEVER_WRITTEN = {"audit_log", "absences", "adjustments", "alembic_version", "erasures", "token_issuers"}
SECRET = {
    "users",
    "api_keys",
    "db_users",
    "audit_log",
    "upload_rows",
    "upload_awards",
    "upload_errors",
    "upload_outcomes",
    "calendar_feeds",
    "request_keys",
    "sessions",
    "last_uses",
    "request_rates",
    "sign_in_attempts",
    "token_issuers",
    "erasures",
}
UNAUDITED = {
    "adjustments": "corrections in closed months, written beside the audit",
    "alembic_version": "Alembic's own",
    "audit_log": "the audit itself",
    "backups": "operational",
    "erasures": "the function that erases writes their one line of the audit itself",
    "people": "only ever gains ids, with the employees that are audited",
    "request_keys": "operational; what a request writes is audited under its id",
    "last_uses": "operational; nobody changed anything",
    "request_rates": "operational, and worth nothing a minute later",
    "token_issuers": "operational; whoever deploys writes it, and has a record of that",
    "sign_in_attempts": "operational; a sign-in that failed is an event of the audit",
    "upload_awards": "operational; the awards themselves are audited",
    "upload_errors": "operational",
    "upload_outcomes": "operational",
    "upload_rows": "operational",
    "uploads": "operational; what an upload writes is audited under its id",
}


def rights_of(server: postgres.Server, database: str, role: str) -> dict[str, set[str]]:
    """Every table or view -> what `role` may do to it, however it came by that."""
    found: dict[str, set[str]] = {}
    with connected(server.url("opsdb_owner", PASSWORDS["opsdb_owner"], database)) as cursor:
        cursor.execute(
            """SELECT c.relname, r.right_ FROM pg_class c,
               unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) r(right_)
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
                 AND has_table_privilege(%s, c.oid, r.right_)""",
            (role,),
        )
        for table, right in cursor.fetchall():
            found.setdefault(table, set()).add(right)
    return found


def refused(server: postgres.Server, database: str, role: str, statement: str) -> str:
    """The SQLSTATE with which `role` is refused `statement`."""
    with connected(server.url(role, PASSWORDS[role], database)) as cursor:
        with pytest.raises(psycopg2.Error) as caught:
            cursor.execute(statement)
        return str(caught.value.pgcode)


def test_the_application_changes_rows_but_neither_ledger_nor_log(server: postgres.Server, migrated: str) -> None:
    rights = rights_of(server, migrated, "opsdb_app")
    for table in TABLES:
        expected = {"SELECT", "INSERT", "UPDATE", "DELETE"}
        if table in NEVER_CHANGED:
            expected = {"SELECT", "INSERT"}
        if table in NEVER_WRITTEN:
            expected = {"SELECT"}
        assert rights[table] == expected, table


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE EXTENSION hstore",
        "ALTER TABLE employees ADD COLUMN mine int",
        "ALTER TABLE employee_rewards DISABLE TRIGGER append_only",
        "DROP TABLE schedules",
        "TRUNCATE schedules",
        "CREATE INDEX mine ON employees (batch)",
        "ALTER TABLE schedules DROP CONSTRAINT schedules_no_overlap",
        "SET ROLE opsdb_owner",
        "SET session_replication_role = replica",
        "CREATE ROLE mine",
        "UPDATE people SET created_at = now()",
        "DELETE FROM people",
        "INSERT INTO audit_log (actor, action, table_name) VALUES ('x', 'insert', 'employees')",
        "DELETE FROM audit_log",
        "DELETE FROM absences",
        "UPDATE alembic_version SET version_num = '0'",
        "UPDATE employee_rewards SET points = points * 2",
        "DELETE FROM employee_rewards",
    ],
)
def test_the_application_is_refused(server: postgres.Server, migrated: str, statement: str) -> None:
    assert refused(server, migrated, "opsdb_app", statement) == "42501"


def test_the_application_cannot_pass_its_rights_on(server: postgres.Server, migrated: str) -> None:
    with connected(server.url("opsdb_app", PASSWORDS["opsdb_app"], migrated)) as cursor:
        cursor.execute("GRANT SELECT ON users TO opsdb_readonly")  # PostgreSQL only warns
    assert "users" not in rights_of(server, migrated, "opsdb_readonly")


def test_analysts_read_everything_but_secrets_and_write_nothing(server: postgres.Server, migrated: str) -> None:
    rights = rights_of(server, migrated, "opsdb_readonly")
    views = {"effective_schedules", "point_balances"}
    assert rights == {table: {"SELECT"} for table in (TABLES | views) - SECRET}
    for table in SECRET:
        assert refused(server, migrated, "opsdb_readonly", f"SELECT * FROM {table}") == "42501", table
    assert refused(server, migrated, "opsdb_readonly", "CREATE TEMP TABLE mine (id int)") == "42501"


def test_a_dump_reads_all_and_writes_only_its_own_record(server: postgres.Server, migrated: str) -> None:
    rights = rights_of(server, migrated, "opsdb_backup")
    assert {table for table, may in rights.items() if "SELECT" in may} >= TABLES
    assert {table: may - {"SELECT"} for table, may in rights.items() if may - {"SELECT"}} == {
        "backups": {"INSERT", "UPDATE"}
    }
    sequences = catalogue(
        server.url("opsdb_owner", PASSWORDS["opsdb_owner"], migrated),
        {
            "all": "SELECT c.relname FROM pg_class c WHERE c.relkind = 'S'",
            "read": "SELECT c.relname FROM pg_class c"
            " WHERE CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('opsdb_backup', c.oid, 'SELECT') END",
        },
    )
    assert len(sequences["all"]) > 20
    assert sequences["read"] == sequences["all"]


def test_a_table_of_a_later_revision_is_in_the_dump_too(server: postgres.Server, database: str) -> None:
    with connected(server.url("opsdb_owner", PASSWORDS["opsdb_owner"], database)) as cursor:
        cursor.execute("CREATE TABLE later (id bigint GENERATED BY DEFAULT AS IDENTITY)")
    assert rights_of(server, database, "opsdb_backup")["later"] == {"SELECT"}
    assert "later" not in rights_of(server, database, "opsdb_readonly")


def test_every_table_that_people_change_is_audited(server: postgres.Server, migrated: str) -> None:
    found: dict[str, set[Any]] = {}
    with connected(server.url("opsdb_owner", PASSWORDS["opsdb_owner"], migrated)) as cursor:
        cursor.execute(
            """SELECT c.relname, t.tgname, t.tgenabled::text, pg_get_triggerdef(t.oid) FROM pg_trigger t
               JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname LIKE 'audit%'"""
        )
        for table, name, enabled, definition in cursor.fetchall():
            assert enabled == "O"
            found.setdefault(table, set()).add(name)
            key = definition.rpartition("'")[0].rpartition("'")[2]
            if table in metadata.tables:
                assert [column.name for column in metadata.tables[table].primary_key] == [key]
    assert found == {table: {"audit_insert", "audit_update", "audit_delete"} for table in TABLES - set(UNAUDITED)}
