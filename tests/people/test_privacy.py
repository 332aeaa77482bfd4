"""What is held of one person is given out whole, and is gone when they are erased; what is counted stays."""

import secrets
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.core import auth, db, events
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
NEARLY_EVERYWHERE = """
INSERT INTO new_employee_reviews (first_name, last_name, company_email, sheet_said)
VALUES ('Zenobia', 'Quuxley', NULL, '{"first_name": "Zenobia"}'),
       ('Z', 'Q', 'zenobia.q@opsdb.example', NULL);
INSERT INTO new_employee_reviews (first_name, last_name, supervisor, sheet_said)
VALUES ('Bo', 'New', 'Quuxley, Zenobia', '{"supervisor": "Zenobia Quuxley"}');
INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, supervisor_override, status,
                        processed_by)
VALUES (7, 'Training', '2026-10-20', '2026-10-21', 'Zenobia Quuxley', 'Completed', 'Zenobia Quuxley'),
       (4103, 'Training', '2026-10-20', '2026-10-21', NULL, 'Completed', NULL);
UPDATE exceptions SET notes = 'migraine, says Quuxley' WHERE employee_id = 4103;
INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status, approved_by, reason)
VALUES (7, 'Vacation', '2026-10-27', '2026-10-28', 'Approved', 'zenobia quuxley', 'sea');
INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, awarded_by, notes)
VALUES (7, 1, 10, '2026-10-02', 'Zenobia Quuxley', 'well done');
INSERT INTO employees_history (employee_id, first_name, last_name, full_name, status, created_at,
    updated_at, archived_date, reason, restored_at)
VALUES (4103, 'Zenobia', 'Quuxley', 'Zenobia Quuxley', 'Active', now(), now(), now(), 'migraine', now());
UPDATE employments SET reason = 'migraines' WHERE employee_id = 4103;
INSERT INTO db_users (username, employee_id, email, notes, is_active)
VALUES ('opsdb_ro_none', 4103, 'zenobia.q@opsdb.example', 'for Zenobia', false);
INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type, status,
                              overrides, override_reason, reason)
VALUES (7, 1, 4103, '2026-10-05', 'Cover', 'Rejected', '["Zenobia Quuxley has 7 days in a row"]',
        'her migraine is over', NULL),
       (4103, 2, 7, '2026-10-05', 'Cover', 'Rejected', NULL, NULL, 'no migraine, no cover');
INSERT INTO upload_rows (upload_id, row_number, cells) VALUES (77, 2, '{4103,Zenobia,Quuxley}');
INSERT INTO attendances_history (attendance_id, employee_id, date, notes, created_at, archived_date)
VALUES (900, 4103, '2025-02-03', 'migraine', now(), now())
"""
STAYS = {
    "what figures are made of": "batch change_type department departments exception_type leave_type origin"
    " redemption_type role shift status work_code",
    "where a value came from": "check_in_source check_out_source early_minutes_source exception_type_source"
    " late_minutes_source overtime_minutes_source",
    "ids and times of rows": "made snapshot",
    "about the sheet, which is named when somebody is erased": "bucket filename key kind message options sha256 state"
    " uploaded_by version_id",
    "images, which lose these fields themselves": "before after",
    "who did it, as a key or a user by number": "action actor erased_by request_id row_id table_name",
    "emptied by name, with the user": "password_hash",
}
"""Columns of text that an erasure leaves under a bare number, and why."""


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def found_of(marks: tuple[str, ...] = MARKS) -> dict[str, list[str]]:
    """Every table with any of the marks in any of its cells, and those rows."""
    with make.written() as conn:
        content = {
            name: conn.execute(text(f"SELECT t::text FROM {name} t")).scalars().all() for name in metadata.tables
        }
    found = {
        name: [row for row in all_ if any(mark.lower() in row.lower() for mark in marks)]
        for name, all_ in content.items()
    }
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
    assert (
        api.post(
            "/employees", {**ada, **dict.fromkeys(("supervisor", "manager"), "Zenobia Quuxley"), "company_email": None}
        ).status
        == 201
    )
    with make.written() as conn:
        for one in (WHO, 7):
            make.shift(conn, one, MONDAY, time(9), time(17))
        conn.execute(
            text(
                """INSERT INTO users (username, email, role, employee_id, password_hash)
                VALUES ('zenobia.q', NULL, 'supervisor', 4103, 'x'),
                       ('zenobia.quux', 'Zenobia.Q@opsdb.example', 'supervisor', NULL, 'x');
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
        conn.execute(text(NEARLY_EVERYWHERE))
        conn.execute(text("SELECT set_config('opsdb.actor', 'nobody', true)"))
        for event in ("sign_in", "sign_in_failed"):
            events.note(conn, event, username="zenobia.q", address="10.1.2.3")
    hers = Api(auth_key())
    assert (
        hers.post("/floor/notes", {"date": str(MONDAY), "text": "The heating is out"}).body["author"]
        == "Zenobia Quuxley"
    )
    # A name of hers that is none any more.
    assert api.put(f"/employees/{WHO}", {"last_name": "Quuxley-Marks"}).status == 200
    assert api.put(f"/employees/{WHO}", {"last_name": "Quuxley"}).status == 200
    day = {"employee_id": WHO, "date": str(MONDAY), "check_in": "09:20", "notes": "had a migraine"}
    assert api.post("/attendances", day).status == 201
    assert api.put(f"/attendances/{WHO}/{MONDAY}", {"notes": "migraine again"}).status == 200
    leave = {"employee_id": WHO, "leave_type": "Sick", "start_date": "2026-10-07", "end_date": "2026-10-07"}
    assert api.post("/leave_requests", {**leave, "reason": "migraine"}).status == 201
    award = {"employee_id": WHO, "reason_id": 1, "notes": "for Zenobia's patience"}
    assert api.post("/rewards/award", award, **{"Idempotency-Key": "award-1"}).status == 201
    assert api.post("/floor/notes", {"date": str(MONDAY), "text": "Zenobia Quuxley went home"}).status == 201
    assert api.post(f"/employees/{WHO}/calendar", {}).status in {200, 201}
    sheet = [(who, "someday", time(9), time(17), "REG") for who in (WHO, "Quuxley, Zenobia")] + [
        (7, MONDAY, time(9), time(18), "REG")
    ]
    arrivals.on_event(put(site, "schedules", make.workbook(sheet, headers=make.SCHEDULE_HEADERS)))
    changed = [{**make.employee_row(WHO), "First Name": "Zenobia", "Last Name": "Quuxley-Ng", "Department": "Support"}]
    arrivals.on_event(put(site, "employees", make.workbook(changed), **{"dry-run": "true", "update-existing": "true"}))
    return api


def auth_key() -> str:
    """A key of her own."""
    with make.written() as conn:
        return auth.create_key(conn, name="Zenobia's phone", role="supervisor", employee_id=WHO)[1]


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
    named = {"employee_rewards", "exceptions", "leave_requests"}
    assert {*found_of()} <= {*held} | {"request_keys", "uploads"} | named
    assert held["attendances"][0]["notes"] == "migraine again"
    hers, adas = held["assignments"]
    assert (hers["employee_id"], adas.keys()) == (WHO, {"assignment_id", "supervisor_id", "manager_id"})
    assert {
        "audit_log",
        "upload_errors",
        "upload_rows",
        "new_employee_reviews",
        "floor_notes",
        "sessions",
    } <= held.keys()
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
    assert rows("SELECT count(*) FROM sessions UNION ALL SELECT count(*) FROM calendar_feeds") == [(0,), (0,)]
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


def test_a_reason_that_was_taken_back_goes_from_the_audit_too(zenobia: Api) -> None:
    with make.written() as conn:
        waiting = conn.execute(
            text(
                """INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type)
                VALUES (7, 1, 4103, '2026-10-05', 'Cover') RETURNING change_id"""
            )
        ).scalar_one()
    rejected = zenobia.post(f"/schedule_changes/{waiting}/reject", {"reason": "a migraine is coming"})
    assert rejected.body["reason"] == "a migraine is coming"
    assert zenobia.post("/undo", {"request_id": rejected.headers["X-Request-Id"], "dry_run": False}).status == 200
    assert rows("SELECT status, reason FROM schedule_changes WHERE change_id = :id", id=waiting) == [("Pending", None)]
    leave(zenobia)
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
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


def test_what_has_come_back_goes_again(zenobia: Api) -> None:
    leave(zenobia)
    said = {"confirm": str(WHO), "reason": "law"}
    assert zenobia.post(f"/employees/{WHO}/erase", said).status == 200
    back = {"first_name": "Zenobia", "last_name": "Quuxley", "access_card": "CARD-77"}
    assert zenobia.put(f"/employees/{WHO}", back).status == 200
    assert {*found_of()} == {"employees", "audit_log"}
    assert zenobia.post(f"/employees/{WHO}/erase", {**said, "reason": "again"}).status == 200
    assert found_of() == {}
    assert rows("SELECT reason FROM erasures") == [("again",)]


def test_a_closed_month_is_no_hindrance_and_gains_no_adjustment(zenobia: Api) -> None:
    leave(zenobia)
    assert zenobia.post("/periods/2026-10/close").status in {200, 201}
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert rows("SELECT count(*) FROM adjustments") == [(0,)]
    assert found_of() == {}


def test_a_request_that_may_be_sent_again_erases_as_much(zenobia: Api) -> None:
    leave(zenobia)
    assert zenobia.post("/periods/2026-10/close").status in {200, 201}
    said = {"confirm": str(WHO), "reason": "law"}
    for _ in range(2):
        assert zenobia.post(f"/employees/{WHO}/erase", said, **{"Idempotency-Key": "once"}).status == 200
    assert found_of() == {}
    assert rows("SELECT count(*) FROM adjustments") == [(0,)]
    assert rows("SELECT count(*) FROM audit_log WHERE table_name = 'erasures'") == [(1,)]


def test_corrections_of_closed_months_lose_what_was_said(zenobia: Api) -> None:
    assert zenobia.post("/periods/2026-10/close").status in {200, 201}
    assert (
        zenobia.put(f"/attendances/{WHO}/{MONDAY}", {"notes": "a migraine it was", "check_in": "09:30"}).status == 200
    )
    with db.writing(db.Actor("test", role="admin")) as conn:
        conn.execute(text("UPDATE leave_requests SET reason = 'sea and sun' WHERE employee_id = 7"))
    leave(zenobia)
    naming = "SELECT after ->> 'approved_by' FROM adjustments WHERE table_name = 'leave_requests'"
    assert rows(naming) == [("zenobia quuxley",)]
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert found_of() == {}
    assert rows(naming) == [(f"Erased {WHO}",)]
    assert rows("SELECT employee_id, after ->> 'check_in' FROM adjustments WHERE table_name = 'attendances'") == [
        (WHO, "2026-10-05T09:30:00")
    ]


def test_a_namesake_keeps_name_and_people(zenobia: Api) -> None:
    other = {"employee_id": 4200, "first_name": "Zenobia", "last_name": "Quuxley", "hire_date": "2025-01-06"}
    assert zenobia.post("/employees", {**other, "company_email": "other@opsdb.example"}).status == 201
    assert zenobia.post("/floor/notes", {"date": str(MONDAY), "text": "Zenobia Quuxley starts"}).status == 201
    leave(zenobia)
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert zenobia.get("/employees/4200").body["full_name"] == "Zenobia Quuxley"
    assert rows("SELECT count(*) FROM floor_notes WHERE text = 'Zenobia Quuxley starts'") == [(1,)]
    # Whom she led, and not the other, is known by number.
    assert rows("SELECT supervisor, manager FROM assignments WHERE supervisor_id = 4103") == [("Erased 4103",) * 2]
    assert found_of(("CARD-77", "zq7731", "migraine", "zenobia.q@")) == {}


def test_an_entry_says_that_it_was_erased_and_is_not_undone(zenobia: Api) -> None:
    leave(zenobia)
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    told = zenobia.get("/admin/audit", table_name="attendances", employee_id=WHO).data
    assert told
    assert {(one["erased"], "notes" in one["after"], bool(one["actor"])) for one in told} == {(True, False, True)}
    others = zenobia.get("/admin/audit", table_name="schedules", employee_id=7).data
    assert {one["erased"] for one in others} == {False}
    undone = zenobia.post("/undo", {"request_id": told[-1]["request_id"], "dry_run": True}).body
    assert {one["why"] for one in undone["kept"]} == {"somebody in it was erased"}


def test_the_sheets_that_have_somebody_in_them_are_named(zenobia: Api) -> None:
    leave(zenobia)
    answer = zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"})
    assert [one["key"] for one in answer.body["sheets"]] == [
        "incoming/schedules/week 1+ñ.xlsx",
        "incoming/employees/week 1+ñ.xlsx",
    ]


def test_no_way_in_stays_open_for_who_was_deleted(site: Site, zenobia: Api) -> None:
    name = f"t{secrets.token_hex(4)}"
    assert zenobia.post("/admin/db_users", {"username": name, "employee_id": WHO}).status == 201
    assert zenobia.delete(f"/employees/{WHO}").status == 200
    assert zenobia.post(f"/employees/{WHO}/erase", {"confirm": str(WHO), "reason": "law"}).status == 200
    assert rows("SELECT count(*) FROM pg_roles WHERE rolname = :name", name=f"opsdb_ro_{name}") == [(0,)]
    assert zenobia.post(f"/employees/{WHO}/restore").status == 404
    assert rows("SELECT is_active FROM users UNION ALL SELECT revoked_at IS NULL FROM api_keys WHERE employee_id = 4103"
                ) == [(False,)] * 4  # fmt: skip


def test_every_column_of_a_table_about_people_is_personal_or_a_figure(site: Site) -> None:
    """A new column of text is either erased or stands here, with a reason to stay under a bare number."""
    with db.reading() as conn:
        personal = set(conn.execute(text("SELECT unnest(personal_fields() || naming_fields())")).scalars())
    of_text = {
        column.name
        for table in privacy_queries.tables()
        for column in table.columns
        if isinstance(column.type, (Text, JSONB, ARRAY))
    }
    assert of_text - personal == set(" ".join(STAYS.values()).split())
