"""The `opsdb` command on a real database and a real S3, and what prepares a database for it."""

import csv
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from chalicelib.admin import passwords
from chalicelib.core import auth, db, storage
from chalicelib.migrations import steps
from local import cli, prepare
from local.files import StackError
from tests import make
from tests.conftest import PASSWORDS, Site, administer, forget

Opsdb = Callable[..., Result]


@pytest.fixture
def opsdb(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opsdb]:
    """Runs the command on this test's site, as a program of its own would."""
    before = dict(os.environ)
    monkeypatch.setenv("OPSDB_SETTINGS_FILE", str(tmp_path / "settings.json"))
    monkeypatch.setenv("OPSDB_ADMIN_DATABASE_URL", site.server.admin_url)

    def run(*words: str | Path) -> Result:
        forget()
        result = CliRunner().invoke(cli.main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    yield run
    os.environ.clear()
    os.environ.update(before)
    forget()


def one_value(question: str) -> Any:
    with db.reading() as conn:
        return conn.execute(text(question)).scalar()


def people_sheet(folder: Path, count: int = 2) -> Path:
    return make.sheet(folder / "people.xlsx", [make.employee_row() for _ in range(count)])


def every_command(command: Any = cli.main, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, one in getattr(command, "commands", {}).items():
        yield (*words, name)
        yield from every_command(one, (*words, name))


GROUPS = {("keys",), ("users",), ("readers",)}


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli.main, [*words, "--help"])
    assert result.exit_code == 0
    assert words in GROUPS or "opsdb " + " ".join(words) in result.output.split("Example")[1]


@pytest.mark.parametrize("words", [one for one in every_command() if one not in {("up",), *GROUPS}], ids=" ".join)
def test_every_command_with_an_answer_gives_it_as_json_too(words: tuple[str, ...]) -> None:
    assert "--json" in CliRunner().invoke(cli.main, [*words, "--help"]).output


def test_help_lists_the_exit_codes() -> None:
    output = CliRunner().invoke(cli.main, ["--help"]).output
    assert [line.split()[0] for line in output.split("Exit codes:")[1].splitlines() if line.strip()] == list("012345")


def test_an_import_says_how_many_rows_went_in(opsdb: Opsdb, tmp_path: Path) -> None:
    result = opsdb("import", people_sheet(tmp_path), "--kind", "employees", "--add-options")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 rows were written" in result.stdout
    assert one_value("SELECT count(*) FROM employees") == 2
    assert one_value("SELECT key LIKE 'direct/%' FROM uploads")


def test_a_dry_run_writes_nothing(opsdb: Opsdb, tmp_path: Path) -> None:
    result = opsdb("import", people_sheet(tmp_path), "--kind", "employees", "--add-options", "--dry-run")
    assert result.exit_code == 0
    assert "dry run" in result.stdout
    assert one_value("SELECT count(*) FROM employees") == 0


def test_rows_with_errors_are_listed_and_written_beside_the_file(opsdb: Opsdb, tmp_path: Path) -> None:
    sheet = people_sheet(tmp_path, 10)
    result = opsdb("import", sheet, "--kind", "employees")
    assert result.exit_code == 3
    assert "Row 2, Department" in result.stdout
    assert sum(line.startswith("  Row ") for line in result.stdout.splitlines()) == 20
    with (tmp_path / "people.xlsx.errors.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == one_value("SELECT error_count FROM uploads")
    assert list(rows[0]) == [*make.EMPLOYEE_HEADERS, "Reason", "Upload", "Row"]
    assert "New dropdown values" in result.stdout


def test_a_dry_run_says_what_would_change_and_warnings_are_listed(opsdb: Opsdb, tmp_path: Path) -> None:
    row = make.employee_row()
    make.sheet(tmp_path / "people.xlsx", [row])
    opsdb("import", tmp_path / "people.xlsx", "--kind", "employees", "--add-options")
    make.sheet(tmp_path / "people.xlsx", [row | {"Batch": "2026-11"}])
    asked = ("--kind", "employees", "--update-existing", "--dry-run")
    assert (
        f"Row 2, {row['Odoo ID']}: batch 2025-01 -> 2026-11" in opsdb("import", tmp_path / "people.xlsx", *asked).stdout
    )
    shifts = [
        (row["Odoo ID"], date(2027, 3, day), time(start), time(start + 8), "REG") for day, start in ((1, 14), (2, 5))
    ]
    sheet = make.sheet(tmp_path / "plan.xlsx", shifts, headers=make.SCHEDULE_HEADERS)
    result = opsdb("import", sheet, "--kind", "schedules")
    assert (result.exit_code, "Warnings:" in result.stdout) == (0, True)
    assert "Row 3, Earliest - Start" in result.stdout


def test_the_error_file_is_imported_as_it_was_written(opsdb: Opsdb, tmp_path: Path) -> None:
    sheet = people_sheet(tmp_path, 3)
    assert opsdb("import", sheet, "--kind", "employees").exit_code == 3
    again = opsdb("import", tmp_path / "people.xlsx.errors.csv", "--kind", "employees", "--add-options")
    assert (again.exit_code, one_value("SELECT count(*) FROM employees")) == (0, 3), again.stdout


def test_no_cell_of_the_error_file_can_run_as_a_formula(opsdb: Opsdb, tmp_path: Path) -> None:
    sheet = make.sheet(tmp_path / "people.xlsx", [make.employee_row(Department="@SUM(A1)")])
    assert opsdb("import", sheet, "--kind", "employees").exit_code == 3
    with (tmp_path / "people.xlsx.errors.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'@SUM(A1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_file_that_is_no_sheet_fails(opsdb: Opsdb, tmp_path: Path) -> None:
    picture = tmp_path / "people.xlsx"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    result = opsdb("import", picture, "--kind", "employees", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["state"]) == (1, "failed")
    assert answer["message"]


@pytest.mark.parametrize(
    "words", [("import", "nowhere.xlsx", "--kind", "employees"), ("import",), ("backup", "--tier", "x"), ("nonsense",)]
)
def test_a_wrong_command_line_is_code_two(opsdb: Opsdb, words: tuple[str, ...]) -> None:
    assert opsdb(*words).exit_code == 2


def test_a_backup_brings_back_what_was_there(opsdb: Opsdb, site: Site, tmp_path: Path) -> None:
    opsdb("import", people_sheet(tmp_path), "--kind", "employees", "--add-options")
    made = json.loads(opsdb("backup", "--json").stdout)
    assert made["tables"]["employees"] == 2
    listed = json.loads(opsdb("backups", "--json").stdout)
    assert [(one["backup_id"], one["tier"], one["state"]) for one in listed] == [(made["backup_id"], "manual", "good")]
    assert made["backup_id"] in opsdb("backups").stdout
    with db.writing(db.Actor("test")) as conn:
        conn.execute(text("DELETE FROM employees"))
    db.engine().dispose()
    restored = opsdb("restore", "latest", "--replace", site.database, "--json")
    assert (restored.exit_code, json.loads(restored.stdout)["compared"]) == (0, True)
    assert one_value("SELECT count(*) FROM employees") == 2


def test_a_restore_over_a_database_in_use_must_name_it(opsdb: Opsdb, site: Site) -> None:
    opsdb("backup")
    result = opsdb("restore", "latest")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"--replace {site.database}" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_backup_into_a_new_database_leaves_the_live_one_alone(opsdb: Opsdb, site: Site, tmp_path: Path) -> None:
    opsdb("import", people_sheet(tmp_path), "--kind", "employees", "--add-options")
    opsdb("backup")
    name = f"{site.database}_new"
    db.engine().dispose()
    try:
        done = json.loads(opsdb("restore", "latest", "--into", name, "--json").stdout)
        assert (done["database"], done["compared"], done["safety"]) == (name, True, None)
        again = opsdb("restore", "latest", "--into", name)
        assert (again.exit_code, f"There is a database {name} already" in again.stderr) == (1, True)
    finally:
        administer(site.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    live = opsdb("restore", "latest", "--into", site.database)
    assert (live.exit_code, "already" in live.stderr) == (1, True)
    assert opsdb("restore", "latest", "--into", 'x"; DROP').exit_code == 1
    assert opsdb("restore", "latest", "--into", name, "--replace", name).exit_code == 2
    assert opsdb("restore", "20200101T000000Z-daily-0000", "--into", name).exit_code == 1
    assert one_value("SELECT count(*) FROM employees") == 2
    assert one_value(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0


def test_a_backup_is_verified_drilled_and_pinned_from_the_terminal(opsdb: Opsdb, site: Site) -> None:
    assert opsdb("drill", "--history").stdout == "There was none yet.\n"
    made = json.loads(opsdb("backup", "--json").stdout)["backup_id"]
    [listed] = json.loads(opsdb("backups", "--json").stdout)
    assert listed["verified_at"] is not None
    assert json.loads(opsdb("verify", made, "--json").stdout)["outcome"] == "good"
    assert "latest is whole" in opsdb("verify", "latest").stdout
    assert json.loads(opsdb("drill", "--json").stdout)["outcome"] == "passed"
    [drilled] = json.loads(opsdb("drill", "--history", "--json").stdout)
    assert (drilled["backup_id"], drilled["outcome"]) == (made, "passed")
    assert made in opsdb("drill", "--history").stdout
    assert "is kept until" in opsdb("pin", made).stdout
    assert "good, pinned" in opsdb("backups").stdout
    assert json.loads(opsdb("unpin", made, "--json").stdout) == {"backup_id": made, "pinned": False}
    assert "pinned" not in opsdb("backups").stdout
    assert opsdb("pin", "nothing").stderr == "opsdb: There is no backup nothing\n"


def test_a_damaged_backup_is_one_sentence_and_code_one(opsdb: Opsdb, site: Site) -> None:
    made = json.loads(opsdb("backup", "--json").stdout)
    storage.s3().delete_object(Bucket=site.backups, Key=made["key"], VersionId=made["version_id"])
    storage.s3().put_object(Bucket=site.backups, Key=made["key"], Body=b"x")
    result = opsdb("verify", made["backup_id"])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "is no longer in" in result.stderr


def test_a_backup_as_plain_sql(opsdb: Opsdb, tmp_path: Path) -> None:
    opsdb("backup")
    result = opsdb("restore", "latest", "--sql", tmp_path / "floor.sql", "--json")
    assert result.exit_code == 0
    assert "CREATE TABLE public.employees" in (tmp_path / "floor.sql").read_text()


def test_an_unknown_backup_is_one_sentence(opsdb: Opsdb, site: Site) -> None:
    result = opsdb("restore", "20200101T000000Z-daily-0000", "--replace", site.database)
    assert result.exit_code == 1
    assert result.stderr == "opsdb: There is no backup 20200101T000000Z-daily-0000\n"


def test_without_backups_the_list_says_so(opsdb: Opsdb) -> None:
    assert opsdb("backups").stdout == "There is none yet.\n"
    assert json.loads(opsdb("backups", "--json").stdout) == []


def test_a_new_key_opens_the_api_and_ends_when_it_should(opsdb: Opsdb) -> None:
    made = json.loads(
        opsdb("keys", "create", "--name", "wallboard", "--role", "viewer", "--expires", "90", "--json").stdout
    )
    with db.reading() as conn:
        assert auth.authenticate(conn, api_key=made["key"]).role == "viewer"
    assert one_value("SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM api_keys") == 90
    assert one_value("SELECT actor FROM audit_log WHERE table_name = 'api_keys' LIMIT 1") == "command:keys"


def test_a_key_for_a_person_to_copy_is_the_only_line_on_stdout(opsdb: Opsdb) -> None:
    result = opsdb("keys", "create", "--name", "wallboard", "--role", "viewer")
    assert result.stdout.startswith("opsdb_")
    assert result.stdout.count("\n") == 1


def test_migrate_brings_an_empty_database_to_head(opsdb: Opsdb, site: Site) -> None:
    steps.downgrade(site.url("opsdb_owner"), "base")
    assert json.loads(opsdb("migrate", "--json").stdout) == {"revision": steps.head(), "before": None}
    assert json.loads(opsdb("migrate", "--json").stdout) == {"revision": steps.head(), "before": steps.head()}


def test_migrate_makes_the_database_when_asked(opsdb: Opsdb, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{site.database}_new"
    for variable in ("DATABASE_URL", "OPSDB_OWNER_DATABASE_URL", "OPSDB_BACKUP_DATABASE_URL"):
        monkeypatch.setenv(variable, steps.with_database(os.environ[variable], name))
    try:
        assert opsdb("migrate").exit_code == 4
        assert opsdb("migrate", "--bootstrap").exit_code == 0
        assert opsdb("backup").exit_code == 0
    finally:
        administer(site.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_the_demo_is_loaded_once(opsdb: Opsdb) -> None:
    assert json.loads(opsdb("demo", "--json").stdout)["employees"] == 300
    again = opsdb("demo")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "employees in this database already" in again.stderr


def test_tables_that_are_missing_are_named_with_what_to_do(opsdb: Opsdb, site: Site) -> None:
    steps.downgrade(site.url("opsdb_owner"), "base")
    result = opsdb("demo")
    assert result.exit_code == 1
    assert "opsdb migrate" in result.stderr


def test_without_a_stack_the_sentence_says_how_to_start_one(opsdb: Opsdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("DB_SECRET_ARN", raising=False)
    result = opsdb("keys", "create", "--name", "x", "--role", "viewer")
    assert result.exit_code == 4
    assert "make run" in result.stderr


def test_a_server_that_is_gone_is_code_four(opsdb: Opsdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://opsdb_app:x@127.0.0.1:1/opsdb")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for words in (("keys", "create", "--name", "x", "--role", "viewer"), ("backups",)):
        result = opsdb(*words)
        assert (result.exit_code, result.stdout) == (4, "")
        assert "does not answer" in result.stderr


def test_data_names_another_stack(opsdb: Opsdb, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a floor"
    folder.mkdir()
    assert opsdb("backups", "--data", folder).exit_code == 4
    (folder / "settings.json").write_text(json.dumps(site.environment))
    for name in site.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    assert opsdb("backups", "--data", folder).stdout == "There is none yet.\n"


def test_help_does_not_wait_for_what_only_some_commands_need() -> None:
    program = """
import sys
from local.cli import main
main(["--help"], standalone_mode=False)
print("loaded:", *sorted({"alembic", "openpyxl", "python_calamine", "xlsxwriter"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "loaded:"


@pytest.fixture
def values(site: Site, tmp_path: Path) -> dict[str, str]:
    """Settings of a stack whose database does not exist yet."""
    name = f"{site.database}_fresh"
    urls = {
        variable: steps.with_database(url, name) for variable, url in site.environment.items() if "://opsdb_" in url
    }
    return {
        **urls,
        "OPSDB_ADMIN_DATABASE_URL": site.server.admin_url,
        "OPSDB_SETTINGS_FILE": str(tmp_path / "settings.json"),
    }


@pytest.fixture
def fresh(site: Site, values: dict[str, str]) -> Iterator[dict[str, str]]:
    yield values
    administer(site.server, f"DROP DATABASE IF EXISTS {site.database}_fresh WITH (FORCE)")


def quiet(said: str) -> None:
    """What a stack would tell, told to nobody."""


def test_a_fresh_server_becomes_a_floor(fresh: dict[str, str], tmp_path: Path) -> None:
    key = prepare.prepare(fresh, False, say=quiet)
    assert (tmp_path / "api_key").read_text() == key
    assert (tmp_path / "api_key").stat().st_mode & 0o777 == 0o600
    connection = psycopg2.connect(fresh["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM employees), (SELECT count(*) FROM api_keys WHERE role = 'admin')")
        assert cursor.fetchone() == (0, 1)
    connection.close()


def test_a_second_start_keeps_the_key_and_does_nothing_else(
    fresh: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = prepare.prepare(fresh, False, say=quiet)
    said: list[str] = []
    for step in ("bootstrap", "upgrade"):
        monkeypatch.setattr(prepare.steps, step, lambda *_, **__: pytest.fail("a second start has nothing to make"))
    assert prepare.prepare(fresh, False, say=said.append) == key
    assert said == []


def test_a_wiped_database_gets_a_new_key(site: Site, fresh: dict[str, str], tmp_path: Path) -> None:
    key = prepare.prepare(fresh, False, say=quiet)
    administer(site.server, f"DROP DATABASE {site.database}_fresh WITH (FORCE)")
    other = prepare.prepare(fresh, False, say=quiet)
    assert other != key
    assert (tmp_path / "api_key").read_text() == other


def test_a_key_that_was_revoked_is_replaced(fresh: dict[str, str]) -> None:
    key = prepare.prepare(fresh, False, say=quiet)
    connection = psycopg2.connect(fresh["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE api_keys SET revoked_at = now()")
    connection.close()
    assert prepare.prepare(fresh, False, say=quiet) != key


def test_the_passwords_are_those_of_the_urls(values: dict[str, str]) -> None:
    roles = steps.ROLES.keys() - {"opsdb_readonly"}
    assert prepare.passwords(values) == {role: PASSWORDS[role] for role in roles}
    quoted = {
        "DATABASE_URL": "postgresql://opsdb_app:a%40b%2Fc@host/opsdb",
        "OPSDB_OWNER_DATABASE_URL": "postgresql://x:y@host/z",
    }
    assert prepare.passwords(quoted) == {"opsdb_app": "a@b/c"}


def test_a_database_of_a_newer_opsdb_is_refused(fresh: dict[str, str], site: Site) -> None:
    prepare.prepare(fresh, False, say=quiet)
    connection = psycopg2.connect(fresh["OPSDB_OWNER_DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StackError, match="9999"):
        prepare.prepare(fresh, False, say=quiet)


def test_the_demo_is_loaded_into_an_empty_floor_only(fresh: dict[str, str]) -> None:
    said: list[str] = []
    for _ in range(2):
        prepare.prepare(fresh, True, say=said.append)
    assert sum("demo" in one for one in said) == 1


# The way back


def test_an_upload_is_undone_once_it_is_meant(opsdb: Opsdb, tmp_path: Path) -> None:
    assert opsdb("import", people_sheet(tmp_path), "--kind", "employees", "--add-options").exit_code == 0
    shown = opsdb("undo", "--upload", 1)
    assert shown.exit_code == 0
    assert "Nothing was written: add --yes to do it." in shown.output
    assert one_value("SELECT count(*) FROM employees") == 2
    done = opsdb("undo", "--upload", 1, "--yes", "--json")
    assert done.exit_code == 0
    removed = {one["table_name"]: one["removed"] for one in json.loads(done.output)["tables"]}
    assert (removed["employees"], one_value("SELECT count(*) FROM employees")) == (2, 0)
    assert one_value("SELECT actor FROM audit_log WHERE action = 'delete' LIMIT 1") == "command:undo"
    again = opsdb("undo", "--upload", 1, "--yes")
    assert (again.exit_code, "is undone; only what is done can be undone" in again.output) == (1, True)


def test_what_to_undo_is_said_once(opsdb: Opsdb) -> None:
    for words in ((), ("--upload", "1", "--actor", "key:1")):
        refused = opsdb("undo", *words)
        assert (refused.exit_code, "say what to undo" in refused.output) == (2, True)


def test_a_user_is_let_in_from_the_terminal_with_a_password_that_is_printed_once(opsdb: Opsdb) -> None:
    made = json.loads(opsdb("users", "create", "rui", "--role", "admin", "--json").stdout)
    kept = one_value("SELECT password_hash FROM users WHERE username = 'rui' AND role = 'admin'")
    assert passwords.matches(kept, made["password"])
    assert one_value("SELECT actor FROM audit_log WHERE table_name = 'users' LIMIT 1") == "command:users"
    again = opsdb("users", "reset", "RUI")
    assert passwords.matches(one_value("SELECT password_hash FROM users"), again.stdout.strip())
    assert opsdb("users", "create", "rui", "--role", "hr").stderr == "opsdb: username: belongs to another user\n"
    refused = opsdb("users", "create", "ana", "--role", "supervisor")
    assert refused.stderr.startswith("opsdb: employee_id: is required for a supervisor")
    assert opsdb("users", "reset", "nobody").exit_code == 1


def test_a_reader_of_the_database_is_made_rotated_and_dropped_from_the_terminal(opsdb: Opsdb) -> None:
    name = f"cli{secrets.token_hex(4)}"
    made = json.loads(opsdb("readers", "create", name, "--until", "2099-12-31", "--json").stdout)
    assert made["db_user"]["username"] == f"opsdb_ro_{name}"
    assert opsdb("readers", "list").stdout == f"opsdb_ro_{name}  until 2099-12-31\n"
    rotated = opsdb("readers", "rotate", name).stdout.strip()
    assert len(rotated) == len(made["password"]) == 32
    assert rotated != made["password"]
    assert opsdb("readers", "drop", name).stdout == f"opsdb_ro_{name} is dropped\n"
    assert opsdb("readers", "list").stdout == f"opsdb_ro_{name}  dropped\n"
    assert opsdb("readers", "rotate", "nobody").exit_code == 1
    assert opsdb("readers", "create", "No Name").exit_code == 1
