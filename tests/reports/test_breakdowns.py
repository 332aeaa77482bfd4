"""Every report in every grouping equals plain SQL, over rows of which half are archived."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, product
from random import Random
from typing import Any, get_args

import pytest
from sqlalchemy import insert, text

from chalicelib.archive import queries as archive
from chalicelib.core import db
from chalicelib.core.tables import attendances, exceptions, holidays, leave_requests
from chalicelib.reports import breakdowns
from chalicelib.reports.groups import By
from tests import make
from tests.api import Api
from tests.conftest import Site

FIRST, LAST = date(2026, 9, 21), date(2026, 10, 11)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RANGE = {"start_date": "2026-09-21", "end_date": "2026-10-11", "limit": 1000}
GROUPINGS = [(one,) for one in get_args(By)] + list(combinations(get_args(By), 2))

# Who belonged where on each day, and whether they were here, asked of each person and day on its own.
BELONGED = """
    WITH days AS (SELECT date '2026-09-21' + n AS day FROM generate_series(0, 20) n),
    belonged AS (
        SELECT p.employee_id, d.day, CAST(date_trunc('week', d.day) AS date) AS week,
               CAST(date_trunc('month', d.day) AS date) AS month,
               coalesce(a.department, e.department) AS department, coalesce(a.supervisor, e.supervisor) AS supervisor,
               coalesce(a.shift, e.shift) AS shift, coalesce(m.batch, e.batch) AS batch,
               coalesce(e.attrition_date, 'infinity') >= d.day AS here
        FROM people p
        CROSS JOIN days d
        LEFT JOIN employees e USING (employee_id)
        LEFT JOIN assignments a ON a.employee_id = p.employee_id
            AND d.day >= a.valid_from AND d.day < coalesce(a.valid_to, 'infinity')
        LEFT JOIN employments m ON m.employee_id = p.employee_id
            AND d.day BETWEEN m.hire_date AND coalesce(m.last_day, 'infinity')
    ),
    plan AS (
        SELECT employee_id, nominal_date AS day, start_time, start_date + start_time AS start,
               stop_date + stop_time AS stop, work_code, given_away FROM schedules
        UNION ALL
        SELECT employee_id, nominal_date, start_time, start_date + start_time, stop_date + stop_time, work_code,
               given_away FROM schedules_history
    ),
    seen AS (
        SELECT employee_id, date AS day, check_in, check_out, late_minutes, exception_type FROM attendances
        UNION ALL
        SELECT employee_id, date, check_in, check_out, late_minutes, exception_type FROM attendances_history
    ),
    laid AS (
        SELECT employee_id, start_date, end_date, CASE leave_type WHEN 'Sick' THEN 'SICK' ELSE 'VACATION' END AS code
        FROM leave_requests WHERE status = 'Approved' AND start_time IS NULL
        UNION ALL
        SELECT employee_id, start_date, end_date, 'TRAIN' FROM exceptions WHERE status = 'Completed'
    ),
    shifts AS (
        SELECT b.*, p.start, p.stop, p.given_away, extract(epoch FROM p.stop - p.start) / 60 AS length,
               CASE WHEN p.given_away OR p.work_code = 'OFF' THEN 'OFF' ELSE coalesce(l.code, p.work_code) END AS code
        FROM plan p
        JOIN belonged b USING (employee_id, day)
        LEFT JOIN laid l ON l.employee_id = p.employee_id AND p.day BETWEEN l.start_date AND l.end_date
        WHERE b.here
    ),
    partly AS (
        SELECT s.*, CASE WHEN h.leave_id IS NULL THEN 0
                         ELSE extract(epoch FROM least(s.stop, h.start_date + h.end_time)
                                                 - greatest(s.start, h.start_date + h.start_time)) / 60 END AS hours
        FROM shifts s
        LEFT JOIN leave_requests h ON h.employee_id = s.employee_id AND h.start_date = s.day AND h.status = 'Approved'
            AND h.start_time IS NOT NULL AND s.code IN ('REG', 'NEST', 'TRAIN')
    )"""

EMPLOYEES = """
    SELECT {keys}, count(*) AS person_days, count(*) / CAST({length} AS float) AS headcount,
           count(*) FILTER (WHERE m.hire_date = b.day) AS joined, count(*) FILTER (WHERE m.last_day = b.day) AS left,
           count(*) FILTER (WHERE m.last_day = b.day) / (count(*) / CAST({length} AS float)) AS attrition
    FROM belonged b
    JOIN employments m ON m.employee_id = b.employee_id
        AND b.day BETWEEN m.hire_date AND coalesce(m.last_day, 'infinity')
    {group}"""

SCHEDULES = """
    SELECT {keys}, count(*) FILTER (WHERE code <> 'OFF' AND start IS NOT NULL) AS shifts,
           count(*) FILTER (WHERE code IN ('REG', 'NEST') AND start IS NOT NULL) AS net_shifts,
           sum(length) FILTER (WHERE code <> 'OFF') AS gross_minutes,
           sum(length - hours) FILTER (WHERE code IN ('REG', 'NEST')) AS net_minutes,
           sum(length - hours) FILTER (WHERE code = 'REG') AS work_minutes,
           sum(length - hours) FILTER (WHERE code = 'NEST') AS nesting_minutes,
           sum(length - hours) FILTER (WHERE code = 'TRAIN') AS training_minutes,
           sum(CASE code WHEN 'VACATION' THEN length ELSE hours END) AS away_planned_minutes,
           sum(length) FILTER (WHERE code = 'SICK') AS away_unplanned_minutes,
           count(*) FILTER (WHERE code = 'OFF' AND NOT given_away) AS days_off,
           count(*) FILTER (WHERE code IN ('VACATION', 'SICK') AND start IS NULL) AS untimed_away_days,
           count(*) FILTER (WHERE given_away) AS given_away
    FROM partly b {group}"""

ATTENDANCES = """
    SELECT {keys}, count(*) FILTER (WHERE code <> 'OFF' AND start IS NOT NULL) AS gross_people,
           count(*) FILTER (WHERE net) AS net_people, sum(length) FILTER (WHERE code <> 'OFF') AS gross_minutes,
           sum(length - hours) FILTER (WHERE net) AS net_minutes, count(*) FILTER (WHERE here_then) AS present,
           count(*) FILTER (WHERE net AND NOT here_then) AS absent,
           count(*) FILTER (WHERE here_then AND late_minutes > 0) AS late,
           sum(worked) FILTER (WHERE here_then) AS inside_minutes, 0 AS unmarked,
           -- Every shift here has eight hours, and so has what somebody without one is taken to have.
           480 * count(*) FILTER (WHERE code IN ('SICK', 'VACATION') AND start IS NULL) AS untimed_minutes,
           480 * count(*) FILTER (WHERE code = 'SICK')
               + coalesce(sum(length - hours) FILTER (WHERE net AND NOT here_then), 0) AS unplanned_minutes,
           sum(length - hours) FILTER (WHERE code = 'TRAIN') AS training_minutes,
           count(*) FILTER (WHERE here_then) / nullif(CAST(count(*) FILTER (WHERE net) AS float), 0) AS attendance_rate,
           coalesce(CAST(sum(worked) FILTER (WHERE here_then) AS float), 0)
               / nullif(sum(length - hours) FILTER (WHERE net), 0) AS adherence
    FROM (
        SELECT s.*, t.late_minutes, s.code IN ('REG', 'NEST') AND s.start IS NOT NULL AS net,
               s.code IN ('REG', 'NEST') AND t.check_in IS NOT NULL AS here_then,
               extract(epoch FROM least(t.check_out, s.stop) - greatest(t.check_in, s.start)) / 60 AS worked
        FROM partly s
        LEFT JOIN seen t USING (employee_id, day)
        WHERE NOT s.given_away
    ) b {group}"""

REWARDS = """
    SELECT {keys}, count(*) FILTER (WHERE r.reverses IS NULL) AS awards,
           sum(r.points) FILTER (WHERE r.points > 0) AS points, count(*) FILTER (WHERE r.points < 0) AS reversals,
           -sum(r.points) FILTER (WHERE r.points < 0) AS reversed_points, sum(r.points) AS net_points,
           count(DISTINCT r.employee_id) FILTER (WHERE r.reverses IS NULL) AS people
    FROM employee_rewards r JOIN belonged b ON b.employee_id = r.employee_id AND b.day = r.date_awarded {group}"""

REDEMPTIONS = """
    SELECT {keys}, count(*) AS redemptions, sum(r.points_redeemed) AS points,
           count(*) FILTER (WHERE r.status = 'Pending') AS pending,
           count(*) FILTER (WHERE r.status = 'Rejected') AS rejected,
           count(*) FILTER (WHERE r.status = 'Reversed') AS reversed,
           count(*) FILTER (WHERE r.status = 'Approved') AS approved,
           sum(r.points_redeemed) FILTER (WHERE r.status = 'Approved') AS approved_points,
           sum(r.points_redeemed) FILTER (WHERE r.status = 'Pending') AS pending_points,
           count(DISTINCT r.employee_id) AS people,
           sum(r.points_redeemed) FILTER (WHERE r.status = 'Approved' AND r.redemption_type = 'Donation')
               AS "approved_points_by_type Donation"
    FROM employee_reward_redemptions r
    JOIN belonged b ON b.employee_id = r.employee_id AND b.day = r.redemption_date {group}"""

LEAVE = """
    SELECT {keys}, count(*) FILTER (WHERE begins) AS requests,
           count(*) FILTER (WHERE begins AND status = 'Pending') AS pending,
           count(*) FILTER (WHERE begins AND status = 'Approved') AS approved,
           count(*) FILTER (WHERE begins AND status = 'Rejected') AS rejected,
           count(*) FILTER (WHERE begins AND status = 'Cancelled') AS cancelled,
           count(*) FILTER (WHERE here AND status = 'Approved' AND work) AS days,
           count(*) FILTER (WHERE here AND status = 'Approved' AND work AND start_time IS NOT NULL) AS part_days,
           count(*) FILTER (WHERE here AND status = 'Approved' AND NOT planned) AS unknown_days,
           count(*) FILTER (WHERE begins AND leave_type = 'Sick') AS "requests_by_type Sick",
           count(*) FILTER (WHERE here AND status = 'Approved' AND work AND leave_type = 'Vacation')
               AS "days_by_type Vacation"
    FROM (
        SELECT b.*, r.status, r.leave_type, r.start_time, b.day = greatest(r.start_date, date '2026-09-21') AS begins,
               EXISTS (SELECT FROM plan p WHERE p.employee_id = b.employee_id AND p.day = b.day) AS planned,
               EXISTS (SELECT FROM plan p WHERE p.employee_id = b.employee_id AND p.day = b.day AND NOT p.given_away
                       AND p.work_code IN ('REG', 'NEST', 'TRAIN')) AS work
        FROM leave_requests r JOIN belonged b ON b.employee_id = r.employee_id
            AND b.day BETWEEN r.start_date AND r.end_date
    ) b {group}"""

EXCEPTIONS = """
    SELECT {keys}, count(*) FILTER (WHERE begins) AS exceptions,
           count(*) FILTER (WHERE begins AND status = 'Pending') AS pending,
           count(*) FILTER (WHERE begins AND status = 'Completed') AS completed,
           count(*) FILTER (WHERE begins AND status = 'Rejected') AS rejected,
           count(*) FILTER (WHERE here AND status = 'Completed') AS days,
           count(*) FILTER (WHERE here AND status = 'Completed' AND exception_type = 'Training')
               AS "days_by_type Training",
           count(*) FILTER (WHERE begins AND status = 'Pending' AND exception_type = 'Nesting')
               AS "pending_by_type Nesting"
    FROM (
        SELECT b.*, x.status, x.exception_type, b.day = greatest(x.start_date, date '2026-09-21') AS begins
        FROM exceptions x JOIN belonged b ON b.employee_id = x.employee_id AND b.day BETWEEN x.start_date AND x.end_date
    ) b {group}"""

REPORTS = {
    "employees": EMPLOYEES,
    "schedules": SCHEDULES,
    "attendances": ATTENDANCES,
    "rewards": REWARDS,
    "redemptions": REDEMPTIONS,
    "leave_requests": LEAVE,
    "exceptions": EXCEPTIONS,
}


RATES = {"attendance_rate", "adherence"}


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock stands where every day of the floor is closed."""
    monkeypatch.setattr(breakdowns, "now", lambda: NOW)
    monkeypatch.setattr(breakdowns, "today", NOW.date)


