"""The part of `opsdb` about is it well, and what does it cost."""

import click

COMMANDS: list[click.Command] = []
