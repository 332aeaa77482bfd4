"""PostgreSQL's own programs: which ones are used, and how they are told where to connect."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec

from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings
from chalicelib.core.signin import with_token

DEBIAN = Path("/usr/lib/postgresql")

VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",  # nosec B105  # the name of a variable
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
}
"""What may stand in a connection URL -> the variable by which libpq learns the same."""

KEPT = re.compile(r"PATH|HOME|TMPDIR|LANG|LC_.*|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|SYSTEMROOT|PG.*|SSL_CERT_.*|KRB5.*")
"""What a PostgreSQL program inherits; the keys and secrets of this process are none of its business."""


class Client(msgspec.Struct, frozen=True):
    """A folder of PostgreSQL programs of one version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The path of `name` (pg_dump, pg_restore, psql); Unavailable when the folder lacks it."""
        path = self.folder / name
        if not path.is_file():
            raise Unavailable(f"{self.folder} has no {name}; set OPSDB_PG_BIN to a folder that has it")
        return str(path)


def find(major: int, *, why: str) -> Client:
    """The client nearest to `major` that is not older; `why` says what asks for it ("the server is 15.4")."""
    found = [client for client in map(_client, _folders()) if client]
    fitting = [client for client in found if client.major >= major]
    if fitting:
        return min(fitting, key=lambda client: client.major)
    have = ", ".join(f"{client.version} in {client.folder}" for client in found) or "none"
    raise Unavailable(
        f"{why}, and the programs used must be at least as new; found: {have}. "
        f"Set OPSDB_PG_BIN to a folder with pg_dump, pg_restore and psql of PostgreSQL {major} or newer"
    )


def _folders() -> Iterable[Path]:
    if settings().pg_bin:
        return [Path(settings().pg_bin or "")]
    on_path = [Path(folder) for folder in os.get_exec_path() if folder]
    return [*on_path, *DEBIAN.glob("*/bin")]


def _client(folder: Path) -> Client | None:
    """The client in `folder`, or None. Debian's wrapper on the PATH picks a version by itself, so it is no client."""
    path = shutil.which("pg_dump", path=str(folder))
    if not path or os.path.basename(os.path.realpath(path)) == "pg_wrapper":
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, env=inherited(), check=False).stdout
    version = re.search(r"\d+(\.\d+)?", said.partition(")")[2])
    return Client(folder, version.group()) if version else None


def inherited() -> dict[str, str]:
    """The part of this process's environment that a PostgreSQL program may see."""
    return {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}


def environment(url: str) -> dict[str, str]:
    """The environment that makes libpq connect to `url`; nothing of it, the password least, is ever an argument."""
    from psycopg2.extensions import parse_dsn

    given = {VARIABLES[name]: value for name, value in with_token(parse_dsn(url)).items() if name in VARIABLES}
    return {**inherited(), "PGAPPNAME": "opsdb", **given}
