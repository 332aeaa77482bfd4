"""What a person-day adds to the sums, and that sums of groups add up."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.reports.figures import (
    absenteeism,
    adherence,
    attendance_rate,
    conformance,
    late_rate,
    shrinkage,
)
from chalicelib.reports.person_days import Attendance, Excused, Keys, PersonDay, Stretch
from chalicelib.reports.totals import VALUES, Grouping, Totals, grouped, totals_of
from chalicelib.schedules.instants import MINUTE, Interval
from tests.reports.days import LATER, excused, moment, person_day
from tests.schedules.plans import MADRID, MONDAY, NEW_YORK, SUNDAY, TUESDAY

DAY = "work 08:00-16:00"


def counted(*said: str, now: datetime = LATER, **facts: Any) -> Totals:
    return totals_of(person_day(*said, **facts), now=now)


@pytest.mark.parametrize(
    ("kind", "gross", "net", "training", "planned", "unplanned"),
    [
        ("work", 480, 480, 0, 0, 0),
        ("nesting", 480, 480, 0, 0, 0),
        ("training", 480, 0, 480, 0, 0),
        ("away_planned", 480, 0, 0, 480, 0),
        ("away_unplanned", 480, 0, 0, 0, 480),
        ("off", 0, 0, 0, 0, 0),
    ],
)
def test_the_effective_class_says_where_the_minutes_of_a_shift_count(
    kind: str, gross: int, net: int, training: int, planned: int, unplanned: int
) -> None:
    found = counted(f"{kind} 08:00-16:00", came="08:00", left="16:00")
    assert (found.gross_minutes, found.net_minutes, found.training_minutes) == (gross, net, training)
    assert (found.planned_minutes, found.unplanned_minutes) == (planned, unplanned)
    assert (found.gross_people, found.net_people, found.present) == (int(gross > 0), int(net > 0), int(net > 0))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (MADRID, date(2026, 3, 28), 7),
        (MADRID, date(2026, 10, 24), 9),
        (NEW_YORK, date(2026, 3, 7), 7),
        (NEW_YORK, date(2026, 10, 31), 9),
        (MADRID, MONDAY, 8),
    ],
)
def test_a_night_shift_has_the_hours_that_pass_when_the_clocks_change(zone: Any, day: date, hours: int) -> None:
    found = counted("work 22:00-06:00", day=day, zone=zone, mark="work")
    minutes = hours * 60
    assert (found.gross_minutes, found.net_minutes, found.inside_minutes) == (minutes, minutes, minutes)
    missed = counted("work 22:00-06:00", day=day, zone=zone)
    assert (missed.unplanned_minutes, missed.due_minutes, missed.inside_minutes) == (minutes, minutes, 0)


@pytest.mark.parametrize(
    ("came", "mark", "stage", "standing"),
    [
        ("08:00", None, "open", "present"),
        (None, "work", "open", "present"),
        (None, "nesting", "open", "present"),
        (None, None, "open", "unmarked"),
        (None, None, "closed", "absent"),
        (None, "away_unplanned", "open", "absent"),
        ("08:00", "away_unplanned", "open", "absent"),
        (None, "away_planned", "open", None),
        ("08:00", "away_planned", "closed", None),
    ],
)
def test_somebody_scheduled_is_present_unmarked_or_absent_or_on_leave(
    came: str | None, mark: str | None, stage: str, standing: str | None
) -> None:
    found = counted(DAY, came=came, mark=mark, stage=stage)
    counts = {"present": found.present, "unmarked": found.unmarked, "absent": found.absent}
    assert counts == {name: int(name == standing) for name in counts}
    assert found.unplanned_minutes == (480 if standing == "absent" else 0)
    assert found.planned_minutes == (480 if standing is None else 0)
    assert found.inside_minutes == (480 if standing == "present" else 0)


def test_a_day_in_progress_has_only_the_shifts_that_have_started() -> None:
    at_ten = moment("10:00")
    assert counted("work 14:00-22:00", came="13:50", stage="open", now=at_ten) == Totals()
    split = counted(DAY, "work 18:00-20:00", came="08:00", stage="open", now=at_ten)
    assert (split.gross_minutes, split.net_minutes, split.net_people) == (480, 480, 1)
    assert (split.due_minutes, split.inside_minutes, split.worked_minutes) == (120, 120, 120)
    at_start = counted(DAY, stage="open", now=moment("08:00"))
    assert (at_start.net_people, at_start.unmarked, at_start.due_minutes) == (1, 1, 0)


@pytest.mark.parametrize(
    ("facts", "inside", "worked"),
    [
        ({"came": "08:10", "left": "16:10"}, 470, 480),
        ({"came": "07:00", "left": "15:00"}, 420, 420),
        ({"came": "08:00", "left": "17:00", "overtime_minutes": 60}, 480, 480),
        ({"came": "08:00", "left": "17:00", "overtime_minutes": 60, "overtime_approved": True}, 480, 540),
        ({"came": "08:00", "left": "18:00", "overtime_minutes": 60, "overtime_approved": True}, 480, 540),
        ({"came": "08:00"}, 480, 480),
        ({"mark": "work", "late_minutes": 20, "early_minutes": 30}, 430, 430),
        ({"came": "17:00", "left": "17:10"}, 0, 10),
        ({"left": "16:10"}, 0, 0),
    ],
)
def test_what_is_worked_inside_the_schedule_and_in_all(facts: dict[str, Any], inside: int, worked: int) -> None:
    found = counted(DAY, **facts)
    assert (found.inside_minutes, found.worked_minutes) == (inside, worked)


def test_approved_overtime_counts_on_a_day_off_and_not_before_it_is_worked() -> None:
    on_a_day_off: dict[str, Any] = {"came": "10:00", "left": "12:00", "mark": "work", "overtime_minutes": 120}
    assert counted("off", **on_a_day_off) == Totals()
    assert counted("off", **on_a_day_off, overtime_approved=True) == Totals(worked_minutes=120)
    assert counted("off", **on_a_day_off, overtime_approved=True, stage="ahead") == Totals()
    assert counted("off", overtime_minutes=60, overtime_approved=True, mark="away_unplanned") == Totals()
    staying: dict[str, Any] = {"came": "08:00", "overtime_minutes": 60, "overtime_approved": True, "stage": "open"}
    assert [counted(DAY, **staying, now=moment(clock)).worked_minutes for clock in ("15:00", "16:20", "17:30")] == [
        420,
        500,
        540,
    ]


def test_the_break_between_two_shifts_of_a_day_is_not_worked() -> None:
    found = counted("work 08:00-12:00", "work 16:00-20:00", came="08:00", left="20:10")
    assert (found.net_minutes, found.inside_minutes, found.worked_minutes) == (480, 480, 490)
    learning = counted("work 08:00-12:00", "training 12:00-16:00", came="08:00", left="16:00")
    assert (learning.inside_minutes, learning.worked_minutes, learning.training_minutes) == (240, 240, 240)


def test_hours_on_leave_are_of_the_leave_and_on_neither_side_of_what_is_worked() -> None:
    found = counted(DAY, came="08:00", left="16:00", excused=excused("away_planned", "10:00-12:00"))
    assert (found.gross_minutes, found.net_minutes, found.planned_minutes) == (480, 360, 120)
    assert (found.due_minutes, found.inside_minutes, found.worked_minutes) == (360, 360, 360)
    sick = counted("away_unplanned 08:00-16:00", excused=excused("away_planned", "10:00-12:00"))
    assert (sick.unplanned_minutes, sick.planned_minutes) == (480, 0)
    whole = counted(DAY, excused=excused("away_unplanned", "08:00-16:00"))
    assert (whole.gross_people, whole.net_people, whole.absent, whole.unplanned_minutes) == (1, 0, 0, 480)


def test_an_untimed_away_day_counts_the_last_shifts_length_or_eight_hours_once_it_has_begun() -> None:
    assert counted("away_planned") == Totals(untimed_minutes=480, planned_minutes=480)
    assert counted("away_unplanned", usual_minutes=600) == Totals(untimed_minutes=600, unplanned_minutes=600)
    assert counted("away_planned", stage="ahead") == counted("off") == Totals()


def test_late_and_early_never_lose_more_than_the_shift() -> None:
    assert counted(DAY, came="08:20", late_minutes=20, early_minutes=10).lost_minutes == 30
    assert counted(DAY, came="15:00", late_minutes=420, early_minutes=120).lost_minutes == 480
    assert counted(DAY, late_minutes=20).lost_minutes == 0


@pytest.mark.parametrize(
    ("said", "late", "early", "lost"),
    [
        (("training 08:00-12:00", "work 12:00-16:00"), 30, 0, 0),
        (("training 08:00-12:00", "work 12:00-16:00"), 300, 0, 60),
        (("training 08:00-12:00", "work 12:00-16:00"), 0, 30, 30),
        (("work 08:00-12:00", "training 13:00-17:00"), 10, 250, 20),
        (("work 08:00-12:00", "training 13:00-17:00"), 300, 300, 240),
        (("training 08:00-16:00",), 30, 30, 0),
    ],
)
def test_late_and_early_in_training_are_not_lost_twice(said: Any, late: int, early: int, lost: int) -> None:
    found = counted(*said, came="08:00", late_minutes=late, early_minutes=early)
    assert found.lost_minutes == lost
    both = shrinkage(found)
    assert both.planned is not None
    assert both.unplanned is not None
    assert both.planned + both.unplanned == pytest.approx((found.training_minutes + lost) / found.gross_minutes)


def test_groups_go_by_the_assignment_of_the_day_and_by_day_week_and_month() -> None:
    moved = [
        person_day(DAY, employee_id=7, day=day, keys=Keys(department))
        for day, department in ((MONDAY, "Sales"), (TUESDAY, "Support"), (SUNDAY, "Support"))
    ]
    rows = [*moved, person_day(DAY, employee_id=7, day=date(2026, 11, 2), keys=Keys("Support"))]

    def minutes(*by: Grouping) -> dict[Any, int]:
        return {key: one.net_minutes for key, one in grouped(rows, by=by, now=LATER).items()}

    assert minutes() == {(): 1920}
    assert minutes("department") == {("Sales",): 480, ("Support",): 1440}
    assert minutes("week") == {(MONDAY,): 1440, (date(2026, 11, 2),): 480}
    assert minutes("month", "department") == {
        (date(2026, 10, 1), "Sales"): 480,
        (date(2026, 10, 1), "Support"): 960,
        (date(2026, 11, 1), "Support"): 480,
    }
    assert grouped([], by=(), now=LATER) == {}


MIDNIGHT = moment("00:00")
instants = some.integers(0, 3 * 24 * 60 * 60).map(lambda seconds: MIDNIGHT + timedelta(seconds=seconds))
classes = some.sampled_from(
    ["work", "work", "work", "nesting", "training", "away_planned", "away_unplanned", "off", None]
)
small = some.integers(0, 600)


@some.composite
def stretches(draw: some.DrawFn) -> tuple[Stretch, ...]:
    """Shifts that do not overlap, to the second; or one row without times."""
    edges = sorted(draw(some.lists(instants, max_size=6)))
    timed = [Interval(*pair) for pair in zip(edges[::2], edges[1::2], strict=False)]
    return tuple(Stretch(draw(classes), one) for one in timed) or (Stretch(draw(classes), None),)


person_days = some.builds(
    PersonDay,
    employee_id=some.integers(1, 3),
    day=some.sampled_from([MONDAY, TUESDAY, SUNDAY, date(2026, 11, 1)]),
    keys=some.builds(Keys, *[some.sampled_from(["one", "other", None])] * 4),
    shifts=stretches(),
    excused=some.lists(
        some.builds(
            lambda kind, start, length: Excused(kind, Interval(start, start + length * MINUTE)),
            some.sampled_from(["away_planned", "away_unplanned"]),
            instants,
            small,
        ),
        max_size=1,
    ).map(tuple),
    attendance=some.builds(
        Attendance, some.none() | instants, some.none() | instants, classes, small, small, small, some.booleans()
    ),
    stage=some.sampled_from(["ahead", "open", "closed"]),
    usual_minutes=small,
)
floors = some.lists(person_days, max_size=8)
moments = instants | some.just(LATER)


@given(floors, some.lists(some.sampled_from(sorted(VALUES)), max_size=3, unique=True), moments)
def test_the_totals_of_the_groups_add_up_to_the_whole_however_it_is_split(
    rows: list[PersonDay], by: list[Grouping], now: datetime
) -> None:
    parts = grouped(rows, by=by, now=now)
    assert sum(parts.values(), Totals()) == grouped(rows, by=(), now=now).get((), Totals())
    for key, part in parts.items():
        own = [row for row in rows if tuple(VALUES[one](row) for one in by) == key]
        assert part == sum((totals_of(row, now=now) for row in own), Totals())


@given(floors, floors, moments)
def test_two_floors_together_are_the_sum_of_both(
    some_rows: list[PersonDay], more: list[PersonDay], now: datetime
) -> None:
    one, other, both = (
        grouped(rows, by=(), now=now).get((), Totals()) for rows in (some_rows, more, [*some_rows, *more])
    )
    assert both == one + other


@given(some.data(), floors, moments)
def test_the_order_of_the_rows_says_nothing(data: some.DataObject, rows: list[PersonDay], now: datetime) -> None:
    mixed = data.draw(some.permutations(rows))
    assert grouped(mixed, by=("department",), now=now) == grouped(rows, by=("department",), now=now)


@given(floors, moments)
def test_rates_are_shares_and_null_only_where_there_is_nothing_to_divide_by(
    rows: list[PersonDay], now: datetime
) -> None:
    found = sum((totals_of(row, now=now) for row in rows), Totals())
    lost = shrinkage(found)
    for rate in (attendance_rate, late_rate, absenteeism, adherence):
        share = rate(found)
        assert share is None or 0 <= share <= 1
    assert (lost.planned is None) == (lost.unplanned is None) == (found.gross_minutes + found.untimed_minutes == 0)
    if lost.planned is not None and lost.unplanned is not None:
        assert lost.planned >= 0
        assert lost.unplanned >= 0
        assert lost.planned + lost.unplanned <= 1 + 1e-9
    assert (attendance_rate(found) is None) == (found.net_people == 0)
    worked = conformance(found)
    assert (worked is None) == (adherence(found) is None) == (found.due_minutes == 0)
    assert worked is None or worked >= (adherence(found) or 0)


@given(floors, moments)
def test_people_and_minutes_are_parts_of_what_they_are_parts_of(rows: list[PersonDay], now: datetime) -> None:
    found = sum((totals_of(row, now=now) for row in rows), Totals())
    assert found.present + found.unmarked + found.absent <= found.net_people <= found.gross_people <= len(rows)
    assert found.late <= found.present
    assert found.inside_minutes <= found.due_minutes <= found.net_minutes <= found.gross_minutes
    assert found.training_minutes <= found.gross_minutes - found.net_minutes
    assert found.lost_minutes <= found.net_minutes


@given(floors, moments)
def test_approving_sick_leave_does_not_lower_absenteeism(others: list[PersonDay], now: datetime) -> None:
    rest = sum((totals_of(row, now=now) for row in others), Totals())
    before = counted(DAY, mark="away_unplanned")
    assert absenteeism(before + rest) == absenteeism(counted("away_unplanned 08:00-16:00") + rest)
    assert absenteeism(before + rest) == absenteeism(counted("away_unplanned") + rest)
    in_hours = counted(DAY, mark="away_unplanned", excused=excused("away_unplanned", "12:00-16:00"))
    assert absenteeism(before + rest) == absenteeism(in_hours + rest)
