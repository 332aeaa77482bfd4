"""The way back from an upload, a request, and an actor's last minutes."""

import random
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.imports import arrivals
from chalicelib.imports.queries import Upload
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

MONDAY = date(2027, 3, 1)
TUESDAY = MONDAY + timedelta(1)
SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "sample"
SAMPLE_DAY = date(2026, 10, 5)
PLAN = """SELECT schedule_id, employee_id, nominal_date, start_time, stop_time, work_code, origin, given_away
    FROM schedules ORDER BY schedule_id"""


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), given)


def upload(path: Path, kind: str, **options: bool) -> Upload:
    return arrivals.import_file(path, kind=kind, options=options, uploaded_by="test")


def undo(api: Api, **said: Any) -> Answer:
    return api.post("/undo", {"dry_run": False, **said})


def by_table(answer: Answer) -> dict[str, tuple[int, int, int, int]]:
    assert answer.status == 200, answer.body
    names = ("removed", "changed_back", "brought_back", "kept")
    return {one["table_name"]: tuple(one[name] for name in names) for one in answer.body["tables"]}


def request_of(answer: Answer) -> str:
    assert answer.status in {200, 201}, answer.body
    return answer.headers["X-Request-Id"]


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        make.options(conn, "department", "Support")
        return make.employee(conn, first_name="Ada", department="Support")


def sheet(path: Path, *days: tuple[int, date, time | None, time | None, str]) -> Path:
    return make.sheet(path, days, headers=make.SCHEDULE_HEADERS)


def test_an_upload_s_rows_go_and_what_it_replaced_is_back(api: Api, ada: int, tmp_path: Path) -> None:
    upload(sheet(tmp_path / "1.xlsx", (ada, MONDAY, time(9), time(17), "REG")), "schedules")
    before = rows(PLAN)
    second = upload(
        sheet(
            tmp_path / "2.xlsx",
            (ada, MONDAY, time(10), time(18), "REG"),
            (ada, TUESDAY, time(9), time(17), "REG"),
        ),
        "schedules",
    )
    after = rows(PLAN)
    assert by_table(api.post("/undo", {"upload_id": second.upload_id})) == {"schedules": (1, 1, 0, 0)}
    assert rows(PLAN) == after, "a dry run, unless told otherwise"
    assert by_table(undo(api, upload_id=second.upload_id)) == {"schedules": (1, 1, 0, 0)}
    assert rows(PLAN) == before
    assert rows("SELECT state FROM uploads ORDER BY upload_id") == [("done",), ("undone",)]
    again = undo(api, upload_id=second.upload_id)
    assert (again.status, again.errors) == (
        409,
        [f"upload_id: {second.upload_id} is undone; only what is done can be undone"],
    )


def test_an_undo_is_on_record_and_can_be_undone(api: Api, ada: int, tmp_path: Path) -> None:
    done = upload(sheet(tmp_path / "1.xlsx", (ada, MONDAY, time(9), time(17), "REG")), "schedules")
    before = rows(PLAN)
    answer = undo(api, upload_id=done.upload_id)
    assert rows(PLAN) == []
    assert by_table(undo(api, request_id=request_of(answer))) == {"schedules": (0, 0, 1, 0)}
    assert rows(PLAN) == before


def test_what_was_changed_since_is_listed_and_stays(api: Api, ada: int, tmp_path: Path) -> None:
    days = [(ada, MONDAY + timedelta(n), time(9), time(17), "REG") for n in range(4)]
    done = upload(sheet(tmp_path / "1.xlsx", *days), "schedules")
    first, second, third, fourth = (row[0] for row in rows(PLAN))
    assert api.put(f"/schedules/{first}", {"work_code": "OT"}).status == 200
    assert api.delete(f"/schedules/{second}").status == 200
    upload(sheet(tmp_path / "2.xlsx", (ada, MONDAY + timedelta(2), time(8), time(16), "REG")), "schedules")
    answer = undo(api, upload_id=done.upload_id)
    assert by_table(answer) == {"schedules": (1, 0, 0, 3)}
    assert [(one["row_id"], one["date"], one["why"]) for one in answer.body["kept"]] == [
        (str(first), "2027-03-01", "was changed since"),
        (str(second), "2027-03-02", "is gone since"),
        (str(third), "2027-03-03", "was changed since"),
    ]
    assert {one["employee_id"] for one in answer.body["kept"]} == {ada}
    assert [row[0] for row in rows(PLAN)] == [first, third]
    assert fourth not in [row[0] for row in rows(PLAN)]


