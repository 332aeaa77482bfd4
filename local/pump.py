"""The event pump: what S3 notifications and EventBridge do on AWS, done here by calling the app's functions."""

import argparse
import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import storage
from chalicelib.core.log import configure
from local import events
from local.delivered import Delivered
from local.schedule import ScheduleError, Timetable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("local.pump")

RETRY_AFTER = (1.0, 2.0)
"""Seconds before the second and third attempt; Lambda takes 1 and 2 minutes."""

GRACE = 2.0
"""Seconds that a running handler has to end when the pump is stopped; an upload cut short is delivered again."""

Handler = Callable[[dict[str, Any], events.Context], Any]


@dataclass
class Uploads:
    """Watches one prefix of a bucket and hands every new object version to a function, one at a time."""

    s3: "S3Client"
    bucket: str
    prefix: str
    name: str
    handler: Handler
    delivered: Delivered
    region: str = "us-east-1"
    retry_after: Sequence[float] = RETRY_AFTER
    page_size: int = 1000
    stopping: Event = field(default_factory=Event)
    _queue: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "upload"))
    _waiting: set[str] = field(default_factory=set)
    _silent: bool = False

    def poll(self) -> int:
        """Queue what is new, the oldest first; returns how many."""
        try:
            listed = list(self._versions())
        except (BotoCoreError, ClientError) as error:
            if not self._silent:
                log.warning("S3 does not answer", extra={"failure": type(error).__name__})
            self._silent = True
            return 0
        self._silent = False
        if len(self.delivered) > 2 * len(listed) + 1000:
            self.delivered.keep_only([one.identity for one in listed])
        fresh = [one for one in listed if one.identity not in self._waiting and one.identity not in self.delivered]
        # Times are whole seconds here; within one, seaweedfs numbers versions downwards.
        fresh.sort(key=lambda version: version.version_id, reverse=True)
        for one in sorted(fresh, key=lambda version: version.modified):
            self._waiting.add(one.identity)
            self._queue.submit(self._deliver, one)
        return len(fresh)

    def _versions(self) -> Iterator[events.Version]:
        pages = self.s3.get_paginator("list_object_versions")
        size = {"PageSize": self.page_size}
        for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix, PaginationConfig=size):
            for one in page.get("Versions", ()):
                etag = one["ETag"].strip('"')
                yield events.Version(one["Key"], one["VersionId"], etag, one["Size"], one["LastModified"])

    def _deliver(self, version: events.Version) -> None:
        event = events.object_created(self.bucket, version, region=self.region, configuration=self.name)
        context = events.Context(self.name)
        for wait in (*self.retry_after, None):
            if self.stopping.is_set():
                return
            if call(self.name, self.handler, event, context):
                break
            if wait is None:
                log.error("gave up on an upload", extra={"function": self.name, "key": version.key})
            elif self.stopping.wait(wait):
                return
            context = events.Context(self.name, aws_request_id=context.aws_request_id)
        self.delivered.add(version.identity)
        self._waiting.discard(version.identity)

    def stop(self, grace: float = GRACE) -> None:
        self.stopping.set()
        closing = Thread(target=self._queue.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        closing.start()
        closing.join(grace)


@dataclass
class Firings:
    """Calls scheduled functions, each in a thread of its own and never twice at once."""

    handlers: dict[str, Handler]
    region: str = "us-east-1"
    _running: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def fire(self, name: str, due: datetime) -> None:
        with self._lock:
            if name in self._running:
                log.warning("not started: the last run is not over", extra={"function": name})
                return
            self._running.add(name)
        Thread(target=self._run, args=(name, due), name=name, daemon=True).start()

    def _run(self, name: str, due: datetime) -> None:
        try:
            event = events.scheduled(name, due, region=self.region)
            call(name, self.handlers[name], event, events.Context(name))
        finally:
            with self._lock:
                self._running.discard(name)

    def idle(self) -> bool:
        return not self._running


def call(name: str, handler: Handler, event: dict[str, Any], context: events.Context) -> bool:
    """Whether the handler ended without an error; whatever it raises is logged, not passed on."""
    began = time.monotonic()
    facts = {"function": name, "aws_request_id": context.aws_request_id}
    try:
        handler(event, context)
    except BaseException:
        log.exception("function failed", extra=facts)
        return False
    log.info("function ended", extra={**facts, "seconds": round(time.monotonic() - began, 3)})
    return True


def uploads_of(module: ModuleType, s3: "S3Client", bucket: str, state: Path) -> list[Uploads]:
    """A watcher for each S3 event the app declares."""
    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    found = []
    for source in module.app.event_sources:
        if type(source).__name__ == "S3EventConfig":
            delivered = Delivered(state / f"{source.name}.sqlite3")
            handler = _function(module, source)
            found.append(Uploads(s3, bucket, source.prefix or "", source.name, handler, delivered, region))
    return found


def timetable_of(module: ModuleType, now: datetime) -> tuple[Timetable, Firings]:
    """The schedules the app declares; one that cannot be followed here is logged and left out."""
    firings = Firings({}, os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
    table = Timetable(firings.fire)
    for source in module.app.event_sources:
        if type(source).__name__ != "ScheduledEventConfig":
            continue
        expression = source.schedule_expression
        try:
            table.add(source.name, expression if isinstance(expression, str) else expression.to_string(), now)
        except ScheduleError:
            log.exception("schedule left out", extra={"function": source.name})
        firings.handlers[source.name] = _function(module, source)
    return table, firings


def _function(module: ModuleType, source: Any) -> Handler:
    return getattr(module, source.handler_string.rpartition(".")[2])  # type: ignore[no-any-return]


def run(module: ModuleType, *, bucket: str, state: Path, interval: float, stopping: Event) -> None:
    """Pump until `stopping` is set."""
    uploads = uploads_of(module, storage.s3(), bucket, state)
    table, firings = timetable_of(module, datetime.now(UTC))
    log.info("pump begins", extra={"uploads": [one.name for one in uploads], "schedules": list(table.names())})
    Thread(target=_keep_time, args=(table, stopping), daemon=True).start()
    while not stopping.is_set():
        for one in uploads:
            one.poll()
        stopping.wait(interval)
    deadline = time.monotonic() + GRACE
    for one in uploads:
        one.stop(max(0.0, deadline - time.monotonic()))
    while not firings.idle() and time.monotonic() < deadline:
        time.sleep(0.05)
    log.info("pump ends")


def _keep_time(table: Timetable, stopping: Event) -> None:
    while not stopping.wait(0.5):
        table.tick(datetime.now(UTC))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m local.pump", description=__doc__)
    parser.add_argument("--module", default="app", help="the module with the Chalice app (default: app)")
    parser.add_argument("--state", type=Path, required=True, help="the folder that remembers what was delivered")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two looks at the bucket")
    chosen = parser.parse_args(arguments)
    stopping = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopping.set())
    module = importlib.import_module(chosen.module)
    configure()
    chosen.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    bucket = os.environ["OPSDB_UPLOADS_BUCKET"]
    run(module, bucket=bucket, state=chosen.state, interval=chosen.interval, stopping=stopping)
    sys.stdout.flush()
    os._exit(0)  # a handler that is still at work does not hold up the end


if __name__ == "__main__":
    main()
