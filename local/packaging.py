"""The part of `opsdb` about what goes to Lambda, made on this machine."""

from dataclasses import asdict
from pathlib import Path

import click

from local import terminal
from local.options import as_json
from opsdb_deploy.package import BUILD, Package, build
from opsdb_deploy.package.target import GLIBC, MACHINES


@click.command()
@click.option("--python", type=click.Choice(list(GLIBC)), default="3.11", show_default=True, help="The function's.")
@click.option(
    "--architecture", type=click.Choice(list(MACHINES)), default="x86_64", show_default=True, help="The function's."
)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Folder of the zip.  [default: build]")
@as_json
def package(python: str, architecture: str, into: Path | None, as_json: bool) -> None:
    """Make the zip that Lambda gets: opsdb-PYTHON-ARCHITECTURE.zip.

    From pinned wheels of its platform, fetched once; they stay in build/wheels. Each is checked for the runtime it is
    for. Modules come compiled where a Python of that version is at hand: this one, one on the PATH, or the one that the
    variable PYTHON names. The same sources give the same zip, to the byte.

    Example: opsdb package --python 3.13 --architecture arm64
    """
    with terminal.meter(as_json) as meter:
        made = build(into or BUILD, python=python, architecture=architecture, progress=meter)
    terminal.answer(as_json, {**asdict(made), "path": str(made.path)}, *_said(made))
    if not made.bytecode:
        click.echo(
            f"opsdb: there is no Python {python} here, so modules go uncompiled and cold starts take longer: "
            "name one with PYTHON=...",
            err=True,
        )


def _said(made: Package) -> list[str]:
    compiled = "compiled" if made.bytecode else "not compiled"
    return [
        f"{made.path}: {terminal.size(made.size)}, {terminal.size(made.unzipped)} unpacked, {compiled}",
        f"sha256 {made.sha256}",
        "",
        "A function that is there gets it with:",
        f"  aws lambda update-function-code --function-name NAME --architectures {made.architecture} \\",
        f"    --zip-file fileb://{made.path}",
    ]


COMMANDS: list[click.Command] = [package]
