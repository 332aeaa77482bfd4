"""A restore: everything comes back, or nothing has changed."""

import hashlib
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psycopg2
import pytest

from chalicelib.backups import manifest, restore
from chalicelib.backups.client import environment
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.restore import Restored
from chalicelib.backups.script import RestoreFailed
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.settings import settings
from chalicelib.migrations import steps
from tests.backups.place import NOW, Place, content, counted, execute, processes
from tests.conftest import PASSWORDS

WIPE = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


def bring_back(source: str, *, to: str, replace: str | None = None, safety: bool = True) -> Restored:
    return restore.restore(source, to=to, now=NOW, replace=replace, safety=safety)


def downloaded(
    place: Place, made: Manifest, folder: Path, change: Callable[[bytes], bytes] = lambda body: body
) -> Path:
    path = folder / "brought.dump"
    path.write_bytes(change(place.client.get_object(Bucket=place.bucket, Key=made.key)["Body"].read()))
    return path


def test_every_row_comes_back(place: Place) -> None:
    made = place.backup()
    there = place.another()
    done = bring_back("latest", to=there)
    assert (done.backup_id, done.compared, done.safety) == (made.backup_id, True, None)
    assert counted(there) == made.tables == done.tables
    assert content(there, made.tables) == content(place.owner, made.tables)


