"""The part of `opsdb` about is it well, and what does it cost."""

import click

from local.costing import cost
from local.doctoring import doctor

COMMANDS: tuple[click.Command, ...] = (cost, doctor)
