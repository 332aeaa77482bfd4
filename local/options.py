"""The options that commands share, and how a command finds the floor it works on."""

import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from chalicelib.imports.sheets.sheet import Options
from local import stack, terminal

Command = TypeVar("Command", bound=Callable[..., Any])

LOCAL = ("127.0.0.1", "localhost")


def use_floor(ctx: click.Context, param: click.Parameter, data: Path | None) -> None:
    """Let the settings be found: the folder named, else the environment's file, else the repository's `.local`."""
    if data:
        os.environ["OPSDB_SETTINGS_FILE"] = str(data / "settings.json")
        if not (data / "settings.json").is_file():
            raise terminal.NoStack(f"{data} has no settings.json: `opsdb up --data {data}` makes one")
    file = Path(os.environ.setdefault("OPSDB_SETTINGS_FILE", str(stack.ROOT / ".local" / "settings.json")))
    _use_its_s3(json.loads(file.read_text()) if file.is_file() else {})


def _use_its_s3(values: dict[str, str]) -> None:
    """Take the stack's S3 as a whole: its server with somebody's real AWS credentials, or their proxy, is no use."""
    if "AWS_ENDPOINT_URL_S3" in values and "AWS_ENDPOINT_URL_S3" not in os.environ:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update({name: value for name, value in values.items() if name.startswith("AWS_")})
        for name in ("NO_PROXY", "no_proxy"):
            os.environ[name] = ",".join(filter(None, [os.environ.get(name), *LOCAL]))


on_floor = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    expose_value=False,
    callback=use_floor,
    is_eager=True,
    help="Folder of the running stack.  [default: .local of the repository]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


def sheet_options(command: Command) -> Command:
    """A flag for each option that an upload can have, declared where imports declare them."""
    for one in reversed(fields(Options)):
        command = click.option(f"--{one.metadata['name']}", one.name, is_flag=True, help=_sentence(one.metadata))(
            command
        )
    return command


def _sentence(metadata: Any) -> str:
    meaning = str(metadata["meaning"])
    return f"{meaning[:1].upper()}{meaning[1:]}."
