"""A PostgreSQL server of our own: made once in a folder, started, watched and stopped by this process."""

import os
import shutil
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg2

from local import files, installations, processes, unprivileged
from local.files import StackError
from local.processes import HOST, Child

ADMIN = "opsdb_admin"
"""The superuser; the name RDS accepts for its master user."""

READY_WITHIN = 60.0
"""Seconds; long, since a server that was killed first repairs itself."""

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def start(
    data_dir: Path,
    port: int = 0,
    *,
    durable: bool = True,
    embedded: bool = False,
    way: unprivileged.As | None = None,
) -> "Server":
    """A running server on `data_dir`, which is set up when new; also a context manager that stops it.

    `port` 0 keeps the last one while it is free. `durable=False` is for tests: faster, and a power cut loses it.
    `embedded` forces the wheel's server, `way` how root runs it. Raises StackError.
    """
    server = Server(data_dir, port=port, durable=durable, embedded=embedded, way=way)
    try:
        server.launch()
        server.wait_ready()
    except BaseException:
        server.stop()
        raise
    return server


class Server:
    """One PostgreSQL server, its folder locked for this process until `stop`."""

    def __init__(
        self, data_dir: Path, *, port: int, durable: bool, embedded: bool, way: unprivileged.As | None
    ) -> None:
        self.data_dir = files.make_folder(data_dir, passable=True).resolve()
        self.log = self.data_dir / "postgres.log"
        self.port = 0
        self._asked_port = port
        self._durable = durable
        self._child: Child | None = None
        self._held = ExitStack()
        self._held.enter_context(processes.locked(self.data_dir))
        try:
            with files.explained(self.data_dir):
                self._prepare(embedded, way)
        except BaseException:
            self._held.close()
            raise

    def _prepare(self, embedded: bool, way: unprivileged.As | None) -> None:
        processes.end_leftovers(self.data_dir)
        # Programs first: an existing cluster may be where only its own way of running finds it.
        found = installations.find(embedded=embedded, major=_major_of(self.data_dir))
        self.bin_dir, self.major = found.bin_dir, found.major
        self.place = unprivileged.place(self.data_dir, self.bin_dir, way=way)
        _end_strays(self.place.cluster)
        self.admin_password = self._password()
        if not self.place.cluster.exists():
            files.check_room(self.place.cluster.parent)
            self._init()
        _check_whole(self.place.cluster, self.data_dir)

    def _password(self) -> str:
        file = self.data_dir / "admin_password"
        if self.place.cluster.exists() and not file.exists():
            raise StackError(
                f"{self.data_dir} is incomplete (its password is gone): "
                "start afresh with `make clean` or another folder (DATA=...)"
            )
        return files.kept_secret(file)

    def _init(self) -> None:
        """Make the cluster under another name, so that a half-made one is never taken for a whole one."""
        draft = self.place.cluster.with_name("cluster.making")
        secret = self.place.cluster.with_name("cluster.password")
        try:
            for locale in ("C.UTF-8", "C"):
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(mode=0o700)
                files.write_private(secret, self.admin_password)
                for one in (draft, secret):
                    self._give(one)
                if self._run_initdb(draft, secret, locale):
                    draft.rename(self.place.cluster)
                    files.write_private(self.data_dir / "major", str(self.major))
                    return
        finally:
            secret.unlink(missing_ok=True)
        raise self._failure("PostgreSQL could not set up its data folder")

    def _give(self, path: Path) -> None:
        if self.place.account:
            os.chown(path, self.place.account.uid, self.place.account.gid)

    def _run_initdb(self, draft: Path, secret: Path, locale: str) -> bool:
        initdb = self.place.bin_dir / "initdb"
        command: list[str | Path] = [*self.place.prefix, initdb, "-D", draft, "-U", ADMIN, f"--pwfile={secret}"]
        command += ["-A", "scram-sha-256", "-E", "UTF8", f"--locale={locale}"]
        child = self._start("initdb", [*command, *([] if self._durable else ["--no-sync"])])
        try:
            child.process.wait()
        finally:
            processes.stop(child)
        return child.process.returncode == 0

    def _start(self, name: str, command: list[str | Path]) -> Child:
        return processes.start(
            command,
            name=name,
            folder=self.data_dir,
            log=self.log,
            env={key: os.environ[key] for key in _KEPT_ENVIRONMENT if key in os.environ} | {"LC_ALL": "C", "TZ": "UTC"},
            cwd=self.place.cluster.parent,
            account=self.place.account,
            # A fast but orderly shutdown: open transactions are rolled back, nothing is left to repair.
            at_parents_death=signal.SIGINT,
            stop_signal=signal.SIGINT,
            patience=5.0,
        )

    def launch(self) -> None:
        """Start the server's process; `wait_ready` tells when it answers."""
        _end_strays(self.place.cluster)
        if self._asked_port and not processes.is_free(self._asked_port):
            raise StackError(f"port {self._asked_port} is taken: choose another for PostgreSQL")
        kept = self.data_dir / "port"
        self.port = self._asked_port or processes.kept_ports(kept, 1)[0]
        settings = _SETTINGS | ({} if self._durable else _CARELESS)
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        postgres = self.place.bin_dir / "postgres"
        self._child = self._start(
            "postgres", [*self.place.prefix, postgres, "-D", self.place.cluster, "-p", str(self.port), *flags]
        )

    def wait_ready(self, attempts: int = 3) -> None:
        """Wait until the server answers; should its port be taken in the meantime, start it on another."""
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            if self.alive:
                if time.monotonic() > deadline:
                    raise self._failure(f"PostgreSQL did not answer within {READY_WITHIN:.0f} s")
                time.sleep(0.03)
            elif "could not bind" in files.tail(self.log, 2000) and attempts > 1 and not self._asked_port:
                self.launch()
                return self.wait_ready(attempts - 1)
            else:
                raise self._failure("PostgreSQL did not start")

    def _answers(self) -> bool:
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(self.admin_url, connect_timeout=2).close()
            return True
        return False

    def _failure(self, what: str) -> StackError:
        end = files.tail(self.log, 2000)
        if "No space left on device" in end:
            what, advice = f"{what} because the disk is full", "free some space or choose another folder with DATA=..."
        else:
            advice = f"see {self.log}"
        return StackError(f"{what} ({files.last_line(self.log)}): {advice}")

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        if self._child is None:
            raise StackError("PostgreSQL is not running")
        return self._child.pid

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def admin_url(self) -> str:
        return self.url(ADMIN, self.admin_password, "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        """A connection string of this server."""
        return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{HOST}:{self.port}/{database}"

    def children(self) -> list[Child]:
        return [self._child] if self._child else []

    def stop(self) -> None:
        """End the server in order and let go of its folder."""
        processes.stop(*self.children())
        self._child = None
        self._held.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _major_of(data_dir: Path) -> int | None:
    """The version that an existing data folder needs."""
    for file in (data_dir / "major", data_dir / "cluster" / "PG_VERSION"):
        with suppress(OSError, ValueError):
            return int(file.read_text())
    return None


def _check_whole(cluster: Path, data_dir: Path) -> None:
    for part in ("PG_VERSION", "global/pg_control", "postgresql.conf"):
        if not (cluster / part).is_file():
            raise StackError(
                f"{data_dir} is incomplete ({part} is gone): "
                "start afresh with `make clean` or another folder (DATA=...)"
            )


def _end_strays(cluster: Path) -> None:
    """End whatever a killed server left running on `cluster`, then drop its lock file.

    The lock names a process number, which by now may be anybody's: PostgreSQL would refuse to start.
    Every process of a server has the cluster as its working directory, which is the proof that it is ours.
    """
    lock = cluster / "postmaster.pid"
    if not lock.exists():
        return
    if Path("/proc/self/cwd").exists():
        for each in (signal.SIGINT, signal.SIGKILL):
            for pid in _working_in(cluster):
                with suppress(ProcessLookupError):
                    os.kill(pid, each)
            if processes.wait_until(lambda: not _working_in(cluster), 5.0):
                lock.unlink(missing_ok=True)
                return


def _working_in(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found
