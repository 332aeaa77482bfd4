"""What speaks against a cover, a swap, an edit and an absence."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from chalicelib.schedules.calendars import Calendar, Layer, Person, Shift, after_swap, effective_class, stands_aside
from chalicelib.schedules.candidates import candidate, ranked
from chalicelib.schedules.conflicts import (
    Limits,
    clashes,
    judge_absence,
    judge_cover,
    judge_edit,
    judge_rows,
    judge_swap,
    phases_complete,
    refused,
)
from chalicelib.schedules.findings import Finding
from chalicelib.schedules.instants import MINUTE
from chalicelib.schedules.workload import interval_of, week_of
from tests.schedules.plans import (
    FRIDAY,
    MADRID,
    MONDAY,
    NEW_YORK,
    SATURDAY,
    SUNDAY,
    THURSDAY,
    TUESDAY,
    UTC_SITE,
    WEDNESDAY,
    calendar,
    exception,
    leave,
    shift,
)

LIMITS = Limits(UTC_SITE)
NIGHT = "22:00-06:00"
DAY = "09:00-17:00"


def cover(taker: Calendar, day: date, times: str, *, limits: Limits = LIMITS, **facts: object) -> list[Finding]:
    """What is against `taker` covering such a shift of Bob's."""
    row = shift(day, times, zone=limits.zone, schedule_id=99, **facts)
    return judge_cover(calendar("Bob", row), taker, schedule_id=99, limits=limits)


def codes(findings: list[Finding]) -> list[tuple[str, bool]]:
    return [(one.code, one.refused) for one in findings]


REFUSED = True
WARNED = False


def test_nothing_is_against_a_cover_by_somebody_rested_and_free() -> None:
    ada = calendar("Ada", shift(SATURDAY, None, "OFF"), shift(MONDAY, DAY))
    assert cover(ada, SATURDAY, DAY) == []


def test_a_night_and_the_early_shift_after_it_are_two_places_at_once() -> None:
    early = shift(TUESDAY, "05:00-13:00", schedule_id=5)
    found = cover(calendar("Ada", early), MONDAY, NIGHT)
    assert codes(found) == [("overlap", REFUSED)]
    assert found[0].text == (
        "Ada would be in two places: 2026-10-05 22:00-06:00 (REG) overlaps 2026-10-06 05:00-13:00 (REG)"
    )
    assert found[0].schedule_ids == (99, 5)


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        (leave(FRIDAY, SUNDAY), "on_leave"),
        (leave(SATURDAY, hours=(time(8), time(10))), "on_leave"),
        (exception("Vacation", "away_planned", SATURDAY), "away_exception"),
        (exception("Leave", "away_planned", FRIDAY, SATURDAY), "away_exception"),
        (leave(SATURDAY, in_force=False), None),
        (leave(SATURDAY, hours=(time(17), time(19))), None),
        (leave(SUNDAY), None),
        (exception("Training", "training", SATURDAY), None),
    ],
)
def test_somebody_away_takes_no_shift(layer: Layer, code: str | None) -> None:
    found = cover(calendar("Ada", layer), SATURDAY, DAY)
    assert [one.code for one in found if one.refused] == ([code] if code else [])
    if code:
        assert (found[0].leave_ids, found[0].exception_ids) == (((7,), ()) if layer.source == "leave" else ((), (8,)))