def test_a_person_day_is_put_back_whole_or_not_at_all(api: Api, ada: int, tmp_path: Path) -> None:
    split = [(ada, MONDAY, time(6), time(10), "REG"), (ada, MONDAY, time(14), time(18), "REG")]
    done = upload(sheet(tmp_path / "1.xlsx", *split), "schedules")
    (morning, *_), (evening, *_) = rows(PLAN)
    assert api.put(f"/schedules/{evening}", {"work_code": "OT"}).status == 200
    answer = undo(api, upload_id=done.upload_id)
    assert {(one["row_id"], one["why"]) for one in answer.body["kept"]} == {
        (str(evening), "was changed since"),
        (str(morning), "another row of its day is kept"),
    }
    assert len(rows(PLAN)) == 2


def test_what_finds_its_place_taken_stays_away(api: Api, ada: int) -> None:
    with make.written() as conn:
        shift = make.shift(conn, ada, MONDAY, time(22), time(6))
    deleted = api.delete(f"/schedules/{shift}")
    new = {"employee_id": ada, "nominal_date": TUESDAY.isoformat(), "start_time": "05:00", "stop_time": "13:00"}
    assert api.post("/schedules", {**new, "work_code": "REG"}).status == 201
    answer = undo(api, request_id=request_of(deleted))
    assert [one["why"] for one in answer.body["kept"]] == ["another row stands in its place"]
    assert [row[2] for row in rows(PLAN)] == [TUESDAY]


def test_people_of_a_sheet_go_with_all_that_came_with_them(api: Api, site: Site, tmp_path: Path) -> None:
    people = [make.employee_row() for _ in range(5)]
    done = upload(make.sheet(tmp_path / "people.xlsx", people), "employees", add_options=True)
    assert done.success_count == 5
    changed = people[0]["Odoo ID"]
    assert api.put(f"/employees/{changed}", {"batch": "2026-01"}).status == 200
    found = by_table(undo(api, upload_id=done.upload_id))
    assert found["employees"] == (4, 0, 0, 1)
    assert rows("SELECT employee_id FROM employees") == [(changed,)]
    assert found["assignments"][0] == 5
    assert rows("SELECT count(*) FROM admin_options WHERE category = 'department'") == [(0,)]


