"""The part of `opsdb` about putting a stage into AWS, and taking it away."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from chalicelib.core.errors import Unavailable
from local import stack, terminal
from local.files import StackError
from local.options import as_json
from local.vendor.build import build as build_layer
from opsdb_deploy import chalice_way, pool, refusals, rollback, steps
from opsdb_deploy.cloud import Cloud, DeployError, opened
from opsdb_deploy.destroy import Removed
from opsdb_deploy.destroy import destroy as take_away
from opsdb_deploy.generate import STAGES
from opsdb_deploy.outcome import Outcome
from opsdb_deploy.package import build as build_zip
from opsdb_deploy.steps import Asked
from opsdb_deploy.wanted import Unfit

LAYER_ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's words for an architecture -> those of the packages."""


@dataclass(frozen=True)
class Terminal:
    """Whoever sits there, or a program that said yes beforehand. With JSON, sentences go where errors go."""

    as_json: bool
    yes: bool
    allowed: frozenset[str]

    def say(self, line: str) -> None:
        click.echo(line, err=self.as_json)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for line in terminal.table(head, rows):
            self.say(f"  {line}")

    def agree(self, question: str) -> bool:
        return self.yes or click.confirm(question, err=self.as_json)

    def named(self, what: str, name: str) -> bool:
        if name in self.allowed:
            return True
        if self.yes or not _somebody_is_there():
            return False
        self.say(what)
        typed: str = click.prompt(f"Type {name} to let it go", default="", show_default=False, err=self.as_json)
        return typed == name


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


@contextmanager
def in_words() -> Iterator[None]:
    """AWS's refusals, and ours, as sentences with an exit code."""
    try:
        yield
    except Unfit as error:
        raise click.UsageError(str(error)) from None
    except DeployError as error:
        raise StackError(str(error)) from None
    except Exception as error:
        said = refusals.explained(error)
        if said is None:
            raise
        raise Unavailable(said) if refusals.unreachable(error) else StackError(said) from None


