"""Metrics: a log line in CloudWatch's embedded metric format, which CloudWatch turns into metrics by itself."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core.settings import settings

log = logging.getLogger(__name__)

NAMESPACE = "opsdb"
DIMENSION = "stage"

UNITS = {
    "BackupSuccess": "Count",
    "BackupAgeSeconds": "Seconds",
    "BackupBytes": "Bytes",
    "BackupSeconds": "Seconds",
    "BackupOverdue": "Count",
    "VerifiedAgeSeconds": "Seconds",
    "DrillSuccess": "Count",
    "DrillSeconds": "Seconds",
}
"""Every metric there is, with its unit. The two that say success are 1 or 0."""


def embedded(values: Mapping[str, float], *, stage: str, at: datetime) -> dict[str, Any]:
    """The members that make a log line a measurement: the format's header, the dimension, and the values."""
    header = {
        "Timestamp": int(at.timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [[DIMENSION]],
                "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
            }
        ],
    }
    return {"_aws": header, DIMENSION: stage, **values}


def emit(values: Mapping[str, float], *, at: datetime) -> None:
    """Log the values. A log line is a JSON object on stdout, and the format allows members beside its own."""
    if values:
        log.info("metrics", extra=embedded(values, stage=settings().stage, at=at))
