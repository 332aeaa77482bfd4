"""What can be said of intervals without asking the database."""

from datetime import time

SHORTEST = 15
"""Minutes: intervals of forecasts and requirements begin on a quarter of an hour."""


def interval_problems(start: time) -> list[str]:
    """What is wrong about an interval that begins then."""
    if start.second or start.microsecond or start.minute % SHORTEST:
        return [f"interval_start: must be a quarter of an hour, such as 09:00 or 09:30, got {start}"]
    return []