def test_who_the_plan_itself_has_away_takes_no_shift() -> None:
    found = cover(calendar("Ada", shift(SATURDAY, None, "VACATION")), SATURDAY, DAY)
    assert codes(found) == [("planned_away", REFUSED)]
    assert found[0].text == "Ada has 2026-10-10 (VACATION) and cannot work 2026-10-10 09:00-17:00 (REG)"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"status": "Inactive"}, "inactive"),
        ({"status": "On Leave"}, "on_leave"),
        ({"last_day": FRIDAY}, "inactive"),
        ({"status": "Inactive", "last_day": SATURDAY}, None),
        ({"hire_date": SUNDAY}, "inactive"),
        ({"department": "Sales"}, "department"),
        ({"department": None}, "department"),
        ({"tier": 1}, "tier"),
        ({"tier": None}, "tier"),
        ({"phases": (MONDAY, None, None)}, "phases"),
        ({"phases": (MONDAY, MONDAY, SUNDAY)}, "phases"),
        ({"phases": (MONDAY, MONDAY, SATURDAY)}, None),
        ({}, None),
    ],
)
def test_who_takes_a_shift_is_here_and_qualified(facts: dict[str, object], code: str | None) -> None:
    ada = calendar("Ada", **{"department": "Support", "tier": 2, **facts})
    found = cover(ada, SATURDAY, DAY, department="Support", limits=replace(LIMITS, cover_tier=2))
    assert codes(found) == ([(code, REFUSED)] if code else [])


def test_without_any_phase_on_record_training_is_over() -> None:
    assert phases_complete(Person(1, "Ada"), MONDAY)


@pytest.mark.parametrize(
    ("neighbour", "rest"),
    [
        (shift(FRIDAY, "14:00-22:00"), None),
        (shift(FRIDAY, "14:00-22:15"), "10 h 45 min"),
        (shift(SUNDAY, "04:00-12:00"), None),
        (shift(SUNDAY, "03:59-12:00"), "10 h 59 min"),
        (shift(SATURDAY, "17:00-20:00"), "0 h"),
        (shift(FRIDAY, "13:00-21:00", checked_out=datetime(2026, 10, 9, 23, tzinfo=UTC)), "10 h"),
        (shift(FRIDAY, "13:00-21:00", checked_out=datetime(2026, 10, 9, 20, tzinfo=UTC)), None),
        (shift(FRIDAY, "14:00-23:00", given_away=True), None),
        (shift(FRIDAY, "14:00-23:00", "TRAIN"), "10 h"),
    ],
)
def test_too_little_rest_on_either_side_is_a_warning(neighbour: Shift, rest: str | None) -> None:
    found = cover(calendar("Ada", neighbour), SATURDAY, DAY)
    assert codes(found) == ([("rest", WARNED)] if rest else [])
    assert not found or f"Ada would rest {rest}, not 11 h, between 2026-10-" in found[0].text


def test_a_late_check_out_is_named_beside_the_rest_it_cost() -> None:
    late = shift(FRIDAY, "13:00-21:00", zone=MADRID, checked_out=datetime(2026, 10, 9, 21, tzinfo=UTC))
    found = cover(calendar("Ada", late), SATURDAY, DAY, limits=Limits(MADRID))
    assert found[0].text == (
        "Ada would rest 10 h, not 11 h, between 2026-10-09 13:00-21:00 (REG), left at 23:00, "
        "and 2026-10-10 09:00-17:00 (REG)"
    )


def test_rest_under_leave_is_rest() -> None:
    assert cover(calendar("Ada", shift(FRIDAY, "14:00-23:00"), leave(FRIDAY)), SATURDAY, DAY) == []


@pytest.mark.parametrize(
    ("zone", "morning", "warned"),
    [
        (MADRID, date(2026, 3, 29), True),
        (MADRID, date(2026, 10, 25), False),
        (NEW_YORK, date(2026, 3, 8), True),
        (NEW_YORK, date(2026, 11, 1), False),
        (UTC_SITE, date(2026, 3, 29), False),
    ],
    ids=str,
)
def test_the_night_on_which_clocks_go_forward_takes_an_hour_of_rest(
    zone: ZoneInfo, morning: date, warned: bool
) -> None:
    evening = shift(morning - timedelta(days=1), "14:00-22:00", zone=zone)
    found = cover(calendar("Ada", evening), morning, DAY, limits=Limits(zone))
    assert codes(found) == ([("rest", WARNED)] if warned else [])


