"""Which backups are obsolete, and why each other one is kept: a pure decision; deletion is elsewhere."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

SCHEDULED = ("daily", "weekly", "monthly")
"""Tiers that stand for their day, week and month. Manual and safety ones stand for nothing and are kept for days."""

SAFETY = "safety"
"""What a restore replaced: a dump of trouble, which is never one of the last good ones."""


class Policy(msgspec.Struct, frozen=True):
    """How much is kept.

    `daily`, `weekly` and `monthly` count days, weeks and months that have a backup, so that a month without any takes
    nothing away. `minimum` good ones stay whatever their age; `other_days` is how long manual, safety and damaged ones
    stay; nothing goes while the newest good one is older than `fresh_days`.
    """

    daily: int = 7
    weekly: int = 4
    monthly: int = 12
    minimum: int = 3
    other_days: int = 30
    fresh_days: int = 2


class Backup(msgspec.Struct, frozen=True):
    """One that exists, that is: has a manifest. `good` is False when its dump is known to be damaged or gone."""

    backup_id: str
    tier: str
    started_at: datetime
    good: bool = True
    pinned: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """Why each one that stays does (ids newest first), and the ids that may go, oldest first."""

    kept: Mapping[str, tuple[str, ...]]
    obsolete: tuple[str, ...]


def judge(backups: Iterable[Backup], *, now: datetime, policy: Policy) -> Verdict:
    """What `policy` makes of `backups` at `now`.

    Days, weeks (ISO) and months are those of UTC. One dated after `now` stays and counts for nothing: a clock was wrong
    then or is wrong now, so setting it back makes nothing obsolete that was not.
    """
    newest_first = sorted(backups, key=lambda one: (one.started_at, one.backup_id), reverse=True)
    past = [one for one in newest_first if one.started_at <= now]
    reasons: dict[str, list[str]] = {one.backup_id: [] for one in newest_first}
    for one, reason in _reasons(newest_first, past, now, policy):
        reasons[one.backup_id].append(reason)
    if held := _held(past, now, policy):
        for found in reasons.values():
            found.extend([held] if not found else [])
    obsolete = [backup_id for backup_id, found in reasons.items() if not found]
    return Verdict(
        kept={backup_id: tuple(found) for backup_id, found in reasons.items() if found},
        obsolete=tuple(reversed(obsolete)),
    )


def _reasons(
    everything: list[Backup], past: list[Backup], now: datetime, policy: Policy
) -> Iterator[tuple[Backup, str]]:
    yield from ((one, "pinned") for one in everything if one.pinned)
    yield from ((one, "dated in the future") for one in everything if one.started_at > now)
    # Never none, whatever the setting says.
    minimum = max(policy.minimum, 1)
    yield from ((one, f"one of the last {minimum} good ones") for one in _good(past)[:minimum])
    scheduled = [one for one in _good(past) if one.tier in SCHEDULED]
    for count, tier, period in (
        (policy.daily, "daily", _day),
        (policy.weekly, "weekly", _week),
        (policy.monthly, "monthly", _month),
    ):
        yield from _representatives(scheduled, count, tier, period)
    young = now - timedelta(days=policy.other_days)
    for one in past:
        if one.started_at > young and (one.tier not in SCHEDULED or not one.good):
            yield one, f"{one.tier if one.good else 'damaged, and'} younger than {policy.other_days} days"


def _good(backups: list[Backup]) -> list[Backup]:
    return [one for one in backups if one.good and one.tier != SAFETY]


def _representatives(
    newest_first: list[Backup], count: int, tier: str, period: Callable[[datetime], str]
) -> Iterator[tuple[Backup, str]]:
    """One for each of the last `count` periods that have any: the one made for it (of this tier), else the newest.

    So a Sunday without a backup still leaves its week one, and neither choice changes once the period is over.
    """
    by_period: dict[str, Backup] = {}
    for one in newest_first:
        name = period(one.started_at.astimezone(UTC))
        standing = by_period.setdefault(name, one)
        if one.tier == tier != standing.tier:
            by_period[name] = one
    yield from ((one, name) for name, one in list(by_period.items())[:count])


def _day(moment: datetime) -> str:
    return f"day {moment:%Y-%m-%d}"


def _week(moment: datetime) -> str:
    year, week, _ = moment.isocalendar()
    return f"week {year}-W{week:02}"


def _month(moment: datetime) -> str:
    return f"month {moment:%Y-%m}"


def _held(past: list[Backup], now: datetime, policy: Policy) -> str | None:
    """Why nothing may go at all; None when there was a success lately."""
    newest = next(iter(_good(past)), None)
    if newest and now - newest.started_at <= timedelta(days=policy.fresh_days):
        return None
    return f"no good backup in the last {policy.fresh_days} days"
