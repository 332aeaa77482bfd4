"""The order of a deployment. Each step looks at what is there, so that it may stop anywhere and be started again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opsdb_deploy import bringing, notification, origins, outcome, pool, record, release, schema, smoke, stacks
from opsdb_deploy.adoption import adopting
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.outcome import UNCHANGED, Outcome
from opsdb_deploy.record import Record
from opsdb_deploy.release import Artifact
from opsdb_deploy.wanted import WRITTEN, Wanted, wanted

OWN_NAME_WITHIN_SECONDS = 20.0
"""How long a name of somebody's own is waited for: it may be made much later."""


@dataclass(frozen=True)
class Asked:
    """What whoever deploys wants. The two makers give a zip on this machine, for a Python and an architecture."""

    make_zip: Callable[[str, str], Path]
    make_layer: Callable[[str], Path]
    given: Mapping[str, str] = field(default_factory=dict)
    skip_dump: bool = False
    new_admin_key: bool = False


@dataclass(frozen=True)
class Built:
    """What is released, in the bucket."""

    bucket: str
    code: Artifact
    layer: Artifact
    version: str


def deploy(cloud: Cloud, asked: Asked, done: Outcome) -> None:
    """Bring the stage to this release; `done` is filled in on the way."""
    found = begun(cloud, asked, done)
    _check_way(cloud)
    foundations(cloud, found, done)
    built = uploaded(cloud, asked, found, done)
    _app(cloud, asked, found, built, done)
    for part in ("edge", "watch"):
        bringing.bring(
            cloud, part, template=_lasting(cloud, built, found, part), values=found.values[part], outcome=done
        )
    _notify(cloud)
    let_in(cloud, stacks.outputs(cloud, cloud.stack("edge"))["Address"])
    finished(cloud, _record(cloud, found, built, done), built.bucket, done, test=lambda: _opened(cloud, done))
    concluded(cloud, found, done)


def _check_way(cloud: Cloud) -> None:
    """Both ways give the functions the same names, so a stage has one of them."""
    bucket = stacks.outputs(cloud, cloud.stack("data")).get("ReleasesBucket")
    last = record.newest(cloud, bucket) if bucket else None
    if last and last.way != "cloudformation":
        raise DeployError(
            f"{cloud.stage} was deployed by {last.way}: go on with --with {last.way}, or destroy it first"
        )


def begun(cloud: Cloud, asked: Asked, done: Outcome, *, front_door: str = "http") -> Wanted:
    """Who, where and what, before anything is done."""
    done.account, done.region = cloud.identity["Account"], cloud.region
    cloud.talk.say(f"{cloud.stage} in {cloud.region}, account {done.account}, as {cloud.identity['Arn']}")
    return wanted(cloud, asked.given, front_door=front_door)


def foresee(cloud: Cloud, asked: Asked, done: Outcome) -> None:
    """Show what deploying would do, and change nothing."""
    found = begun(cloud, asked, done)
    bucket = stacks.outputs(cloud, cloud.stack("data")).get("ReleasesBucket")
    code, layer = _artifacts(asked, found)
    done.code, done.version = code.key, release.version(code)
    for part in found.templates:
        values = found.with_release(part, CodeKey=code.key, ClientLayerKey=layer.key)
        bringing.foreseen(cloud, part, found, values, done, bucket)
    last = record.newest(cloud, bucket) if bucket else None
    if not last or last.code != code.key:
        cloud.talk.say(f"The code would be {code.key}; whether the schema changes is asked once it is there.")


def foundations(cloud: Cloud, found: Wanted, done: Outcome) -> None:
    """What both ways stand on: the network and the data."""
    for part in WRITTEN:
        is_there = stacks.is_made(stacks.described(cloud, cloud.stack(part)))
        template = found.templates[part] if is_there else adopting(cloud, found.templates[part])
        bringing.bring(cloud, part, template=stacks.body(template), values=found.values[part], outcome=done)


# --- the release


def _artifacts(asked: Asked, found: Wanted) -> tuple[Artifact, Artifact]:
    architecture = found.value("app", "Architecture")
    python = found.value("app", "Runtime").removeprefix("python")
    code = release.artifact(asked.make_zip(python, architecture), "code")
    return code, release.artifact(asked.make_layer(architecture), "client")


def uploaded(cloud: Cloud, asked: Asked, found: Wanted, done: Outcome) -> Built:
    """The zip and the layer, in the bucket under what they hold."""
    code, layer = _artifacts(asked, found)
    built = Built(stacks.outputs(cloud, cloud.stack("data"))["ReleasesBucket"], code, layer, release.version(code))
    for one in (code, layer):
        if release.put(cloud, built.bucket, one.key, one.path.read_bytes()):
            cloud.talk.say(f"{one.path.name} is in {built.bucket} as {one.key}.")
    done.code, done.version = code.key, built.version
    return built


def _lasting(cloud: Cloud, built: Built, found: Wanted, part: str) -> str:
    """The URL of a template, kept: to go back to a release is to go back to its templates."""
    text = stacks.body(found.templates[part])
    key = release.template_key(text)
    release.put(cloud, built.bucket, key, text.encode())
    return release.url(cloud, built.bucket, key)


# --- the functions and the schema


def _app(cloud: Cloud, asked: Asked, found: Wanted, built: Built, done: Outcome) -> None:
    """The functions, and the schema before they meet it: first of all when they are new, else in between."""
    is_there = stacks.is_made(stacks.settled(cloud, cloud.stack("app")))
    values = found.with_release("app", CodeKey=built.code.key, ClientLayerKey=built.layer.key)
    template = _lasting(cloud, built, found, "app")
    plan = bringing.agreed(cloud, "app", template=template, values=values, outcome=done)
    if plan and not is_there:
        bringing.applied(cloud, "app", plan, done)
    try:
        migrate(cloud, asked, built, done)
    except BaseException:
        if plan and is_there:
            stacks.discard(cloud, plan)
        raise
    if plan and is_there:
        bringing.applied(cloud, "app", plan, done)


