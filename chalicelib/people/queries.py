"""All SQL on employees, their assignments and employments, and their history."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, PersonFilters, Small
from chalicelib.core.paging import page
from chalicelib.core.tables import attendances, employees, employees_history, schedules


class Employee(msgspec.Struct, frozen=True):
    """One person of the floor, as every answer shows them."""

    employee_id: int
    first_name: str | None
    last_name: str | None
    full_name: str
    company_email: str | None
    access_card: str | None
    token_serial: str | None
    building_card: str | None
    batch: str | None
    agent_id: str | None
    ruex_id: str | None
    axonify_id: str | None
    supervisor: str | None
    manager: str | None
    tier: int | None
    shift: str | None
    department: str | None
    role: str | None
    hire_date: date | None
    phase_1_date: date | None
    phase_2_date: date | None
    phase_3_date: date | None
    status: str
    attrition_date: date | None
    point_balance: int
    created_at: datetime
    updated_at: datetime


class EmployeeFilters(PersonFilters, frozen=True, kw_only=True):
    """Which employees; without `status` the active ones."""

    status: list[Literal["Active", "Inactive", "On Leave", "all"]] = []
    tier: Small | None = None
    phase: Annotated[int, Meta(ge=0, le=3, description="the last training phase finished")] | None = None
    search: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None
    point_balance_min: int | None = None
    point_balance_max: int | None = None
    hire_date_min: Day | None = None
    hire_date_max: Day | None = None
    inactive_since: Day | None = None
    has_schedule: Day | None = None
    has_attendance: Day | None = None


_e = employees.c
_balance: ColumnElement[int] = func.coalesce(
    select(text("point_balance"))
    .select_from(text("point_balances"))
    .where(text("point_balances.employee_id = employees.employee_id"))
    .scalar_subquery(),
    0,
)
_COLUMNS = [_balance if name == "point_balance" else _e[name] for name in Employee.__struct_fields__]
_SORTS = {name: _balance if name == "point_balance" else _e[name] for name in Employee.__struct_fields__}


SHOWN = frozenset({"full_name", "first_name", "last_name", "department", "supervisor", "batch"})
"""What every row about a person shows of them, so that a client needs no second call."""


def list_employees(conn: Connection, *, query: EmployeeFilters, today: date) -> Page[Employee]:
    """The employees that match, one page; `today` is the site's."""
    return page(
        conn,
        query=query,
        source=employees,
        where=[*person_conditions(query), *_conditions(query, today)],
        columns=_COLUMNS,
        order_by=_SORTS,
        key=_e.employee_id,
        make=Employee,
    )


def person_conditions(query: PersonFilters) -> list[ColumnElement[bool]]:
    """The filters that every list about people has, on the employees table."""
    chosen: dict[ColumnElement[Any], Sequence[Any]] = {
        _e.employee_id: query.employee_id,
        _e.department: query.department,
        _e.supervisor: query.supervisor,
        _e.manager: query.manager,
        _e.batch: query.batch,
        _e.shift: query.shift,
        _e.role: query.role,
        _e.status: query.employee_status,
    }
    return [column.in_(values) for column, values in chosen.items() if values]


def _conditions(query: EmployeeFilters, today: date) -> list[ColumnElement[bool]]:
    bounds = [
        (query.tier, _e.tier.__eq__),
        (query.point_balance_min, _balance.__ge__),
        (query.point_balance_max, _balance.__le__),
        (query.hire_date_min, _e.hire_date.__ge__),
        (query.hire_date_max, _e.hire_date.__le__),
        (query.phase, _finished_phase(today).__eq__),
        (query.inactive_since, lambda day: and_(_e.status == "Inactive", _e.attrition_date >= day)),
        (query.has_schedule, lambda day: _has(schedules.c.employee_id, schedules.c.nominal_date, day)),
        (query.has_attendance, lambda day: _has(attendances.c.employee_id, attendances.c.date, day)),
    ]
    found = [compare(value) for value, compare in bounds if value is not None]
    statuses = query.status or ([] if query.employee_status or query.inactive_since else ["Active"])
    if statuses and "all" not in statuses:
        found.append(_e.status.in_(statuses))
    for word in (query.search or "").split():
        found.append(_mentions(word))
    return found


