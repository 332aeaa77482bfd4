"""Settings: what is missing or wrong says so itself."""

import json
import os
from dataclasses import FrozenInstanceError, fields
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chalicelib.core import clock
from chalicelib.core.settings import Settings, SettingsError, load_file, settings


def test_an_empty_environment_is_the_documented_defaults() -> None:
    found = Settings.read({})
    assert (found.stage, found.timezone, found.day_close) == ("local", ZoneInfo("UTC"), time(12))
    assert (found.grace_minutes, found.overtime_minutes, found.rest_hours, found.retention_months) == (5, 15, 11, 13)
    assert (found.date_order, found.max_rows, found.debug) == ("day-first", 1_048_576, False)


def test_what_is_set_is_read_as_what_it_is() -> None:
    found = Settings.read(
        {
            "OPSDB_TIMEZONE": "America/Bogota",
            "OPSDB_DAY_START": "04:30",
            "OPSDB_GRACE_MINUTES": "0",
            "DEBUG": "true",
            "OPSDB_DATE_ORDER": "month-first",
        }
    )
    assert (found.timezone, found.day_start, found.grace_minutes) == (ZoneInfo("America/Bogota"), time(4, 30), 0)
    assert (found.debug, found.date_order) == (True, "month-first")


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Settings.read({"OPSDB_GRACE_MINUTES": "", "DATABASE_URL": ""}) == Settings.read({})


def test_a_missing_setting_names_itself_and_what_it_is_for() -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is not set: PostgreSQL, as the role opsdb_app$"):
        Settings.read({}).require("database_url")
    assert Settings.read({"DATABASE_URL": "postgresql://x"}).require("database_url") == "postgresql://x"


def test_every_bad_setting_is_named_at_once() -> None:
    bad = {
        "OPSDB_TIMEZONE": "Mars/Olympus",
        "OPSDB_DAY_START": "dawn",
        "OPSDB_GRACE_MINUTES": "-1",
        "OPSDB_MAX_ROWS": "many",
        "OPSDB_DATE_ORDER": "year-first",
        "DEBUG": "perhaps",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.read({**bad, "OPSDB_STAGE": "dev"})
    for name, value in bad.items():
        assert str(caught.value).count(f"{name}={value!r} (") == 1
    assert "OPSDB_STAGE" not in str(caught.value)


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "UTC\x00", "."])
def test_a_time_zone_is_a_name_and_no_path(zone: str) -> None:
    with pytest.raises(SettingsError, match="OPSDB_TIMEZONE"):
        Settings.read({"OPSDB_TIMEZONE": zone})


def test_a_time_of_day_at_the_site_has_no_zone_of_its_own() -> None:
    with pytest.raises(SettingsError, match="OPSDB_DAY_START"):
        Settings.read({"OPSDB_DAY_START": "04:00+02:00"})


def test_the_settings_file_fills_in_what_the_environment_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"OPSDB_STAGE": "of-file", "OPSDB_GRACE_MINUTES": "7"}))
    monkeypatch.setenv("OPSDB_SETTINGS_FILE", str(file))
    monkeypatch.setenv("OPSDB_STAGE", "of-environment")
    monkeypatch.setenv("OPSDB_GRACE_MINUTES", "remembered by monkeypatch")
    monkeypatch.delenv("OPSDB_GRACE_MINUTES")
    settings.cache_clear()
    try:
        assert (settings().stage, settings().grace_minutes) == ("of-environment", 7)
    finally:
        settings.cache_clear()


def test_a_settings_file_that_is_not_there_yet_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_SETTINGS_FILE", str(tmp_path / "none.json"))
    before = dict(os.environ)
    load_file(os.environ)
    assert dict(os.environ) == before


def test_settings_do_not_change_while_a_process_runs() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.read({}).stage = "other"  # type: ignore[misc]


def test_every_setting_has_a_name_of_its_own_and_a_meaning() -> None:
    names = [one.metadata["name"] for one in fields(Settings)]
    assert len(set(names)) == len(names)
    assert all(one.metadata["meaning"] for one in fields(Settings))


def test_today_is_today_at_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    late = clock.datetime(2026, 10, 5, 2, 30, tzinfo=clock.UTC)
    monkeypatch.setattr(clock, "now", lambda: late)
    for zone, day in {"America/Bogota": 4, "Asia/Tokyo": 5, "UTC": 5}.items():
        monkeypatch.setattr(clock, "settings", lambda zone=zone: Settings.read({"OPSDB_TIMEZONE": zone}))
        assert clock.today().isoformat() == f"2026-10-0{day}"


def test_a_share_is_a_percentage_that_leaves_something() -> None:
    assert Settings.read({"OPSDB_PLANNING_SHRINKAGE": "32.5"}).planning_shrinkage * 2 == 65
    for text in ("100", "-1", "nan", "1/0", "most"):
        with pytest.raises(SettingsError, match="OPSDB_OCCUPANCY"):
            Settings.read({"OPSDB_OCCUPANCY": text})
