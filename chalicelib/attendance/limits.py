"""What is on time and what is overtime here, as the settings have it."""

from chalicelib.attendance.rules import Limits
from chalicelib.core.settings import settings


def limits() -> Limits:
    """The site's limits."""
    return Limits(settings().grace_minutes, settings().overtime_minutes)
