"""How old the newest backup is, said by every sweep: the alarm on it must not have to wait for the next night."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from app import sweep_uploads
from chalicelib.backups.run import measure
from chalicelib.core.metrics import UNITS
from chalicelib.core.settings import settings
from chalicelib.core.storage import s3
from chalicelib.imports import arrivals
from local import events
from tests.backups import stored
from tests.backups.place import NOW
from tests.conftest import Site


def measured(caplog: pytest.LogCaptureFixture) -> list[dict[str, float]]:
    """The values of every measurement so far."""
    lines = [vars(record) for record in caplog.records if record.message == "metrics"]
    return [{name: line[name] for name in UNITS if name in line} for line in lines]


def sweep(at: datetime) -> Any:
    return sweep_uploads(events.scheduled("sweep_uploads", at, region="us-east-1"), events.Context("sweep_uploads"))


def test_a_sweep_measures_the_age_and_then_sweeps(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.put(site.backups, "daily", NOW - timedelta(hours=27))
    seen: list[list[dict[str, float]]] = []
    monkeypatch.setattr("app.now", lambda: NOW)
    monkeypatch.setattr(arrivals, "sweep", lambda *, now: seen.append(measured(caplog)))
    caplog.set_level(logging.INFO)
    sweep(NOW)
    assert seen == [[{"BackupAgeSeconds": 27 * 3600}]]


def test_without_a_backup_nothing_is_measured_and_the_alarm_counts_that(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    measure({}, now=NOW)
    assert measured(caplog) == []


def test_backups_that_cannot_be_looked_at_do_not_keep_lost_uploads_waiting(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSDB_BACKUPS_BUCKET", "nobodys-bucket")
    settings.cache_clear()
    s3.cache_clear()
    swept = []
    monkeypatch.setattr(arrivals, "sweep", lambda *, now: swept.append(now))
    sweep(NOW)
    assert len(swept) == 1
    assert "the age of the newest backup is not known" in caplog.text
    assert measured(caplog) == []
