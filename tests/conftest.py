"""Real servers for everybody, and for each test a site of its own: a migrated database and two empty buckets."""

import base64
import gc
import hashlib
import hmac
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import botocore.session
import hypothesis
import psycopg2
import pytest
from xdist.scheduler import LoadScopeScheduling

from chalicelib.core import auth, db, storage, tokens
from chalicelib.core.settings import settings
from chalicelib.migrations import steps
from local import files, postgres, processes
from local import s3 as local_s3
from tests.api import Api

# How long an example takes says more about the machine that day than about the code.
hypothesis.settings.register_profile("opsdb", deadline=None)
hypothesis.settings.load_profile("opsdb")

MEMORY = Path("/dev/shm")
IN_MEMORY = "opsdb-tests-"
MEMORY_NEEDED = 2 << 30
"""Bytes free in memory from which on a server's data is kept there; it takes a fifth of that."""

DEAR = ("console", "deployed", "deploying", "infra/test_permissions.py")
"""What these start is dear, so one process of several runs each."""

PASSWORDS = {role: f"{role}-password" for role in steps.ROLES}


@dataclass(frozen=True)
class Site:
    """One test's own deployment; `environment` is what its processes are started with."""

    server: postgres.Server
    store: local_s3.Server
    database: str
    uploads: str
    backups: str

    def url(self, role: str) -> str:
        return self.server.url(role, PASSWORDS[role], self.database)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url("opsdb_app"),
            "OPSDB_OWNER_DATABASE_URL": self.url("opsdb_owner"),
            "OPSDB_BACKUP_DATABASE_URL": self.url("opsdb_backup"),
            "OPSDB_DRILL_DATABASE_URL": self.url("opsdb_drill"),
            "OPSDB_ADMIN_DATABASE_URL": steps.with_database(self.server.admin_url, self.database),
            "OPSDB_UPLOADS_BUCKET": self.uploads,
            "OPSDB_BACKUPS_BUCKET": self.backups,
            "OPSDB_PG_BIN": str(self.server.bin_dir),
            "SECRET_KEY": "signs sessions of tests only",
            # A test's requests come faster than anybody's.
            "OPSDB_KEY_REQUESTS_PER_MINUTE": "0",
            "OPSDB_ADDRESS_REQUESTS_PER_MINUTE": "0",
            "AWS_ENDPOINT_URL_S3": self.store.endpoint,
            "AWS_ACCESS_KEY_ID": self.store.access_key,
            "AWS_SECRET_ACCESS_KEY": self.store.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class Apart(LoadScopeScheduling):
    """Any process takes any test, and one takes all of a place where starting is dear; the largest go first."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in DEAR if nodeid.startswith(f"tests/{place}")), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Apart:
    return Apart(config, log)


def pytest_collection_finish() -> None:
    """Six thousand tests stay to the end: whoever looks for garbage need not pass them each time."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def described() -> Iterator[None]:
    """What botocore knows of AWS is read once for all sessions, as each reads it once for all its clients."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    with quick_folder(tmp_path_factory) as folder, postgres.start(folder, durable=False) as running:
        admin = urlsplit(running.admin_url)
        administer(running, f"ALTER ROLE {admin.username} PASSWORD '{hashed_once(unquote(str(admin.password)))}'")
        yield running


@contextmanager
def quick_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is plenty: a database is 900 files, copied in a quarter of the time there."""
    if not (os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED):
        yield tmp_path_factory.mktemp("postgresql")
        return
    _clear_memory()
    with tempfile.TemporaryDirectory(prefix=IN_MEMORY, dir=MEMORY, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _clear_memory() -> None:
    """Remove what runs that were killed have left there; a folder in use is locked, within moments of being made."""
    for left in MEMORY.glob(f"{IN_MEMORY}*"):
        with suppress(OSError, files.StackError):
            if time.time() - left.stat().st_mtime > 60:
                with processes.locked(left):
                    shutil.rmtree(left)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local_s3.Server]:
    with local_s3.start(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(server: postgres.Server) -> str:
    """The name of a database at the newest revision, to be copied and never changed."""
    steps.bootstrap(server.admin_url, database="migrated", passwords=PASSWORDS)
    administer(
        server, *(f"ALTER ROLE {role} PASSWORD '{hashed_once(password)}'" for role, password in PASSWORDS.items())
    )
    steps.upgrade(server.url("opsdb_owner", PASSWORDS["opsdb_owner"], "migrated"))
    return "migrated"


def hashed_once(password: str) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), after one round of hashing: its 4,096 are most of what connecting
    costs, and a wrong password stays wrong."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1)
    client, server = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    parts = (b"salt", hashlib.sha256(client).digest(), server)
    salt, stored, served = (base64.b64encode(one).decode() for one in parts)
    return f"SCRAM-SHA-256$1:{salt}${stored}:{served}"


@pytest.fixture
def database(server: postgres.Server, migrated: str) -> Iterator[str]:
    """The name of this test's own copy of the migrated database."""
    name = f"test_{secrets.token_hex(4)}"
    copy_database(server, migrated, name)
    yield name
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def copy_database(server: postgres.Server, template: str, name: str) -> None:
    """A copy with the rights of its template, which PostgreSQL leaves out."""
    administer(
        server,
        f"CREATE DATABASE {name} OWNER opsdb_owner TEMPLATE {template} STRATEGY file_copy",
        f"UPDATE pg_database SET datacl = (SELECT datacl FROM pg_database WHERE datname = '{template}')"
        f" WHERE datname = '{name}'",
    )


@pytest.fixture(scope="session")
def clean() -> list[str]:
    """Buckets that nobody has put anything into yet; most tests never do."""
    return []


@pytest.fixture
def empty_bucket(store: local_s3.Server, clean: list[str]) -> Iterator[Callable[[], str]]:
    """Gives this test an empty bucket."""
    taken: list[str] = []

    def take() -> str:
        if not clean:
            clean.append(f"bucket-{secrets.token_hex(4)}")
            store.make_bucket(clean[-1])
        taken.append(clean.pop())
        return taken[-1]

    yield take
    for name in taken:
        if is_clean(store, name):
            clean.append(name)
        else:
            # Each bucket keeps volumes of its own, and the server has only so many.
            store.client().delete_bucket(Bucket=name)


def is_clean(store: local_s3.Server, bucket: str) -> bool:
    """Whether nothing is in it, nor was."""
    found = store.client().list_object_versions(Bucket=bucket, MaxKeys=1)
    return not {"Versions", "DeleteMarkers"} & found.keys()


@pytest.fixture
def site(
    server: postgres.Server,
    store: local_s3.Server,
    database: str,
    empty_bucket: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    """This test's deployment, with the settings of this process pointing at it."""
    made = Site(server, store, database, uploads=empty_bucket(), backups=empty_bucket())
    for name in [name for name in os.environ if name.startswith(("OPSDB_", "AWS_", "PG", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    forget()
    yield made
    db.engine().dispose()
    forget()


@pytest.fixture
def api(site: Site) -> Api:
    """The API as an admin calls it."""
    with db.writing(db.Actor("test")) as conn:
        _, key = auth.create_key(conn, name="test", role="admin")
    return Api(key)


def forget() -> None:
    """Settings and clients are read once per process; every test is a new one."""
    settings.cache_clear()
    db.engine.cache_clear()
    storage.s3.cache_clear()
    tokens.forget()


def administer(server: postgres.Server, *statements: str) -> None:
    conn = psycopg2.connect(server.admin_url)
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        conn.close()
