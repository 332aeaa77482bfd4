"""Settings: read from the environment once, each with its meaning, default and check."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from chalicelib.core.certificates import PROVED

DateOrder = Literal["day-first", "month-first"]


class SettingsError(Exception):
    """The environment is unusable; the text names every variable and what would be right."""


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _from_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _months_of_audit(text: str) -> int:
    number = int(text)
    if number < 13:
        raise ValueError("must be at least 13")
    return number


def _percent(text: str) -> Fraction:
    if not 0 <= float(text) < 100:
        raise ValueError("must be a percentage from 0 to below 100")
    return Fraction(text)


def _time_of_day(text: str) -> time:
    found = time.fromisoformat(text)
    if found.tzinfo:
        raise ValueError("must be local to the site, without a zone")
    return found


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0", ""}:
        raise ValueError("must be true or false")
    return text.lower() in {"true", "1"}


def _date_order(text: str) -> DateOrder:
    if text not in get_args(DateOrder):
        raise ValueError(f"must be {' or '.join(get_args(DateOrder))}")
    return cast(DateOrder, text)


def setting(name: str, meaning: str, read: Callable[[str], Any] = str, default: Any = None) -> Any:
    """A field read from the variable `name`; without a default it is required by whoever asks for it."""
    return field(default=default, metadata={"name": name, "meaning": meaning, "read": read})


SIGNING_IN = {
    "database_url": "opsdb_app",
    "owner_database_url": "opsdb_owner",
    "backup_database_url": "opsdb_backup",
    "drill_database_url": "opsdb_drill",
}
"""Which role each URL is for; what a function may really sign in as is its IAM policy's to say."""


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two deployments."""

    stage: str = setting("OPSDB_STAGE", "name of the deployment", default="local")
    database_url: str | None = setting("DATABASE_URL", "PostgreSQL, as the role opsdb_app")
    owner_database_url: str | None = setting("OPSDB_OWNER_DATABASE_URL", "PostgreSQL, as the role that migrates")
    backup_database_url: str | None = setting("OPSDB_BACKUP_DATABASE_URL", "PostgreSQL, as the role that dumps")
    admin_database_url: str | None = setting(
        "OPSDB_ADMIN_DATABASE_URL", "PostgreSQL, as the server's administrator; only bootstrap and restore use it"
    )
    database_host: str | None = setting(
        "OPSDB_DATABASE_HOST", "RDS instance where roles without a URL of their own sign in, by IAM token"
    )
    database_secret_arn: str | None = setting(
        "DB_SECRET_ARN", "secret whose user and password sign in instead of opsdb_app's IAM token"
    )
    secret_key: str | None = setting("SECRET_KEY", "signs console sessions")
    session_hours: int = setting("OPSDB_SESSION_HOURS", "longest console session, hours", _from_one, 12)
    session_idle_minutes: int = setting(
        "OPSDB_SESSION_IDLE_MINUTES", "a console session that nobody uses for so long is over", _from_one, 60
    )
    key_requests_per_minute: int = setting(
        "OPSDB_KEY_REQUESTS_PER_MINUTE", "most requests a minute of one API key or user; 0 is no limit", _whole, 600
    )
    address_requests_per_minute: int = setting(
        "OPSDB_ADDRESS_REQUESTS_PER_MINUTE",
        "most requests a minute from one address that no good key or session is with; 0 is no limit",
        _whole,
        1200,
    )
    debug: bool = setting("DEBUG", "logs more; answers never change", _flag, False)
    timezone: ZoneInfo = setting("OPSDB_TIMEZONE", "IANA name of the site's zone", ZoneInfo, ZoneInfo("UTC"))
    day_start: time = setting(
        "OPSDB_DAY_START",
        "a shift starting before this belongs to the day before",
        _time_of_day,
        time(0),
    )
    day_close: time = setting("OPSDB_DAY_CLOSE", "when a working day closes, on the next day", _time_of_day, time(12))
    grace_minutes: int = setting("OPSDB_GRACE_MINUTES", "late or early by this much is on time", _whole, 5)
    overtime_minutes: int = setting("OPSDB_OVERTIME_MINUTES", "staying this long is overtime", _whole, 15)
    cover_tier: int = setting("OPSDB_COVER_TIER", "lowest tier that may cover", _whole, 0)
    rest_hours: int = setting("OPSDB_REST_HOURS", "least rest between shifts, hours", _whole, 11)
    most_days: int = setting("OPSDB_MOST_DAYS", "most working days in a row", _whole, 6)
    week_hours: int = setting("OPSDB_WEEK_HOURS", "most net scheduled hours in a week, Monday to Sunday", _whole, 48)
    service_level: Fraction = setting(
        "OPSDB_SERVICE_LEVEL", "calls to be answered in time, per cent", _percent, Fraction(80)
    )
    service_seconds: int = setting("OPSDB_SERVICE_SECONDS", "time in which a call is to be answered", _whole, 20)
    occupancy: Fraction = setting(
        "OPSDB_OCCUPANCY", "most that agents may be busy, per cent; 0 is no limit", _percent, Fraction(85)
    )
    planning_shrinkage: Fraction = setting(
        "OPSDB_PLANNING_SHRINKAGE",
        "scheduled time to allow for absence, training and pauses, per cent",
        _percent,
        Fraction(0),
    )
    retention_months: int = setting("OPSDB_RETENTION_MONTHS", "months before rows move to history", _whole, 13)
    audit_months: int = setting(
        "OPSDB_AUDIT_MONTHS", "months before entries of the audit are deleted", _months_of_audit, 84
    )
    date_order: DateOrder = setting(
        "OPSDB_DATE_ORDER", "how 05/10/2026 is read in sheets: day-first or month-first", _date_order, "day-first"
    )
    uploads_bucket: str | None = setting("OPSDB_UPLOADS_BUCKET", "S3 bucket that sheets are put into")
    backups_bucket: str | None = setting("OPSDB_BACKUPS_BUCKET", "S3 bucket that dumps are written to")
    max_upload_mb: int = setting("OPSDB_MAX_UPLOAD_MB", "largest sheet, megabytes", _whole, 100)
    max_unpacked_mb: int = setting("OPSDB_MAX_UNPACKED_MB", "largest sheet once unpacked, megabytes", _whole, 2000)
    max_columns: int = setting("OPSDB_MAX_COLUMNS", "most columns of a sheet", _whole, 200)
    max_rows: int = setting("OPSDB_MAX_ROWS", "most rows of a sheet", _whole, 1_048_576)
    statement_timeout_seconds: int = setting(
        "OPSDB_STATEMENT_TIMEOUT_SECONDS", "longest statement of a request; 0 is no limit", _whole, 25
    )
    drill_database_url: str | None = setting(
        "OPSDB_DRILL_DATABASE_URL", "PostgreSQL, as the role that makes the restore drill's database"
    )
    database_storage_gb: int = setting(
        "OPSDB_DATABASE_STORAGE_GB",
        "disk of the database server, GB; a restore drill leaves half free; 0: unknown",
        _whole,
        20,
    )
    pg_bin: str | None = setting("OPSDB_PG_BIN", "folder of pg_dump and pg_restore; else those on the PATH")
    nightly_backup_schedule: str = setting(
        "OPSDB_NIGHTLY_BACKUP_SCHEDULE",
        "when the nightly backup runs, UTC, in EventBridge's form",
        default="cron(30 1 * * ? *)",
    )
    expire_schedule: str = setting(
        "OPSDB_EXPIRE_SCHEDULE",
        "when old backups are deleted, UTC, in EventBridge's form; after the nightly backup",
        default="cron(30 2 * * ? *)",
    )
    restore_drill_schedule: str = setting(
        "OPSDB_RESTORE_DRILL_SCHEDULE",
        "when the newest backup is restored for proof, UTC, in EventBridge's form",
        default="cron(30 3 ? * SUN *)",
    )
    keep_daily: int = setting("OPSDB_KEEP_DAILY", "days of which a backup is kept", _whole, 7)
    keep_weekly: int = setting("OPSDB_KEEP_WEEKLY", "weeks (ISO) of which a backup is kept", _whole, 4)
    keep_monthly: int = setting("OPSDB_KEEP_MONTHLY", "months of which a backup is kept", _whole, 12)
    keep_minimum: int = setting("OPSDB_KEEP_MINIMUM", "good backups that stay whatever their age", _from_one, 3)
    keep_other_days: int = setting(
        "OPSDB_KEEP_OTHER_DAYS", "days that manual, safety and damaged backups are kept", _whole, 30
    )
    expire_fresh_days: int = setting(
        "OPSDB_EXPIRE_FRESH_DAYS", "nothing expires while the newest good backup is older than these days", _from_one, 2
    )
    backup_alarm_minutes: int = setting(
        "OPSDB_BACKUP_ALARM_MINUTES",
        "a backup that takes longer says so while it runs; Lambda ends it at 15; 0 is never",
        _whole,
        10,
    )
    archive_schedule: str = setting(
        "OPSDB_ARCHIVE_SCHEDULE",
        "when rows past their retention move to history, UTC, in EventBridge's form",
        default="cron(0 4 2 * ? *)",
    )
    end_employments_schedule: str = setting(
        "OPSDB_END_EMPLOYMENTS_SCHEDULE",
        "when it is looked for people whose last day is over, in EventBridge's form",
        default="rate(1 hour)",
    )
    close_day_schedule: str = setting(
        "OPSDB_CLOSE_DAY_SCHEDULE",
        "when it is looked for working days that are over, in EventBridge's form",
        default="rate(1 hour)",
    )
    sweep_schedule: str = setting(
        "OPSDB_SWEEP_SCHEDULE", "when lost uploads are looked for, in EventBridge's form", default="rate(15 minutes)"
    )

    def require(self, attribute: str) -> Any:
        """The value of `attribute`, or an error that names the variable to set."""
        value = getattr(self, attribute)
        if value is None:
            metadata = Settings.__dataclass_fields__[attribute].metadata
            raise SettingsError(f"{metadata['name']} is not set: {metadata['meaning']}")
        return value

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Settings from `environ`; SettingsError names every bad variable at once."""
        values, problems = {}, []
        for one in fields(cls):
            text = environ.get(one.metadata["name"])
            if text is None or text == "":
                continue
            try:
                values[one.name] = one.metadata["read"](text)
            except (ValueError, KeyError, OSError) as error:
                problems.append(f"{one.metadata['name']}={text!r} ({one.metadata['meaning']}): {error}")
        if problems:
            raise SettingsError("; ".join(problems))
        if host := values.get("database_host"):
            for attribute, role in SIGNING_IN.items():
                if attribute != "database_url" or "database_secret_arn" not in values:
                    values.setdefault(attribute, f"postgresql://{role}@{host}:5432/opsdb?{urlencode(PROVED)}")
        return cls(**values)


def load_file(environ: "os._Environ[str]") -> None:
    """Fill what the environment lacks from the JSON file that OPSDB_SETTINGS_FILE names.

    The local stack writes that file, so that the command line and a plain `chalice local` find it.
    """
    path = environ.get("OPSDB_SETTINGS_FILE")
    if path and Path(path).is_file():
        for name, value in json.loads(Path(path).read_text()).items():
            environ.setdefault(name, value)


@cache
def settings() -> Settings:
    """The settings of this process; called at the edge, never at import."""
    load_file(os.environ)
    return Settings.read(os.environ)
