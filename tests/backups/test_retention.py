"""Retention: what may go, and that the last good ones never do, whatever happens for a hundred years."""

import random
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.backups.retention import SAFETY, Backup, Policy, Verdict, judge
from chalicelib.backups.run import tier_of
from chalicelib.core.tables.files import TIERS

NOW = datetime(2026, 11, 18, 2, 30, tzinfo=UTC)
"""A Wednesday, an hour after the nightly backup."""

DEFAULT = Policy()
STRICT = Policy(minimum=1, other_days=0)
"""The rules that are not about calendars kept out of the way."""


def nightly(day: str, **facts: object) -> Backup:
    moment = datetime.combine(date.fromisoformat(day), time(1, 30), UTC)
    return Backup(day, tier_of(moment), moment, **facts)  # type: ignore[arg-type]


def nights(until: str, count: int, *, without: tuple[str, ...] = ()) -> list[Backup]:
    last = date.fromisoformat(until)
    days = [str(last - timedelta(days=back)) for back in range(count)]
    return [nightly(day) for day in days if day not in without]


def kept(backups: list[Backup], policy: Policy = DEFAULT, now: datetime = NOW) -> list[str]:
    return list(judge(backups, now=now, policy=policy).kept)


def test_of_two_years_of_nights_seven_days_four_weeks_and_twelve_months_stay() -> None:
    found = judge(nights("2026-11-18", 730), now=NOW, policy=DEFAULT).kept
    assert list(found) == [
        *(f"2026-11-{day}" for day in (18, 17, 16, 15, 14, 13, 12)),
        "2026-11-08",
        "2026-11-01",
        *(f"2026-{month:02}-01" for month in range(10, 0, -1)),
        "2025-12-01",
    ]
    assert found["2026-11-18"] == ("one of the last 3 good ones", "day 2026-11-18", "week 2026-W47")
    assert found["2026-11-15"] == ("day 2026-11-15", "week 2026-W46")
    assert found["2026-11-01"] == ("week 2026-W44", "month 2026-11")


def test_what_goes_is_named_oldest_first() -> None:
    verdict = judge(nights("2026-11-18", 40), now=NOW, policy=DEFAULT)
    assert verdict.obsolete == tuple(sorted(verdict.obsolete))
    assert {*verdict.obsolete} | {*verdict.kept} == {one.backup_id for one in nights("2026-11-18", 40)}


def test_a_missed_sunday_still_leaves_its_week_one() -> None:
    found = kept(nights("2026-11-18", 60, without=("2026-11-08",)), STRICT)
    assert "2026-11-07" in found


def test_a_missed_first_still_leaves_its_month_one() -> None:
    found = judge(nights("2026-11-18", 100, without=("2026-10-01",)), now=NOW, policy=STRICT).kept
    assert [day for day, why in found.items() if "month 2026-10" in why] == ["2026-10-31"]


def test_a_month_without_any_takes_none_of_the_others_away() -> None:
    gap = tuple(str(date(2026, 3, 1) + timedelta(days=day)) for day in range(92))
    found = judge(nights("2026-11-18", 730, without=gap), now=NOW, policy=DEFAULT).kept
    months = [why for reasons in found.values() for why in reasons if why.startswith("month")]
    assert len(months) == 12
    assert months[-1] == "month 2025-09"


def test_a_week_belongs_to_the_year_that_iso_gives_it() -> None:
    now = datetime(2027, 1, 3, 12, tzinfo=UTC)
    found = judge([nightly("2027-01-03"), nightly("2026-12-27")], now=now, policy=STRICT).kept
    assert found["2027-01-03"][-2:] == ("week 2026-W53", "month 2027-01")


def test_the_days_are_those_of_utc() -> None:
    evening = datetime.fromisoformat("2026-11-17T21:00:00-05:00")
    found = judge([Backup("evening", "daily", evening)], now=NOW, policy=DEFAULT).kept
    assert "day 2026-11-18" in found["evening"]


def test_the_last_good_ones_stay_even_where_the_setting_says_none() -> None:
    nothing = Policy(daily=0, weekly=0, monthly=0, minimum=0, other_days=0)
    backups = [nightly("2026-11-18", good=False), *nights("2026-11-17", 5)]
    assert kept(backups, nothing) == ["2026-11-17"]
    assert kept(backups, replace(nothing, minimum=2)) == ["2026-11-17", "2026-11-16"]


def test_a_safety_dump_is_never_one_of_the_last_good_ones() -> None:
    backups = [Backup("after", SAFETY, NOW - timedelta(hours=1)), *nights("2026-11-17", 2)]
    assert kept(backups, Policy(0, 0, 0, 2, 0)) == ["2026-11-17", "2026-11-16"]


