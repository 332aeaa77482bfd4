"""docs/restore.md does what it says: its commands, cut out of the page and run by a shell, as somebody at night would.

By an administrator who is no superuser, since on RDS nobody is.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from moto import mock_aws
from moto.moto_api import state_manager
from sqlalchemy.engine import make_url

from chalicelib.backups import manifest, marks
from chalicelib.backups.expire import expire
from chalicelib.backups.manifest import Manifest
from chalicelib.core.storage import s3
from chalicelib.migrations import steps
from local import postgres
from tests.backups import aws, stored
from tests.backups.place import NOW, Place, content, counted, execute
from tests.conftest import PASSWORDS, forget

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "restore.md").read_text()
TRIED: set[str] = set()
ADMIN, PASSWORD = "night_admin", "it's late"


def blocks(heading: str) -> list[str]:
    """The commands under a heading, down to the next one."""
    TRIED.add(heading)
    body = re.split(rf"^#+ {re.escape(heading)}$", PAGE, flags=re.MULTILINE)[1]
    return re.findall(r"^```sh\n(.*?)^```$", re.split(r"^#", body, flags=re.MULTILINE)[0], re.MULTILINE | re.DOTALL)


SET = blocks("1. Set these")
FIND = blocks("2. Find and fetch the dump")
GLACIER = blocks("3. It is in Glacier")
EXPIRED = blocks("4. It expired, or somebody deleted it")
WITH_OPSDB = blocks("With opsdb")
PLAIN = blocks("With PostgreSQL's tools")
ROWS = blocks("6. One table, or one day's rows")
ELSEWHERE = blocks("7. Into another account")
BACKUP = blocks("8. A backup from another machine")


@dataclass
class Shell:
    """A terminal in a folder of its own; what one block exports the next one sees."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *commands: str, **variables: str) -> str:
        """Run blocks one after the other, and stop where one fails; what they said."""
        self.environment |= variables
        script = "\n".join(["set -eo pipefail", *commands, "env -0 > .environment"])
        ran = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        kept = (self.folder / ".environment").read_text().split("\0")
        self.environment = dict(line.split("=", 1) for line in kept if line)
        return ran.stdout


def settings_of(url: str, database: str, bucket: str) -> dict[str, str]:
    """What somebody would put into the page's first block."""
    there = make_url(url)
    return {
        "BUCKET": bucket,
        "DB": database,
        "PGHOST": there.host or "",
        "PGPORT": str(there.port),
        "PGUSER": ADMIN,
        "PGPASSWORD": PASSWORD,
        "PGSSLMODE": "disable",
        "PGSSLROOTCERT": "",
    }


