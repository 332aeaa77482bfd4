"""The schedules sheet: the weekly plan and its corrections, by person-day."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.imports import run as running
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from tests import make
from tests.conftest import Site

MONDAY = date(2027, 3, 1)
TUESDAY, WEDNESDAY = MONDAY + timedelta(1), MONDAY + timedelta(2)


@pytest.fixture(autouse=True)
def february(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock stands before the week that these tests plan."""
    stopped = datetime.fromisoformat("2027-02-20T12:00:00+00:00")
    monkeypatch.setattr(running, "now", lambda: stopped)


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn, first_name="Ada", last_name="Lovelace", ruex_id="alovelace")


def plan(path: Path, *rows: tuple[Any, ...], **options: bool) -> Upload:
    make.sheet(path / "plan.xlsx", rows, headers=make.SCHEDULE_HEADERS)
    return import_file(path / "plan.xlsx", kind="schedules", options=options, uploaded_by="test")


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


def shifts() -> list[tuple[Any, ...]]:
    found = rows("SELECT nominal_date, start_time, stop_time, work_code, origin FROM schedules ORDER BY 1, 2")
    return [tuple(row) for row in found]


def findings(upload: Upload) -> list[tuple[Any, ...]]:
    found = rows(
        "SELECT finding, row_number, reason FROM upload_errors WHERE upload_id = :id ORDER BY row_number, error_id",
        id=upload.upload_id,
    )
    return [tuple(row) for row in found]