def _finished_phase(today: date) -> ColumnElement[int]:
    """How many training phases lie behind somebody: the highest one with a date not after today."""
    return case(
        (_e.phase_3_date <= today, 3),
        (_e.phase_2_date <= today, 2),
        (_e.phase_1_date <= today, 1),
        else_=0,
    )


def _has(person: ColumnElement[int], day_column: ColumnElement[date], day: date) -> ColumnElement[bool]:
    return exists().where(person == _e.employee_id, day_column == day)


def _mentions(word: str) -> ColumnElement[bool]:
    """`word` occurs in a name (accents and case aside), or in one of the ids or the address."""
    return or_(
        func.folded(_e.full_name).like(func.concat("%", func.folded(_escaped(word)), "%"), escape="\\"),
        *(
            func.strpos(func.lower(cast(column, String)), word.lower()) > 0
            for column in (_e.company_email, _e.ruex_id, _e.agent_id, _e.axonify_id, _e.employee_id)
        ),
    )


def _escaped(word: str) -> str:
    """`word` for LIKE, where it shall mean itself."""
    return re.sub(r"([%_\\])", r"\\\1", word)


def find_employee(conn: Connection, *, employee_id: int) -> Employee | None:
    row = conn.execute(select(*_COLUMNS).select_from(employees).where(_e.employee_id == employee_id)).one_or_none()
    return Employee(*row) if row else None


def insert_employee(conn: Connection, *, facts: Mapping[str, Any]) -> None:
    """A new employee. What the database refuses surfaces as its own error."""
    conn.execute(insert(employees).values(**facts))


def update_employee(conn: Connection, *, employee_id: int, facts: Mapping[str, Any]) -> bool:
    """Change these columns; False when there is no such employee."""
    done = conn.execute(change(employees).where(_e.employee_id == employee_id).values(**facts))
    return done.rowcount == 1


_NAMES = """
    names AS (
        SELECT folded(full_name) AS name, CASE WHEN count(*) = 1 THEN min(employee_id) END AS employee_id
        FROM employees GROUP BY 1
    ),
    wanted AS (
        SELECT e.employee_id, e.hire_date, e.supervisor, s.employee_id AS supervisor_id,
               e.manager, m.employee_id AS manager_id, e.department, e.role, e.shift, e.tier
        FROM employees e
        LEFT JOIN names s ON s.name = folded(e.supervisor)
        LEFT JOIN names m ON m.name = folded(e.manager)
        WHERE e.employee_id = ANY(:ids)
    )"""
_WANTED = "(w.supervisor, w.manager, w.department, w.role, w.shift, w.tier)"
_STANDING = "(a.supervisor, a.manager, a.department, a.role, a.shift, a.tier)"
_SET = """supervisor = w.supervisor, supervisor_id = w.supervisor_id, manager = w.manager, manager_id = w.manager_id,
          department = w.department, role = w.role, shift = w.shift, tier = w.tier"""
_OPEN = "a.employee_id = w.employee_id AND a.valid_to IS NULL"


def record_assignments(conn: Connection, *, employee_ids: Sequence[int], effective_date: date) -> None:
    """Bring the assignments of these people in step with their rows, from `effective_date` on.

    A first assignment starts on the day of hire. A name that belongs to exactly one employee is linked.
    """
    given = {"ids": list(employee_ids), "day": effective_date}
    conn.execute(
        text(
            f"WITH {_NAMES} UPDATE assignments a SET valid_to = :day FROM wanted w"
            f" WHERE {_OPEN} AND a.valid_from < :day AND {_STANDING} IS DISTINCT FROM {_WANTED}"
        ),
        given,
    )
    conn.execute(
        text(
            f"WITH {_NAMES} UPDATE assignments a SET {_SET} FROM wanted w"
            f" WHERE {_OPEN} AND {_STANDING} IS DISTINCT FROM {_WANTED}"
        ),
        given,
    )
    conn.execute(
        text(
            f"""WITH {_NAMES}
            INSERT INTO assignments (employee_id, valid_from, supervisor, supervisor_id, manager, manager_id,
                                     department, role, shift, tier)
            SELECT w.employee_id,
                   CASE WHEN EXISTS (SELECT 1 FROM assignments a WHERE a.employee_id = w.employee_id) THEN :day
                        ELSE coalesce(w.hire_date, :day) END,
                   w.supervisor, w.supervisor_id, w.manager, w.manager_id, w.department, w.role, w.shift, w.tier
            FROM wanted w
            WHERE NOT EXISTS (SELECT 1 FROM assignments a WHERE {_OPEN})"""
        ),
        given,
    )


