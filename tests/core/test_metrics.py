"""The embedded metric format, held to the shape that CloudWatch documents."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import metrics
from chalicelib.core.log import JsonLines
from chalicelib.core.settings import settings

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)

CLOUDWATCH_UNITS = {"Seconds", "Milliseconds", "Bytes", "Count", "Percent", "None"}


def complaints(document: dict[str, Any]) -> list[str]:
    """What the specification of the format has against the document; nothing against what CloudWatch takes."""
    found = []
    header = document.get("_aws", {})
    if not isinstance(header.get("Timestamp"), int) or not 10**12 < header["Timestamp"] < 10**13:
        found.append("Timestamp must be milliseconds since 1970")
    if header.keys() != {"Timestamp", "CloudWatchMetrics"}:
        found.append(f"members of _aws: {header.keys()}")
    for directive in header.get("CloudWatchMetrics", []):
        if directive.keys() != {"Namespace", "Dimensions", "Metrics"}:
            found.append(f"members of a directive: {directive.keys()}")
        if not re.fullmatch(r"[\w.\-/#:]{1,255}", directive["Namespace"]) or directive["Namespace"].startswith("AWS/"):
            found.append("Namespace")
        for names in directive["Dimensions"]:
            if len(names) > 30 or not all(isinstance(document.get(name), str) and document[name] for name in names):
                found.append(f"dimensions {names}")
        if not 1 <= len(directive["Metrics"]) <= 100:
            found.append("1 to 100 metrics")
        for one in directive["Metrics"]:
            value = document.get(one["Name"])
            if isinstance(value, bool) or not isinstance(value, int | float):
                found.append(f"{one['Name']}: {value!r}")
            if one.get("Unit", "None") not in CLOUDWATCH_UNITS or one.keys() - {"Name", "Unit", "StorageResolution"}:
                found.append(f"{one}")
    return found


def test_every_metric_is_as_the_format_wants_it() -> None:
    document = metrics.embedded(dict.fromkeys(metrics.UNITS, 1.5), stage="prod", at=AT)
    assert complaints(document) == []
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"], document["stage"]) == ("opsdb", [["stage"]], "prod")
    assert document["_aws"]["Timestamp"] == 1795311000000
    assert {one["Name"] for one in directive["Metrics"]} >= {
        "BackupSuccess",
        "BackupAgeSeconds",
        "BackupBytes",
        "BackupSeconds",
        "VerifiedAgeSeconds",
        "DrillSuccess",
        "DrillSeconds",
    }


def test_a_log_line_with_metrics_is_one_json_object_that_the_format_takes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSDB_STAGE", "staging")
    settings.cache_clear()
    caplog.set_level(logging.INFO)
    metrics.emit({"BackupSuccess": 1, "BackupBytes": 2**40}, at=AT)
    settings.cache_clear()
    [record] = caplog.records
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert complaints(told) == []
    assert (told["stage"], told["BackupSuccess"], told["BackupBytes"]) == ("staging", 1, 2**40)


def test_nothing_measured_is_no_measurement(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    metrics.emit({}, at=AT)
    assert caplog.records == []


def test_a_metric_that_nobody_declared_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        metrics.embedded({"BackupSucess": 1}, stage="prod", at=AT)
