"""What may be asked of people here, as the settings have it."""

from datetime import timedelta

from chalicelib.core.settings import settings
from chalicelib.schedules.conflicts import Limits


def limits() -> Limits:
    """The site's limits."""
    now = settings()
    return Limits(
        zone=now.timezone,
        rest=timedelta(hours=now.rest_hours),
        most_days=now.most_days,
        week=timedelta(hours=now.week_hours),
        cover_tier=now.cover_tier,
    )