@pytest.fixture
def floor(site: Site) -> list[int]:
    """Fourteen people over three weeks; some move, join and leave, and the first ten days are in history."""
    draw = Random(7)
    with make.written() as conn:
        people = [_person(conn, draw, number) for number in range(14)]
        for number, one in enumerate(people):
            for day in (FIRST + timedelta(n) for n in range(-3, 24)):
                # The hours on leave of the last two are judged on their own, as nobody sees them.
                _day(conn, draw, one, day, seen=number < 12)
            _records(conn, draw, one)
            _absences(conn, draw, one, hours=number >= 12)
        conn.execute(
            insert(holidays),
            [
                {"date": date(2026, 9, 22), "name": "Founders", "department": None},
                {"date": date(2026, 9, 22), "name": "Sales Day", "department": "Sales"},
            ],
        )
    with make.written() as conn:
        for table in archive.HISTORIES:
            archive.move(conn, table=table, before=date(2026, 10, 1), most=10_000, archived_date=date(2026, 11, 1))
    return people


def _person(conn: Any, draw: Random, number: int) -> int:
    facts = {"department": draw.choice(["Support", "Sales", None]), "supervisor": draw.choice(["Ann", "Bob", None])}
    facts |= {"batch": draw.choice(["2025-01", "2026-09", None]), "shift": draw.choice(["Night", None])}
    person = make.employee(conn, **facts)
    told = {"person": person, "day": FIRST + timedelta(draw.randrange(1, 20))}
    if number % 3 == 0:
        conn.execute(
            text(
                """UPDATE assignments SET valid_to = :day WHERE employee_id = :person;
                INSERT INTO assignments (employee_id, valid_from, department, supervisor, shift)
                VALUES (:person, :day, 'Billing', 'Cy', 'Evening');
                UPDATE employees SET department = 'Billing', supervisor = 'Cy', shift = 'Evening'
                WHERE employee_id = :person"""
            ),
            told,
        )
    if number % 5 == 1:
        conn.execute(
            text(
                """UPDATE employees SET status = 'Inactive', attrition_date = :day WHERE employee_id = :person;
                UPDATE employments SET last_day = :day WHERE employee_id = :person"""
            ),
            told,
        )
    if number % 5 == 2:
        conn.execute(text("UPDATE employments SET hire_date = :day WHERE employee_id = :person"), told)
    return person