def record_employments(conn: Connection, *, employee_ids: Sequence[int]) -> None:
    """Open an employment for everybody here who has none open; close it where somebody's last day is known.

    Another day of hire while an employment is open corrects it: nobody is hired again before they left.
    """
    given = {"ids": list(employee_ids)}
    conn.execute(
        text(
            """UPDATE employments p SET hire_date = e.hire_date FROM employees e
            WHERE p.employee_id = e.employee_id AND e.employee_id = ANY(:ids)
              AND p.last_day IS NULL AND p.hire_date <> e.hire_date"""
        ),
        given,
    )
    conn.execute(
        text(
            """INSERT INTO employments (employee_id, hire_date, batch)
            SELECT e.employee_id, e.hire_date, e.batch FROM employees e
            WHERE e.employee_id = ANY(:ids) AND e.hire_date IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM employments p WHERE p.employee_id = e.employee_id
                AND (p.last_day IS NULL OR p.hire_date = e.hire_date))"""
        ),
        given,
    )
    conn.execute(
        text(
            """UPDATE employments p SET last_day = e.attrition_date FROM employees e
            WHERE p.employee_id = e.employee_id AND e.employee_id = ANY(:ids)
              AND p.hire_date = e.hire_date AND p.last_day IS DISTINCT FROM e.attrition_date"""
        ),
        given,
    )


def assigned_since(conn: Connection, *, employee_id: int) -> date | None:
    """The day the current assignment began."""
    return conn.execute(
        text("SELECT valid_from FROM assignments WHERE employee_id = :id AND valid_to IS NULL"), {"id": employee_id}
    ).scalar()


_ARCHIVED = [column.name for column in employees_history.c if column.name in employees.c]


def archive_employee(conn: Connection, *, employee_id: int, today: date, reason: str | None) -> bool:
    """Move an employee and the schedule after `today` to history; False when there is no such employee."""
    listed = ", ".join(_ARCHIVED)
    given = {"id": employee_id, "today": today, "reason": reason}
    moved = conn.execute(
        text(
            f"""INSERT INTO employees_history ({listed}, archived_date, reason, future_schedule)
            SELECT {listed}, :today, :reason, coalesce((
                SELECT jsonb_agg(to_jsonb(s) ORDER BY s.schedule_id) FROM schedules s
                WHERE s.employee_id = :id AND s.nominal_date > :today), '[]')
            FROM employees WHERE employee_id = :id"""
        ),
        given,
    )
    if moved.rowcount == 0:
        return False
    conn.execute(delete(schedules).where(schedules.c.employee_id == employee_id, schedules.c.nominal_date > today))
    conn.execute(delete(employees).where(_e.employee_id == employee_id))
    return True


def restore_employee(conn: Connection, *, employee_id: int) -> bool:
    """Bring the latest archived row back, with its future schedule; False when none is archived."""
    kept = ", ".join(name for name in _ARCHIVED if name != "full_name")
    history_id = conn.execute(
        select(employees_history.c.history_id)
        .where(employees_history.c.employee_id == employee_id, employees_history.c.restored_at.is_(None))
        # Nobody comes back as a number.
        .where(employees_history.c.full_name != f"Erased {employee_id}")
        .order_by(employees_history.c.history_id.desc())
        .limit(1)
        .with_for_update()
    ).scalar()
    if history_id is None:
        return False
    conn.execute(
        text(f"INSERT INTO employees ({kept}) SELECT {kept} FROM employees_history WHERE history_id = :id"),
        {"id": history_id},
    )
    conn.execute(
        text(
            """INSERT INTO schedules SELECT s.* FROM employees_history h,
            jsonb_populate_recordset(NULL::schedules, h.future_schedule) s WHERE h.history_id = :id"""
        ),
        {"id": history_id},
    )
    conn.execute(
        change(employees_history)
        .where(employees_history.c.history_id == history_id)
        .values(restored_at=func.now(), future_schedule=text("'[]'::jsonb"))
    )
    return True
