"""What a floor that is up says about itself: to people on the terminal, to programs in `ready.json`."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from local import files
from local.demo.users import NAMES


def write(data: Path, *, url: str, api_key: str, settings: Mapping[str, str], password: str | None = None) -> None:
    """Write `ready.json`; it appears whole, and only when everything answers."""
    ready = {
        "url": url,
        "api_key": api_key,
        "database_url": settings["DATABASE_URL"],
        "s3_endpoint": settings["AWS_ENDPOINT_URL_S3"],
        "s3_access_key": settings["AWS_ACCESS_KEY_ID"],
        "s3_secret_key": settings["AWS_SECRET_ACCESS_KEY"],
        "region": settings["AWS_DEFAULT_REGION"],
        "uploads_bucket": settings["OPSDB_UPLOADS_BUCKET"],
        "backups_bucket": settings["OPSDB_BACKUPS_BUCKET"],
        **({"users": dict.fromkeys(NAMES, password)} if password else {}),
    }
    files.write_private(data / "ready.json", json.dumps(ready, indent=2) + "\n")


def forget(data: Path) -> None:
    (data / "ready.json").unlink(missing_ok=True)


def greeting(data: Path, root: Path, *, url: str, api_key: str, seconds: float, password: str | None = None) -> str:
    """The address, the key and three things to try."""
    settings = "" if data == root / ".local" else f"OPSDB_SETTINGS_FILE={shlex.quote(str(data / 'settings.json'))} "
    opsdb = f"{settings}.venv/bin/opsdb"
    console = f"Console: {url}/api/console as {', '.join(NAMES)}; password: {password}\n" if password else ""
    return f"""
opsdb is up after {seconds:.1f} s: {url}
API key: {api_key}
{console}Data and logs: {data}

Three things to try:
  curl -H 'X-API-Key: {api_key}' '{url}/api/employees?limit=3'
  {opsdb} import ../shared/data/sample/schedules.xlsx --kind schedules
  {opsdb} backup

Ctrl-C stops everything.
"""
