"""What is held of one person is given out whole, and is gone when they are erased; what is counted stays."""

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.core.tables import metadata
from chalicelib.people import privacy_queries
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.imports.test_run import put

MONDAY = date(2026, 10, 5)
WHO = 4103
MARKS = ("Zenobia", "Quuxley", "zenobia.q", "CARD-77", "zq7731", "migraine")
"""What tells her apart, or was said of her."""


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def found_of(marks: tuple[str, ...] = MARKS) -> dict[str, list[str]]:
    """Every table with any of the marks in any of its cells, and those rows."""
    with make.written() as conn:
        content = {
            name: conn.execute(text(f"SELECT t::text FROM {name} t")).scalars().all() for name in metadata.tables
        }
    found = {name: [row for row in all_ if any(mark in row for mark in marks)] for name, all_ in content.items()}
    return {name: rows for name, rows in found.items() if rows}


@pytest.fixture
def zenobia(site: Site, api: Api) -> Api:
    """Somebody of whom there is something nearly everywhere; and Ada, whom she led."""
    from chalicelib.imports import arrivals

    facts = {
        "employee_id": WHO,
        "first_name": "Zenobia",
        "last_name": "Quuxley",
        "company_email": "zenobia.q@opsdb.example",
        "access_card": "CARD-77",
        "ruex_id": "zq7731",
        "hire_date": "2025-01-06",
    }
    with make.written() as conn:
        make.options(conn, "department", "Support")
        make.options(conn, "role", "Agent")
    assert api.post("/employees", facts).status == 201
    ada = {
        **facts,
        "employee_id": 7,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "ruex_id": None,
        "access_card": None,
    }
    assert api.post("/employees", {**ada, "company_email": None, "supervisor": "Zenobia Quuxley"}).status == 201
    with make.written() as conn:
        for one in (WHO, 7):
            make.shift(conn, one, MONDAY, time(9), time(17))
        conn.execute(
            text(
                """INSERT INTO users (username, email, role, employee_id, password_hash)
                VALUES ('zenobia.q', 'zenobia.q@opsdb.example', 'supervisor', 4103, 'x');
                INSERT INTO sessions (user_id, secret_hash, expires_at) SELECT user_id, 'x', now() FROM users;
                INSERT INTO new_employee_reviews (employee_id, first_name, last_name, notes, status)
                VALUES (4103, 'Zenobia', 'Quuxley', 'came by the fair', 'Verified');
                INSERT INTO employee_reward_redemptions
                    (employee_id, points_redeemed, redemption_date, redemption_type, redemption_details, status)
                VALUES (4103, 5, '2026-10-06', 'Gift Card', 'to zenobia.q@home.example', 'Rejected');
                INSERT INTO reward_reasons (reason, points) VALUES ('Kudos', 30)"""
            )
        )
        auth.create_key(conn, name="Zenobia's tablet", role="supervisor", employee_id=WHO)
    day = {"employee_id": WHO, "date": str(MONDAY), "check_in": "09:20", "notes": "had a migraine"}
    assert api.post("/attendances", day).status == 201
    assert api.put(f"/attendances/{WHO}/{MONDAY}", {"notes": "migraine again"}).status == 200
    leave = {"employee_id": WHO, "leave_type": "Sick", "start_date": "2026-10-07", "end_date": "2026-10-07"}
    assert api.post("/leave_requests", {**leave, "reason": "migraine"}).status == 201
    award = {"employee_id": WHO, "reason_id": 1, "notes": "for Zenobia's patience"}
    assert api.post("/rewards/award", award).status == 201
    assert api.post("/floor/notes", {"date": str(MONDAY), "text": "Zenobia Quuxley went home"}).status == 201
    assert api.post(f"/employees/{WHO}/calendar", {}).status in {200, 201}
    sheet = [(WHO, "someday", time(9), time(17), "REG"), (7, MONDAY, time(9), time(18), "REG")]
    arrivals.on_event(put(site, "schedules", make.workbook(sheet, headers=make.SCHEDULE_HEADERS)))
    changed = [{**make.employee_row(WHO), "First Name": "Zenobia", "Last Name": "Quuxley-Ng", "Department": "Support"}]
    arrivals.on_event(put(site, "employees", make.workbook(changed), **{"dry-run": "true", "update-existing": "true"}))
    return api


def leave(api: Api) -> None:
    assert api.put(f"/employees/{WHO}", {"attrition_date": "2026-10-09"}).status == 200


def test_every_column_that_refers_to_people_is_known(site: Site) -> None:
    referring = rows(
        """SELECT conrelid::regclass::text, a.attname FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE c.contype = 'f' AND c.confrelid = 'people'::regclass"""
    )
    known = {(table.name, name) for table, names in privacy_queries.tables().items() for name in names}
    assert {*referring} <= known


