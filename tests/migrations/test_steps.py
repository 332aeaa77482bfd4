"""The bootstrap step and the revisions: they may be repeated, and they can be taken back."""

from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from chalicelib.core.db import psycopg2_url
from chalicelib.core.tables import whole
from chalicelib.migrations import steps
from local import postgres
from tests.conftest import PASSWORDS
from tests.migrations.catalogue import EVERYTHING, SHAPE, catalogue, connected


def owner(server: postgres.Server, database: str) -> str:
    return server.url("opsdb_owner", PASSWORDS["opsdb_owner"], database)


def as_owner(server: postgres.Server, database: str) -> Connection:
    return create_engine(psycopg2_url(owner(server, database)), poolclass=NullPool).connect()


def test_a_downgrade_to_nothing_and_back_leaves_the_same_catalogue(server: postgres.Server, bare: str) -> None:
    url = owner(server, bare)
    questions = {name: question for name, question in EVERYTHING.items() if name != "seeds"}
    steps.bootstrap(server.admin_url, database=bare, passwords={})
    empty = catalogue(url, questions)
    assert steps.upgrade(url) == steps.head()
    first = catalogue(url, EVERYTHING)
    assert steps.downgrade(url, "base") is None
    leftover = catalogue(url, questions)
    # Alembic keeps its empty table; nobody but its owner may read it then.
    leftover["rights"] -= {row for row in leftover["rights"] if row[:2] == ("alembic_version", "opsdb_owner")}
    leftover["owners"] -= {("alembic_version_pkc", "i", "opsdb_owner")}
    assert leftover == empty
    assert steps.upgrade(url) == steps.head()
    assert catalogue(url, EVERYTHING) == first


def test_upgrading_what_is_up_to_date_changes_nothing(server: postgres.Server, migrated: str) -> None:
    before = catalogue(owner(server, migrated), EVERYTHING)
    assert steps.upgrade(owner(server, migrated)) == steps.head()
    assert catalogue(owner(server, migrated), EVERYTHING) == before


def test_two_deploys_at_once_migrate_one_after_the_other(server: postgres.Server, bare: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        revisions = list(pool.map(lambda _: steps.upgrade(owner(server, bare)), range(3)))
    assert revisions == [steps.head()] * 3


def test_a_migration_that_fails_half_way_leaves_nothing(server: postgres.Server, bare: str) -> None:
    with connected(owner(server, bare)) as cursor:
        cursor.execute("CREATE TABLE users (in_the_way int)")
    with pytest.raises(Exception, match='relation "users" already exists'):
        steps.upgrade(owner(server, bare))
    with as_owner(server, bare) as conn:
        assert steps.current(conn) is None
        tables = conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert list(tables.scalars()) == ["users"]


def test_the_models_describe_what_the_migrations_make(server: postgres.Server, migrated: str) -> None:
    with as_owner(server, migrated) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, whole()) == []


@pytest.mark.parametrize("aspect", SHAPE)
def test_the_models_alone_would_make_the_same_tables(
    server: postgres.Server, migrated: str, bare: str, aspect: str
) -> None:
    with as_owner(server, bare) as conn:
        for first in ("0001/1_extensions.sql", "0002/0_searchable.sql"):
            conn.exec_driver_sql((steps.HERE / "sql" / first).read_text())
        whole().create_all(conn)
        conn.commit()
    of_models = catalogue(owner(server, bare), SHAPE)[aspect]
    of_migrations = catalogue(owner(server, migrated), SHAPE)[aspect]
    assert of_models - of_migrations == set()
    assert of_migrations - of_models == set()
    assert len(of_migrations) > 30


def test_bootstrapping_again_changes_nothing_and_keeps_passwords(server: postgres.Server, migrated: str) -> None:
    roles = {"roles": "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolcanlogin FROM pg_roles"}
    databases = {"databases": "SELECT datname, datdba::regrole::text, datacl::text FROM pg_database"}
    before = catalogue(server.admin_url, roles | databases)
    steps.bootstrap(server.admin_url, database=migrated, passwords={})
    assert catalogue(server.admin_url, roles | databases) == before
    with connected(owner(server, migrated)) as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("opsdb_owner",)


def test_no_role_of_ours_is_more_than_it_must_be(server: postgres.Server, migrated: str) -> None:
    found = catalogue(
        server.admin_url,
        {
            "roles": "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication"
            " FROM pg_roles WHERE rolname LIKE 'opsdb%'"
        },
    )["roles"]
    assert {name for name, *_ in found} >= set(steps.ROLES)
    assert {name for name, *powers in found if any(powers)} & set(steps.ROLES) == {"opsdb_drill"}
    assert ("opsdb_drill", False, True, False, False, False) in found


def test_a_password_travels_as_its_verifier(server: postgres.Server, bare: str) -> None:
    steps.bootstrap(server.admin_url, database=bare, passwords={"opsdb_drill": "it's a 'secret'"})
    try:
        with connected(server.url("opsdb_drill", "it's a 'secret'", bare)) as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("opsdb_drill",)
        with connected(server.admin_url) as cursor:
            cursor.execute("SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'opsdb_drill'")
            assert cursor.fetchone() == (True,)
    finally:
        steps.bootstrap(server.admin_url, database=bare, passwords=PASSWORDS)


def test_strangers_cannot_connect(server: postgres.Server, bare: str) -> None:
    with connected(server.admin_url) as cursor:
        cursor.execute("CREATE ROLE stranger LOGIN PASSWORD 'strange'")
        try:
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(server.url("stranger", "strange", bare))
        finally:
            cursor.execute("DROP ROLE stranger")


def test_the_newest_revision_is_told_without_alembic(server: postgres.Server, migrated: str) -> None:
    with as_owner(server, migrated) as conn:
        assert steps.head() == steps.current(conn)
