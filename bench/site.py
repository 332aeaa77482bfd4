"""The servers that everything is measured on, and databases on them that all start equal."""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from bench.sheets import SHIFTS, Person, people
from chalicelib.migrations import steps
from local import postgres
from local import s3 as local_s3

ROOT = Path(__file__).resolve().parent.parent
PASSWORDS = {role: f"{role}-{secrets.token_hex(8)}" for role in steps.ROLES}
TEMPLATE = "bench_people"
SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers")


@dataclass(frozen=True)
class Site:
    """PostgreSQL and S3 of this run, and a folder that goes with them."""

    server: postgres.Server
    store: local_s3.Server
    folder: Path

    def url(self, database: str, role: str = "opsdb_app") -> str:
        return self.server.url(role, PASSWORDS[role], database)

    def environment(self, database: str) -> dict[str, str]:
        """What a process is started with that shall work on `database`; nothing of this machine's own settings."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("OPSDB_", "AWS_", "PG", "PYTHON"))
        }
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "DATABASE_URL": self.url(database),
            "OPSDB_OWNER_DATABASE_URL": self.url(database, "opsdb_owner"),
            "OPSDB_BACKUP_DATABASE_URL": self.url(database, "opsdb_backup"),
            "OPSDB_UPLOADS_BUCKET": "uploads",
            "OPSDB_BACKUPS_BUCKET": "backups",
            "OPSDB_PG_BIN": str(self.server.bin_dir),
            "AWS_ENDPOINT_URL_S3": self.store.endpoint,
            "AWS_ACCESS_KEY_ID": self.store.access_key,
            "AWS_SECRET_ACCESS_KEY": self.store.secret_key,
            "AWS_DEFAULT_REGION": self.store.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new database with the people in it and nothing else, all its writes flushed; dropped afterwards."""
        name = f"bench_{secrets.token_hex(4)}"
        self.execute(f"CREATE DATABASE {name} OWNER opsdb_owner TEMPLATE {TEMPLATE}", database="postgres")
        steps.bootstrap(self.server.admin_url, database=name, passwords={})
        self.settle(name)
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)", database="postgres")

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A new database of opsdb's with nothing in it; dropped afterwards."""
        name = f"bench_{secrets.token_hex(4)}"
        steps.bootstrap(self.server.admin_url, database=name, passwords={})
        self.settle(name)
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)", database="postgres")

    def settle(self, database: str) -> None:
        """Vacuumed, analysed and flushed, so that no measurement pays for what was written before it."""
        self.execute("VACUUM (ANALYZE)", database=database)
        self.execute("CHECKPOINT", database=database)

    def execute(self, sql: str, *, database: str) -> list[tuple[Any, ...]]:
        """As the administrator, outside of a transaction; the rows if there are any."""
        with closing(psycopg2.connect(steps.with_database(self.server.admin_url, database))) as conn:
            conn.autocommit = True
            with conn.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []

    @contextmanager
    def computing(self) -> Iterator[list[float]]:
        """Afterwards the list holds the seconds that the server's sessions computed meanwhile (Linux; else 0)."""
        before = self._computed()
        seconds: list[float] = []
        yield seconds
        time.sleep(0.2)  # the server counts a session when it has ended
        seconds.append(self._computed() - before)

    def _computed(self) -> float:
        stat = Path(f"/proc/{self.server.pid}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def shown(self) -> dict[str, str]:
        """The server's settings that matter here."""
        return {name: self.execute(f"SHOW {name}", database="postgres")[0][0] for name in SETTINGS}


@contextmanager
def running() -> Iterator[Site]:
    """A site as the local stack has it: durable, on 127.0.0.1, on ports of its own; gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="opsdb-bench-") as name,
        postgres.start(Path(name) / "postgresql") as server,
        local_s3.start(Path(name) / "s3") as store,
    ):
        site = Site(server, store, Path(name))
        for bucket in ("uploads", "backups"):
            store.make_bucket(bucket)
        _make_template(site)
        yield site


def _make_template(site: Site) -> None:
    steps.bootstrap(site.server.admin_url, database=TEMPLATE, passwords=PASSWORDS)
    steps.upgrade(site.url(TEMPLATE, "opsdb_owner"))
    everybody = people()
    supervisors, managers = everybody[:40], everybody[40:48]
    with closing(psycopg2.connect(site.url(TEMPLATE, "opsdb_owner"))) as conn, conn, conn.cursor() as cursor:
        execute_values(
            cursor,
            """INSERT INTO employees (employee_id, first_name, last_name, company_email, ruex_id, agent_id, axonify_id,
                                      batch, supervisor, manager, tier, shift, department, role, hire_date)
               VALUES %s""",
            [_employee(one, supervisors[n % 40], managers[n % 8]) for n, one in enumerate(everybody)],
        )
    site.settle(TEMPLATE)


def _employee(one: Person, supervisor: Person, manager: Person) -> tuple[Any, ...]:
    named = partial("{0.first_name} {0.last_name}".format)
    return (
        one.employee_id,
        one.first_name,
        one.last_name,
        f"{one.ruex_id}@opsdb.example",
        one.ruex_id,
        str(5_000 + one.employee_id % 10_000),
        f"ax{one.employee_id % 10_000}",
        f"{one.hire_date:%Y-%m}",
        named(supervisor),
        named(manager),
        1 + one.employee_id % 3,
        SHIFTS[one.shift][0],
        one.department,
        one.role,
        one.hire_date,
    )