@pytest.mark.parametrize("tier", ["manual", SAFETY])
def test_manual_and_safety_dumps_stay_thirty_days(tier: str) -> None:
    others = nights("2026-11-18", 3)
    young = Backup("young", tier, NOW - timedelta(days=29))
    old = Backup("old", tier, NOW - timedelta(days=31))
    verdict = judge([*others, young, old], now=NOW, policy=DEFAULT)
    assert verdict.kept["young"] == (f"{tier} younger than 30 days",)
    assert verdict.obsolete == ("old",)


def test_a_damaged_dump_stands_for_no_day_and_stays_thirty_days() -> None:
    month = [nightly("2026-10-01", good=False), nightly("2026-10-02"), *nights("2026-11-18", 3)]
    verdict = judge([*month, nightly("2026-11-11", good=False)], now=NOW, policy=DEFAULT)
    assert verdict.obsolete == ("2026-10-01",)
    assert "month 2026-10" in verdict.kept["2026-10-02"]
    assert verdict.kept["2026-11-11"] == ("damaged, and younger than 30 days",)


def test_pinned_ones_stay_whatever_they_are() -> None:
    pinned = [
        nightly("2020-05-05", pinned=True),
        nightly("2019-05-05", pinned=True, good=False),
        Backup("2018", SAFETY, datetime(2018, 1, 1, tzinfo=UTC), pinned=True),
    ]
    found = judge([*pinned, *nights("2026-11-18", 30)], now=NOW, policy=DEFAULT).kept
    assert found["2019-05-05"] == found["2018"] == ("pinned",)
    assert "pinned" in found["2020-05-05"]


def test_nothing_goes_while_backups_fail() -> None:
    backups = nights("2026-11-15", 60)
    verdict = judge(backups, now=NOW, policy=DEFAULT)
    assert verdict.obsolete == ()
    assert verdict.kept["2026-10-20"] == ("no good backup in the last 2 days",)
    assert judge([*backups, nightly("2026-11-17")], now=NOW, policy=DEFAULT).obsolete


def test_a_damaged_or_safety_dump_is_no_success_that_lets_others_go() -> None:
    fresh = [Backup("s", SAFETY, NOW), nightly("2026-11-18", good=False)]
    assert judge([*fresh, *nights("2026-11-10", 60)], now=NOW, policy=DEFAULT).obsolete == ()


def test_dumps_from_the_future_stay_and_push_nothing_out() -> None:
    real = nights("2026-11-18", 60)
    mistaken = [nightly(f"2099-01-{day:02}") for day in range(1, 20)]
    verdict = judge([*real, *mistaken], now=NOW, policy=DEFAULT)
    assert [one for one in verdict.kept if one < "2099"] == kept(real)
    assert verdict.kept["2099-01-01"] == ("dated in the future",)


def test_nothing_is_judged_where_there_is_nothing() -> None:
    assert judge([], now=NOW, policy=DEFAULT) == Verdict({}, ())


# For any backups, any policy, any time

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
stored = st.lists(
    st.builds(
        Backup,
        backup_id=st.uuids().map(str),
        tier=st.sampled_from(TIERS),
        started_at=moments,
        good=st.booleans(),
        pinned=st.booleans(),
    ),
    max_size=60,
    unique_by=lambda one: one.backup_id,
)
few = st.integers(0, 8)
policies = st.builds(Policy, daily=few, weekly=few, monthly=few, minimum=few, other_days=few, fresh_days=few)


def real_ones(backups: list[Backup], now: datetime) -> list[Backup]:
    """Good ones that count, newest first."""
    good = [one for one in backups if one.good and one.tier != SAFETY and one.started_at <= now]
    return sorted(good, key=lambda one: (one.started_at, one.backup_id), reverse=True)


@given(stored, moments, policies)
def test_every_backup_is_kept_for_a_reason_or_obsolete_and_never_both(
    backups: list[Backup], now: datetime, policy: Policy
) -> None:
    verdict = judge(backups, now=now, policy=policy)
    assert not {*verdict.kept} & {*verdict.obsolete}
    assert {*verdict.kept} | {*verdict.obsolete} == {one.backup_id for one in backups}
    assert all(verdict.kept.values())


