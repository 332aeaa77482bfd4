"""JSON lines on stdout, one object each, with the request or job they belong to."""

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_EXCERPT = re.compile(r"^LINE \d+: .*", re.MULTILINE)

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object per record; `extra` fields stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = _without_rows(self.formatException(record.exc_info), record.exc_info[1])
        return json.dumps(line, default=str)


def _without_rows(text: str, error: BaseException | None) -> str:
    """The traceback without what PostgreSQL quotes: the row in its detail lines, `Failing row contains (Ada, ...)`, and
    the piece of the statement, with its values, where something is amiss."""
    text = _EXCERPT.sub("LINE (left out)", text)
    while error is not None:
        detail = getattr(getattr(error, "diag", None), "message_detail", None)
        text = text.replace(detail, "(left out)") if detail else text
        error = error.__cause__ or error.__context__
    return text


def configure(debug: bool = False) -> None:
    """Send every logger's lines to stdout as JSON; replaces the handlers that were there."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for noisy in ("alembic", "botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextmanager
def job(log: logging.Logger, name: str, **facts: Any) -> Iterator[dict[str, Any]]:
    """One begin and one end line around a job; what the body adds to the dict is in the end line."""
    log.info("%s begins", name, extra=facts)
    began = time.monotonic()
    outcome: dict[str, Any] = {}
    try:
        yield outcome
    except BaseException as error:
        seconds = round(time.monotonic() - began, 3)
        log.error("%s failed", name, extra={**facts, **outcome, "seconds": seconds, "failure": type(error).__name__})
        raise
    log.info("%s ends", name, extra={**facts, **outcome, "seconds": round(time.monotonic() - began, 3)})
