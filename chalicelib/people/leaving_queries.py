"""All SQL on what somebody who leaves takes along. It meets the tables of parts that stand above this one."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Connection, func, select, text
from sqlalchemy import update as change

from chalicelib.admin.db_user_queries import drop_role
from chalicelib.core.tables import (
    api_keys,
    calendar_feeds,
    db_users,
    employee_reward_redemptions,
    employees,
    employments,
    exceptions,
    leave_requests,
    schedule_changes,
    users,
)


def due(conn: Connection, *, today: date) -> list[int]:
    """Everybody whose last day is over and who is not Inactive yet, by id."""
    e = employees.c
    found = select(e.employee_id).where(e.attrition_date < today, e.status != "Inactive").order_by(e.employee_id)
    return list(conn.execute(found).scalars())


def last_day(conn: Connection, *, employee_id: int, today: date) -> date | None:
    """The last day of somebody who is due, held until the transaction ends; None when they no longer are."""
    e = employees.c
    mine = select(e.attrition_date).where(
        e.employee_id == employee_id, e.attrition_date < today, e.status != "Inactive"
    )
    return conn.execute(mine.with_for_update(key_share=True)).scalar()


def hold(conn: Connection, *, employee_id: int) -> None:
    """Hold somebody and everybody they have changes with until the transaction ends, as deciding a change does."""
    conn.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext('schedules'))"))
    conn.execute(
        text(
            """SELECT 1 FROM employees WHERE employee_id = :id OR employee_id IN (
                SELECT CASE WHEN employee_id = :id THEN replacement_id ELSE employee_id END FROM schedule_changes
                WHERE :id IN (employee_id, replacement_id) AND status IN ('Pending', 'Approved'))
            ORDER BY employee_id FOR NO KEY UPDATE"""
        ),
        {"id": employee_id},
    )


def swaps_to_come(conn: Connection, *, employee_id: int, day: date) -> list[int]:
    """Approved swaps of theirs of which both shifts come after `day`, and neither went on to somebody else."""
    found = conn.execute(
        text(
            """SELECT c.change_id FROM schedule_changes c JOIN schedules s ON s.origin = 'change'
                AND s.covers_schedule_id IN (c.schedule_id, c.replacement_schedule_id)
                AND s.employee_id IN (c.employee_id, c.replacement_id)
            WHERE c.change_type = 'Swap' AND c.status = 'Approved' AND :id IN (c.employee_id, c.replacement_id)
            GROUP BY 1 HAVING count(*) = 2 AND min(s.nominal_date) > :day AND NOT bool_or(s.given_away)
            ORDER BY 1"""
        ),
        {"id": employee_id, "day": day},
    )
    return list(found.scalars())


def take_shifts(conn: Connection, *, employee_id: int, day: date, swaps: Collection[int]) -> set[int]:
    """Take their shifts after `day` off the plan, and both sides of these swaps; the changes that made those.

    A row of theirs that somebody else works stays on record behind that one. What they had taken over is its owner's
    again where the owner's calendar has room, else nobody's.
    """
    given = {"id": employee_id, "day": day, "swaps": list(swaps)}
    gone = conn.execute(
        text(
            """DELETE FROM schedules s WHERE s.origin = 'change' AND s.change_id = ANY(:swaps)
            OR s.employee_id = :id AND s.nominal_date > :day AND NOT (s.given_away AND EXISTS (
                SELECT 1 FROM schedules t WHERE t.covers_schedule_id = s.schedule_id
                AND t.change_id <> ALL(CAST(:swaps AS bigint[]))))
            RETURNING s.covers_schedule_id, s.change_id"""
        ),
        given,
    ).all()
    covered = {row.covers_schedule_id: row.change_id for row in gone if row.covers_schedule_id}
    conn.execute(
        text(
            """UPDATE schedules s SET given_away = false, change_id = (
                SELECT max(c.change_id) FROM schedule_changes c
                WHERE c.status = 'Approved' AND c.change_id <> s.change_id AND s.origin = 'change'
                AND s.covers_schedule_id IN (c.schedule_id, c.replacement_schedule_id)
                AND s.employee_id IN (c.employee_id, c.replacement_id))
            WHERE s.given_away AND s.employee_id <> :id
              AND (s.schedule_id = ANY(:covered) OR s.change_id = ANY(:swaps)) AND NOT EXISTS (
                SELECT 1 FROM schedules o WHERE o.employee_id = s.employee_id AND NOT o.given_away AND (
                    tsrange(o.start_date + o.start_time, o.stop_date + o.stop_time)
                    && tsrange(s.start_date + s.start_time, s.stop_date + s.stop_time)
                    OR o.nominal_date = s.nominal_date AND (o.start_time IS NULL OR s.start_time IS NULL)))"""
        ),
        {**given, "covered": list(covered)},
    )
    return {change_id for change_id in covered.values() if change_id}


def cancel_pending(conn: Connection, *, employee_id: int, by: str, at: datetime) -> None:
    """Nobody decides any more what was still asked for."""
    c, r, x, p = schedule_changes.c, leave_requests.c, exceptions.c, employee_reward_redemptions.c
    decided = {"decided_by": by, "decided_at": at}
    theirs = (c.employee_id == employee_id) | (c.replacement_id == employee_id)
    conn.execute(change(schedule_changes).where(theirs, c.status == "Pending").values(status="Cancelled", **decided))
    conn.execute(
        change(leave_requests).where(r.employee_id == employee_id, r.status == "Pending").values(status="Cancelled")
    )
    conn.execute(
        change(exceptions)
        .where(x.employee_id == employee_id, x.status == "Pending")
        .values(status="Rejected", processed_by=by, processed_at=at)
    )
    conn.execute(
        change(employee_reward_redemptions)
        .where(p.employee_id == employee_id, p.status == "Pending")
        .values(status="Rejected", approved_by=by, approved_at=at)
    )


def cancel_changes(
    conn: Connection, *, employee_id: int, swaps: Collection[int], undone: Collection[int], by: str, at: datetime
) -> None:
    """Cancel these swaps, and of the changes that are `undone` the covers that they were to work."""
    c = schedule_changes.c
    covers = c.change_id.in_(undone) & (c.change_type == "Cover") & (c.replacement_id == employee_id)
    conn.execute(
        change(schedule_changes)
        .where(c.status == "Approved", c.change_id.in_(swaps) | covers)
        .values(status="Cancelled", decided_by=by, decided_at=at)
    )


def shut_out(conn: Connection, *, employee_id: int) -> None:
    """End their keys, sign-ins, calendar feeds and database users."""
    for table in (api_keys, calendar_feeds):
        mine = (table.c.employee_id == employee_id) & table.c.revoked_at.is_(None)
        conn.execute(change(table).where(mine).values(revoked_at=func.now()))
    mine = (users.c.employee_id == employee_id) & users.c.is_active
    # The last admin can be let go of once there is another: somebody must be able to make one.
    other = users.alias().c
    others = select(other.user_id).where(
        other.role == "admin", other.is_active, other.employee_id.is_distinct_from(employee_id)
    )
    conn.execute(change(users).where(mine, (users.c.role != "admin") | others.exists()).values(is_active=False))
    d = db_users.c
    readers = change(db_users).where(d.employee_id == employee_id, d.is_active).values(is_active=False)
    for username in conn.execute(readers.returning(d.username)).scalars().all():
        drop_role(conn, username=username)


def end_employment(conn: Connection, *, employee_id: int, day: date) -> None:
    """Inactive from now on, and no employment that began by `day` stays open."""
    conn.execute(change(employees).where(employees.c.employee_id == employee_id).values(status="Inactive"))
    p = employments.c
    conn.execute(
        change(employments)
        .where(p.employee_id == employee_id, p.last_day.is_(None), p.hire_date <= day)
        .values(last_day=day)
    )
