"""The moment that the floor is looked at, as callers say it."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from msgspec import Meta

from chalicelib.core.errors import Invalid
from chalicelib.core.inputs import FIRST_DAY, LAST_DAY
from chalicelib.core.settings import settings
from chalicelib.floor.states import Moment
from chalicelib.schedules.instants import instant

At = Annotated[
    str,
    Meta(
        pattern=r"^(now|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)$(?!\n)",
        description="now, RFC 3339, or YYYY-MM-DDTHH:MM on the site's clock",
    ),
]


def moment(said: str, *, now: datetime) -> Moment:
    """What is meant by `at`. On the site's clock an hour that comes twice is the first, and one that never comes is
    the hour after it."""
    zone = settings().timezone
    found = now if said == "now" else _read(said)
    at = (found if found.tzinfo else instant(found, zone=zone)).astimezone(UTC)
    return Moment(at, zone, timedelta(minutes=settings().grace_minutes), settings().day_close)


def today(at: Moment) -> date:
    """The date at the site."""
    return at.clock.date()


def _read(said: str) -> datetime:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise Invalid(f"at: must be a moment that there is, got {said[:40]!r}") from None
    if not FIRST_DAY <= found.date() <= LAST_DAY:
        raise Invalid(f"at: must be from {FIRST_DAY} to {LAST_DAY}, got {said[:40]!r}")
    return found
