"""What AWS counts, service by service: how many units of which price a stage uses in a month."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.metrics import UNITS
from chalicelib.core.settings import Settings
from opsdb_deploy.cost_deployment import Deployment
from opsdb_deploy.cost_load import DAYS, HOURS, Load
from opsdb_deploy.declared import API
from opsdb_deploy.functions import BACKUPS

ZONES = 2
YEAR = 365.0
PART_MB = 8.0
PLAIN_CALLS = 4.0
"""A month, of a function that only whoever deploys calls."""


@dataclass(frozen=True)
class Counted:
    """So many units of `price`; `depends` names the parameters and the load that the number follows from."""

    item: str
    price: str
    quantity: float
    depends: str
    may_be_free: bool = True


Service = Callable[[Deployment, Load], Iterator[Counted]]


# --- database


def database(d: Deployment, load: Load) -> Iterator[Counted]:
    size = load.database_gb * load.thousands
    history = size * (1 + load.daily_change * d.number("BackupRetentionDays"))
    if d.parameters["Database"] == "rds":
        yield from _instance(d, size, history)
    else:
        yield from _cluster(d, load, size, history)
    instances = len(d.of_type("AWS::RDS::DBInstance"))
    yield Counted("Performance Insights", "performance-insights", instances, "7 days of it cost nothing")
    interval = d.number("MonitoringInterval")
    if interval:
        samples = instances * HOURS * 3600 / interval
        yield Counted("Enhanced monitoring", "log-ingestion", samples * load.sample_kb / 1e6, "MonitoringInterval")


def _instance(d: Deployment, size: float, history: float) -> Iterator[Counted]:
    copies, allocated = (2 if d.has("MultiAZ") else 1), d.number("AllocatedStorage")
    alone = copies == 1  # the free tier is for a single zone
    yield Counted(
        "Database", d.parameters["InstanceClass"], HOURS * copies, "InstanceClass; MultiAZ counts twice", alone
    )
    yield Counted(
        "Database storage", "rds-storage", allocated * copies, "AllocatedStorage; MultiAZ counts twice", alone
    )
    # As much as the storage is included, whatever the account.
    beyond = max(0.0, history - allocated)
    yield Counted("Database backups", "rds-backup", beyond, "BackupRetentionDays, beyond AllocatedStorage")


def _cluster(d: Deployment, load: Load, size: float, history: float) -> Iterator[Counted]:
    least, most = d.number("MinCapacity"), d.number("MaxCapacity")
    instances = 2 if d.has("Reader") else 1
    capacity = (least + load.capacity_share * (most - least)) * instances
    yield Counted("Database", "aurora-capacity", HOURS * capacity, "MinCapacity, MaxCapacity; Reader counts twice")
    yield Counted("Database storage", "aurora-storage", size, "people")
    yield Counted("Database requests", "aurora-requests", load.requests * 10, "requests")
    yield Counted("Database backups", "aurora-backup", max(0.0, history - size), "BackupRetentionDays")


# --- functions and their front door


def functions(d: Deployment, load: Load) -> Iterator[Counted]:
    runs = {name: _runs(d, load, name) for name in d.functions}
    groups: dict[str, float] = {}
    for name, (calls, seconds) in runs.items():
        group = _group(name)
        groups[group] = groups.get(group, 0.0) + calls * seconds * d.functions[name].memory_gb
    yield Counted("Function calls", "lambda-requests", sum(calls for calls, _ in runs.values()), "requests, uploads")
    for group, gb_seconds in groups.items():
        price = f"lambda-{d.parameters['Architecture']}"
        yield Counted(f"{group}, computing", price, gb_seconds, "Architecture, sizes in .chalice/config.json")
    if d.has("Tracing"):
        yield Counted("Traces", "trace", sum(calls for calls, _ in runs.values()), "Tracing")


def _group(name: str) -> str:
    if name in BACKUPS:
        return "Backups"
    return {API: "API", "on_upload": "Imports"}.get(name, "Housekeeping")


def _runs(d: Deployment, load: Load, name: str) -> tuple[float, float]:
    """How often a month, and for how many seconds each time."""
    if name == API:
        return load.requests, load.request_seconds
    if name == "on_upload":
        return load.sheets, load.import_seconds
    runs = d.functions[name].runs
    seconds = {"nightly_backup": load.backup_seconds, "restore_drill": load.drill_seconds}
    of_backups = seconds[name] * load.thousands if name in seconds else load.housekeeping_seconds
    return (PLAIN_CALLS if runs is None else runs), of_backups


def front_door(d: Deployment, load: Load) -> Iterator[Counted]:
    yield Counted("API requests", f"{d.parameters['FrontDoor']}-api", load.requests, "requests, FrontDoor")
    yield Counted("Users who sign in", "cognito", load.people * load.signing_in, "people")


# --- S3


def objects(d: Deployment, load: Load) -> Iterator[Counted]:
    young = min(d.number("UploadsToGlacierDays"), YEAR)
    sheets_gb = load.sheets * load.sheet_mb / 1000
    ready, frozen = _dumps(d)
    dump_gb = load.dump_mb * load.thousands / 1000
    standard = sheets_gb * young / DAYS + ready * dump_gb + load.releases_gb
    glacier = sheets_gb * (YEAR - young) / DAYS + frozen * dump_gb
    sweeps = d.functions["sweep_uploads"].runs or 0.0
    parts = load.dump_mb * load.thousands / PART_MB + 4
    yield Counted(
        "Objects", "s3-storage", standard, "uploads, people, UploadsToGlacierDays, NoncurrentDays; after a year"
    )
    yield Counted(
        "Objects in Glacier", "s3-glacier", glacier, "UploadsToGlacierDays, BackupsToGlacierDays; after a year"
    )
    yield Counted("S3 writes and lists", "s3-writes", load.sheets * 4 + sweeps * 3 + parts * DAYS, "uploads, people")
    yield Counted("S3 reads", "s3-reads", load.sheets * 6 + sweeps * 3 + parts * DAYS, "uploads, people")
    yield Counted("Moves to Glacier", "s3-transitions", load.sheets + 1, "uploads")


def _dumps(d: Deployment) -> tuple[float, float]:
    """How many are ready and how many in Glacier: those that retention keeps, and as many as were hidden lately."""
    keeps = Settings()
    months_ready = min(d.number("BackupsToGlacierDays") / DAYS, keeps.keep_monthly)
    hidden = max(d.number("NoncurrentDays"), d.number("BackupsLockDays"))
    return keeps.keep_daily + keeps.keep_weekly + months_ready + hidden, keeps.keep_monthly - months_ready


# --- network


def network(d: Deployment, load: Load) -> Iterator[Counted]:
    connections = len(d.of_type("AWS::EC2::VPNConnection"))
    if connections:
        yield Counted("VPN connection", "vpn", HOURS * connections, "Vpn")
        yield Counted("VPN addresses", "public-address", HOURS * connections * 2, "Vpn; two outside addresses")
    endpoints = [one for one in d.of_type("AWS::EC2::VPCEndpoint") if _is_interface(one)]
    if endpoints:
        yield Counted("Secrets endpoint", "endpoint", HOURS * ZONES * len(endpoints), "SecretsEndpoint; two zones")
    out = load.requests * load.answer_kb / 1e6 + load.vpn_gb * connections
    yield Counted("Data out", "data-out", out, "requests, Vpn")


def _is_interface(endpoint: Mapping[str, Any]) -> bool:
    return bool(endpoint["Properties"]["VpcEndpointType"] == "Interface")


# --- keys and secrets


def secrets(d: Deployment, load: Load) -> Iterator[Counted]:
    yield Counted("Keys", "kms-key", len(d.of_type("AWS::KMS::Key")), "each stage has its own; more after a rotation")
    yield Counted("Key requests", "kms-requests", 20_000 + load.requests / 100, "requests")
    # RDS keeps the master password in one, a VPN its two pre-shared keys in another.
    kept = len(d.of_type("AWS::SecretsManager::Secret")) + 1 + len(d.of_type("AWS::EC2::VPNConnection"))
    stored = 1 if d.parameters["DatabaseSecretArn"] else 0
    yield Counted("Secrets", "secret", kept + stored, "Vpn, DatabaseSecretArn")
    if stored:
        yield Counted("Secret requests", "secret-requests", load.requests / 100, "DatabaseSecretArn, requests")


# --- what watches


def watch(d: Deployment, load: Load) -> Iterator[Counted]:
    alarms = sum(_metrics_of(one) for one in d.of_type("AWS::CloudWatch::Alarm"))
    yield Counted("Alarms", "alarm", alarms, "functions of app.py, Vpn, TunnelsExpected")
    yield Counted("Dashboard", "dashboard", len(d.of_type("AWS::CloudWatch::Dashboard")), "each stage has one")
    yield Counted("Own metrics", "metric", len(UNITS), "what functions measure")
    ours, others = load.requests * load.log_kb / 1e6, load.other_logs_gb
    yield Counted("Logs of functions and API", "log-ingestion", ours, "requests")
    yield Counted("Logs of database and network", "log-ingestion", others, "other logs")
    kept = (ours + others) * load.stored_share * d.number("LogRetentionDays") / DAYS
    yield Counted("Logs kept", "log-storage", kept, "LogRetentionDays, requests")


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """An alarm over an expression is paid for each metric in it."""
    return sum("MetricStat" in one for one in alarm["Properties"].get("Metrics", [{"MetricStat": {}}]))


SERVICES: tuple[Service, ...] = (database, functions, front_door, objects, network, secrets, watch)