def test_the_export_has_every_row_that_names_somebody_and_no_secret(zenobia: Api) -> None:
    answer = zenobia.get(f"/employees/{WHO}/export")
    assert answer.status == 200
    held = answer.body["rows"]
    assert {*found_of()} - {"floor_notes", "uploads"} <= {*held} | {"request_keys"}
    assert held["attendances"][0]["notes"] == "migraine again"
    assert [one["employee_id"] for one in held["assignments"]] == [WHO, 7]
    assert not [name for rows in held.values() for row in rows for name in row if name.endswith("_hash")]
    assert rows("SELECT action, after ->> 'employee_id' FROM audit_log WHERE table_name = 'people'") == [
        ("exported", str(WHO))
    ]


def test_an_erased_person_is_nowhere_and_their_figures_stay(zenobia: Api) -> None:
    before = rows("SELECT count(*), sum(points) FROM employee_rewards WHERE employee_id = 4103")
    leave(zenobia)
    assert {"employees", "attendances", "employee_rewards", "audit_log", "users", "upload_outcomes"} <= {*found_of()}
    answer = zenobia.post(f"/employees/{WHO}/erase", {"confirm": "Zenobia Quuxley", "reason": "asked for it"})
    assert (answer.status, answer.body["employee_id"]) == (200, WHO)
    assert found_of() == {}
    assert rows("SELECT count(*), sum(points) FROM employee_rewards WHERE employee_id = 4103") == before
    assert rows("SELECT check_in::time, late_minutes FROM attendances WHERE employee_id = 4103") == [(time(9, 20), 20)]
    assert rows("SELECT full_name, company_email FROM employees WHERE employee_id = 4103") == [("Erased 4103", None)]
    assert rows("SELECT supervisor FROM employees WHERE employee_id = 7") == [("Erased 4103",)]
    assert rows("SELECT employee_id, erased_by LIKE 'key:%', reason FROM erasures") == [(WHO, True, "asked for it")]
    told = zenobia.get("/admin/audit", row_id=str(WHO), table_name="erasures").data
    assert [(one["action"], one["after"]["reason"]) for one in told] == [("insert", "asked for it")]
    assert zenobia.get("/employees/7").body["full_name"] == "Ada Lovelace"


def test_an_erasure_says_who_did_what_still(zenobia: Api) -> None:
    leave(zenobia)
    count = "SELECT table_name, action, row_id, actor FROM audit_log WHERE table_name <> 'erasures' ORDER BY audit_id"
    before = rows(count)
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert rows(count) == before


def test_nothing_of_an_erasure_is_undone(zenobia: Api) -> None:
    leave(zenobia)
    erased = zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"})
    undone = zenobia.post("/undo", {"request_id": erased.headers["X-Request-Id"], "dry_run": False})
    assert undone.status == 200
    assert [one["why"] for one in undone.body["kept"]] == ["what was erased does not come back"]
    zenobia.post("/undo", {"actor": rows("SELECT DISTINCT actor FROM audit_log WHERE table_name = 'erasures'")[0][0],
                           "dry_run": False})  # fmt: skip
    assert found_of() == {}


def test_the_archived_are_erased_too(zenobia: Api) -> None:
    assert zenobia.delete(f"/employees/{WHO}", reason="migraine").status == 200
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert found_of() == {}


@pytest.mark.parametrize(
    ("who", "said", "status", "told"),
    [
        (WHO, {"confirm": str(WHO), "reason": "law"}, 409, "still works here"),
        (WHO, {"confirm": "Ada Lovelace", "reason": "law"}, 409, "confirm: must be 4103"),
        (WHO, {"confirm": str(WHO)}, 400, "reason"),
        (999, {"confirm": "999", "reason": "law"}, 404, "999 is nobody"),
    ],
)
def test_who_still_works_here_or_is_not_meant_is_not_erased(
    zenobia: Api, who: int, said: dict[str, Any], status: int, told: str
) -> None:
    answer = zenobia.post(f"/employees/{who}/erase", said)
    assert answer.status == status
    assert told in str(answer.errors)
    assert rows("SELECT count(*) FROM erasures") == [(0,)]


def test_nobody_is_erased_twice(zenobia: Api) -> None:
    leave(zenobia)
    said = {"confirm": str(WHO), "reason": "law"}
    assert [zenobia.post(f"/employees/{WHO}/erase", said).status for _ in range(2)] == [200, 409]


def test_a_closed_month_is_no_hindrance_and_gains_no_adjustment(zenobia: Api) -> None:
    leave(zenobia)
    assert zenobia.post("/periods/2026-10/close").status in {200, 201}
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert rows("SELECT count(*) FROM adjustments") == [(0,)]
    assert found_of() == {}
