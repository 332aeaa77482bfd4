"""`opsdb doctor` on a laptop: each thing broken in turn is noticed, says what to do, and hides nothing else."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.core.clock import now
from local import cli
from local.doctor import database as database_checks
from local.doctoring import HERE
from local.vendor.tls import NoTls, TlsServer, only_tls
from opsdb_deploy.doctor import Finding, examined
from tests.backups import stored
from tests.conftest import PASSWORDS, Site, administer, forget


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    try:
        with only_tls(tmp_path_factory.mktemp("tls")) as running:
            yield running
    except NoTls as error:
        pytest.skip(str(error))


Look = Callable[..., dict[str, list[Finding]]]


@pytest.fixture
def look(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Look]:
    """Looks at this test's site, which is well until the test breaks it; the findings by check."""
    before = dict(os.environ)
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    monkeypatch.setenv("OPSDB_SETTINGS_FILE", str(tmp_path / "settings.json"))
    stored.put(site.backups, "daily", now() - timedelta(hours=3))

    def looked(**environment: str) -> dict[str, list[Finding]]:
        os.environ.update(environment)
        forget()
        found: dict[str, list[Finding]] = {}
        for one in examined(HERE, now()):
            found.setdefault(one.check, []).append(one)
        assert found.keys() == HERE.keys(), "every check says something"
        assert [one for each in found.values() for one in each if one.state != "ok" and not one.todo] == []
        return found

    yield looked
    os.environ.clear()
    os.environ.update(before)


def ill(found: dict[str, list[Finding]]) -> dict[str, list[tuple[str, str]]]:
    """State and words of what is not well, by check."""
    told = {name: [(one.state, one.said) for one in each if one.state != "ok"] for name, each in found.items()}
    return {name: each for name, each in told.items() if each}


def only(found: dict[str, list[Finding]], check: str) -> tuple[str, str]:
    """The one thing that is not well."""
    assert ill(found).keys() == {check}
    [one] = ill(found)[check]
    return one


def execute(statement: str) -> None:
    engine = db.make_engine(os.environ["OPSDB_OWNER_DATABASE_URL"])
    with engine.begin() as conn:
        conn.execute(text(statement))
    engine.dispose()


def test_a_floor_that_is_well_is_told_so(look: Look) -> None:
    assert ill(look()) == {}


def test_unreadable_settings_are_named_and_the_disk_is_looked_at_all_the_same(look: Look) -> None:
    found = look(OPSDB_GRACE_MINUTES="-1", OPSDB_DAY_START="noon")
    [one] = found["settings"]
    assert one.state == "problem"
    assert "OPSDB_GRACE_MINUTES" in one.said
    assert "OPSDB_DAY_START" in one.said
    assert {each.state for each in found["disk"]} == {"ok"}


def test_a_missing_setting_is_named(look: Look) -> None:
    assert only(look(SECRET_KEY=""), "settings") == ("problem", "SECRET_KEY not set")


def test_a_wrong_password_is_one_roles_problem(look: Look, site: Site) -> None:
    wrong = site.server.url("opsdb_drill", "wrong", site.database)
    state, said = only(look(OPSDB_DRILL_DATABASE_URL=wrong), "roles get in")
    assert (state, "opsdb_drill does not get in" in said) == ("problem", True)
    assert "wrong" not in said


def test_a_url_of_another_role_is_noticed(look: Look, site: Site) -> None:
    state, said = only(look(OPSDB_BACKUP_DATABASE_URL=site.url("opsdb_owner")), "roles get in")
    assert (state, said) == ("problem", "OPSDB_BACKUP_DATABASE_URL signs in as opsdb_owner")


def test_a_role_without_a_url_is_a_warning(look: Look) -> None:
    assert only(look(OPSDB_DRILL_DATABASE_URL=""), "roles get in") == ("warning", "opsdb_drill has no URL")


