"""Health and readiness: what a load balancer and a deploy ask."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from chalicelib import __version__
from chalicelib.core.db import psycopg2_url
from chalicelib.core.settings import settings
from chalicelib.migrations import steps
from tests.api import Answer, Api
from tests.conftest import Site, forget


def ready() -> Answer:
    # Read now: while it calls, Chalice's test client lays the environment of the stage `dev` over ours.
    settings()
    return Api(None).get("/health/ready")


def as_owner(site: Site, statement: str) -> None:
    engine = create_engine(psycopg2_url(site.url("opsdb_owner")), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(text(statement))


def test_anybody_may_ask_whether_it_is_alive(site: Site) -> None:
    answer = Api(None).get("/health")
    assert (answer.status, answer.body) == (200, {"status": "ok", "version": __version__})


def test_being_alive_asks_nothing_of_anybody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://opsdb_app:x@127.0.0.1:9/opsdb")
    forget()
    assert Api(None).get("/health").status == 200


def test_ready_is_database_revision_and_bucket(site: Site) -> None:
    answer = ready()
    assert (answer.status, answer.body) == (
        200,
        {"status": "ok", "database": "ok", "revision": steps.head(), "uploads_bucket": "ok"},
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [("UPDATE alembic_version SET version_num = '0000'", "0000"), ("DELETE FROM alembic_version", "None")],
)
def test_a_schema_behind_this_release_is_not_ready(site: Site, change: str, found: str) -> None:
    as_owner(site, change)
    answer = ready()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.errors == [f"database: at revision {found}, this release needs {steps.head()}: run the migration"]


def test_a_schema_ahead_of_this_release_is_ready_so_that_a_deploy_may_be_taken_back(site: Site) -> None:
    as_owner(site, "UPDATE alembic_version SET version_num = '9999'")
    assert ready().body["revision"] == "9999"


def test_a_database_that_was_never_migrated_is_not_ready(site: Site) -> None:
    as_owner(site, "DROP TABLE alembic_version")
    answer = ready()
    assert (answer.status, answer.errors) == (
        503,
        [f"database: at revision None, this release needs {steps.head()}: run the migration"],
    )


def test_a_bucket_that_is_not_there_is_not_ready(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_UPLOADS_BUCKET", "no-such-bucket")
    forget()
    answer = ready()
    assert (answer.status, answer.errors) == (503, ["uploads_bucket: cannot be reached"])


def test_a_service_whose_bucket_is_not_set_is_not_ready(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSDB_UPLOADS_BUCKET")
    forget()
    answer = ready()
    assert (answer.status, answer.errors) == (503, ["uploads_bucket: cannot be reached"])
