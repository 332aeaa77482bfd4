"""Back to the release before: its templates and its code. The schema stays, since it works with both."""

import json
from collections.abc import Mapping
from typing import Any

from opsdb_deploy import bringing, parameters, record, release, stacks, steps
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.outcome import Outcome, addresses
from opsdb_deploy.parameters import Values
from opsdb_deploy.record import Record

PARTS = ("app", "edge", "watch")
OF_THE_ZIP = ("CodeKey", "ClientLayerKey", "Runtime", "Architecture")
"""Parameters that belong to a release rather than to the stage."""


def go_back(cloud: Cloud, done: Outcome) -> None:
    """To the release before the one in force; `done` is filled in on the way. DeployError when there is none."""
    done.account, done.region = cloud.identity["Account"], cloud.region
    bucket = stacks.outputs(cloud, cloud.stack("data")).get("ReleasesBucket")
    records = record.every(cloud, bucket) if bucket else []
    deployed = stacks.parameters(stacks.settled(cloud, cloud.stack("app"))).get("CodeKey", "")
    target = record.before(records, deployed=deployed)
    if not bucket or not target:
        raise DeployError(f"there is no release of {cloud.stage} before this one to go back to")
    if target.way != "cloudformation":
        raise DeployError(f"the release before was made by {target.way}: check its version out and deploy it so again")
    _restore(cloud, bucket, target, done)
    back = _again(target, cloud, records[-1])
    steps.finished(cloud, back, bucket, done, test=lambda: steps.tried(cloud, done))
    done.addresses = addresses(cloud)
    cloud.talk.say(
        f"{cloud.stage} is back at the release of {target.origin} (opsdb {target.version}). The schema stays at"
        f" {records[-1].revision}, which that release works with."
    )


def _restore(cloud: Cloud, bucket: str, target: Record, done: Outcome) -> None:
    done.code, done.version, done.revision, done.restored = target.code, target.version, target.revision, target.origin
    cloud.talk.say(f"Back to the release of {target.origin}: opsdb {target.version}, {target.code}.")
    for part in PARTS:
        key = target.templates[part]
        template = json.loads(release.read(cloud, bucket, key))
        values = _values(cloud, part, template, target)
        bringing.bring(cloud, part, template=release.url(cloud, bucket, key), values=values, outcome=done)


def _values(cloud: Cloud, part: str, template: Mapping[str, Any], target: Record) -> Values:
    """The stack's own values as they are now, but for what belongs to the zip."""
    return parameters.chosen(
        template,
        given=_of_the_zip(target, part),
        committed={},
        existing=stacks.parameters(stacks.described(cloud, cloud.stack(part))),
        found=target.parameters[part],
    )


def _of_the_zip(target: Record, part: str) -> dict[str, str]:
    return {name: value for name, value in target.parameters[part].items() if name in OF_THE_ZIP}


def _again(target: Record, cloud: Cloud, last: Record) -> Record:
    """The release as it is in force again; the schema is that of the last one."""
    return Record(
        version=target.version,
        revision=last.revision,
        code=target.code,
        sha256=target.sha256,
        client_layer=target.client_layer,
        templates=target.templates,
        parameters=last.parameters | {part: last.parameters[part] | _of_the_zip(target, part) for part in PARTS},
        by=cloud.identity["Arn"],
        restored=target.origin,
    )
