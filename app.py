"""Composition only: the routes, the upload event, the schedules and the plain functions."""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, S3Event

import chalicelib.core.start as start
from chalicelib import entrance
from chalicelib.core import answers, continuation, encoding, limits, log, repeats
from chalicelib.core.clock import now, today
from chalicelib.core.settings import settings
from chalicelib.core.storage import INCOMING

with start.later():
    from chalicelib.admin import signing_in
    from chalicelib.archive import run as history
    from chalicelib.backups import asked, drill, expire
    from chalicelib.backups import run as backups
    from chalicelib.floor import closing
    from chalicelib.imports import arrivals, presigned
    from chalicelib.migrations import asked as migrations
    from chalicelib.people import leaving

log.configure(debug=settings().debug)
app = Chalice(app_name="opsdb", configure_logs=False)
app.api.binary_types = encoding.BINARY_TYPES
app.register_middleware(encoding.for_the_gateway, "http")
app.register_middleware(answers.errors_in_our_words, "http")
entrance.enter(app)


@continuation.past_test_events
@continuation.in_time
@app.on_s3_event(bucket=settings().uploads_bucket or "uploads", prefix=INCOMING, events=["s3:ObjectCreated:*"])
def on_upload(event: S3Event) -> None:
    """A sheet was put into the uploads bucket, or a marker that asks for work."""
    arrivals.on_event(continuation.carried_on(event.to_dict(), asked.WORK | presigned.WORK))


@continuation.in_time
@app.schedule(settings().sweep_schedule)
def sweep_uploads(event: CloudWatchEvent) -> None:
    """Sheets and markers whose event was lost, or whose run was cut off; before them, how old the newest backup is.

    And what counts no more: answers kept for requests sent again, rates, failed sign-ins of days ago.
    """
    # First, since an import that is run again may take the function's whole time.
    backups.measure({}, now=now())
    arrivals.sweep(now=now())
    continuation.sweep(now=now())
    repeats.sweep()
    limits.sweep()
    signing_in.sweep(now=now())


@app.schedule(settings().nightly_backup_schedule)
def nightly_backup(event: CloudWatchEvent) -> dict[str, Any]:
    """A dump of the whole database, every night, and before a release that changes the schema: what was made."""
    return backups.nightly(now=now())


@app.schedule(settings().restore_drill_schedule)
def restore_drill(event: CloudWatchEvent) -> None:
    """The newest backup restored for proof, every week."""
    drill.drill(now=now())


@app.schedule(settings().expire_schedule)
def expire_backups(event: CloudWatchEvent) -> None:
    """Backups that need not be kept any longer, and what killed ones left behind."""
    expire.expire(now=now())


@app.schedule(settings().archive_schedule)
def archive(event: CloudWatchEvent) -> None:
    """Schedules and attendances past their retention, moved to history every month; an audit past its own, deleted."""
    history.archive(today=today())


@app.schedule(settings().end_employments_schedule)
def end_employments(event: CloudWatchEvent) -> None:
    """People whose last day is over; every hour, since a schedule in UTC does not know the site's midnight."""
    leaving.end_employments(now=now(), today=today())


@app.schedule(settings().close_day_schedule)
def close_day(event: CloudWatchEvent) -> None:
    """Working days that are over: of whom nothing is recorded was absent; every hour, as the site has its own noon."""
    closing.close_day(now=now())


@app.lambda_function()
def migrate(event: dict[str, Any], context: Any) -> dict[str, str | None]:
    """Bring the schema to this release; called by whoever deploys, before traffic moves."""
    return migrations.answered(event)


start.over()
