"""The part of `opsdb` about putting a stage into AWS, and taking it away."""

import click

COMMANDS: list[click.Command] = []