@given(stored, moments, policies)
def test_the_last_good_ones_and_every_pin_always_stay(backups: list[Backup], now: datetime, policy: Policy) -> None:
    verdict = judge(backups, now=now, policy=policy)
    last = real_ones(backups, now)[: max(policy.minimum, 1)]
    assert {one.backup_id for one in last} <= {*verdict.kept}
    assert {one.backup_id for one in backups if one.pinned} <= {*verdict.kept}


@given(stored, moments, policies)
def test_what_is_kept_is_bounded_once_there_was_a_success(backups: list[Backup], now: datetime, policy: Policy) -> None:
    verdict = judge(backups, now=now, policy=replace(policy, fresh_days=10_000))
    lately = now - timedelta(days=policy.other_days)
    free = [one for one in backups if one.pinned or one.started_at > lately]
    if real_ones(backups, now):
        most = policy.daily + policy.weekly + policy.monthly + max(policy.minimum, 1) + len(free)
        assert len(verdict.kept) <= most


@given(stored, moments, policies)
def test_what_was_kept_once_is_kept_when_judged_again(backups: list[Backup], now: datetime, policy: Policy) -> None:
    left = judge(backups, now=now, policy=policy).kept
    again = judge([one for one in backups if one.backup_id in left], now=now, policy=policy)
    assert again.obsolete == ()
    assert {*again.kept} == {*left}


@given(stored, moments, policies, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_a_clock_set_back_makes_nothing_obsolete_that_was_not(
    backups: list[Backup], now: datetime, policy: Policy, back: timedelta
) -> None:
    always = replace(policy, fresh_days=10_000)
    before = judge(backups, now=now, policy=always)
    assert {*judge(backups, now=now - back, policy=always).obsolete} <= {*before.obsolete}


@given(stored, moments, policies, st.randoms())
def test_the_order_in_which_backups_are_given_does_not_matter(
    backups: list[Backup], now: datetime, policy: Policy, any_order: random.Random
) -> None:
    shuffled = any_order.sample(backups, len(backups))
    assert judge(shuffled, now=now, policy=policy) == judge(backups, now=now, policy=policy)


# A hundred years


@pytest.mark.parametrize("years", [10, pytest.param(100, marks=pytest.mark.proof)])
def test_years_of_nights_with_failures_pins_and_wrong_clocks(years: int) -> None:
    century = Century(random.Random(2026))
    for _ in range(years * 365):
        century.night()
    assert century.most <= 7 + 4 + 12 + 3 + Century.OTHERS + Century.WRONG_CLOCK
    assert len(century.there) >= 26


class Century:
    """Nights of a site: backups fail for weeks on end, clocks jump a month either way, people pin and dump by hand."""

    OTHERS = 10
    """What thirty days of manual, safety and damaged dumps add here at most, pins apart."""
    WRONG_CLOCK = 10
    """Nights in a row for which the clock is ahead."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.there = chance, [nightly("2026-01-01")]
        self.true_time = self.there[0].started_at
        self.outage = self.skewed_nights = self.made = self.most = 0
        self.skew = timedelta(0)

    def night(self) -> None:
        self.true_time += timedelta(days=1)
        self._weather()
        now = self.true_time + self.skew
        if self.outage == 0:
            self._store(tier_of(now), now, good=self.chance.random() > 0.02)
        if self.chance.random() < 0.02:
            self._store(self.chance.choice(["manual", SAFETY]), now + timedelta(minutes=5))
        self._expire(now + timedelta(hours=1))

    def _weather(self) -> None:
        self.outage = max(self.outage - 1, 0) or (self.chance.randint(1, 25) if self.chance.random() < 0.01 else 0)
        self.skewed_nights = max(self.skewed_nights - 1, 0)
        if self.skewed_nights == 0:
            jumps = self.chance.random() < 0.002
            self.skew = timedelta(days=self.chance.randint(-30, 30)) if jumps else timedelta(0)
            self.skewed_nights = self.chance.randint(1, 10) if jumps else 0

    def _store(self, tier: str, at: datetime, good: bool = True) -> None:
        self.made += 1
        pinned = good and self.chance.random() < 0.001
        self.there.append(Backup(f"{self.made:06}", tier, at, good=good, pinned=pinned))

    def _expire(self, now: datetime) -> None:
        verdict = judge(self.there, now=now, policy=DEFAULT)
        going = {*verdict.obsolete}
        assert not [one for one in self.there if one.pinned and one.backup_id in going]
        real = real_ones(self.there, now)
        assert not {one.backup_id for one in real[:3]} & going
        assert not going or now - real[0].started_at <= timedelta(days=2)
        self.there = [one for one in self.there if one.backup_id not in going]
        if going:
            self.most = max(self.most, sum(not one.pinned for one in self.there))