def make_administrator(url: str) -> None:
    """As RDS has one: makes roles and databases, ends sessions, and is no superuser."""
    execute(url, f"CREATE ROLE {ADMIN} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    execute(url, f"GRANT pg_signal_backend TO {ADMIN}")
    if execute(url, "SELECT 1 FROM pg_roles WHERE rolname = 'opsdb_owner'"):
        # Where it made the role itself, as on RDS, it may hand it on; from 16 on nobody else may.
        execute(url, f"GRANT opsdb_owner TO {ADMIN} WITH ADMIN OPTION")


@pytest.fixture
def shell(place: Place, tmp_path: Path) -> Iterator[Shell]:
    """A terminal of the night's administrator: PostgreSQL's programs, `aws`, `opsdb`, and the page's settings."""
    make_administrator(place.server.admin_url)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, words in {"aws": [aws.__file__], "opsdb": ["-m", "local"]}.items():
        (tools / name).write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *words])} "$@"\n')
        (tools / name).chmod(0o755)
    path = [tools, place.server.bin_dir, *os.environ["PATH"].split(":")]
    night = tmp_path / "night"
    night.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        **settings_of(place.server.admin_url, place.database, place.bucket),
        "OPSDB_BACKUPS_BUCKET": place.bucket,
        "OPSDB_OWNER_DATABASE_URL": place.owner,
        "OPSDB_BACKUP_DATABASE_URL": place.url("opsdb_backup"),
        "OPSDB_ADMIN_DATABASE_URL": place.server.admin_url,
        "OPSDB_SETTINGS_FILE": str(tmp_path / "none"),
        "PATH": ":".join(map(str, path)),
        "HOME": str(night),
        "PYTHONPATH": str(ROOT),
    }
    yield Shell(night, environment)
    place.databases += [f"{place.database}_{name}" for name in ("restored", "before", "scratch")]
    for database in place.databases:
        execute(place.server.admin_url, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    execute(place.server.admin_url, f"DROP OWNED BY {ADMIN}; DROP ROLE {ADMIN}")


def test_the_page_asks_for_what_these_tests_set(shell: Shell) -> None:
    asked = set(re.findall(r"\b([A-Z_]+)=", "".join(SET)))
    assert asked <= set(shell.environment)
    before = dict(shell.environment)
    shell(SET[1])
    assert {name for name in asked if name.startswith("OPSDB")} <= {*shell.environment}
    assert before["DB"] in shell.environment["OPSDB_OWNER_DATABASE_URL"]


# Finding


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.proof)], ids=["stand-in", "aws"])
def test_the_newest_dump_is_found_fetched_and_proved(place: Place, shell: Shell, real: bool) -> None:
    if real:
        use_real_aws(shell)
    old, new = place.backup(), place.backup("daily", NOW + timedelta(days=1))
    place.backup("safety", NOW + timedelta(days=2))
    listed = shell(FIND[0])
    assert [old.backup_id in line for line in listed.splitlines()] == [True, False, False]
    said = shell(FIND[1], FIND[2])
    assert shell.environment["ID"] == new.backup_id
    assert f"{new.backup_id}.dump: OK\ndecoded" in said


