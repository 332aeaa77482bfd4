"""What time it is, and which day at the site."""

from datetime import UTC, date, datetime

from chalicelib.core.settings import settings


def now() -> datetime:
    """This moment, with zone. Rules take it as a parameter; only the edge asks."""
    return datetime.now(UTC)


def today() -> date:
    """Today at the site."""
    return now().astimezone(settings().timezone).date()
