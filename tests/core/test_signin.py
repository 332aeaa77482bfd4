"""Signing in by IAM token: the same token as AWS's own library, fresh for each connection, for children too."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

import botocore.auth
import botocore.session
import pytest
from sqlalchemy import text

from chalicelib.backups import client
from chalicelib.core import certificates, db, signin
from chalicelib.core.settings import Settings, SettingsError
from tests.conftest import PASSWORDS, Site, administer, forget

MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("session_token", [None, "FwoGZXIvYXdzE/+=="])
def test_a_token_is_the_one_that_aws_s_library_makes(
    monkeypatch: pytest.MonkeyPatch, session_token: str | None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    if session_token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", session_token)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *given: MOMENT.replace(tzinfo=None))
    rds = botocore.session.get_session().create_client("rds", region_name="eu-west-1")
    theirs = rds.generate_db_auth_token("db.example", 5432, "opsdb_app")
    ours = signin.token(host="db.example", port=5432, user="opsdb_app", now=MOMENT)
    assert ours.partition("?")[0] == theirs.partition("?")[0] == "db.example:5432/"
    assert parse_qs(ours.partition("?")[2]) == parse_qs(theirs.partition("?")[2])


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody to sign tokens as."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    forget()
    yield
    forget()


def test_roles_sign_in_by_token_where_only_the_host_is_given(signer: None) -> None:
    read = Settings.read({"OPSDB_DATABASE_HOST": "db.example", "DATABASE_URL": "postgresql://a:b@elsewhere/c"})
    assert read.database_url == "postgresql://a:b@elsewhere/c"
    url, _, proof = (read.backup_database_url or "").partition("?")
    assert url == "postgresql://opsdb_backup@db.example:5432/opsdb"
    assert parse_qs(proof) == {"sslmode": ["verify-full"], "sslrootcert": [str(certificates.RDS)]}
    assert client.environment(read.backup_database_url or "")["PGSSLROOTCERT"] == str(certificates.RDS)
    with pytest.raises(SettingsError, match="OPSDB_ADMIN_DATABASE_URL is not set"):
        read.require("admin_database_url")


def test_each_connection_gets_a_fresh_token_and_so_does_pg_dump(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL knows nothing of IAM here: the role's password is set to the token that is to come."""
    clock = iter([MOMENT, MOMENT.replace(hour=9), MOMENT.replace(hour=10)])
    monkeypatch.setattr(signin, "now", lambda: next(clock))
    monkeypatch.setenv("OPSDB_DATABASE_HOST", "127.0.0.1")
    url = f"postgresql://opsdb_drill@127.0.0.1:{site.server.port}/{site.database}"
    forget()
    engine = db.make_engine(url)
    try:
        for hour in (8, 9):
            at = MOMENT.replace(hour=hour)
            expected = signin.token(host="127.0.0.1", port=site.server.port, user="opsdb_drill", now=at)
            administer(site.server, f"ALTER ROLE opsdb_drill PASSWORD '{expected}'")
            with engine.connect() as conn:
                assert conn.execute(text("SELECT current_user")).scalar() == "opsdb_drill"
            engine.dispose()
    finally:
        administer(site.server, f"ALTER ROLE opsdb_drill PASSWORD '{PASSWORDS['opsdb_drill']}'")
    child = client.environment(url)
    assert "20261122T103000Z" in child["PGPASSWORD"]


def test_a_url_with_a_password_keeps_it(site: Site) -> None:
    assert client.environment(site.url("opsdb_app"))["PGPASSWORD"] == "opsdb_app-password"


def test_a_socket_without_host_and_password_is_left_alone(site: Site) -> None:
    assert "PGPASSWORD" not in client.environment("postgresql:///opsdb?user=opsdb_app")
