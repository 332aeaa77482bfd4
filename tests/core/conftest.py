"""The database as AWS has it: only TLS is taken, and the application is told where it is, never a password."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
from moto import mock_aws

from chalicelib.core import auth, db
from chalicelib.core.certificates import PROVED
from chalicelib.migrations import steps
from local.vendor import tls
from tests.api import Api
from tests.conftest import PASSWORDS, forget


@dataclass(frozen=True)
class Away:
    """A migrated database behind TLS, and how its administrator changes it."""

    running: tls.TlsServer

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return self.running.server.port

    @property
    def ca(self) -> Path:
        return self.running.ca

    def url(self, role: str) -> str:
        return self.running.url(role, PASSWORDS[role], "opsdb")

    def administer(self, *statements: str) -> None:
        conn = psycopg2.connect(self.running.admin_url())
        conn.autocommit = True
        try:
            with conn.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            conn.close()

    def end_sessions(self) -> None:
        """End every session of the application that is doing nothing, as a failover would."""
        self.administer(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'opsdb' AND state = 'idle'"
        )


@dataclass(frozen=True)
class Kept:
    """The application's secret, and whoever rotates it."""

    arn: str
    client: Any

    def put(self, stages: list[str] | None = None, **changed: Any) -> str:
        """A new version of the secret, current unless said otherwise; its id."""
        text = json.dumps(self.now() | changed)
        given = {"VersionStages": stages} if stages else {}
        put = self.client.put_secret_value(SecretId=self.arn, SecretString=text, **given)
        return str(put["VersionId"])

    def finish(self, version: str) -> None:
        """Make a pending version the current one, as the last step of a rotation does."""
        self.client.update_secret_version_stage(
            SecretId=self.arn, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=self.current()
        )

    def current(self) -> str:
        stages_by_version = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        [found] = [version for version, stages in stages_by_version.items() if "AWSCURRENT" in stages]
        return str(found)

    def now(self) -> dict[str, Any]:
        # Named, since moto's idea of the newest version does not follow its stages.
        got = self.client.get_secret_value(SecretId=self.arn, VersionId=self.current())
        found: dict[str, Any] = json.loads(got["SecretString"])
        return found


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    try:
        with tls.only_tls(tmp_path_factory.mktemp("secured")) as running:
            steps.bootstrap(running.admin_url(), database="opsdb", passwords=PASSWORDS)
            steps.upgrade(running.url("opsdb_owner", PASSWORDS["opsdb_owner"], "opsdb"))
            yield Away(running)
    except tls.NoTls as error:
        pytest.skip(str(error))


@pytest.fixture
def away(secured: Away, monkeypatch: pytest.MonkeyPatch) -> Iterator[Away]:
    """That database as the settings of this process have it, with nothing yet to sign in with."""
    for name in [name for name in os.environ if name.startswith(("OPSDB_", "AWS_", "PG", "DATABASE_URL", "DB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPSDB_DATABASE_HOST", secured.host)
    monkeypatch.setenv("OPSDB_KEY_REQUESTS_PER_MINUTE", "0")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setitem(PROVED, "sslrootcert", str(secured.ca))
    forget()
    yield secured
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    forget()
    secured.administer(f"ALTER ROLE opsdb_app PASSWORD '{PASSWORDS['opsdb_app']}'")


@pytest.fixture
def kept(away: Away, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Secrets Manager with the application's password, and functions that are told of it."""
    with mock_aws():
        client = boto3.client("secretsmanager")
        text = {"username": "opsdb_app", "password": PASSWORDS["opsdb_app"], "port": away.port, "engine": "postgres"}
        arn = client.create_secret(Name="opsdb", SecretString=json.dumps(text))["ARN"]
        monkeypatch.setenv("DB_SECRET_ARN", arn)
        forget()
        yield Kept(arn, client)


@pytest.fixture
def caller(kept: Kept) -> Api:
    """The API as a viewer calls it, where the application signs in by its secret."""
    with db.writing(db.Actor("test")) as conn:
        _, key = auth.create_key(conn, name="test", role="viewer")
    made = Api(key)
    assert made.get("/employees").status == 200
    return made
