"""Databases that have roles and nothing else."""

import secrets
from collections.abc import Iterator

import pytest

from chalicelib.migrations import steps
from local import postgres
from tests.conftest import PASSWORDS, administer


@pytest.fixture
def bare(server: postgres.Server, migrated: str) -> Iterator[str]:
    """The name of a database as the bootstrap step leaves it."""
    name = f"bare_{secrets.token_hex(4)}"
    steps.bootstrap(server.admin_url, database=name, passwords=PASSWORDS)
    yield name
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")
