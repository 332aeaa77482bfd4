"""`opsdb doctor`: is it well, here or in a stage of AWS, and what to do where it is not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from chalicelib.core.clock import now
from local import terminal
from local.doctor import database, surroundings
from local.options import as_json, use_floor
from local.terminal import FAILED
from opsdb_deploy.doctor import Check, Finding, examined
from opsdb_deploy.doctor_stage import CHECKS
from opsdb_deploy.doctor_subject import Stage
from opsdb_deploy.generate import STAGES

HERE: Mapping[str, Check[datetime]] = {
    "settings": surroundings.settings_are_readable,
    "disk": surroundings.disk,
    "roles get in": database.roles_get_in,
    "server version": database.server_version,
    "TLS": database.tls,
    "role attributes": database.role_attributes,
    "application role": database.app_makes_nothing,
    "schema": database.revision,
    "uploads": database.uploads,
    "database clock": database.clock,
    "buckets": surroundings.buckets,
    "S3 clock": surroundings.s3_clock,
    "backups": surroundings.backups,
    "programs": surroundings.programs,
}
"""What is looked at on a laptop, in this order."""

MARKS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM"}


def _unless_a_stage(ctx: click.Context, param: click.Parameter, data: Path | None) -> None:
    """A stage is looked at with the caller's own credentials, not with those of the local stack."""
    if not ctx.params.get("stage"):
        use_floor(ctx, param, data)


@click.command()
@click.option(
    "--stage", type=click.Choice(STAGES), is_eager=True, help="A stage in AWS, from outside.  [default: here]"
)
@click.option("--region", help="Of the stage.  [default: the AWS configuration's]")
@click.option("--profile", help="Of the AWS configuration, with --stage.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    expose_value=False,
    callback=_unless_a_stage,
    help="Folder of the running stack.  [default: .local of the repository]",
)
@as_json
def doctor(stage: str | None, region: str | None, profile: str | None, as_json: bool) -> None:
    """Look whether all is well, and say what to do where it is not.

    Without --stage: the settings, the database, S3 and the backups that the environment names. With it: that stage's
    stacks, API, database, buckets, functions and alarms, as far as the caller may look. Changes nothing. One check
    that fails hides no other. Warnings alone end with 0, a problem with 1.

    \b
    Examples:
      opsdb doctor
      opsdb doctor --stage prod --profile operations --json
    """
    found = list(examined(CHECKS, _stage(stage, region, profile)) if stage else examined(HERE, now()))
    terminal.answer(as_json, [asdict(one) for one in found], *_lines(found))
    if any(one.state == "problem" for one in found):
        click.get_current_context().exit(FAILED)


def _stage(name: str, region: str | None, profile: str | None) -> Stage:
    import boto3
    from botocore.exceptions import ProfileNotFound

    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise click.UsageError(str(error)) from None
    if not session.region_name:
        raise click.UsageError("no region: give --region, or set AWS_DEFAULT_REGION")
    if session.get_credentials() is None:
        raise terminal.NoStack("no AWS credentials: give --profile, or sign in (`aws configure`, `aws sso login`)")
    return Stage(name, session, now())


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    for one in found:
        yield f"{MARKS[one.state]:<8} {one.check}: {one.said}"
        if one.todo:
            yield f"{'':<8}   {one.todo}{f' ({one.runbook})' if one.runbook else ''}"
    counts = {state: sum(one.state == state for one in found) for state in MARKS}
    yield f"ok {counts['ok']}, warnings {counts['warning']}, problems {counts['problem']}"