def _day(conn: Any, draw: Random, person: int, day: date, *, seen: bool) -> None:
    match draw.choice(["none", "off", "away", "given", *["shift"] * 6]):
        case "off":
            make.shift(conn, person, day, None, None)
        case "away":
            make.shift(conn, person, day, None, None, work_code=draw.choice(["SICK", "VACATION"]))
        case "given":
            make.shift(conn, person, day, given_away=True)
        case "shift":
            make.shift(conn, person, day, work_code=draw.choice(["REG", "REG", "NEST", "TRAIN", "VACATION", "SICK"]))
            late = draw.choice([0, 0, 25])
            there = {"check_in": datetime.combine(day, time(9, late)), "late_minutes": late or None}
            there["check_out"] = datetime.combine(day, time(17, draw.choice([0, 10])))
            told = draw.choice([there, there, {"exception_type": "Absent"}, None])
            if told and seen:
                conn.execute(insert(attendances).values(employee_id=person, date=day, **told))


def _records(conn: Any, draw: Random, person: int) -> None:
    for number in range(4):
        day = FIRST + timedelta(draw.randrange(-3, 24))
        given = {"person": person, "day": day, "points": draw.choice([200, 300])}
        taken = {"kind": draw.choice(["Donation", "Gift Card"]), "points": 10 + number}
        states = {"status": draw.choice(["Pending", "Approved", "Rejected", "Reversed"])}
        conn.execute(
            text(
                """INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by)
                VALUES (:person, :points, :day, 'test')"""
            ),
            given,
        )
        conn.execute(
            text(
                """INSERT INTO employee_reward_redemptions
                    (employee_id, points_redeemed, redemption_date, redemption_type, status)
                VALUES (:person, :points, :day, :kind, :status)"""
            ),
            {**given, **taken, **states},
        )
    if draw.random() < 0.5:
        conn.execute(
            text(
                """INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by, reverses)
                SELECT employee_id, -points, :day, 'test', reward_id FROM employee_rewards
                WHERE employee_id = :person ORDER BY reward_id LIMIT 1"""
            ),
            {"person": person, "day": FIRST + timedelta(20)},
        )