def use_real_aws(shell: Shell) -> None:
    """The true command line, where it is installed and works."""
    (shell.folder.parent / "tools" / "aws").unlink()
    found = shutil.which("aws", path=shell.environment["PATH"])
    if not found or subprocess.run([found, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("the AWS command line is not installed here")


def test_a_flipped_bit_is_noticed(place: Place, shell: Shell) -> None:
    place.backup()
    shell(FIND[1])
    [dump] = shell.folder.glob("*.dump")
    body = bytearray(dump.read_bytes())
    body[len(body) // 2] ^= 1
    dump.write_bytes(body)
    with pytest.raises(AssertionError, match="FAILED"):
        shell(FIND[2])


@pytest.mark.parametrize("real", [False, pytest.param(True, marks=pytest.mark.proof)], ids=["stand-in", "aws"])
def test_a_dump_that_expired_is_brought_back(place: Place, shell: Shell, real: bool) -> None:
    if real:
        use_real_aws(shell)
    made = [place.backup("manual", NOW - timedelta(days=ago)) for ago in (40, 2, 1, 0)]
    marks.write(place.bucket, made[0].backup_id, marks.Pin(pinned=False, at=NOW, by="key:1"))
    assert expire(now=NOW).backups == (made[0].backup_id,)
    assert made[0].backup_id in shell(EXPIRED[0])
    shell(EXPIRED[1], ID=made[0].backup_id)
    assert manifest.read(place.bucket, made[0].backup_id) == made[0]
    assert place.client.head_object(Bucket=place.bucket, Key=made[0].key)["ContentLength"] == made[0].size


def test_a_dump_in_glacier_is_asked_for_and_looked_after(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    forget()
    with mock_aws():
        state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 1})
        s3().create_bucket(Bucket="frozen")
        made = stored.put("frozen", "monthly", NOW, storage_class="GLACIER")
        assert list(run_here(GLACIER[0], made)) == []
        assert list(run_here(GLACIER[1], made)) == ['ongoing-request="true"']
        assert next(run_here(GLACIER[1], made)).startswith('ongoing-request="false"')
        state_manager.unset_transition("s3::keyrestore")
    forget()


def run_here(command: str, made: Manifest) -> Iterator[str]:
    """One `aws` command in this process, which alone knows moto."""
    filled = command.replace("$BUCKET", made.bucket).replace("$ID", made.backup_id)
    return aws.run(shlex.split(filled)[1:], s3())


# The whole database


def same(place: Place, url: str, made: Manifest, before: dict[str, str]) -> None:
    assert counted(url) == made.tables
    assert content(url, made.tables) == before


def test_one_command_of_opsdb_replaces_the_database(place: Place, shell: Shell) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    place.sql("DELETE FROM floor_notes; DROP TABLE holidays")
    shell(*WITH_OPSDB, ID=made.backup_id)
    same(place, place.owner, made, before)


def test_plain_tools_put_the_database_beside_and_then_in_the_place_of_the_old_one(place: Place, shell: Shell) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    place.sql("DELETE FROM floor_notes; DROP TABLE holidays")
    shell(FIND[1], PLAIN[0])
    assert shell(PLAIN[1]).endswith("same\n")
    assert place.sql("SELECT count(*) FROM floor_notes") == [(0,)]
    shell(PLAIN[2], PLAIN[3])
    same(place, place.owner, made, before)
    works_for_everybody(place.url, place.owner)
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert place.sql(owners) == [("opsdb_owner",)]


def test_plain_tools_erase_again_who_was_erased_since(place: Place, shell: Shell) -> None:
    place.backup()
    place.sql("UPDATE employees SET status = 'Inactive' WHERE employee_id = 3; SELECT erase_person(3, 'law')")
    assert shell(FIND[1], PLAIN[0], PLAIN[1]).endswith("same\n")
    restored, name = f"{place.owner}_restored", "SELECT full_name FROM employees WHERE employee_id = 3"
    assert execute(restored, name) == [("First3 Läst3",)]
    assert shell(PLAIN[2]) == ""
    assert execute(restored, name) == [("Erased 3",)]


def works_for_everybody(url: Callable[[str], str], owner: str) -> None:
    """Rights, triggers and migrations are what they were."""
    execute(url("opsdb_app"), "INSERT INTO employees (employee_id, first_name) VALUES (501, 'New')")
    newest = "SELECT table_name FROM audit_log ORDER BY audit_id DESC LIMIT 1"
    assert execute(url("opsdb_app"), newest) == [("employees",)]
    assert execute(url("opsdb_backup"), "SELECT count(*) FROM employees WHERE employee_id = 501") == [(1,)]
    assert steps.upgrade(owner) == steps.head()


def test_a_row_too_few_is_noticed(place: Place, shell: Shell) -> None:
    place.backup()
    shell(FIND[1], PLAIN[0])
    restored = steps.with_database(place.server.admin_url, f"{place.database}_restored")
    execute(restored, "DELETE FROM floor_notes WHERE note_id = 7")
    said = shell(PLAIN[1])
    assert "> floor_notes: 499" in said
    assert "same" not in said


def test_the_page_makes_all_roles(place: Place) -> None:
    named = re.search(r"ARRAY\[(.*?)\]", PLAIN[0])
    assert named
    assert re.findall(r"'(\w+)'", named[1]) == list(steps.ROLES)


@pytest.fixture
def other_account(tmp_path: Path) -> Iterator[postgres.Server]:
    """A server that never heard of opsdb."""
    with postgres.start(tmp_path / "other", durable=False) as running:
        make_administrator(running.admin_url)
        yield running


def test_another_accounts_empty_server_gets_the_whole_database(
    place: Place, shell: Shell, other_account: postgres.Server
) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    shell(FIND[1])
    shell(PLAIN[0], PLAIN[1], ELSEWHERE[0], **settings_of(other_account.admin_url, place.database, "gone"))
    steps.bootstrap(other_account.admin_url, database=place.database, passwords=PASSWORDS)

    def url(role: str) -> str:
        return other_account.url(role, PASSWORDS[role], place.database)

    same(place, url("opsdb_owner"), made, before)
    works_for_everybody(url, url("opsdb_owner"))


# One table, one day


def bring_back(place: Place, shell: Shell, table: str, rows: str, *steps_of_page: int) -> None:
    shell(FIND[1], ROWS[0])
    assert shell.environment["TABLE"] == "schedules"
    shell(*(ROWS[number] for number in steps_of_page), TABLE=table, ROWS=rows)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("schedules", "nominal_date = '2026-11-17'"),
        pytest.param("leave_requests", "true", marks=pytest.mark.proof),
        pytest.param("leave_allowances", "employee_id > 20", marks=pytest.mark.proof),
        pytest.param("floor_notes", "true", marks=pytest.mark.proof),
    ],
)
def test_deleted_rows_come_back_and_nothing_else_changes(place: Place, shell: Shell, table: str, rows: str) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    place.sql(f"DELETE FROM {table} WHERE {rows}")
    place.sql("INSERT INTO holidays (date, name) VALUES ('2027-01-01', 'New Year')")
    assert counted(place.owner)[table] < made.tables[table]
    bring_back(place, shell, table, rows, 1, 2, 3, 5)
    after = content(place.owner, made.tables)
    changed = {name for name in before if after[name] != before[name]}
    # What was written since stays, and what happened is in the audit.
    assert changed <= {"holidays", "audit_log", "absences"}
    assert f"{place.database}_scratch" not in {one for (one,) in place.sql("SELECT datname FROM pg_database")}
    assert place.sql("SELECT count(*) FROM absences") == [(made.tables["absences"],)]


