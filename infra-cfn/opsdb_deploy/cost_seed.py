"""The first estimate, from the time before there were templates, beside this one: what differs, and why."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from opsdb_deploy.cost import Line, total
from opsdb_deploy.cost_deployment import Deployment


@dataclass(frozen=True)
class Compared:
    """One row: what was said then, for the free tier and after it, what it comes to now, and why they differ."""

    component: str
    free_then: str
    after_then: str
    usd_free: float
    usd: float
    why: str


@dataclass(frozen=True)
class _Row:
    component: str
    free_then: str
    after_then: str
    items: Collection[str]
    why: Callable[[Deployment], str]


def _database(d: Deployment) -> str:
    if d.parameters["Database"] != "rds":
        return "Aurora Serverless v2 is paid by capacity, and never stops altogether at this MinCapacity."
    said = "After the free hours a t4g.micro is 0.016 USD an hour, 11.68 a month, not 0 to 5, and its 20 GB are 2.30."
    if d.parameters["InstanceClass"] != "db.t4g.micro":
        said += f" This stage has a {d.parameters['InstanceClass']}, which is never free."
    return said + (" A standby in a second zone (MultiAZ) doubles instance and storage." if d.has("MultiAZ") else "")


def _vpn(d: Deployment) -> str:
    if d.parameters["Vpn"] == "none":
        return "This stage has no VPN (Vpn: none); one is 36.50 USD and its addresses 7.30."
    return (
        "0.05 USD x 730 hours is 36.50, and since 2024 AWS charges for public IPv4 addresses, two of which a VPN has."
    )


ROWS: tuple[_Row, ...] = (
    _Row(
        "Lambda",
        "1M requests",
        "0.20 per 1M",
        ("Function calls", "API, computing", "Imports, computing", "Backups, computing", "Housekeeping, computing"),
        lambda d: "The same price per call; the time it computes costs more than the call, and was left out.",
    ),
    _Row(
        "API Gateway HTTP",
        "1B bytes out",
        "1.00 per 1M",
        ("API requests", "Data out"),
        lambda d: (
            "A REST API is 3.50 USD per million (FrontDoor: rest). Data out is counted apart."
            if d.parameters["FrontDoor"] == "rest"
            else "The same price per request; free is a million requests for a year, and data out is counted apart."
        ),
    ),
    _Row(
        "RDS t4g.micro",
        "750 hours",
        "0-5",
        ("Database", "Database storage", "Database requests", "Database backups", "Enhanced monitoring"),
        _database,
    ),
    _Row(
        "S3",
        "5 GB",
        "0.23",
        ("Objects", "Objects in Glacier", "S3 writes and lists", "S3 reads", "Moves to Glacier"),
        lambda d: "0.23 USD is 10 GB; sheets go to Glacier and dumps are small, so there is less.",
    ),
    _Row("VPN", "0.05 per hour", "~36", ("VPN connection", "VPN addresses"), _vpn),
)

OTHERS = "Keys, secrets, alarms, logs and sign-in were not in the table; they are what makes it safe to run."


def compared(lines: Sequence[Line], d: Deployment) -> list[Compared]:
    """The rows of the first table, then what it did not have, then the total."""
    rows = [_compared(one, lines, d) for one in ROWS]
    known = {item for one in ROWS for item in one.items}
    rest = [one for one in lines if one.item not in known]
    rows.append(Compared("Not in the table", "-", "-", *total(rest), OTHERS))
    everything = total(list(lines))
    return [*rows, Compared("Total", "0-5", "~40-50", *everything, _overall(d))]


def _compared(row: _Row, lines: Sequence[Line], d: Deployment) -> Compared:
    usd_free, usd = total([one for one in lines if one.item in row.items])
    return Compared(row.component, row.free_then, row.after_then, usd_free, usd, row.why(d))


def _overall(d: Deployment) -> str:
    if d.parameters["Vpn"] == "none":
        return "Without the VPN, most of it then; with the database's real price, and all that watches it."
    return "With a VPN no first year is free; the rest is the database's real price, and all that watches it."