def _absences(conn: Any, draw: Random, person: int, *, hours: bool) -> None:
    """One after the other, so that none of them collide; the first begin before the range and the last end after it."""
    day = FIRST - timedelta(2)
    while day <= LAST:
        last = day + timedelta(draw.randrange(3))
        whole = {"employee_id": person, "start_date": day, "end_date": last}
        if draw.random() < 0.5:
            told = {**whole, "leave_type": draw.choice(["Vacation", "Sick"])}
            told["status"] = draw.choice(["Pending", "Approved", "Approved", "Rejected", "Cancelled"])
            if hours:
                told |= {"end_date": day, "start_time": time(13), "end_time": time(18), "leave_type": "Vacation"}
            conn.execute(insert(leave_requests).values(**told))
        else:
            told = {**whole, "exception_type": draw.choice(["Training", "Nesting"]), "work_code": "TRAIN"}
            told["status"] = draw.choice(["Pending", "Completed", "Rejected"])
            conn.execute(insert(exceptions).values(**told))
        day = last + timedelta(draw.randrange(1, 4))


def plain(statement: str, by: tuple[str, ...]) -> list[dict[str, Any]]:
    """What the statement says of each group, but of those that have nothing; or of everything together."""
    names = ", ".join(f"b.{name}" for name in by)
    periods = [name for name in by if name in ("day", "week", "month")]
    length = f"(SELECT count(*) FROM days x WHERE {_same(periods)})" if periods else "21"
    asked = statement.format(keys=names or "1 AS everything", group=f"GROUP BY {names}" if by else "", length=length)
    with db.reading() as conn:
        rows = [dict(row) for row in conn.execute(text(BELONGED + asked)).mappings()]
    figures = [name for name in (rows[0] if rows else ()) if name not in by]
    return [row for row in rows if any(row[name] for name in figures)] if by else rows