def _pairs(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    without = [one for one in given if "=" not in one]
    if without:
        raise click.BadParameter(f"{without[0]} is no Name=Value")
    return dict(one.split("=", 1) for one in given)


on_stage = click.option("--stage", type=click.Choice(STAGES), required=True, help="Which deployment.")
in_region = click.option("--region", metavar="NAME", help="AWS region.  [default: that of the profile]")
with_profile = click.option("--profile", metavar="NAME", help="Profile of the AWS configuration, for credentials.")
asking_nothing = click.option(
    "--yes", is_flag=True, help="Do not ask. Says nothing about what --allow-replacement does."
)


@click.command()
@on_stage
@in_region
@with_profile
@click.option("--set", "given", metavar="NAME=VALUE", multiple=True, callback=_pairs, help="A parameter; kept later.")
@asking_nothing
@click.option("--allow-replacement", "allowed", metavar="RESOURCE", multiple=True, help="This one may be lost.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--with",
    "way",
    type=click.Choice(["cloudformation", "chalice"]),
    default="cloudformation",
    show_default=True,
    help="Who makes the functions and the API.",
)
@click.option("--rollback", "back", is_flag=True, help="Go back to the release before; the schema stays.")
@click.option(
    "--zip", "zipped", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Of `opsdb package`."
)
@click.option("--layer", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Of `opsdb vendor`.")
@click.option("--skip-dump", is_flag=True, help="Change the schema without a dump before it.")
@click.option("--new-admin-key", is_flag=True, help="Make one more admin's API key.")
@as_json
def deploy(
    stage: str,
    region: str | None,
    profile: str | None,
    given: dict[str, str],
    yes: bool,
    allowed: tuple[str, ...],
    dry_run: bool,
    way: str,
    back: bool,
    zipped: Path | None,
    layer: Path | None,
    skip_dump: bool,
    new_admin_key: bool,
    as_json: bool,
) -> None:
    """Put a stage into AWS, or bring it up to date.

    Network, database and buckets, functions, schema, API, alarms, in this order. Shows what each stack would
    change and asks. Nothing to change means that nothing is touched; what was stopped half-way goes on from
    there when it is run again. See docs/deploy.md.

    \b
    Examples:
      opsdb deploy --stage dev --dry-run
      opsdb deploy --stage prod --set CustomerGatewayIp=192.0.2.10 --set PageMail=duty@example.com
      opsdb deploy --stage prod --rollback
    """
    if way == "chalice" and (dry_run or back):
        raise click.UsageError("--dry-run and --rollback go with --with cloudformation: Chalice can do neither")
    _check_somebody_answers(yes or dry_run)
    cloud = _reached(stage, region, profile, Terminal(as_json, yes, frozenset(allowed)))
    asked = Asked(
        make_zip=_zip(zipped),
        make_layer=_layer(layer),
        given=given,
        skip_dump=skip_dump,
        new_admin_key=new_admin_key,
    )
    done = Outcome(stage)
    try:
        with in_words():
            if back:
                rollback.go_back(cloud, done)
            elif dry_run:
                steps.foresee(cloud, asked, done)
            else:
                (chalice_way if way == "chalice" else steps).deploy(cloud, asked, done)
    finally:
        # Whatever happened after it was made: nothing else knows it.
        if done.admin_key and not as_json:
            click.echo(f"The first admin's API key, shown this once: {done.admin_key}")
        elif done.admin_key and sys.exc_info()[0]:
            click.echo(f"admin key: {done.admin_key}", err=True)
    terminal.answer(as_json, asdict(done), *_summary(done))


def _check_somebody_answers(unasked: bool) -> None:
    if not unasked and not _somebody_is_there():
        raise click.UsageError("there is no terminal to ask on; --yes agrees beforehand")


def _reached(stage: str, region: str | None, profile: str | None, talk: Terminal) -> Cloud:
    with in_words():
        return opened(stage, region=region, profile=profile, talk=talk)


def _zip(given: Path | None) -> Callable[[str, str], Path]:
    if given:
        return lambda python, architecture: given
    return lambda python, architecture: build_zip(stack.ROOT / "build", python=python, architecture=architecture).path


def _layer(given: Path | None) -> Callable[[str], Path]:
    def made(architecture: str) -> Path:
        if given:
            return given
        arch = LAYER_ARCHITECTURES[architecture]
        out = stack.ROOT / "build" / "client-layer"
        there = out.with_name(f"{out.name}-{arch}.zip")
        return there if there.exists() else Path(build_layer(arch, out).file)

    return made


def _summary(done: Outcome) -> Iterator[str]:
    if done.addresses:
        yield from terminal.table(("what", "where"), list(done.addresses.items()))
    yield from (f"Next: {one}" for one in done.next_steps)
    words: set[Any] = set(done.stacks.values())
    if words == {"no changes"} and not done.release:
        yield f"{done.stage} is as it should be: no changes."
    elif done.release:
        yield f"{done.stage} is at opsdb {done.version}, schema {done.revision}."


@click.command("refresh")
@on_stage
@in_region
@with_profile
@as_json
def refresh_keys(stage: str, region: str | None, profile: str | None, as_json: bool) -> None:
    """Hand the user pool's public keys to a stage's functions, as deploying does.

    Needed without a deployment only when the pool has new keys, which AWS does not announce.

    Example: opsdb keys refresh --stage prod
    """
    cloud = _reached(stage, region, profile, Terminal(as_json, True, frozenset()))
    with in_words():
        said = pool.deliver(cloud)
    terminal.answer(as_json, {"stage": stage, "said": said}, said)


@click.command()
@on_stage
@in_region
@with_profile
@click.option("--delete-data", "named", metavar="NAME", help="Delete its data too, for good: repeat opsdb-STAGE.")
@asking_nothing
@as_json
def destroy(stage: str, region: str | None, profile: str | None, named: str | None, yes: bool, as_json: bool) -> None:
    """Take a stage out of AWS; its data stays unless it is named.

    The last snapshot of the database, the buckets, keys and secrets stay, and are listed with what they cost.
    A protected database is never removed.

    \b
    Examples:
      opsdb destroy --stage dev
      opsdb destroy --stage dev --delete-data opsdb-dev
    """
    if named not in {None, f"opsdb-{stage}"}:
        raise click.UsageError(f"--delete-data {named} is not this stage: it must repeat opsdb-{stage}")
    _check_somebody_answers(yes)
    cloud = _reached(stage, region, profile, Terminal(as_json, yes, frozenset()))
    done = Removed(stage)
    with in_words():
        take_away(cloud, done, data_too=bool(named))
    terminal.answer(as_json, asdict(done), *_remains(done))


def _remains(done: Removed) -> Iterator[str]:
    if done.stays:
        yield f"{done.stage} is gone. What stays:"
        yield from terminal.table(("what", "name", "costs"), [(one.what, one.id, one.costs) for one in done.stays])
        return
    yield f"{done.stage} is gone, and nothing stays." if done.stacks else f"There is nothing of {done.stage}."


COMMANDS: list[click.Command] = [deploy, destroy]
