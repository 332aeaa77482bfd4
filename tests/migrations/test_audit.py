"""Every change says who, what and what it was before, in the same transaction."""

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, text

from chalicelib.core import auth, db
from tests import make
from tests.conftest import PASSWORDS, Site
from tests.migrations.catalogue import connected
from tests.migrations.refusal import change

MONDAY = date(2026, 10, 5)


def audited(conn: Connection, table: str) -> list[Any]:
    return change(conn, "SELECT * FROM audit_log WHERE table_name = :table ORDER BY audit_id", table=table)


def test_a_change_names_its_actor_its_request_and_the_row_before_and_after(conn: Connection) -> None:
    db.act_as(conn, db.Actor("key:7", request_id="abc-1"))
    shift = make.shift(conn, make.employee(conn), MONDAY)
    change(conn, "UPDATE schedules SET work_code = 'OT' WHERE schedule_id = :id", id=shift)
    change(conn, "DELETE FROM schedules WHERE schedule_id = :id", id=shift)
    made, changed, gone = audited(conn, "schedules")
    assert [row.action for row in (made, changed, gone)] == ["insert", "update", "delete"]
    assert {(row.actor, row.request_id, row.row_id, row.row_count) for row in (made, changed, gone)} == {
        ("key:7", "abc-1", str(shift), 1)
    }
    assert (made.before, made.after["work_code"]) == (None, "REG")
    assert (changed.before["work_code"], changed.after["work_code"]) == ("REG", "OT")
    assert (gone.before["work_code"], gone.after) == ("OT", None)


def test_an_update_that_changes_nothing_is_no_change(conn: Connection) -> None:
    make.employee(conn)
    change(conn, "UPDATE employees SET batch = batch")
    assert [row.action for row in audited(conn, "employees")] == ["insert"]


def test_a_statement_that_meets_no_row_writes_no_audit(conn: Connection) -> None:
    db.act_as(conn, db.Actor("s3:x", upload_id=5))
    change(conn, "INSERT INTO floor_notes (date, author, text) SELECT now(), 'x', 'y' WHERE false")
    change(conn, "DELETE FROM floor_notes")
    assert audited(conn, "floor_notes") == []


def test_an_uploads_inserts_are_one_line_with_their_count_and_its_updates_are_rows(conn: Connection) -> None:
    db.act_as(conn, db.Actor("s3:AIDA", upload_id=42))
    ada = make.employee(conn)
    change(
        conn,
        """INSERT INTO schedules (employee_id, nominal_date, start_date, stop_date, work_code)
           SELECT :ada, day, day, day, 'OFF' FROM generate_series(date '2026-10-05', date '2026-10-11', '1 day') day""",
        ada=ada,
    )
    change(conn, "UPDATE schedules SET work_code = 'SICK' WHERE nominal_date < '2026-10-07'")
    lines = [(row.action, row.row_count, row.actor, row.upload_id) for row in audited(conn, "schedules")]
    assert lines == [("insert", 7, "s3:AIDA", 42), *[("update", 1, "s3:AIDA", 42)] * 2]


def test_hashes_of_secrets_are_in_no_audit_row(conn: Connection) -> None:
    auth.create_key(conn, name="wallboard", role="viewer")
    change(conn, "INSERT INTO users (username, password_hash) VALUES ('ada', 'very-secret')")
    change(conn, "UPDATE users SET password_hash = 'changed', is_active = false")
    change(conn, "DELETE FROM api_keys")
    images = [
        image
        for row in (*audited(conn, "users"), *audited(conn, "api_keys"))
        for image in (row.before, row.after)
        if image is not None
    ]
    assert len(images) == 5
    assert not any({"secret_hash", "password_hash"} & image.keys() for image in images)


def test_a_changed_password_is_audited_without_the_password(conn: Connection) -> None:
    change(conn, "INSERT INTO users (username, password_hash) VALUES ('ada', 'one')")
    change(conn, "UPDATE users SET password_hash = 'two'")
    assert [row.action for row in audited(conn, "users")] == ["insert", "update"]


@pytest.mark.parametrize("role", ["opsdb_app", "opsdb_owner"])
def test_a_change_past_the_api_is_audited_as_the_login_it_came_from(site: Site, role: str) -> None:
    with make.written("key:1") as conn:
        make.employee(conn)
    with connected(site.server.url(role, PASSWORDS[role], site.database)) as cursor:
        cursor.execute("UPDATE employees SET batch = '2026-10'")
    with db.reading() as conn:
        assert [(row.actor, row.action) for row in audited(conn, "employees")] == [
            ("key:1", "insert"),
            (f"database:{role}", "update"),
        ]


def test_who_acts_is_forgotten_when_the_transaction_ends(site: Site) -> None:
    with make.written("key:1") as conn:
        make.employee(conn)
    with db.engine().begin() as conn:  # the same connection of the pool, and nobody introduced
        conn.execute(text("UPDATE employees SET batch = 'x'"))
    with db.reading() as conn:
        assert [row.actor for row in audited(conn, "employees")] == ["key:1", "database:opsdb_app"]


def test_what_is_taken_back_leaves_no_audit(site: Site) -> None:
    with suppress(ZeroDivisionError), make.written() as conn:
        make.employee(conn)
        raise ZeroDivisionError
    with db.reading() as conn:
        assert audited(conn, "employees") == []