def test_a_seventh_day_in_a_row_is_a_warning_on_whichever_side_it_joins() -> None:
    days = [MONDAY, TUESDAY, WEDNESDAY, FRIDAY, SATURDAY, SUNDAY]
    ada = calendar("Ada", *(shift(day, "09:00-13:00") for day in days))
    found = cover(ada, THURSDAY, "09:00-13:00")
    assert codes(found) == [("days_in_a_row", WARNED)]
    assert found[0].text == (
        "Ada would work 7 days in a row with 2026-10-08 09:00-13:00 (REG), 2026-10-05 to 2026-10-11: most is 6"
    )
    assert cover(calendar("Ada", *(shift(day, "09:00-13:00") for day in days[1:])), THURSDAY, "09:00-13:00") == []


def test_the_week_is_the_iso_week_of_the_nominal_dates() -> None:
    days = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)
    ada = calendar("Ada", *(shift(day, "08:00-18:00") for day in days))
    assert cover(ada, SATURDAY, "08:00-16:00") == []
    found = cover(ada, SATURDAY, "08:00-16:30")
    assert codes(found) == [("week_hours", WARNED)]
    assert found[0].text == (
        "Ada would work 48 h 30 min in the week 2026-10-05 to 2026-10-11 with 2026-10-10 08:00-16:30 (REG): "
        "most is 48 h"
    )
    assert cover(ada, SUNDAY + timedelta(days=1), "08:00-16:30") == []


def test_a_week_with_the_long_night_counts_the_hour() -> None:
    sunday = date(2026, 10, 25)
    nights = [shift(sunday - timedelta(days=number), NIGHT, zone=MADRID) for number in (6, 5, 4, 3, 2)]
    night = sunday - timedelta(days=1)
    found = cover(calendar("Ada", *nights), night, NIGHT, limits=Limits(MADRID))
    assert [one.text.partition(" in the week")[0] for one in found] == ["Ada would work 49 h"]


def test_nobody_covers_for_themselves_and_nobody_gives_what_they_have_not() -> None:
    row, off = shift(MONDAY, DAY), shift(TUESDAY, None, "OFF")
    given, vacation = shift(WEDNESDAY, DAY, given_away=True), shift(THURSDAY, DAY, "VACATION")
    bob, ada = calendar("Bob", row, off, given, vacation), calendar("Ada")
    found = {
        one.schedule_id: codes(judge_cover(bob, ada, schedule_id=one.schedule_id or 0, limits=LIMITS))
        for one in bob.shifts
    }
    assert list(found.values()) == [
        [],
        [("not_a_shift", REFUSED)],
        [("given_away", REFUSED)],
        [("not_a_shift", REFUSED)],
    ]
    assert codes(judge_cover(bob, bob, schedule_id=row.schedule_id or 0, limits=LIMITS)) == [("same_person", REFUSED)]


def test_a_shift_of_somebody_on_leave_is_one_to_cover() -> None:
    row = shift(SATURDAY, DAY)
    bob = calendar("Bob", row, leave(SATURDAY))
    assert judge_cover(bob, calendar("Ada"), schedule_id=row.schedule_id or 0, limits=LIMITS) == []


def swap(one: Calendar, other: Calendar) -> list[Finding]:
    ids = one.timed()[0].schedule_id or 0, other.timed()[0].schedule_id or 0
    return judge_swap(one, other, schedule_ids=ids, limits=LIMITS)


def test_a_swap_of_one_date_is_judged_as_if_done() -> None:
    ada, bob = calendar("Ada", shift(MONDAY, DAY)), calendar("Bob", shift(MONDAY, "12:00-20:00"))
    assert swap(ada, bob) == []


def test_a_swap_may_join_two_dates_and_both_sides_are_judged() -> None:
    ada = calendar("Ada", shift(MONDAY, DAY), shift(WEDNESDAY, "05:00-13:00"), shift(TUESDAY, None, "OFF"))
    bob = calendar("Bob", shift(TUESDAY, NIGHT), leave(MONDAY), shift(MONDAY, None, "OFF"))
    found = swap(ada, bob)
    assert [(one.employee_id == ada.person.employee_id, one.code) for one in found] == [
        (True, "overlap"),
        (False, "on_leave"),
    ]


