"""A backup that takes long says so while it runs: Lambda ends it at 15 minutes, and docs/restore.md says what then."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from threading import Timer

from chalicelib.core import metrics
from chalicelib.core.settings import settings

log = logging.getLogger(__name__)


@contextmanager
def watched(*, began: datetime) -> Iterator[None]:
    """Should the block last longer than the setting, warn once and measure `BackupOverdue`, while it goes on."""
    minutes = settings().backup_alarm_minutes
    # In a copy of the context, so that the line has the request's id like all others.
    timer = Timer(minutes * 60, copy_context().run, (_say, minutes, began))
    timer.daemon = True
    if minutes:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _say(minutes: int, began: datetime) -> None:
    log.warning("this backup takes longer than %s minutes, and Lambda ends a function after 15", minutes)
    metrics.emit({"BackupOverdue": 1}, at=began + timedelta(minutes=minutes))
