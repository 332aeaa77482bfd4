"""What is past its retention, decided without asking the database."""

from datetime import date


def first_kept(today: date, months: int) -> date:
    """The first nominal date that stays: whole months go, so that a month is never half in history."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)
