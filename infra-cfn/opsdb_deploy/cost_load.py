"""The load that an estimate expects: what may be given, and what is assumed."""

from dataclasses import dataclass, field, fields
from typing import Any

HOURS = 730.0
"""Of a month, as AWS counts it."""

DAYS = HOURS / 24
WEEKS = DAYS / 7


def _assumed(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Load:
    """A month's work. Seconds and sizes are from bench/README.md, rounded up, where it has them."""

    people: int = _assumed(1000, "people on the floor")
    requests: int = _assumed(600_000, "requests a month (20,000 a day)")
    uploads: int = _assumed(20, "sheets a week")
    request_seconds: float = _assumed(0.1, "seconds of a request")
    answer_kb: float = _assumed(20, "kB of an answer")
    sheet_mb: float = _assumed(1, "MB of a sheet")
    import_seconds: float = _assumed(30, "seconds of an import")
    database_gb: float = _assumed(0.5, "GB of database for 1,000 people, 13 months of them")
    daily_change: float = _assumed(0.05, "share of the database that changes in a day")
    dump_mb: float = _assumed(25, "MB of a dump for 1,000 people")
    backup_seconds: float = _assumed(20, "seconds of a backup for 1,000 people, verification included")
    drill_seconds: float = _assumed(60, "seconds of a restore drill for 1,000 people")
    housekeeping_seconds: float = _assumed(2, "seconds of any other scheduled run")
    capacity_share: float = _assumed(0.1, "how far Aurora is above MinCapacity on average, as a share of the way up")
    log_kb: float = _assumed(1, "kB logged for a request by function and access log together")
    other_logs_gb: float = _assumed(0.2, "GB a month of the database's, flow and tunnel logs")
    stored_share: float = _assumed(0.15, "what is left of a log once CloudWatch has compressed it")
    sample_kb: float = _assumed(5, "kB of an enhanced monitoring sample")
    vpn_gb: float = _assumed(5, "GB a month out through the VPN")
    releases_gb: float = _assumed(0.5, "GB of releases kept")
    signing_in: float = _assumed(0.1, "share of the people who sign in to the console")

    @property
    def sheets(self) -> float:
        """In a month."""
        return self.uploads * WEEKS

    @property
    def thousands(self) -> float:
        return self.people / 1000

    def told(self) -> dict[str, Any]:
        """Meaning -> value, of everything above."""
        return {one.metadata["meaning"]: getattr(self, one.name) for one in fields(self)}