def test_people_are_found_by_id_by_ruex_id_and_by_the_computed_form(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        one = make.employee(conn, first_name="Ada", last_name="Lovelace", ruex_id="boss1")
        two = make.employee(conn, first_name="José", last_name="Núñez")
    done = plan(
        tmp_path,
        ("BOSS1", MONDAY, time(9), time(17), "REG"),
        (str(one), TUESDAY, time(9), time(17), "REG"),
        ("jnunez", MONDAY, time(9), time(17), "REG"),
        ("jnúñez", TUESDAY, time(9), time(17), "REG"),
    )
    assert (done.state, done.success_count) == ("done", 4)
    assert {row.employee_id for row in rows("SELECT employee_id FROM schedules")} == {one, two}


def test_letters_that_fold_to_two_are_found_as_they_are_and_folded(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        make.employee(conn, first_name="Æsa", last_name="Þór Strauß")
        make.employee(conn, first_name="İpek", last_name="Øst")
        make.employee(conn, first_name=None, last_name="Strauss")
    logins = ("æþórstrauß", "AETHORSTRAUSS", "iost", "İøst")
    done = plan(tmp_path, *((one, MONDAY + timedelta(day), time(9), time(17), "REG") for day, one in enumerate(logins)))
    assert (done.success_count, findings(done)) == (4, [])


def test_an_ambiguous_ruex_id_is_an_error_that_lists_the_candidates(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        one = make.employee(conn, first_name="John", last_name="Smith")
        two = make.employee(conn, first_name="Jane", last_name="Smith")
    done = plan(tmp_path, ("jsmith", MONDAY, time(9), time(17), "REG"), ("nobody", MONDAY, time(9), time(17), "REG"))
    assert (done.success_count, done.error_count) == (0, 2)
    assert findings(done) == [
        (
            "error",
            2,
            f"is the RUEX ID of 2 people: {one} (John Smith), {two} (Jane Smith); use the employee id instead",
        ),
        ("error", 3, "is no employee's RUEX ID"),
    ]


def test_a_stop_at_or_before_the_start_is_on_the_next_day(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, (ada, MONDAY, time(22), time(6), "NIGHT"))
    found = rows("SELECT start_date, stop_date FROM schedules")
    assert tuple(found[0]) == (MONDAY, TUESDAY)


def test_a_corrected_day_replaces_the_planned_one_and_leaves_the_others(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG"), (ada, TUESDAY, None, None, "OFF"))
    ids = [row.schedule_id for row in rows("SELECT schedule_id FROM schedules ORDER BY 1")]
    done = plan(tmp_path, (ada, MONDAY, time(10), time(18), "REG"), (ada, TUESDAY, None, None, "OFF"))
    assert (done.success_count, done.unchanged_count) == (1, 1)
    assert shifts() == [
        (MONDAY, time(10), time(18), "REG", "plan"),
        (TUESDAY, None, None, "OFF", "plan"),
    ]
    assert [row.schedule_id for row in rows("SELECT schedule_id FROM schedules ORDER BY 1")] == ids


def test_a_worked_day_turns_into_a_day_off_and_back(ada: int, tmp_path: Path) -> None:
    for code, start, stop in (("REG", time(9), time(17)), ("OFF", None, None), ("REG", time(9), time(17))):
        done = plan(tmp_path, (ada, MONDAY, start, stop, code))
        assert (done.state, done.success_count) == ("done", 1)
        assert shifts() == [(MONDAY, start, stop, code, "plan")]


def test_a_split_shift_becomes_one_and_two_again(ada: int, tmp_path: Path) -> None:
    split = ((ada, MONDAY, time(8), time(12), "REG"), (ada, MONDAY, time(14), time(18), "REG"))
    plan(tmp_path, *split)
    plan(tmp_path, (ada, MONDAY, time(8), time(16), "REG"))
    assert shifts() == [(MONDAY, time(8), time(16), "REG", "plan")]
    plan(tmp_path, *split)
    assert [row[1] for row in shifts()] == [time(8), time(14)]


def test_two_days_may_trade_their_times_in_one_sheet(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, (ada, MONDAY, time(22), time(6), "REG"), (ada, TUESDAY, time(22), time(6), "REG"))
    done = plan(tmp_path, (ada, MONDAY, time(21), time(5), "REG"), (ada, TUESDAY, time(5), time(13), "REG"))
    assert (done.state, done.success_count) == ("done", 2)


def test_overlaps_inside_the_file_name_both_rows_and_the_rest_goes_in(ada: int, tmp_path: Path) -> None:
    done = plan(
        tmp_path,
        (ada, MONDAY, time(22), time(6), "REG"),
        (ada, TUESDAY, time(5), time(13), "REG"),
        (ada, WEDNESDAY, time(9), time(17), "REG"),
    )
    assert (done.state, done.success_count, done.error_count) == ("done_with_errors", 1, 2)
    night, early = "2027-03-01 22:00-06:00 (REG)", "2027-03-02 05:00-13:00 (REG)"
    assert findings(done) == [
        ("error", 2, f"Ada Lovelace would be in two places: {night} overlaps {early}; see row 3"),
        ("error", 3, f"Ada Lovelace would be in two places: {early} overlaps {night}; see row 2"),
    ]
    assert [row[0] for row in shifts()] == [WEDNESDAY]


def test_an_overlap_with_what_stays_in_the_plan_is_a_row_error(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, (ada, MONDAY, time(22), time(6), "REG"))
    done = plan(tmp_path, (ada, TUESDAY, time(5), time(13), "REG"))
    assert (done.success_count, done.error_count) == (0, 1)
    assert findings(done) == [
        (
            "error",
            2,
            "Ada Lovelace would be in two places: 2027-03-02 05:00-13:00 (REG) overlaps"
            " 2027-03-01 22:00-06:00 (REG), which stays in the plan",
        )
    ]


def test_a_day_held_back_brings_its_old_shift_into_the_way_of_another(ada: int, tmp_path: Path) -> None:
    """Monday's new times fail against Sunday's night, so Monday's old night stays and Tuesday fails against it."""
    sunday = MONDAY - timedelta(1)
    with make.written() as conn:
        make.shift(conn, ada, sunday, time(23), time(7), origin="manual")
    plan(tmp_path, (ada, MONDAY, time(22), time(6), "REG"))
    done = plan(tmp_path, (ada, MONDAY, time(6), time(14), "REG"), (ada, TUESDAY, time(5), time(13), "REG"))
    assert (done.success_count, done.error_count) == (0, 2)
    assert [row[1] for row in shifts()] == [time(23), time(22)]


def test_one_bad_row_holds_its_whole_person_day_back(ada: int, tmp_path: Path) -> None:
    done = plan(
        tmp_path,
        (ada, MONDAY, time(8), time(12), "REG"),
        (ada, MONDAY, "25:99", time(18), "REG"),
        (ada, TUESDAY, time(8), time(12), "REG"),
    )
    assert (done.success_count, done.error_count) == (1, 2)
    assert findings(done)[0] == ("error", 2, "another row of this person's day failed: row 3")
    assert [row[0] for row in shifts()] == [TUESDAY]


def test_a_day_off_and_a_shift_on_one_day_contradict_each_other(ada: int, tmp_path: Path) -> None:
    done = plan(tmp_path, (ada, MONDAY, None, None, "OFF"), (ada, MONDAY, time(9), time(17), "REG"))
    assert (done.success_count, done.error_count) == (0, 2)
    off, worked = "2027-03-01 (OFF)", "2027-03-01 09:00-17:00 (REG)"
    assert [found[2] for found in findings(done)] == [
        f"Ada Lovelace has {worked}: that nominal date cannot hold {off} as well; see row 3",
        f"Ada Lovelace has {off}: that nominal date cannot hold {worked} as well; see row 2",
    ]


def test_the_same_row_twice_is_written_once_and_reported(ada: int, tmp_path: Path) -> None:
    row = (ada, MONDAY, time(9), time(17), "REG")
    done = plan(tmp_path, row, row)
    assert (done.success_count, done.duplicate_count, done.error_count) == (1, 1, 0)
    assert findings(done) == [("duplicate", 3, "is the same as row 2")]


def test_reupload_of_the_same_file_changes_nothing(ada: int, tmp_path: Path) -> None:
    week = [(ada, MONDAY + timedelta(day), time(22), time(6), "NIGHT") for day in range(5)]
    plan(tmp_path, *week)
    before, audited = rows("SELECT * FROM schedules ORDER BY 1"), rows("SELECT count(*) FROM audit_log")
    done = plan(tmp_path, *week)
    assert (done.state, done.unchanged_count, done.success_count) == ("done", 5, 0)
    assert rows("SELECT * FROM schedules ORDER BY 1") == before
    assert rows("SELECT count(*) FROM audit_log") == audited


def test_what_was_entered_by_hand_stays_unless_overridden(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY, time(12), time(20), origin="manual")
    row = (ada, MONDAY, time(9), time(17), "REG")
    kept = plan(tmp_path, row)
    assert (kept.kept_count, kept.success_count) == (1, 0)
    assert findings(kept) == [("kept", 2, "kept: entered by hand here; override-local takes the sheet's")]
    plan(tmp_path, row, override_local=True)
    assert shifts() == [(MONDAY, time(9), time(17), "REG", "plan")]


def test_a_covered_shift_stays_and_says_who_covers(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        other = make.employee(conn, first_name="Grace", last_name="Hopper")
        schedule_id = make.shift(conn, ada, MONDAY)
        change_id = conn.execute(
            text(
                """INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type,
                status) VALUES (:a, :s, :b, :d, 'Cover', 'Approved') RETURNING change_id"""
            ),
            {"a": ada, "s": schedule_id, "b": other, "d": MONDAY},
        ).scalar_one()
        conn.execute(
            text("UPDATE schedules SET given_away = true, change_id = :c WHERE schedule_id = :s"),
            {"c": change_id, "s": schedule_id},
        )
    done = plan(tmp_path, (ada, MONDAY, time(10), time(18), "REG"), override_local=True)
    assert (done.kept_count, done.success_count) == (1, 0)
    assert findings(done) == [("kept", 2, "kept: covered by Grace Hopper")]


def test_a_day_that_has_started_changes_only_when_the_past_may_be_corrected(ada: int, tmp_path: Path) -> None:
    past = date(2027, 2, 18)
    added = plan(tmp_path, (ada, past, time(9), time(17), "REG"))
    assert added.success_count == 1, "a day that is missing may always be added"
    correction = (ada, past, time(10), time(18), "REG")
    refused = plan(tmp_path, correction)
    assert findings(refused) == [("error", 2, "has started and stands otherwise; correct-past changes it")]
    corrected = plan(tmp_path, correction, correct_past=True)
    assert corrected.success_count == 1


def test_an_older_file_that_arrives_late_does_not_undo_a_newer_one(ada: int, tmp_path: Path) -> None:
    newer = plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG"))
    with make.written() as conn:
        conn.execute(text("UPDATE uploads SET object_modified = object_modified + interval '1 day'"))
    late = plan(tmp_path, (ada, MONDAY, time(8), time(16), "REG"))
    assert (late.kept_count, late.success_count) == (1, 0)
    assert findings(late)[0][2] == f"kept: upload {newer.upload_id} is newer and has set this day"


def test_days_that_disappear_are_listed_and_removed_only_when_asked(ada: int, tmp_path: Path) -> None:
    week = [(ada, MONDAY + timedelta(day), time(9), time(17), "REG") for day in range(5)]
    plan(tmp_path, *week)
    shorter = [week[0], *week[2:]]
    listed = plan(tmp_path, *shorter)
    assert (listed.disappeared_count, listed.unchanged_count) == (1, 4)
    assert findings(listed)[0][2] == f"Ada Lovelace ({ada}) is planned then, but not in the sheet"
    assert len(shifts()) == 5
    refused = plan(tmp_path, *shorter, replace_period=True)
    assert refused.state == "failed"
    assert refused.message is not None
    assert "more than a tenth" in refused.message
    plan(tmp_path, *shorter, replace_period=True, confirm=True)
    assert TUESDAY not in [row[0] for row in shifts()]
    assert len(shifts()) == 4


def test_a_dry_run_counts_and_leaves_the_plan_alone(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG"))
    before = shifts()
    done = plan(tmp_path, (ada, MONDAY, time(10), time(18), "REG"), (ada, TUESDAY, None, None, "OFF"), dry_run=True)
    assert (done.state, done.success_count, done.message) == ("done", 2, "2 rows would be written.")
    assert shifts() == before


def test_changes_are_audited_with_what_stood_before(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG"))
    done = plan(tmp_path, (ada, MONDAY, time(10), time(18), "REG"))
    found = rows(
        "SELECT action, before ->> 'start_time', after ->> 'start_time' FROM audit_log WHERE upload_id = :id",
        id=done.upload_id,
    )
    assert [tuple(row) for row in found] == [("update", "09:00:00", "10:00:00")]