def test_counts_and_dump_agree_while_five_people_work(place: Place) -> None:
    ends, made = threading.Event(), []
    writers = [threading.Thread(target=work, args=(place, number, ends)) for number in range(5)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        time.sleep(0.3)
        made.append(place.backup())
    ends.set()
    for writer in writers:
        writer.join()
    grown = [one.tables["floor_notes"] for one in made] + [counted(place.owner)["floor_notes"]]
    assert grown == sorted(set(grown))
    for one in made:
        there = place.another()
        assert bring_back(one.backup_id, to=there).compared
        # Each writer commits a note and a leave together, and a trigger adds the absence.
        before = made[0].tables["floor_notes"] - made[0].tables["leave_requests"]
        assert one.tables["floor_notes"] - one.tables["leave_requests"] == before
        assert counted(there) == one.tables


def work(place: Place, number: int, ends: threading.Event) -> None:
    conn = psycopg2.connect(place.url("opsdb_app"))
    day = 0
    while not ends.is_set():
        day += 1
        with conn, conn.cursor() as cursor:
            cursor.execute("INSERT INTO floor_notes (date, author, text) VALUES ('2026-11-18', 'w', 'busy')")
            cursor.execute(
                "INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date)"
                " VALUES (%s, 'Vacation', date '2027-01-01' + %s, date '2027-01-01' + %s)",
                (number + 1, day, day),
            )
    conn.close()


@pytest.mark.parametrize("who", ["the owner", "the administrator", "nobody is left", "the administrator anew"])
def test_a_wiped_database_is_whole_again_and_the_application_works(place: Place, who: str) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    wipe(place, who)
    done = bring_back("latest", to=place.owner)
    assert (done.compared, done.safety) == (True, None)
    assert content(place.owner, made.tables) == before
    assert place.rows() == {made.backup_id: ("good", None)}
    works(place)


HELD = """SELECT e::text FROM employees e WHERE employee_id = 3
          UNION ALL SELECT concat(before, after) FROM audit_log WHERE table_name = 'employees' AND row_id = '3'"""


def erase(place: Place) -> None:
    place.sql("UPDATE employees SET status = 'Inactive' WHERE employee_id = 3; SELECT erase_person(3, 'law')")


def test_who_was_erased_since_is_erased_again_in_the_same_transaction(place: Place) -> None:
    """Also who worked at that time; and as when, by whom and why it was."""
    made = place.backup()
    assert "Läst3" in str(place.sql(HELD))
    erase(place)
    known = place.sql("SELECT e::text FROM erasures e WHERE employee_id = 3")
    done = bring_back(made.backup_id, to=place.owner, replace=place.database)
    assert (done.compared, done.not_erased) == (True, ())
    assert "Läst3" not in str(place.sql(HELD))
    assert place.sql("SELECT e::text FROM erasures e WHERE employee_id = 3") == known
    assert place.sql("SELECT full_name, status FROM employees WHERE employee_id = 3") == [("Erased 3", "Inactive")]
    there = place.another()
    assert bring_back(made.backup_id, to=there).not_erased == ()
    assert execute(there, "SELECT full_name FROM employees WHERE employee_id = 3") == [("Erased 3",)]


def test_who_was_hired_anew_since_is_not_erased_again(place: Place) -> None:
    made = place.backup()
    erase(place)
    place.sql("UPDATE employees SET status = 'Active', first_name = 'Came', last_name = 'Back' WHERE employee_id = 3")
    bring_back(made.backup_id, to=place.owner, replace=place.database)
    assert place.sql("SELECT full_name FROM employees WHERE employee_id = 3") == [("First3 Läst3",)]


def test_whom_a_dump_from_before_erasures_brings_back_is_told(place: Place) -> None:
    steps.downgrade(place.owner, "0013")
    made = place.backup()
    steps.upgrade(place.owner)
    erase(place)
    assert bring_back(made.backup_id, to=place.owner, replace=place.database).not_erased == (3,)


def wipe(place: Place, who: str) -> None:
    if who in {"the owner", "the administrator"}:
        execute(place.owner if who == "the owner" else place.admin, WIPE)
        return
    execute(place.server.admin_url, f"DROP DATABASE {place.database} WITH (FORCE)")
    if who == "the administrator anew":
        execute(place.server.admin_url, f"CREATE DATABASE {place.database}")


def works(place: Place) -> None:
    """Each role can do what it is for: rights, triggers, numbering, extensions and migrations are back."""
    app = place.url("opsdb_app")
    execute(app, "INSERT INTO employees (employee_id, first_name) VALUES (501, 'New')")
    assert execute(app, "SELECT count(*) FROM people WHERE employee_id = 501") == [(1,)]
    assert execute(app, "SELECT table_name FROM audit_log ORDER BY audit_id DESC LIMIT 1") == [("employees",)]
    execute(app, "INSERT INTO floor_notes (date, author, text) VALUES ('2026-11-18', 'a', 'numbered by the database')")
    assert execute(app, "SELECT count(*) FROM employees WHERE public.folded(full_name) LIKE '%last7%'") == [(1,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(app, "UPDATE employee_rewards SET points = 9")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(place.url("opsdb_readonly"), "SELECT * FROM users")
    with pytest.raises(psycopg2.errors.ExclusionViolation):
        execute(
            app,
            "INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)"
            " VALUES (1, '2026-11-02', '2026-11-02', '10:00', '2026-11-02', '11:00', 'REG')",
        )
    assert steps.upgrade(place.owner) == steps.head()
    execute(place.owner, "CREATE TABLE later (x int)")
    assert place.backup().tables["later"] == 0


def test_what_is_restored_belongs_to_the_databases_owner_also_when_the_administrator_restores(place: Place) -> None:
    place.backup()
    there = place.another()
    bring_back("latest", to=steps.with_database(place.server.admin_url, place.databases[-1]))
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert execute(there, owners) == [("opsdb_owner",)]


def test_a_database_that_is_not_empty_is_refused(place: Place) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    with pytest.raises(Conflict, match=rf"not empty \(\d+ .*--replace {place.database}"):
        bring_back("latest", to=place.owner)
    with pytest.raises(Conflict, match="postgres was named"):
        bring_back("latest", to=place.owner, replace="postgres")
    assert content(place.owner, made.tables) == before


def test_production_is_refused_unless_named_even_when_empty(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.backup()
    execute(place.owner, WIPE)
    monkeypatch.setenv("OPSDB_STAGE", "prod")
    settings.cache_clear()
    with pytest.raises(Conflict, match="is production"):
        bring_back("latest", to=place.owner)
    bring_back("latest", to=place.owner, replace=place.database)


def test_what_is_replaced_is_dumped_first_and_can_come_back(place: Place) -> None:
    first = place.backup()
    place.sql("INSERT INTO holidays (date, name) VALUES ('2027-01-01', 'New Year')")
    done = bring_back("latest", to=place.owner, replace=place.database)
    assert place.sql("SELECT count(*) FROM holidays") == [(1,)]
    assert done.safety
    assert manifest.read(place.bucket, done.safety).tier == "safety"
    assert manifest.latest(place.bucket) == first
    bring_back(done.safety, to=place.owner, replace=place.database)
    assert place.sql("SELECT count(*) FROM holidays") == [(2,)]


def test_a_half_wiped_database_is_saved_as_it_is_and_replaced(place: Place) -> None:
    made = place.backup()
    place.sql("DROP TABLE backups, alembic_version, people CASCADE")
    done = bring_back("latest", to=place.owner, replace=place.database)
    assert done.safety
    assert "people" not in manifest.read(place.bucket, done.safety).tables
    assert counted(place.owner) == made.tables


def test_another_deployments_database_is_saved_to_a_file(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place.backup()
    there = place.another()
    execute(there, "CREATE TABLE theirs AS SELECT 1 AS x")
    saved = bring_back("latest", to=there, replace=place.databases[-1]).safety
    assert saved == str(tmp_path / f"safety-{place.databases[-1]}-20261118T013000Z.dump")
    bring_back(saved, to=there, replace=place.databases[-1], safety=False)
    assert counted(there) == {"theirs": 1}


def unchanged_after(place: Place, source: str, error: type[Exception], match: str) -> None:
    tables = counted(place.owner)
    before = content(place.owner, tables)
    with pytest.raises(error, match=match):
        bring_back(source, to=place.owner, replace=place.database, safety=False)
    assert counted(place.owner) == tables
    assert content(place.owner, tables) == before
    held = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database AND datname = current_database()"
    assert execute(place.owner, f"{held} WHERE mode = 'AccessExclusiveLock'") == [(0,)]


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.999])
def test_a_truncated_file_changes_nothing(place: Place, tmp_path: Path, kept: float) -> None:
    path = downloaded(place, place.backup(), tmp_path, lambda body: body[: int(len(body) * kept)])
    unchanged_after(place, str(path), RestoreFailed, "pg_restore ended with")


def test_a_pg_restore_that_is_killed_in_the_middle_changes_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = downloaded(place, place.backup(), tmp_path)
    # It stops right after a line of data: a psql that took the end for the end would commit what it has.
    half = '$REAL "$@" | sed "/^COPY public.schedules /{n;q}"; kill -9 $$'
    place.shim(tmp_path / "bin", monkeypatch, pg_restore=half)
    unchanged_after(place, str(path), RestoreFailed, "pg_restore ended with -9")


def test_a_psql_that_is_killed_in_the_middle_changes_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = downloaded(place, place.backup(), tmp_path)
    place.shim(tmp_path / "bin", monkeypatch, psql='head -c 200000 | $REAL "$@"; kill -9 $$')
    unchanged_after(place, str(path), RestoreFailed, "psql ended with -9")


def test_a_dump_that_does_not_have_the_rows_of_its_manifest_changes_nothing(place: Place, tmp_path: Path) -> None:
    made = place.backup()
    path = downloaded(place, made, tmp_path)
    wrong = msgspec.structs.replace(made, tables={**made.tables, "holidays": 7, "lost": 1})
    path.with_suffix(".json").write_bytes(msgspec.json.encode(wrong))
    unchanged_after(place, str(path), RestoreFailed, r'holidays has 1 rows, not 7; missing: \{"lost": 1\}')


def test_a_backup_that_is_running_is_not_disturbed(place: Place) -> None:
    place.backup()
    conn = psycopg2.connect(place.url("opsdb_backup"))
    with conn.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (0x6F707362,))
        unchanged_after(place, "latest", RestoreFailed, "a backup, a migration or another restore")
    conn.close()


def test_somebody_at_work_in_the_database_is_not_swept_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "LOCK_WAIT", "1s")
    place.backup()
    conn = psycopg2.connect(place.url("opsdb_app"))
    with conn.cursor() as cursor:
        cursor.execute("SELECT * FROM holidays")
        unchanged_after(place, "latest", RestoreFailed, "stop the application")
    conn.close()


def test_a_flipped_byte_is_refused_before_the_target_is_touched(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made = place.backup()
    body = bytearray(place.client.get_object(Bucket=place.bucket, Key=made.key)["Body"].read())
    body[len(body) // 2] ^= 1
    stored = place.client.put_object(Bucket=place.bucket, Key=made.key, Body=bytes(body))
    manifest.write(msgspec.structs.replace(made, version_id=stored["VersionId"]))
    monkeypatch.setattr(restore.target, "prepare", None)
    unchanged_after(place, "latest", Invalid, "is damaged")


def test_an_overwritten_dump_is_restored_from_its_own_version(place: Place) -> None:
    made = place.backup()
    place.client.put_object(Bucket=place.bucket, Key=made.key, Body=b"not a dump")
    there = place.another()
    assert bring_back(made.backup_id, to=there).compared


def test_a_file_with_its_manifest_beside_it_is_checked(place: Place, tmp_path: Path) -> None:
    made = place.backup()
    path = downloaded(place, made, tmp_path)
    path.with_suffix(".json").write_bytes(msgspec.json.encode(made))
    assert bring_back(str(path), to=place.another()).compared
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    unchanged_after(place, str(path), Invalid, "is damaged")


def test_a_file_alone_is_restored_without_comparison(place: Place, tmp_path: Path) -> None:
    made = place.backup()
    there = place.another()
    done = bring_back(str(downloaded(place, made, tmp_path)), to=there)
    assert (done.backup_id, done.compared, done.tables) == (None, False, made.tables)
    assert execute(there, "SELECT state, message FROM backups") == [("failed", restore.INTERRUPTED)]


def test_a_dump_remembers_no_backup_as_running(place: Place) -> None:
    place.sql("INSERT INTO backups (backup_id, tier, started_at) VALUES ('other', 'daily', now())")
    there = place.another()
    saved = restore.restore(place.backup().backup_id, to=there, now=NOW)
    states = dict(execute(there, "SELECT backup_id, state FROM backups"))
    assert states == {"other": "failed", saved.backup_id: "good"}


def test_a_source_that_does_not_exist_is_named(place: Place, tmp_path: Path) -> None:
    there = place.another()
    for source, said in [("latest", "no backup in"), ("2026-daily", "no backup 2026-daily"), ("x/y.dump", "no file")]:
        with pytest.raises(NotFound, match=said):
            bring_back(source, to=there)
    (tmp_path / "notes.dump").write_text("no dump")
    with pytest.raises(Invalid, match="custom format"):
        bring_back(str(tmp_path / "notes.dump"), to=there)


def test_without_an_administrator_the_obstacles_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.backup()
    execute(place.admin, WIPE)
    monkeypatch.delenv("OPSDB_ADMIN_DATABASE_URL")
    settings.cache_clear()
    with pytest.raises(Conflict, match=r"may not replace the schema public.*OPSDB_ADMIN_DATABASE_URL"):
        bring_back("latest", to=place.owner)


def test_plain_sql_loads_with_psql_alone(place: Place, tmp_path: Path) -> None:
    made = place.backup()
    out = tmp_path / "floor.sql"
    restore.write_sql("latest", out)
    there = place.another()
    command = [place.server.bin_dir / "psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", out]
    subprocess.run(command, env=environment(there), check=True, stdout=subprocess.DEVNULL)
    assert content(there, made.tables) == content(place.owner, made.tables)
    sql = out.read_text()
    assert "\n\\restrict" not in sql
    assert "\n\\unrestrict" not in sql
    assert "transaction_timeout" not in sql
    assert "OWNER TO" not in sql


def test_the_archive_is_one_that_pg_restore_alone_restores(place: Place, tmp_path: Path) -> None:
    made = place.backup()
    path = downloaded(place, made, tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256
    there = place.another()
    command = [
        place.server.bin_dir / "pg_restore",
        "--no-owner",
        "--single-transaction",
        "-d",
        place.databases[-1],
        path,
    ]
    subprocess.run(command, env=environment(there), check=True)
    assert counted(there) == made.tables


def test_progress_is_told_in_bytes_and_rows(place: Place) -> None:
    made = place.backup()
    told: list[tuple[str, int, int | None]] = []
    restore.restore("latest", to=place.another(), now=NOW, progress=lambda *one: told.append(one))
    assert ("download", made.size, made.size) in told
    assert told[-1] == ("restore", sum(made.tables.values()), sum(made.tables.values()))


def test_no_password_is_an_argument_of_a_restore(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.backup()
    there = place.another()
    place.shim(tmp_path, monkeypatch, psql='sleep 0.5; exec $REAL "$@"')
    running = threading.Thread(target=bring_back, args=("latest",), kwargs={"to": there})
    running.start()
    seen = []
    while running.is_alive():
        seen += processes(lambda words: True).values()
    running.join()
    assert any(words[0].endswith("psql") or "psql" in " ".join(words) for words in seen)
    assert not [words for words in seen if PASSWORDS["opsdb_owner"] in " ".join(words)]