def test_the_page_s_own_example_brings_a_day_back(place: Place, shell: Shell) -> None:
    made = place.backup()
    place.sql("DELETE FROM schedules WHERE nominal_date = '2026-11-17' AND employee_id < 31")
    shell(FIND[1], *ROWS[:4], ROWS[5])
    assert counted(place.owner)["schedules"] == made.tables["schedules"]


def test_rows_that_are_there_stay_as_they_are(place: Place, shell: Shell) -> None:
    place.backup()
    place.sql("DELETE FROM floor_notes WHERE note_id > 2; UPDATE floor_notes SET text = 'newer' WHERE note_id = 1")
    bring_back(place, shell, "floor_notes", "true", 1, 2, 3, 5)
    assert place.sql("SELECT count(*), count(*) FILTER (WHERE text = 'newer') FROM floor_notes") == [(500, 1)]


def test_spoiled_rows_get_their_old_values(place: Place, shell: Shell) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    place.sql("UPDATE floor_notes SET text = 'spoiled', department = 'X' WHERE note_id % 3 = 0")
    bring_back(place, shell, "floor_notes", "true", 1, 2, 4, 5)
    assert content(place.owner, made.tables)["floor_notes"] == before["floor_notes"]


# A backup from elsewhere


def test_the_same_command_backs_up_from_any_machine(place: Place, shell: Shell) -> None:
    assert "-daily-" in shell(BACKUP[0])
    assert manifest.latest(place.bucket).tier == "daily"


def test_plain_tools_stream_a_dump_to_where_nothing_expires(place: Place, shell: Shell) -> None:
    shell(BACKUP[1])
    [one] = place.client.list_objects_v2(Bucket=place.bucket)["Contents"]
    assert one["Key"].startswith("by-hand/")
    assert place.client.get_object(Bucket=place.bucket, Key=one["Key"])["Body"].read(5) == b"PGDMP"
    assert expire(now=NOW + timedelta(days=4000)).orphans == ()


def test_every_command_of_the_page_is_run_here() -> None:
    found = [body.partition("\n")[0] for body in re.split(r"^#+ ", PAGE, flags=re.MULTILINE) if "\n```" in body]
    assert set(found) == TRIED
    assert PAGE.count("```sh\n") == sum(
        map(len, (SET, FIND, GLACIER, EXPIRED, WITH_OPSDB, PLAIN, ROWS, ELSEWHERE, BACKUP))
    )
