"""What each state means, and which of two that are true is said."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.floor.states import STATES, Moment, Planned, Recorded, Standing, WorkingDay, standing, touches
from chalicelib.schedules.instants import Interval
from tests.schedules.plans import MADRID, UTC_SITE, shift
from tests.test_docs import rows as rows_of

DAY = date(2026, 10, 6)


def rows(*times: str, code: str = "work", day: date = DAY, zone: ZoneInfo = UTC_SITE) -> tuple[Planned, ...]:
    return tuple(Planned(code, shift(day, one, zone=zone).interval) for one in times)


def at(hour: int, minute: int = 0, *, days: int = 0, zone: ZoneInfo = UTC_SITE) -> Moment:
    now = datetime(2026, 10, 6, hour, minute, tzinfo=UTC) + timedelta(days=days)
    return Moment(now, zone, timedelta(minutes=5), time(12))


def clock(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, 6, hour, minute)


def stood(moment: Moment, *planned: Planned, on_leave: tuple[time, time] | None = None, **recorded: Any) -> Standing:
    plan = planned or rows("09:00-17:00")
    found = standing(WorkingDay(DAY, plan, on_leave, Recorded(**recorded)), moment)
    assert found
    return found


@pytest.mark.parametrize(
    ("hour", "minute", "state"), [(8, 44, "upcoming"), (8, 45, "awaited"), (9, 0, "awaited"), (23, 0, "awaited")]
)
def test_somebody_is_awaited_from_a_quarter_of_an_hour_before_the_start(hour: int, minute: int, state: str) -> None:
    assert stood(at(hour, minute)).state == state


def test_who_is_not_heard_of_is_a_no_show_once_the_day_is_closed() -> None:
    assert stood(at(11, 59, days=1)).state == "awaited"
    assert stood(at(12, days=1)).state == "no_show"
    assert stood(at(12, days=1), check_out=clock(17)).state == "out"


@pytest.mark.parametrize("mark", ["Absent", "No Show"])
def test_a_mark_of_not_having_come_outweighs_a_check_in(mark: str) -> None:
    found = stood(at(10), check_in=clock(9), mark=mark, mark_class="away_unplanned")
    assert (found.state, found.stand) == ("no_show", "absent")


def test_sick_and_leave_are_away_in_different_ways() -> None:
    sick = stood(at(10), mark="Sick", mark_class="away_unplanned")
    leave = stood(at(10), mark="Leave", mark_class="away_planned")
    assert [(one.state, one.stand) for one in (sick, leave)] == [("away", "absent"), ("away", "away")]


def test_a_check_out_counts_once_its_time_has_come() -> None:
    facts = {"check_in": clock(9), "check_out": clock(16)}
    assert stood(at(15, 59), **facts).state == "in"
    assert stood(at(16), **facts).state == "out"


def test_late_is_who_came_late_by_minutes_or_mark_and_is_here() -> None:
    assert stood(at(10), check_in=clock(9, 4), late_minutes=0).state == "in"
    assert stood(at(10), check_in=clock(9, 20), late_minutes=20).state == "late"
    assert stood(at(10), mark="Late", mark_class="work").state == "late"
    assert stood(at(10), late_minutes=20).state == "awaited"


def test_a_mark_of_work_is_a_word_of_being_here() -> None:
    found = stood(at(10), mark="Overtime", mark_class="work")
    assert (found.state, found.stand) == ("in", "present")


def test_every_state_is_documented_and_no_other_is() -> None:
    assert sorted(state for state, _ in rows_of("api.md", "| state | when |")) == sorted(STATES)


def test_nobody_stands_anywhere_on_a_day_off() -> None:
    for plan in ((), (Planned("off", None),), rows("09:00-17:00", code="off"), (Planned("work", None),)):
        assert standing(WorkingDay(DAY, tuple(plan)), at(10)) is None


def test_an_away_day_without_times_has_no_times() -> None:
    assert stood(at(10), Planned("away_unplanned", None)) == Standing(None, None, "away", "away")


def test_training_is_waited_for_and_counts_in_no_figure() -> None:
    found = stood(at(10), *rows("09:00-17:00", code="training"))
    assert (found.state, found.stand) == ("awaited", None)


def test_what_is_left_to_work_counts_where_part_of_the_day_is_away() -> None:
    found = stood(at(10), *rows("08:00-12:00", code="away_planned"), *rows("13:00-17:00"))
    assert (found.starts_at, found.state) == (datetime(2026, 10, 6, 13, tzinfo=UTC), "upcoming")


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ("08:00-13:00", (13, 17)),
        ("14:00-18:00", (9, 14)),
        ("11:00-12:00", (9, 17)),
        ("18:00-20:00", (9, 17)),
    ],
)
def test_hours_on_leave_shorten_a_shift_at_its_ends(hours: str, expected: tuple[int, int]) -> None:
    first, last = (time.fromisoformat(one) for one in hours.split("-"))
    found = stood(at(7), on_leave=(first, last))
    assert found.starts_at
    assert found.stops_at
    assert (found.starts_at.hour, found.stops_at.hour) == expected


def test_a_shift_that_is_all_on_leave_is_an_away_one() -> None:
    assert stood(at(10), on_leave=(time(9), time(17))).state == "away"
    found = stood(at(10), *rows("09:00-12:00", "13:00-17:00"), on_leave=(time(8), time(12)))
    assert (found.state, found.stand) == ("upcoming", None)


def test_the_repeated_hour_is_told_by_the_edge_of_the_shift() -> None:
    night = date(2026, 10, 24)
    plan = rows("18:00-02:30", day=night, zone=MADRID)
    left = datetime(2026, 10, 25, 2, 30)
    seen = Recorded(check_in=datetime(2026, 10, 24, 18), check_out=left)
    for minute, state in ((29, "in"), (30, "out")):
        moment = Moment(datetime(2026, 10, 25, 0, minute, tzinfo=UTC), MADRID, timedelta(minutes=5), time(12))
        found = standing(WorkingDay(night, plan, None, seen), moment)
        assert found
        assert found.state == state


def test_a_shift_touches_from_its_start_to_before_its_stop() -> None:
    found = stood(at(10))
    nine, five = datetime(2026, 10, 6, 9, tzinfo=UTC), datetime(2026, 10, 6, 17, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert touches(found, first=nine - hour, last=nine)
    assert not touches(found, first=five, last=five + hour)
    assert Interval(nine, five) == Interval(found.starts_at, found.stops_at)  # type: ignore[arg-type]
