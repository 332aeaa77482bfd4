"""Backups and verifications asked for over HTTP, and done by the function that their markers start."""

from typing import Final

from chalicelib.backups import run, verify
from chalicelib.backups.readback import Damaged
from chalicelib.core.clock import now
from chalicelib.core.continuation import Marker, Settled
from chalicelib.core.errors import NotFound

BACKUP: Final = "backup"
VERIFY: Final = "verify"


def backup(marker: Marker) -> None:
    """One more backup, of the tier `manual`, verified. While another runs there is nothing to do."""
    try:
        run.proven(tier="manual", now=now())
    except Damaged as error:
        raise Settled from error


def verification(marker: Marker) -> None:
    """The dump named by `backup_id` read back; that it is damaged or gone is an outcome, and final."""
    try:
        verify.verify(marker.facts["backup_id"], now=now())
    except (Damaged, NotFound) as error:
        raise Settled from error


WORK = {BACKUP: backup, VERIFY: verification}
"""What a marker may ask for, by its name."""
