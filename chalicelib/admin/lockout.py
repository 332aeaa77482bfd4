"""How long the next sign-in waits after failed ones (pure)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

import msgspec

Kind = Literal["both", "address", "user"]

FORGOTTEN = timedelta(days=1)
"""Failures older than this count no more."""

PATIENCE: Mapping[Kind, tuple[int, int]] = {"both": (1, 900), "address": (20, 900), "user": (10, 60)}
"""From which failure on a wait begins, and what it grows to, seconds. Of a user over all addresses it stays short, so
that nobody is kept out for long by somebody else."""


class Attempts(msgspec.Struct, frozen=True):
    """What is on record of an address, a user, or both together."""

    failures: int
    locked_until: datetime
    last_at: datetime


def subjects(*, username: str, address: str | None) -> dict[str, Kind]:
    """Whose attempts one sign-in counts as. Names are hashed: what is typed there by mistake may be a password."""
    user = sha256(username.lower().encode()).hexdigest()[:32]
    found: dict[str, Kind] = {f"user:{user}": "user"}
    if address is not None:
        found |= {f"address:{address}": "address", f"both:{user}@{address}": "both"}
    return found


def wait(failures: int, kind: Kind) -> timedelta:
    """How long nobody is heard after so many failures: nothing, then a second, then twice as long each time."""
    first, most = PATIENCE[kind]
    return timedelta(seconds=min(most, 2 ** min(failures - first, 20)) if failures >= first else 0)


def remaining(known: Mapping[str, Attempts], now: datetime) -> timedelta:
    """How long the longest of them still holds; nothing or less where none does."""
    return max((one.locked_until - now for one in known.values()), default=timedelta())


def failed_once_more(before: Attempts, kind: Kind, now: datetime) -> Attempts:
    failures = 1 + (before.failures if before.last_at > now - FORGOTTEN else 0)
    return Attempts(failures, now + wait(failures, kind), now)