def _same(periods: list[str]) -> str:
    own = {"day": "x.day", "week": "date_trunc('week', x.day)", "month": "date_trunc('month', x.day)"}
    return " AND ".join(f"{own[name]} = b.{name}" for name in periods)


def flat(row: dict[str, Any], names: list[str]) -> list[Any]:
    """The figures of an answer by the names that plain SQL has for them; of a count by type, `field type`."""
    found = []
    for name in names:
        field, _, kind = name.partition(" ")
        found.append(row[field].get(kind, 0) if kind else row[field])
    return [None if one is None else pytest.approx(float(one)) for one in found]


def said(row: dict[str, Any], names: list[str]) -> list[float | None]:
    """The same figures as plain SQL has them, where what is nothing is null; only rates are null in answers."""
    return [None if row[name] is None and name in RATES else float(row[name] or 0) for name in names]


def keys_of(row: dict[str, Any], by: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in by)


@pytest.mark.usefixtures("floor")
def test_every_grouping_equals_plain_sql_over_live_and_archived_rows(api: Api, subtests: pytest.Subtests) -> None:
    for report, by in product(REPORTS, GROUPINGS):
        with subtests.test(f"{report} by {', '.join(by)}"):
            answer = api.get(f"/reports/{report}", group_by=by, **RANGE)
            assert answer.status == 200, answer.body
            expected = plain(REPORTS[report], by)
            assert len(expected) > 1
            names = [name for name in expected[0] if name not in by]
            assert {keys_of(row, by): flat(row, names) for row in answer.data} == {
                keys_of(row, by): said(row, names) for row in expected
            }
            assert answer.body["total"] == len(answer.data) == len(expected)


@pytest.mark.usefixtures("floor")
def test_the_whole_range_stands_beside_the_groups(api: Api, subtests: pytest.Subtests) -> None:
    for report in REPORTS:
        with subtests.test(report):
            body = api.get(f"/reports/{report}", group_by="supervisor", **(RANGE | {"limit": 1})).body
            [expected] = plain(REPORTS[report], ())
            names = [name for name in expected if name != "everything"]
            assert flat(body["totals"], names) == said(expected, names)
            asked = (body["start_date"], body["end_date"], body["group_by"])
            assert asked == ("2026-09-21", "2026-10-11", ["supervisor"])
            assert len(body["data"]) == 1 < body["total"]
