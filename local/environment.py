"""What the stack tells its children and the command line: every setting of this floor, as environment variables."""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psycopg2

from local import files, installations, postgres, s3
from local.files import StackError

DATABASE = "opsdb"
UPLOADS = "opsdb-uploads"
BACKUPS = "opsdb-backups"

URL_OF_ROLE = {
    "opsdb_app": "DATABASE_URL",
    "opsdb_owner": "OPSDB_OWNER_DATABASE_URL",
    "opsdb_backup": "OPSDB_BACKUP_DATABASE_URL",
    "opsdb_readonly": "OPSDB_READONLY_DATABASE_URL",
    "opsdb_drill": "OPSDB_DRILL_DATABASE_URL",
}
"""Database role -> the variable that holds its connection string; the passwords are in these and nowhere else."""

# Anything here would lead boto3 past the local server, or past its credentials.
_UNWANTED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_CA_BUNDLE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def own_database(server: postgres.Server, data: Path) -> dict[str, str]:
    """Settings for a database on the stack's own server."""
    folder = files.make_folder(data / "secrets")
    urls = {
        variable: server.url(role, files.kept_secret(folder / role), DATABASE) for role, variable in URL_OF_ROLE.items()
    }
    return urls | {"OPSDB_ADMIN_DATABASE_URL": server.admin_url, "OPSDB_PG_BIN": str(server.bin_dir)}


def given_database(admin_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Settings for a database on a server that already runs, whose administrator `admin_url` is.

    Roles belong to the whole server, so their passwords follow from the administrator's: two stacks agree on them.
    """
    admin = admin_url.replace("postgresql+psycopg2://", "postgresql://", 1)
    parts = urlsplit(admin)
    if not parts.hostname or not parts.path.strip("/"):
        raise StackError("DATABASE_URL must name host and database: postgresql://user:password@host:port/database")
    secret = f"{parts.hostname}:{parts.port or 5432}:{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    address = parts.netloc.rpartition("@")[2]
    urls = {}
    for role, variable in URL_OF_ROLE.items():
        password = hmac.new(secret.encode(), role.encode(), hashlib.sha256).hexdigest()
        urls[variable] = parts._replace(netloc=f"{role}:{quote(password)}@{address}").geturl()
    tools = installations.client_tools(_major(admin), environ)
    return urls | {"OPSDB_ADMIN_DATABASE_URL": admin} | ({"OPSDB_PG_BIN": str(tools)} if tools else {})


def _major(admin_url: str) -> int:
    try:
        connection = psycopg2.connect(admin_url, connect_timeout=5)
    except psycopg2.OperationalError as error:
        said = str(error).strip().splitlines()[0]
        raise StackError(
            f"the server of DATABASE_URL does not answer ({said}): start it, correct DATABASE_URL or unset it"
        ) from None
    major = int(connection.server_version) // 10000
    connection.close()
    return major


def objects(server: s3.Server) -> dict[str, str]:
    """Settings for the S3 server."""
    return {
        "AWS_ENDPOINT_URL_S3": server.endpoint,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_DEFAULT_REGION": s3.REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "OPSDB_UPLOADS_BUCKET": UPLOADS,
        "OPSDB_BACKUPS_BUCKET": BACKUPS,
    }


def common(data: Path) -> dict[str, str]:
    """Settings that depend on neither server."""
    secret = files.kept_secret(files.make_folder(data / "secrets") / "secret_key", 32)
    return {"OPSDB_STAGE": "local", "SECRET_KEY": secret, "OPSDB_SETTINGS_FILE": str(settings_file(data))}


def settings_file(data: Path) -> Path:
    return data / "settings.json"


def write(data: Path, settings: Mapping[str, str]) -> None:
    """Keep the settings where the command line and a plain `chalice local` find them."""
    files.write_private(settings_file(data), json.dumps(dict(settings), indent=2) + "\n")


def of_children(settings: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of the stack's own programs: this one's, with the settings over it."""
    kept = {key: value for key, value in environ.items() if key not in _UNWANTED}
    direct = ",".join(filter(None, [environ.get("NO_PROXY") or environ.get("no_proxy"), "127.0.0.1,localhost"]))
    return kept | {"NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1"} | dict(settings)
