"""The part of `opsdb` about what goes to Lambda, made on this machine."""

import click

COMMANDS: list[click.Command] = []
