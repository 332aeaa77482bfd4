"""The other way: Chalice deploys functions and a REST API, into the network and the data that the stacks made."""

import json
import os
import subprocess
import sys
from pathlib import Path

from opsdb_deploy import bringing, release, stacks, steps
from opsdb_deploy.chalice_rendering import Filling, rendered
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.outcome import Outcome, addresses
from opsdb_deploy.record import Record
from opsdb_deploy.refusals import code
from opsdb_deploy.sources import ROOT
from opsdb_deploy.steps import Asked, Built
from opsdb_deploy.wanted import WRITTEN, Wanted

FOLDER = ROOT / "build" / "chalice"


def state_key(stage: str) -> str:
    """Where Chalice's memory of what it made is kept between machines, in the releases bucket."""
    return f"chalice/deployed/{stage}.json"


def deploy(cloud: Cloud, asked: Asked, done: Outcome) -> None:
    """Bring the stage to this release by `chalice deploy`; `done` is filled in on the way."""
    found = steps.begun(cloud, asked, done, front_door="rest")
    if stacks.is_made(stacks.described(cloud, cloud.stack("app"))):
        raise DeployError(f"{cloud.stage} was deployed by CloudFormation: `opsdb destroy` it first, its data stays")
    if found.value("app", "DatabaseSecretArn"):
        raise DeployError("DatabaseSecretArn goes with CloudFormation only: Chalice's roles may not read it")
    steps.foundations(cloud, found, done)
    built = steps.uploaded(cloud, asked, found, done)
    folder = _rendered(cloud, found, built)
    if not cloud.talk.agree(f"Have Chalice deploy {cloud.stage}, from {folder}?"):
        raise bringing.Declined("stopped before Chalice; what was done so far stays")
    is_there = release.exists(cloud, built.bucket, state_key(cloud.stage))
    if is_there:
        steps.migrate(cloud, asked, built, done)
    _run(cloud, "deploy", folder, built.bucket)
    if not is_there:
        steps.migrate(cloud, asked, built, done)
    done.stacks["chalice"] = "deployed"
    watch = found.with_release("watch")
    with release.lent(cloud, built.bucket, stacks.body(found.templates["watch"])) as template:
        bringing.bring(cloud, "watch", template=template, values=watch, outcome=done)
    address = _address(cloud, built.bucket)
    steps.let_in(cloud, address)
    steps.finished(
        cloud,
        _record(cloud, found, built, done),
        built.bucket,
        done,
        test=lambda: steps.tried_at(cloud, address, done),
    )
    done.addresses = {"API": address, **addresses(cloud)}


def _record(cloud: Cloud, found: Wanted, built: Built, done: Outcome) -> Record:
    return Record(
        version=built.version,
        revision=done.revision,
        code=built.code.key,
        sha256=built.code.sha256,
        client_layer=built.layer.key,
        templates={},
        parameters={part: found.shown(part, found.values[part]) for part in (*WRITTEN, "watch")},
        way="chalice",
        by=cloud.identity["Arn"],
    )


# --- what Chalice is given


def _rendered(cloud: Cloud, found: Wanted, built: Built) -> Path:
    data = stacks.outputs(cloud, cloud.stack("data"))
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=data["SecretKeyArn"])["SecretString"]
    environment = {
        "OPSDB_DATABASE_HOST": data["DatabaseHost"],
        "OPSDB_DATABASE_STORAGE_GB": found.value("app", "AllocatedStorage"),
        "DEBUG": found.value("app", "Debug"),
    }
    filling = Filling(
        markers=_markers(cloud),
        environment=environment,
        secret_key=secret,
        layer=_layer(cloud, found, built),
        reserves=found.value("app", "ReserveConcurrency") == "yes",
    )
    return rendered(cloud.stage, FOLDER / cloud.stage, filling)


def _markers(cloud: Cloud) -> dict[str, str]:
    own = {"stage": cloud.stage, "region": cloud.region, "account": cloud.identity["Account"]}
    of_stacks = {
        f"{part}:{name}": value for part in WRITTEN for name, value in stacks.outputs(cloud, cloud.stack(part)).items()
    }
    return own | of_stacks


def _layer(cloud: Cloud, found: Wanted, built: Built) -> str:
    """The newest version of the client layer, published unless it is this one."""
    functions, name = cloud.client("lambda"), cloud.stack("postgresql-client")
    versions = functions.list_layer_versions(LayerName=name)["LayerVersions"]
    if versions:
        newest = functions.get_layer_version(LayerName=name, VersionNumber=versions[0]["Version"])
        if newest["Content"]["CodeSha256"] == built.layer.as_lambda_has_it:
            return str(newest["LayerVersionArn"])
    published = functions.publish_layer_version(
        LayerName=name,
        Content={"S3Bucket": built.bucket, "S3Key": built.layer.key},
        CompatibleRuntimes=[found.value("app", "Runtime")],
        CompatibleArchitectures=[found.value("app", "Architecture")],
    )
    return str(published["LayerVersionArn"])


# --- Chalice itself


def _run(cloud: Cloud, command: str, folder: Path, bucket: str) -> None:
    """Run Chalice there, with what it remembers; what it remembers then is kept, also when it failed."""
    memory = folder / ".chalice" / "deployed" / f"{cloud.stage}.json"
    key = state_key(cloud.stage)
    if release.exists(cloud, bucket, key):
        memory.parent.mkdir(exist_ok=True)
        memory.write_bytes(release.read(cloud, bucket, key))
    try:
        status = _told(cloud, command, folder)
    finally:
        if memory.exists():
            cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=memory.read_bytes())
    if status:
        raise DeployError(f"`chalice {command}` failed; what it said is above, and the same command goes on from there")


def _told(cloud: Cloud, command: str, folder: Path) -> int:
    profile = {"AWS_PROFILE": cloud.session.profile_name} if cloud.session.profile_name != "default" else {}
    program = [str(Path(sys.executable).with_name("chalice")), command, "--stage", cloud.stage]
    with subprocess.Popen(
        program,
        cwd=folder,
        env={**os.environ, **profile, "AWS_DEFAULT_REGION": cloud.region},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout
        for line in running.stdout:
            cloud.talk.say(f"  {line.rstrip()}")
    return running.returncode


def _address(cloud: Cloud, bucket: str) -> str:
    made = json.loads(release.read(cloud, bucket, state_key(cloud.stage)))["resources"]
    url: str = next(one["rest_api_url"] for one in made if one["resource_type"] == "rest_api")
    return url.rstrip("/")


def remove(cloud: Cloud) -> None:
    """Have Chalice delete what it deployed, if it did; and the layer that was published for it."""
    bucket = stacks.outputs(cloud, cloud.stack("data")).get("ReleasesBucket")
    s3 = cloud.client("s3")
    try:
        if not bucket or not release.exists(cloud, bucket, state_key(cloud.stage)):
            return
    except s3.exceptions.ClientError as error:
        if code(error) == "NoSuchBucket":
            return
        raise
    filling = Filling(_markers(cloud), {}, secret_key="", layer="", reserves=False)  # nosec B106  # nothing is made
    _run(cloud, "delete", rendered(cloud.stage, FOLDER / cloud.stage, filling), bucket)
    s3.delete_object(Bucket=bucket, Key=state_key(cloud.stage))
    functions, name = cloud.client("lambda"), cloud.stack("postgresql-client")
    for one in functions.list_layer_versions(LayerName=name)["LayerVersions"]:
        functions.delete_layer_version(LayerName=name, VersionNumber=one["Version"])
