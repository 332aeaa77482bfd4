"""What became of a dump after it was made, kept beside it in S3: verified, drilled, pinned.

There it survives whatever is restored. Each is an object of its own with one writer, so that nobody undoes another's.
"""

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypeVar

import msgspec

from chalicelib.core.storage import drill_key, pin_key, s3, verified_key

log = logging.getLogger(__name__)

PASSED = "passed"
"""The outcome of a drill that went well; any other text says what went wrong."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The dump was read back: `good`, or `damaged` and how. The last one counts."""

    at: datetime
    seconds: float
    outcome: Literal["good", "damaged"]
    message: str | None = None


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """The dump was restored into a scratch database: `passed`, or what went wrong."""

    at: datetime
    seconds: float
    outcome: str


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the dump stays whatever its age, and who said so."""

    pinned: bool
    at: datetime
    by: str


class Marks(msgspec.Struct, frozen=True):
    """All that is known of one dump beside its manifest; None where nobody has said anything."""

    verification: Verification | None = None
    drill: Drill | None = None
    pin: Pin | None = None

    @property
    def damaged(self) -> bool:
        return self.verification is not None and self.verification.outcome == "damaged"


Mark = TypeVar("Mark", Verification, Drill, Pin)


def write(bucket: str, backup_id: str, mark: Verification | Drill | Pin) -> None:
    """Put the mark beside its dump, in the place of the one before."""
    body = msgspec.json.encode(mark)
    s3().put_object(Bucket=bucket, Key=_key(type(mark), backup_id), Body=body, ContentType="application/json")


def of(bucket: str, backup_id: str, *, found: Collection[str] | None = None) -> Marks:
    """The marks of a dump; of the keys in `found` only, where they were listed already."""
    return Marks(
        verification=_read(bucket, backup_id, Verification, found),
        drill=_read(bucket, backup_id, Drill, found),
        pin=_read(bucket, backup_id, Pin, found),
    )


def is_damaged(bucket: str, backup_id: str, *, found: Collection[str]) -> bool:
    """Whether the last look at the dump found it damaged."""
    return Marks(_read(bucket, backup_id, Verification, found)).damaged


def keys(backup_id: str) -> list[str]:
    """Every key that a mark of this dump may have; they go when the dump goes."""
    return [verified_key(backup_id), drill_key(backup_id), pin_key(backup_id)]


def _key(shape: type[Verification] | type[Drill] | type[Pin], backup_id: str) -> str:
    return {Verification: verified_key, Drill: drill_key, Pin: pin_key}[shape](backup_id)


def _read(bucket: str, backup_id: str, shape: type[Mark], found: Collection[str] | None) -> Mark | None:
    key = _key(shape, backup_id)
    if found is not None and key not in found:
        return None
    try:
        return msgspec.json.decode(s3().get_object(Bucket=bucket, Key=key)["Body"].read(), type=shape)
    except s3().exceptions.NoSuchKey:
        return None
    except msgspec.DecodeError as error:
        log.warning("a mark is passed over", extra={"key": key, "reason": str(error)})
        return None
