"""A backup that takes long says so in time to act."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import pytest

from chalicelib.backups import overdue, run
from chalicelib.core.log import JsonLines, request_id
from chalicelib.core.settings import Settings, settings
from tests.backups.place import NOW, Place

SOON = 0.05


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Ten minutes pass in a moment; the seconds that were really asked for."""
    asked: list[float] = []

    def timer(seconds: float, *rest: object) -> Timer:
        asked.append(seconds)
        return Timer(SOON, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(overdue, "Timer", timer)
    settings.cache_clear()
    yield asked
    settings.cache_clear()


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(JsonLines().format(one)) for one in caplog.records if one.levelno >= logging.INFO]


def test_ten_minutes_are_said_once_while_the_backup_goes_on(
    hurried: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with overdue.watched(began=NOW):
        time.sleep(SOON * 6)
        told = lines(caplog)
    assert hurried == [600]
    [warning, measured] = told
    assert warning["level"] == "WARNING"
    assert "longer than 10 minutes" in str(warning["message"])
    assert measured["BackupOverdue"] == 1
    assert measured["_aws"]["Timestamp"] == datetime(2026, 11, 18, 1, 40, tzinfo=UTC).timestamp() * 1000  # type: ignore[index]


def test_the_warning_has_the_id_of_the_request(hurried: list[float], caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str | None] = []
    caplog.handler.addFilter(lambda record: seen.append(request_id.get()) or True)  # type: ignore[func-returns-value]
    token = request_id.set("request-7")
    try:
        with overdue.watched(began=NOW):
            time.sleep(SOON * 6)
    finally:
        request_id.reset(token)
    assert set(seen) == {"request-7"}


def test_a_backup_that_is_done_in_time_says_nothing(hurried: list[float], caplog: pytest.LogCaptureFixture) -> None:
    with overdue.watched(began=NOW):
        pass
    time.sleep(SOON * 3)
    assert caplog.records == []


def test_a_backup_that_fails_says_nothing_afterwards(hurried: list[float], caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="mine"), overdue.watched(began=NOW):
        raise ValueError("mine")
    time.sleep(SOON * 3)
    assert caplog.records == []


def test_it_can_be_turned_off(
    hurried: list[float], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSDB_BACKUP_ALARM_MINUTES", "0")
    with overdue.watched(began=NOW):
        time.sleep(SOON * 3)
    assert caplog.records == []


def test_the_nightly_backup_is_watched(
    place: Place,
    hurried: list[float],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    place.shim(tmp_path, monkeypatch, pg_dump='sleep 1; exec $REAL "$@"')
    assert run.nightly(now=NOW)["tier"] == "daily"
    assert "longer than 10 minutes" in caplog.text
    assert place.rows()


def test_the_default_leaves_five_minutes_to_act() -> None:
    assert Settings.read({}).backup_alarm_minutes == 10