@pytest.mark.parametrize(
    "done",
    [
        lambda api, ada: api.put(f"/employees/{ada}", {"batch": "2026-10", "department": "Support", "tier": 3}),
        lambda api, ada: api.delete(f"/employees/{ada}"),
        lambda api, ada: api.post("/attendances", {"employee_id": ada, "date": "2027-03-01", "check_in": "09:10"}),
        lambda api, ada: api.post(
            "/leave_requests",
            {"employee_id": ada, "leave_type": "Vacation", "start_date": "2027-03-01", "end_date": "2027-03-03"},
        ),
        lambda api, ada: api.post("/holidays", {"date": "2027-03-01", "name": "Founders"}),
    ],
    ids=["change", "delete", "attendance", "leave", "holiday"],
)
def test_a_request_is_as_if_it_had_not_been(api: Api, ada: int, done: Callable[[Api, int], Answer]) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY)
    tables = ("employees", "assignments", "employments", "employees_history", "schedules", "attendances")
    tables += ("leave_requests", "absences", "holidays")
    before = {table: rows(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1") for table in tables}
    answer = undo(api, request_id=request_of(done(api, ada)))
    assert answer.body["kept"] == []
    assert {table: rows(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1") for table in tables} == before


def test_leave_that_is_undone_no_longer_lies_over_the_plan(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY, time(9), time(17))
    asked = {"employee_id": ada, "leave_type": "Vacation", "start_date": "2027-03-01", "end_date": "2027-03-01"}
    number = api.post("/leave_requests", asked).body["leave_id"]
    approved = api.post(f"/leave_requests/{number}/approve", {})
    assert rows("SELECT effective_work_code FROM effective_schedules") == [("VACATION",)]
    assert by_table(undo(api, request_id=request_of(approved))) == {"leave_requests": (0, 1, 0, 0)}
    assert rows("SELECT effective_work_code FROM effective_schedules") == [("REG",)]
    assert rows("SELECT status FROM leave_requests") == [("Pending",)]


def test_minutes_follow_a_plan_that_is_put_back(api: Api, ada: int) -> None:
    with make.written() as conn:
        shift = make.shift(conn, ada, MONDAY, time(9), time(17))
    assert api.post("/attendances", {"employee_id": ada, "date": "2027-03-01", "check_in": "09:30"}).status == 201
    moved = api.put(f"/schedules/{shift}", {"start_time": "09:30"})
    assert rows("SELECT late_minutes FROM attendances") == [(0,)]
    undo(api, request_id=request_of(moved))
    assert rows("SELECT late_minutes FROM attendances") == [(30,)]


def test_an_actor_s_last_minutes_are_undone_and_nobody_else_s(api: Api, site: Site, ada: int) -> None:
    with make.written() as conn:
        key_id, key = auth.create_key(conn, name="planner", role="planner")
    planner = Api(key)
    for day in (MONDAY, TUESDAY):
        off = {"employee_id": ada, "nominal_date": day.isoformat(), "work_code": "OFF"}
        assert planner.post("/schedules", off).status == 201
    assert api.post("/schedules", {**off, "nominal_date": "2027-03-03"}).status == 201
    owner = db.make_engine(site.url("opsdb_owner"))
    with owner.begin() as conn:
        earlier = "UPDATE audit_log SET at = at - interval '2 hours' WHERE after ->> 'nominal_date' = '2027-03-01'"
        conn.execute(text(earlier))
    owner.dispose()
    assert by_table(undo(api, actor=f"key:{key_id}")) == {"schedules": (1, 0, 0, 0)}
    assert [row[2] for row in rows(PLAN)] == [MONDAY, date(2027, 3, 3)]


def test_awards_are_taken_back_by_negative_entries(api: Api, ada: int) -> None:
    write("INSERT INTO reward_reasons (reason, points) VALUES ('Kudos', 10)")
    [(reason,)] = rows("SELECT reason_id FROM reward_reasons")
    awarded = api.post("/rewards/award", {"employee_id": ada, "reason_id": reason})
    answer = undo(api, request_id=request_of(awarded))
    assert by_table(answer) == {"employee_rewards": (1, 0, 0, 0)}
    assert rows("SELECT points FROM employee_rewards ORDER BY reward_id") == [(10,), (-10,)]
    again = undo(api, request_id=request_of(awarded))
    assert [one["why"] for one in again.body["kept"]] == ["was reversed since"]
    taken = undo(api, request_id=request_of(answer))
    assert [one["why"] for one in taken.body["kept"]] == ["is a reversal: award it again"]


def test_exactly_one_thing_is_undone_and_it_must_be_on_record(api: Api) -> None:
    for said in ({}, {"upload_id": 1, "actor": "key:1"}):
        assert undo(api, **said).errors == [
            "upload_id: exactly one of upload_id, request_id and actor says what to undo"
        ]
    assert undo(api, request_id="never-was").status == 404
    assert undo(api, upload_id=7).status == 404


def test_only_an_admin_undoes_and_reads_the_log(site: Site) -> None:
    for role in sorted(auth.EVERYBODY - {"admin"}):
        with make.written() as conn:
            other = Api(auth.create_key(conn, name=role, role=role)[1])
        assert undo(other, request_id="x").status == 403
        assert other.get("/admin/audit").status == 403


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample data is not here")
def test_the_sample_s_plan_after_two_hundred_edits(api: Api, site: Site) -> None:
    assert upload(SAMPLE / "employees.xlsx", "employees", add_options=True).error_count == 0
    people = [row[0] for row in rows("SELECT employee_id FROM employees ORDER BY 1 LIMIT 300")]
    with make.written() as conn:
        for person in people:
            make.shift(conn, person, SAMPLE_DAY, time(3), time(4))
    before = rows(PLAN)
    assert upload(SAMPLE / "schedules.xlsx", "schedules", correct_past=True).success_count == 28_000
    touched = _edit(api, random.Random(41), people, 200)
    answer = undo(api, upload_id=2)
    kept = answer.body["kept"]
    assert touched == {one["row_id"] for one in kept if one["why"] in {"was changed since", "is gone since"}}
    beside = {one["row_id"] for one in kept} - touched
    assert {one["why"] for one in kept if one["row_id"] in beside} <= {"another row of its day is kept"}
    stay = {str(row[0]) for row in before} - touched - beside
    assert len(stay) > 100
    assert [row for row in rows(PLAN) if str(row[0]) in stay] == [row for row in before if str(row[0]) in stay]
    assert {str(row[0]) for row in rows(PLAN)} <= {one["row_id"] for one in kept} | stay


def _edit(api: Api, chance: random.Random, people: list[int], count: int) -> set[str]:
    """So many random edits of what the upload left, a third of them on days that it replaced; the rows' ids."""
    replaced = [row for row in rows(PLAN) if row[2] == SAMPLE_DAY and row[1] in people]
    others = [row for row in rows(PLAN) if row[2] != SAMPLE_DAY]
    chosen = [*chance.sample(replaced, count // 3), *chance.sample(others, count - count // 3)]
    for number, _, _, start, *_ in chosen:
        if start is None or chance.random() < 0.5:
            assert api.delete(f"/schedules/{number}").status == 200
        else:
            changed = api.put(f"/schedules/{number}", {"work_code": chance.choice(["OT", "TRAIN", "NEST"])})
            assert changed.status == 200, changed.body
    return {str(row[0]) for row in chosen}
