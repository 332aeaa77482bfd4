"""Work that goes on in another function: a marker object under `incoming/.do/`, whose event starts it.

A function in the VPC can call no other one, but it can write to S3. A marker is there until its work is done, so it is
done at least once, and whoever does it must bear being started twice.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

import msgspec

from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.core.storage import DO, marker_key, s3

log = logging.getLogger(__name__)

LOST_AFTER = timedelta(minutes=20)
"""A marker that is older was forgotten or cut off: no function runs longer than 15 minutes."""

MOST_HOPS = 3
"""So often a marker is put again. AWS ends what looks like a loop after about 16; this ends before."""


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, by whom and when; `facts` are the work's own. `hops` counts how often it was put again."""

    asked_by: str
    at: datetime
    facts: dict[str, str] = {}
    hops: int = 0


class Settled(Exception):
    """Raised by work that failed for good: trying again would end the same way. Its cause is what went wrong."""


Work = Callable[[Marker], None]
Handler = Callable[[dict[str, Any], Any], Any]

_time: ContextVar[tuple[float, float] | None] = ContextVar("time", default=None)
"""When this invocation began and when Lambda cuts it off, on the monotonic clock; nothing outside of one."""


def in_time(handler: Handler) -> Handler:
    """The handler, during which `share_left` tells how much of its time is left."""

    def handle(event: dict[str, Any], context: Any) -> Any:
        began = time.monotonic()
        before = _time.set((began, began + context.get_remaining_time_in_millis() / 1000))
        try:
            return handler(event, context)
        finally:
            _time.reset(before)

    return handle


def share_left() -> float:
    """How much of its time this invocation still has, 1 to 0; always 1 where nobody cuts it off."""
    given = _time.get()
    if given is None:
        return 1.0
    began, ends = given
    return max(0.0, (ends - time.monotonic()) / max(ends - began, 0.001))


def past_test_events(handler: Callable[..., None]) -> Callable[[dict[str, Any], Any], None]:
    """The handler, called only for documents with records: S3's test event has none, and Chalice reads the first
    record before any code of ours runs."""

    def handle(event: dict[str, Any], context: Any) -> None:
        if event.get("Records"):
            handler(event, context)
        else:
            log.info("an event without records", extra={"event": event.get("Event")})

    return handle


def ask(name: str, *, by: str, at: datetime, **facts: str) -> str:
    """Ask for the work `name`; the key of the marker, which is there until it is done."""
    key = marker_key(name, str(uuid4()))
    _put(settings().require("uploads_bucket"), key, Marker(asked_by=by, at=at, facts=facts))
    return key


def is_waiting(name: str) -> bool:
    """Whether the work was asked for and is not done yet."""
    prefix = f"{DO}{name}/"
    found = s3().list_objects_v2(Bucket=settings().require("uploads_bucket"), Prefix=prefix, MaxKeys=1)
    return bool(found.get("Contents"))


def carried_on(document: Mapping[str, Any], work_by_name: Mapping[str, Work]) -> dict[str, Any]:
    """Do what the markers of an S3 event ask for; the event without them. What fails is raised, and stays asked for."""
    others = []
    for record in document.get("Records", []):
        key = unquote_plus(record["s3"]["object"]["key"])
        if key.startswith(DO):
            _carry_on(record["s3"]["bucket"]["name"], key, work_by_name)
        else:
            others.append(record)
    return {**document, "Records": others}


def sweep(*, now: datetime) -> None:
    """Put every marker again whose event was lost, or whose work was cut off or failed."""
    bucket = settings().require("uploads_bucket")
    for page in s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=DO):
        for one in page.get("Contents", ()):
            marker = _read(bucket, one["Key"]) if one["LastModified"] < now - LOST_AFTER else None
            if marker:
                log.warning("asked for and not done; asking again", extra={"key": one["Key"], "hops": marker.hops})
                _put(bucket, one["Key"], msgspec.structs.replace(marker, hops=marker.hops + 1))


def _carry_on(bucket: str, key: str, work_by_name: Mapping[str, Work]) -> None:
    name = key.removeprefix(DO).partition("/")[0]
    marker = _read(bucket, key)
    if marker is None:
        log.info("asked for, and done already or never understood", extra={"key": key})
    elif name not in work_by_name or marker.hops > MOST_HOPS:
        log.error("asked for, and given up", extra={"key": key, "hops": marker.hops})
        s3().delete_object(Bucket=bucket, Key=key)
    else:
        _do(bucket, key, name, work_by_name[name], marker)


def _do(bucket: str, key: str, name: str, work: Work, marker: Marker) -> None:
    with job(log, name, key=key, asked_by=marker.asked_by, hops=marker.hops):
        try:
            work(marker)
        except Settled as error:
            s3().delete_object(Bucket=bucket, Key=key)
            raise error.__cause__ or error from None
        s3().delete_object(Bucket=bucket, Key=key)


def _read(bucket: str, key: str) -> Marker | None:
    """The marker, or None when it is gone or is none (anybody who may upload may put something there)."""
    try:
        return msgspec.json.decode(s3().get_object(Bucket=bucket, Key=key)["Body"].read(), type=Marker)
    except s3().exceptions.NoSuchKey:
        return None
    except msgspec.DecodeError as error:
        log.warning("a marker that cannot be understood", extra={"key": key, "reason": str(error)})
        return None


def _put(bucket: str, key: str, marker: Marker) -> None:
    s3().put_object(Bucket=bucket, Key=key, Body=msgspec.json.encode(marker), ContentType="application/json")
