"""Each figure of domain.md on a floor that can be worked out by hand."""

from typing import Any

import pytest

from chalicelib.reports.figures import (
    absenteeism,
    adherence,
    attendance_rate,
    conformance,
    late_rate,
    shrinkage,
)
from chalicelib.reports.person_days import PersonDay
from chalicelib.reports.totals import Totals, totals_of
from tests.reports.days import LATER, excused, moment, person_day

DAY = "work 08:00-16:00"
HOUR = "work 08:00-09:00"


def whole(*rows: PersonDay, **facts: Any) -> Totals:
    return sum((totals_of(row, now=facts.get("now", LATER)) for row in rows), Totals())


FLOOR = whole(
    person_day(DAY, came="08:00", left="16:00"),
    person_day(DAY, came="08:30", left="16:00", late_minutes=30),
    person_day(DAY, came="08:00", left="15:00", early_minutes=60),
    person_day(DAY, mark="away_unplanned"),
    person_day(DAY),
    person_day("away_unplanned 08:00-16:00"),
    person_day("away_planned 08:00-16:00"),
    person_day("training 08:00-16:00", came="08:00", left="16:00"),
    person_day("off"),
    person_day("away_planned", usual_minutes=240),
)
"""Ten people, all of eight hours but the last; minutes: 3840 gross, 2400 net, 480 + 240 planned leave."""


def test_scheduled_present_and_absent_of_a_floor() -> None:
    assert (FLOOR.gross_minutes, FLOOR.gross_people) == (3840, 8)
    assert (FLOOR.net_minutes, FLOOR.net_people) == (2400, 5)
    assert (FLOOR.present, FLOOR.unmarked, FLOOR.absent, FLOOR.late) == (3, 0, 2, 1)


def test_the_rates_of_a_floor() -> None:
    assert attendance_rate(FLOOR) == 3 / 5
    assert late_rate(FLOOR) == 1 / 3
    assert absenteeism(FLOOR) == 1440 / (3840 + 240 - 720)
    assert adherence(FLOOR) == (480 + 450 + 420) / 2400
    assert conformance(FLOOR) == (480 + 450 + 420) / 2400
    assert shrinkage(FLOOR) == ((720 + 480) / 4080, (1440 + 90) / 4080)


def test_ten_late_and_ten_extra_of_sixty_adhere_to_five_sixths_and_conform_wholly() -> None:
    found = whole(person_day(HOUR, came="08:10", left="09:10", late_minutes=10))
    assert adherence(found) == pytest.approx(0.833, abs=0.0005)
    assert conformance(found) == 1
    unapproved = whole(person_day(HOUR, came="08:10", left="09:30", late_minutes=10, overtime_minutes=30))
    assert adherence(unapproved) == conformance(unapproved) == pytest.approx(0.833, abs=0.0005)
    approved = whole(
        person_day(HOUR, came="08:10", left="09:30", late_minutes=10, overtime_minutes=30, overtime_approved=True)
    )
    assert conformance(approved) == 80 / 60


def test_no_shows_count_nothing_in_adherence_and_excused_minutes_leave_both_sides() -> None:
    came, missed = person_day(HOUR, came="08:00", left="09:00"), person_day(HOUR)
    assert adherence(whole(came, missed)) == 0.5
    partly = person_day(HOUR, came="08:30", left="09:00", excused=excused("away_planned", "08:00-08:30"))
    assert adherence(whole(partly)) == conformance(whole(partly)) == 1


def test_minutes_are_summed_before_they_are_divided() -> None:
    short, long = person_day("work 08:00-10:00", mark="work"), person_day("work 08:00-14:00")
    assert adherence(whole(short, long)) == 120 / 480
    assert absenteeism(whole(short, long)) == 360 / 480


def test_whoever_has_worked_all_their_shift_so_far_adheres_in_the_middle_of_it() -> None:
    found = whole(person_day(DAY, came="08:00", stage="open"), now=moment("11:00"))
    assert adherence(found) == conformance(found) == 1
    assert found.net_minutes == 480


def test_a_team_on_vacation_without_times_loses_all_it_has_and_has_no_absenteeism() -> None:
    found = whole(person_day("away_planned"), person_day("away_planned", usual_minutes=600))
    assert shrinkage(found) == (1, 0)
    assert absenteeism(found) is None
    sick = whole(person_day("away_unplanned"), person_day(DAY, mark="work"))
    assert absenteeism(sick) == shrinkage(sick).unplanned == 0.5


def test_a_rate_with_nothing_to_divide_by_is_null() -> None:
    nothing = Totals()
    assert {rate(nothing) for rate in (attendance_rate, late_rate, absenteeism, adherence, conformance)} == {None}
    assert shrinkage(nothing) == (None, None)
