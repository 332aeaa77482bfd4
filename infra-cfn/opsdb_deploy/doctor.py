"""What a check finds, and many checks made one after the other, of which none hides another."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

State = Literal["ok", "warning", "problem"]
Subject = TypeVar("Subject")
Item = TypeVar("Item")

RUNBOOK = "docs/runbook.md"

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}


@dataclass(frozen=True)
class Found:
    """One line: how it is, and for whatever is not well what to do, with the runbook's entry where there is one."""

    state: State
    said: str
    todo: str = ""
    entry: str = ""


@dataclass(frozen=True)
class Finding:
    """What a check, by its name, found."""

    check: str
    state: State
    said: str
    todo: str
    runbook: str | None


Check = Callable[[Subject], Iterable[Found]]


def ok(said: str) -> Found:
    return Found("ok", said)


def warning(said: str, todo: str, entry: str = "") -> Found:
    return Found("warning", said, todo, entry)


def problem(said: str, todo: str, entry: str = "") -> Found:
    return Found("problem", said, todo, entry)


def examined(checks: Mapping[str, Check[Subject]], subject: Subject) -> Iterator[Finding]:
    """Every check's findings as they come. One that fails is itself a finding, and the others go on."""
    for name, check in checks.items():
        try:
            for found in check(subject):
                yield _finding(name, found)
        except Exception as error:
            yield _finding(name, failed(error))


def each(items: Iterable[Item], look: Callable[[Item], Iterable[Found]]) -> Iterator[Found]:
    """What `look` finds of each item; one that cannot be looked at hides no other."""
    for item in items:
        try:
            yield from look(item)
        except Exception as error:
            yield failed(error)


def _finding(name: str, found: Found) -> Finding:
    runbook = f"{RUNBOOK}#{found.entry}" if found.entry else None
    return Finding(name, found.state, " ".join(found.said.split()), found.todo, runbook)


def failed(error: Exception) -> Found:
    """A check that could not be made: not allowed to look, or nobody answered."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError) and error.response["Error"]["Code"] in DENIED:
        return warning("may not look", f"allow {_permission(error)} to whoever runs this, or have somebody else run it")
    said = str(error).strip().split("\n")[0] or type(error).__name__
    return problem(f"cannot be looked at: {said}", "see to what the message names, then look again")


def _permission(error: Exception) -> str:
    """`rds:DescribeDBInstances`, as AWS says it, else the operation that was refused."""
    named = re.search(r"perform: ([\w-]+:\w+)", str(error))
    return named[1] if named else str(getattr(error, "operation_name", error))


def dated(what: str, ends: date | datetime, today: datetime, todo: str, *, days: int = 180, entry: str = "") -> Found:
    """How long something lasts: a problem once it is over, a warning from `days` before."""
    end = ends.date() if isinstance(ends, datetime) else ends
    left = (end - today.date()).days
    if left < 0:
        return problem(f"{what} ended on {end}", todo, entry)
    if left <= days:
        return warning(f"{what} ends on {end}, in {left} days", todo, entry)
    return ok(f"{what} lasts until {end}")


POSTGRESQL_ENDS = {
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
"""Major version of PostgreSQL -> the last day on which it is mended."""

RDS_ENDS = {15: date(2028, 2, 29)}
"""Major version -> the last day on which RDS runs it without its extended support, which opsdb declines."""

RUNTIME_ENDS = {"python3.11": date(2027, 6, 30), "python3.12": date(2028, 10, 31), "python3.13": date(2029, 6, 30)}
"""Runtime of Lambda -> the day from which AWS mends it no more."""