def test_a_database_that_does_not_answer_hides_neither_s3_nor_the_disk(look: Look, site: Site) -> None:
    nowhere = "postgresql://opsdb_app:x@127.0.0.1:9/opsdb"
    found = look(DATABASE_URL=nowhere)
    assert [one.state for one in found["roles get in"]] == ["problem", "ok", "ok", "ok"]
    for name in ("server version", "TLS", "schema", "uploads", "programs"):
        assert [one.state for one in found[name]] == ["problem"], name
    for name in ("buckets", "S3 clock", "backups", "disk", "settings"):
        assert {one.state for one in found[name]} == {"ok"}, name


def test_a_server_out_of_support_is_noticed(look: Look, site: Site) -> None:
    later = now() + timedelta(days=3650)
    told = {one.check: one for one in examined({"server version": HERE["server version"]}, later)}
    assert told["server version"].state == "problem"
    assert told["server version"].runbook == "docs/runbook.md#end-of-support"


def test_a_server_that_is_too_old_is_noticed(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_checks, "OLDEST", 99)
    state, said = only(look(), "server version")
    assert (state, said.startswith("PostgreSQL")) == ("problem", True)


def test_a_server_elsewhere_without_tls_is_a_problem(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_checks, "ON_THIS_MACHINE", ())
    state, said = only(look(), "TLS")
    assert (state, "in the clear" in said) == ("problem", True)


@pytest.mark.parametrize(
    ("mode", "elsewhere", "state"),
    [("verify-full", False, "ok"), ("verify-full", True, "ok"), ("require", True, "warning"), ("require", False, "ok")],
)
def test_tls_counts_as_far_as_the_server_is_verified(
    tls_server: TlsServer, monkeypatch: pytest.MonkeyPatch, mode: str, elsewhere: bool, state: str
) -> None:
    if elsewhere:
        monkeypatch.setattr(database_checks, "ON_THIS_MACHINE", ())
    monkeypatch.setenv("DATABASE_URL", tls_server.admin_url().replace("verify-full", mode))
    forget()
    [one] = examined({"TLS": HERE["TLS"]}, now())
    forget()
    assert (one.state, one.said.startswith("TLSv1.") or not elsewhere) == (state, True)


def test_a_role_with_too_much_is_noticed(look: Look, site: Site) -> None:
    administer(site.server, "ALTER ROLE opsdb_app CREATEDB CREATEROLE")
    try:
        assert only(look(), "role attributes") == ("problem", "opsdb_app has CREATEROLE, CREATEDB")
    finally:
        administer(site.server, "ALTER ROLE opsdb_app NOCREATEDB NOCREATEROLE")


def test_an_application_that_may_make_tables_is_noticed(look: Look) -> None:
    execute("GRANT CREATE ON SCHEMA public TO opsdb_app")
    assert only(look(), "application role") == ("problem", "opsdb_app may make tables")


@pytest.mark.parametrize(("revision", "state"), [("0000", "problem"), ("9999", "warning")])
def test_a_schema_of_another_release_is_noticed(look: Look, revision: str, state: str) -> None:
    execute(f"UPDATE alembic_version SET version_num = '{revision}'")
    assert only(look(), "schema")[0] == state


def upload(state: str, hours: int) -> None:
    execute(
        "INSERT INTO uploads (kind, filename, bucket, key, state, uploaded_by, created_at)"
        f" VALUES ('employees', 'x.xlsx', 'b', '{state}{hours}', '{state}', 's3:me', now() - interval '{hours} hours')"
    )


def test_uploads_that_wait_or_failed_are_counted(look: Look) -> None:
    for state, hours in (("waiting", 2), ("running", 3), ("waiting", 0), ("failed", 5), ("failed", 24 * 30)):
        upload(state, hours)
    assert ill(look()) == {
        "uploads": [("problem", "2 should have been imported by now"), ("warning", "1 failed in the last week")]
    }


@pytest.mark.parametrize(("seconds", "state"), [(60, "warning"), (1200, "problem"), (-1200, "problem")])
def test_clocks_apart_are_noticed_at_both(site: Site, look: Look, seconds: int, state: str) -> None:
    checks = {name: HERE[name] for name in ("database clock", "S3 clock")}
    told = list(examined(checks, now() + timedelta(seconds=seconds)))
    assert [one.state for one in told] == [state, state]
    assert all(("behind" if seconds > 0 else "ahead") in one.said for one in told)


