"""What can be said of intervals without asking the database."""

from datetime import time

SHORTEST = 15
"""Minutes: intervals of forecasts and requirements begin on a quarter of an hour."""


MOST_SECONDS = 36_000_000
"""Handling time of one interval: 20,000 people busy for half an hour. Beyond it somebody mistyped, and looking for the
fewest agents would take long."""


def load_problems(calls: float, handling_seconds: float) -> list[str]:
    """What is wrong about so many calls of such length in one interval."""
    if calls * handling_seconds > MOST_SECONDS:
        return [
            f"calls: {calls:g} of {handling_seconds:g} s are more than {MOST_SECONDS // 1800:,} people could handle"
        ]
    return []


def interval_problems(start: time) -> list[str]:
    """What is wrong about an interval that begins then."""
    if start.second or start.microsecond or start.minute % SHORTEST:
        return [f"interval_start: must be a quarter of an hour, such as 09:00 or 09:30, got {start}"]
    return []