def test_a_day_off_stands_aside_for_a_shift_that_was_taken() -> None:
    off, work = shift(MONDAY, None, "OFF"), shift(TUESDAY, None, "OFF")
    ada = calendar("Ada", off, work)
    assert stands_aside(ada, shift(MONDAY, DAY)) == [off]
    assert cover(ada, MONDAY, DAY) == []


@pytest.mark.parametrize(
    ("standing", "new", "code"),
    [
        (shift(MONDAY, DAY), shift(MONDAY, "16:59-20:00"), "overlap"),
        (shift(MONDAY, None, "OFF"), shift(MONDAY, DAY), "timed_and_untimed"),
        (shift(MONDAY, DAY), shift(MONDAY, None, "OFF"), "timed_and_untimed"),
        (shift(MONDAY, None, "VACATION"), shift(MONDAY, None, "OFF"), "timed_and_untimed"),
        (shift(MONDAY, DAY, given_away=True), shift(MONDAY, DAY), None),
        (shift(MONDAY, None, "OFF"), shift(TUESDAY, DAY), None),
    ],
)
def test_an_edit_keeps_people_in_one_place_and_days_of_one_kind(standing: Shift, new: Shift, code: str | None) -> None:
    after = calendar("Ada", standing, new, leave(MONDAY, TUESDAY), status="Inactive")
    assert codes(judge_edit(after, new, limits=LIMITS)) == ([(code, REFUSED)] if code else [])


@pytest.mark.parametrize(
    ("standing", "wanted", "refused_too"),
    [
        (leave(MONDAY, WEDNESDAY), leave(WEDNESDAY, FRIDAY, source_id=None), True),
        (leave(MONDAY, in_force=False), leave(MONDAY, source_id=None), True),
        (leave(MONDAY, hours=(time(9), time(10))), leave(MONDAY, source_id=None, hours=(time(15), time(16))), True),
        (leave(MONDAY), exception("Vacation", "away_planned", MONDAY), True),
        (exception("Leave", "away_planned", MONDAY), leave(MONDAY, source_id=None), True),
        (leave(MONDAY, WEDNESDAY), leave(THURSDAY, source_id=None), False),
        (leave(MONDAY), leave(MONDAY, TUESDAY), False),
        (leave(MONDAY), exception("Training", "training", MONDAY), False),
        (exception("Overtime", "work", MONDAY), leave(MONDAY), False),
    ],
)
def test_live_absences_of_one_person_never_overlap(standing: Layer, wanted: Layer, refused_too: bool) -> None:
    found = judge_absence(calendar("Ada", standing), wanted)
    assert codes(found) == ([("absences_overlap", REFUSED)] if refused_too else [])


def test_an_overlapping_absence_names_both() -> None:
    found = judge_absence(calendar("Ada", leave(MONDAY, in_force=False)), leave(MONDAY, FRIDAY, source_id=None))
    assert found[0].text == (
        "Ada has Vacation on 2026-10-05 (pending) already, which Vacation from 2026-10-05 to 2026-10-09 would overlap"
    )


@pytest.mark.parametrize(
    ("code", "layers", "effective"),
    [
        ("REG", (), "work"),
        ("REG", (exception("Training", "training", MONDAY),), "training"),
        ("REG", (exception("Training", "training", MONDAY), leave(MONDAY)), "away_planned"),
        ("REG", (leave(MONDAY, hours=(time(9), time(10))),), "work"),
        ("REG", (leave(MONDAY, in_force=False), leave(TUESDAY)), "work"),
        ("OFF", (leave(MONDAY),), "off"),
    ],
)
def test_leave_lies_over_exceptions_and_both_over_the_plan(
    code: str, layers: tuple[Layer, ...], effective: str
) -> None:
    assert effective_class(shift(MONDAY, None if code == "OFF" else DAY, code), layers) == effective
    assert effective_class(shift(MONDAY, DAY, given_away=True), layers) == "off"