def test_a_bucket_that_is_not_there_hides_not_the_other(look: Look) -> None:
    found = look(OPSDB_UPLOADS_BUCKET="nobodys-uploads")
    assert [one.state for one in found["buckets"]] == ["problem", "ok"]
    assert "nobodys-uploads" in found["buckets"][0].said


def test_a_bucket_that_keeps_nothing_is_noticed(look: Look, site: Site) -> None:
    client = site.store.client()
    client.put_bucket_versioning(Bucket=site.backups, VersioningConfiguration={"Status": "Suspended"})
    state, said = only(look(), "buckets")
    assert (state, said) == ("problem", f"{site.backups} does not keep what is overwritten or deleted")


def empty(site: Site) -> None:
    client = site.store.client()
    for one in client.list_objects_v2(Bucket=site.backups).get("Contents", []):
        client.delete_object(Bucket=site.backups, Key=one["Key"])


def test_no_backup_is_a_warning_here_and_a_problem_elsewhere(look: Look, site: Site) -> None:
    empty(site)
    assert only(look(), "backups") == ("warning", "there is no good backup yet")
    assert only(look(OPSDB_STAGE="prod"), "backups")[0] == "problem"


def test_an_old_backup_is_noticed(look: Look, site: Site) -> None:
    empty(site)
    stored.put(site.backups, "daily", now() - timedelta(days=4))
    assert only(look(), "backups") == ("warning", "the newest good one is 96 hours old")


def test_a_missing_pg_dump_is_noticed(look: Look, tmp_path: Path) -> None:
    state, said = only(look(OPSDB_PG_BIN=str(tmp_path)), "programs")
    assert (state, "found: none" in said) == ("problem", True)


@pytest.mark.parametrize(("free", "state"), [(1 << 30, "warning"), (1 << 20, "problem")])
def test_a_full_disk_is_noticed(look: Look, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda place: real(place)._replace(free=free))
    assert {told for told, _ in ill(look())["disk"]} == {state}


# --- the command


def doctor(*words: str) -> Any:
    forget()
    return CliRunner().invoke(cli.main, ["doctor", *words])


def test_the_command_ends_with_0_when_all_is_well_or_there_are_warnings_only(look: Look, site: Site) -> None:
    result = doctor()
    assert (result.exit_code, result.stdout.splitlines()[-1].split(", ")[1:]) == (0, ["warnings 0", "problems 0"])
    empty(site)
    result = doctor()
    assert (result.exit_code, "warnings 1, problems 0" in result.stdout) == (0, True)
    assert "run `opsdb backup` (docs/runbook.md#the-newest-backup-is-too-old)" in result.stdout


def test_the_command_ends_with_1_when_there_is_a_problem(look: Look) -> None:
    execute("UPDATE alembic_version SET version_num = '0000'")
    result = doctor("--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [one["check"] for one in told if one["state"] == "problem"] == ["schema"]
    assert next(one["todo"] for one in told if one["check"] == "schema") == "run `opsdb migrate`"


def test_nothing_secret_is_said(look: Look, site: Site) -> None:
    said = doctor().stdout + doctor("--json").stdout
    assert [one for one in (*PASSWORDS.values(), site.store.secret_key, "x" * 32) if one in said] == []


def test_a_stage_is_not_looked_at_with_the_local_stacks_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "settings.json").write_text('{"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x"}')
    monkeypatch.setenv("OPSDB_SETTINGS_FILE", str(tmp_path / "settings.json"))
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    result = doctor("--stage", "dev", "--region", "us-east-1")
    assert (result.exit_code, "no AWS credentials" in result.stderr) == (4, True)
    assert "AWS_ENDPOINT_URL_S3" not in os.environ
    assert doctor("--stage", "dev").exit_code == 2
    assert doctor("--stage", "dev", "--profile", "nobody").exit_code == 2
