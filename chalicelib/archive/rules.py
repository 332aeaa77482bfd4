"""What is past its retention, decided without asking the database."""

from datetime import UTC, date, datetime, time, timedelta


def first_kept(today: date, months: int) -> date:
    """The first nominal date that stays: whole months go, so that a month is never half in history."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)


def audited_from(today: date, months: int) -> datetime:
    """From when on the audit stays: whole months, and a day of slack, as the site may be ahead of UTC."""
    return datetime.combine(first_kept(today, months), time(0), UTC) - timedelta(days=1)