def migrate(cloud: Cloud, asked: Asked, built: Built, done: Outcome) -> None:
    """The schema as this release wants it, after a dump where that changes it. A finished release has it already."""
    records = record.every(cloud, built.bucket)
    last = records[-1] if records else None
    if last and last.code == built.code.key and not asked.new_admin_key:
        done.revision = last.revision
        return
    schema.offer(cloud, built.code, built.bucket)
    there = schema.standing(cloud)
    _check_newer(records, there)
    if there.current is None:
        cloud.talk.say("The database is empty: its roles and tables are made.")
        secret = stacks.outputs(cloud, cloud.stack("data"))["MasterSecretArn"]
        _noted(schema.bootstrapped(cloud, secret), done)
    elif there.current != there.head:
        _dump(cloud, asked, done)
        cloud.talk.say(f"The schema goes from {there.current} to {there.head}.")
        _noted(schema.migrated(cloud, key=_key(last, asked)), done)
    elif key := _key(last, asked):
        _noted(schema.migrated(cloud, key=key), done)
    done.revision = done.revision or there.head


def _key(last: Record | None, asked: Asked) -> schema.Key | None:
    """Which key to ask for: one more, or, while no release was finished yet, the first unless somebody has it."""
    return schema.another_key() if asked.new_admin_key else None if last else schema.FIRST_KEY


def _noted(answer: Mapping[str, str | None], done: Outcome) -> None:
    done.revision, done.admin_key = answer["revision"], answer.get("admin_key")


def _check_newer(records: list[Record], there: schema.Standing) -> None:
    """An older release cannot migrate what a newer one made; only going back does not try to."""
    older = {one.revision for one in records[:-1]}
    if records and there.current == records[-1].revision != there.head and there.head in older:
        raise DeployError(
            f"this release is older than the schema ({there.head}, and it stands at {there.current}): go back to it"
            " with --rollback"
        )


def _dump(cloud: Cloud, asked: Asked, done: Outcome) -> None:
    if asked.skip_dump:
        cloud.talk.say("The schema will change, and no dump is made before it (--skip-dump).")
        return
    cloud.talk.say("The schema will change; a dump is made first, and read back.")
    done.dump = schema.dumped(cloud)


# --- the end


def _notify(cloud: Cloud) -> None:
    wanted_one = stacks.outputs(cloud, cloud.stack("app"))["UploadsNotification"]
    bucket = stacks.outputs(cloud, cloud.stack("data"))["UploadsBucket"]
    if notification.put(cloud, bucket, wanted_one):
        cloud.talk.say(f"{bucket} tells the upload function of what arrives.")


def let_in(cloud: Cloud, address: str) -> None:
    """The console there posts files to the bucket, which was made before anybody knew the address."""
    bucket = stacks.outputs(cloud, cloud.stack("data"))["UploadsBucket"]
    if origins.put(cloud, bucket, address):
        cloud.talk.say(f"{bucket} takes files from the console's pages.")


def _opened(cloud: Cloud, done: Outcome) -> None:
    """The user pool's keys are there, and the API answers. Without the keys a release is one, too: who has a password
    or an API key comes in."""
    try:
        cloud.talk.say(pool.deliver(cloud))
    except DeployError as error:
        cloud.talk.say(f"Nobody signs in by the user pool yet: {error}")
    tried(cloud, done)


def tried(cloud: Cloud, done: Outcome) -> None:
    """The HTTP API answers as it should."""
    found = stacks.outputs(cloud, cloud.stack("edge"))
    within = OWN_NAME_WITHIN_SECONDS if "DomainTarget" in found else None
    tried_at(cloud, found["Address"], done, within=within)


def tried_at(cloud: Cloud, address: str, done: Outcome, *, within: float | None = None) -> None:
    """The API there answers as it should; a name that is not known yet is only told, since others make it."""
    try:
        done.seen = smoke.check(address, key=done.admin_key, within=within)
    except smoke.NoSuchName:
        done.seen = [f"Not tested: {address} has no address yet. Once it has, try {address}/api/health."]
    for line in done.seen:
        cloud.talk.say(line)


def _record(cloud: Cloud, found: Wanted, built: Built, done: Outcome) -> Record:
    released = {"CodeKey": built.code.key, "ClientLayerKey": built.layer.key}
    return Record(
        version=built.version,
        revision=done.revision,
        code=built.code.key,
        sha256=built.code.sha256,
        client_layer=built.layer.key,
        templates={
            part: release.template_key(stacks.body(found.templates[part]))
            for part in found.templates
            if part not in WRITTEN
        },
        parameters={part: found.shown(part, found.with_release(part, **released)) for part in found.templates},
        by=cloud.identity["Arn"],
    )


def finished(cloud: Cloud, made: Record, bucket: str, done: Outcome, *, test: Callable[[], None]) -> None:
    """Try it and write it down, unless it is what was written down last and nothing changed since."""
    is_same = made.same_as(record.newest(cloud, bucket))
    if is_same and set(done.stacks.values()) == {UNCHANGED}:
        return
    test()
    if not is_same:
        done.release = record.write(cloud, bucket, made)


def concluded(cloud: Cloud, found: Wanted, done: Outcome) -> None:
    """Where things are, and what is left to do."""
    done.addresses = outcome.addresses(cloud)
    told, edge = (found.values[part].every() for part in ("watch", "edge"))
    done.next_steps = list(outcome.next_steps(cloud, told, edge))