def test_candidates_come_allowed_first_then_warned_then_refused() -> None:
    row = shift(SATURDAY, DAY)
    bob = calendar("Bob", row)
    people = [
        calendar("Refused", leave(SATURDAY)),
        calendar("Warned", shift(FRIDAY, "15:00-23:00")),
        calendar("Busy", shift(MONDAY, DAY)),
        calendar("Free"),
    ]
    found = ranked(candidate(bob, one, schedule_id=row.schedule_id or 0, limits=LIMITS) for one in people)
    assert [(one.person.name, one.allowed, one.week // timedelta(hours=1)) for one in found] == [
        ("Free", True, 8),
        ("Busy", True, 16),
        ("Warned", False, 16),
        ("Refused", False, 0),
    ]
    assert [one.rest_before for one in found] == [None, timedelta(hours=112), timedelta(hours=10), None]


# Properties, against a model that looks at every quarter of an hour.

QUARTER = 15 * MINUTE
around = some.sampled_from([date(2026, 3, 28), date(2026, 10, 24)])
rows = some.lists(
    some.tuples(some.integers(0, 8), some.integers(0, 95), some.integers(1, 48), some.sampled_from(["REG", "TRAIN"])),
    max_size=7,
)


def drawn(zone: ZoneInfo, first: date, said: tuple[int, int, int, str], **facts: object) -> Shift:
    number, start, quarters, code = said
    begin = datetime.combine(date.min, time(start // 4, start % 4 * 15))
    times = f"{begin:%H:%M}-{begin + quarters * QUARTER:%H:%M}"
    return shift(first + timedelta(days=number), times, code, zone=zone, **facts)


def apart(shifts: list[Shift]) -> list[Shift]:
    """As many of them as do not overlap."""
    found: list[Shift] = []
    for one in shifts:
        if not any(interval_of(one).meets(interval_of(other)) for other in found):
            found.append(one)
    return found


def quarters_of(one: Shift) -> set[datetime]:
    interval = interval_of(one)
    return {interval.start + number * QUARTER for number in range(interval.length // QUARTER)}


@given(some.sampled_from([MADRID, NEW_YORK, UTC_SITE]), around, rows, rows.filter(bool))
def test_the_engine_agrees_with_a_model_of_quarter_hours(
    zone: ZoneInfo, first: date, theirs: list[tuple[int, int, int, str]], mine: list[tuple[int, int, int, str]]
) -> None:
    limits = Limits(zone, rest=timedelta(hours=9), most_days=3, week=timedelta(hours=20))
    shifts = apart([drawn(zone, first, said) for said in theirs])
    new = drawn(zone, first, mine[0])
    found = judge_cover(calendar("Bob", new), calendar("Ada", *shifts), schedule_id=new.schedule_id or 0, limits=limits)

    taken, busy = quarters_of(new), set().union(*map(quarters_of, shifts))
    near = {moment + sign * number * QUARTER for moment in taken for sign in (1, -1) for number in range(1, 36 + 1)}
    met = [one for one in shifts if quarters_of(one) & taken]
    others = set().union(*(quarters_of(one) for one in shifts if one not in met))
    days = {one.nominal_date for one in (*shifts, new)}
    runs = [
        start
        for number in range(4)
        for start in [new.nominal_date - timedelta(days=number)]
        if {start + timedelta(days=step) for step in range(4)} <= days
    ]
    monday, sunday = week_of(new.nominal_date)
    week = [one for one in (*shifts, new) if one.work_class == "work" and monday <= one.nominal_date <= sunday]
    worked = set().union(*map(quarters_of, week))

    expected = set()
    expected |= {"overlap"} if busy & taken else set()
    expected |= {"rest"} if (near - taken) & others and taken else set()
    expected |= {"days_in_a_row"} if runs else set()
    expected |= {"week_hours"} if len(worked) > 80 and new.work_class == "work" else set()
    assert {one.code for one in found} == expected
    assert refused(found) == bool(busy & taken)


@given(rows.filter(bool), rows.filter(bool), around)
def test_a_swap_made_twice_is_as_if_never(
    ours: list[tuple[int, int, int, str]], theirs: list[tuple[int, int, int, str]], first: date
) -> None:
    ada = calendar("Ada", *(drawn(MADRID, first, said) for said in ours))
    bob = calendar("Bob", *(drawn(MADRID, first, said) for said in theirs))
    ids = ada.shifts[0].schedule_id or 0, bob.shifts[-1].schedule_id or 0
    once = after_swap(ada, bob, schedule_ids=ids)
    assert after_swap(*once, schedule_ids=(ids[1], ids[0])) == (ada, bob)
    assert {one.schedule_id for calendar in once for one in calendar.shifts} == {
        one.schedule_id for calendar in (ada, bob) for one in calendar.shifts
    }


@given(rows.filter(lambda found: len(found) > 1), around)
def test_rest_is_the_same_from_either_shift(said: list[tuple[int, int, int, str]], first: date) -> None:
    one, other = (drawn(NEW_YORK, first, row) for row in said[:2])
    both = calendar("Ada", one, other)
    limits = Limits(NEW_YORK, most_days=99)
    assert {(found.code, found.text) for found in judge_edit(both, one, limits=limits) if found.code == "rest"} == {
        (found.code, found.text) for found in judge_edit(both, other, limits=limits) if found.code == "rest"
    }


@given(rows, around)
def test_swapping_the_roles_of_two_people_changes_no_finding(
    said: list[tuple[int, int, int, str]], first: date
) -> None:
    ada = calendar("Ada", drawn(MADRID, first, (3, 36, 32, "REG")), *apart([drawn(MADRID, first, row) for row in said]))
    bob = calendar("Bob", drawn(MADRID, first, (4, 88, 32, "REG")))
    mine, theirs = ada.shifts[0].schedule_id or 0, bob.shifts[0].schedule_id or 0
    limits = Limits(MADRID)
    assert set(judge_swap(ada, bob, schedule_ids=(mine, theirs), limits=limits)) == set(
        judge_swap(bob, ada, schedule_ids=(theirs, mine), limits=limits)
    )


def test_of_rows_that_come_together_each_that_meets_another_names_one() -> None:
    long, short, after = (shift(MONDAY, times) for times in ("08:00-20:00", "09:00-10:00", "12:00-13:00"))
    free = shift(TUESDAY, DAY)
    found = clashes(calendar("Ada", long, short, after, free))
    assert {(one, other) for one, other, _ in found} == {(long, short), (short, long), (after, long)}
    assert found[0][2].text == (
        "Ada would be in two places: 2026-10-05 08:00-20:00 (REG) overlaps 2026-10-05 09:00-10:00 (REG)"
    )


def test_of_a_day_off_and_shifts_that_come_together_each_is_told() -> None:
    off, one, two = shift(MONDAY, None, "OFF"), shift(MONDAY, "08:00-12:00"), shift(MONDAY, "14:00-18:00")
    found = clashes(calendar("Ada", one, off, two, shift(TUESDAY, None, "OFF")))
    assert [(row, other, finding.code) for row, other, finding in found] == [
        (off, one, "timed_and_untimed"),
        (one, off, "timed_and_untimed"),
        (two, off, "timed_and_untimed"),
    ]


def test_shifts_that_only_the_occurrence_of_an_hour_tells_apart_are_refused_as_the_database_does() -> None:
    autumn = date(2026, 10, 25)
    early, late = shift(autumn, "00:30-02:40", zone=MADRID), shift(autumn, "02:20-10:00", zone=MADRID)
    assert not interval_of(early).meets(interval_of(late))
    assert codes(judge_edit(calendar("Ada", early, late), late, limits=Limits(MADRID)))[0] == ("overlap", REFUSED)


def test_shifts_that_the_missing_hour_brings_together_clash() -> None:
    spring = date(2027, 3, 28)
    early, late = shift(spring, "00:00-02:45", zone=MADRID), shift(spring, "03:15-11:00", zone=MADRID)
    assert [finding.code for _, _, finding in clashes(calendar("Ada", early, late))] == ["overlap", "overlap"]


_A_ROW = some.tuples(
    some.integers(0, 4), some.integers(0, 47), some.integers(1, 47), some.sampled_from(["REG", "TRAIN", "OFF"])
)


def _rows(drawn: list[tuple[int, int, int, str]], zone: ZoneInfo, first: date) -> list[Shift]:
    def clock(half: int) -> str:
        return f"{half // 2 % 24:02}:{half % 2 * 30:02}"

    return [
        shift(
            first + timedelta(day),
            None if code == "OFF" else f"{clock(start)}-{clock(start + length)}",
            code,
            zone=zone,
        )
        for day, start, length, code in drawn
    ]


@given(some.lists(_A_ROW, max_size=9), some.sampled_from([(MADRID, 3, 26), (MADRID, 10, 23), (NEW_YORK, 11, 6)]))
def test_what_clashes_is_what_an_edit_would_be_refused_for(
    drawn: list[tuple[int, int, int, str]], turn: tuple[ZoneInfo, int, int]
) -> None:
    zone, month, day = turn
    plan = calendar("Ada", *_rows(drawn, zone, date(2027 if month == 3 else 2026, month, day)))
    refusals = {one for one in plan.shifts if refused(judge_edit(plan, one, limits=Limits(zone)))}
    found = clashes(plan)
    assert {one for one, _, _ in found} == refusals
    assert all(finding in judge_edit(plan, one, limits=Limits(zone)) for one, _, finding in found)


@given(some.lists(_A_ROW, max_size=9), some.sampled_from([(MADRID, 3, 26), (MADRID, 10, 23), (NEW_YORK, 11, 6)]))
def test_rows_that_come_together_are_warned_of_as_edits_are_and_of_each_thing_once(
    drawn: list[tuple[int, int, int, str]], turn: tuple[ZoneInfo, int, int]
) -> None:
    zone, month, day = turn
    limits = Limits(zone, most_days=3, week=timedelta(hours=20))
    plan = calendar("Ada", *_rows(drawn, zone, date(2027 if month == 3 else 2026, month, day)))
    plan = replace(plan, shifts=tuple(one for one in plan.shifts if one not in [row for row, _, _ in clashes(plan)]))
    told = judge_rows(plan, plan.shifts, limits=limits)
    edits = [(one, finding) for one in plan.shifts for finding in judge_edit(plan, one, limits=limits)]
    assert all(one in edits for one in told)
    assert {finding.code for _, finding in told} == {finding.code for _, finding in edits}
    rest = [finding.text for _, finding in told if finding.code == "rest"]
    assert sorted(rest) == sorted({finding.text for _, finding in edits if finding.code == "rest"})
    long = {week_of(one.nominal_date) for one, finding in edits if finding.code == "week_hours"}
    assert len([finding for _, finding in told if finding.code == "week_hours"]) == len(long)


def test_a_sheet_may_plan_over_leave_and_beyond_a_last_day_which_is_told() -> None:
    row = shift(MONDAY, DAY)
    told = judge_rows(calendar("Ada", row, leave(MONDAY), last_day=MONDAY - timedelta(1)), [row], limits=LIMITS)
    assert [finding.text for _, finding in told][::-1] == [
        "Ada has Vacation on 2026-10-05 and cannot work 2026-10-05 09:00-17:00 (REG)",
        "Ada has 2026-10-04 as last day and cannot work 2026-10-05 09:00-17:00 (REG)",
    ]
    assert not refused(finding for _, finding in told)
