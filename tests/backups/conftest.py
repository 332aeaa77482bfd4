"""A floor with people and shifts in a database of its own, a bucket of its own, and settings that name them."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.migrations import steps
from local import postgres
from local import s3 as local_s3
from tests.backups.place import Place, execute
from tests.conftest import administer, copy_database, forget


@pytest.fixture(scope="session")
def floor(server: postgres.Server, migrated: str) -> str:
    """The name of a database with rows in nearly every table, to be copied."""
    copy_database(server, migrated, "floor")
    execute(steps.with_database(server.admin_url, "floor"), (Path(__file__).parent / "floor.sql").read_text())
    return "floor"


@pytest.fixture
def place(
    server: postgres.Server, store: local_s3.Server, floor: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """This test's own copy of the floor, with the settings of this process pointing at it."""
    name = f"floor_{secrets.token_hex(4)}"
    copy_database(server, floor, name)
    made = Place(server, store, name)
    store.make_bucket(made.bucket)
    for variable in [found for found in os.environ if found.startswith(("OPSDB_", "AWS_", "PG", "DATABASE_URL"))]:
        monkeypatch.delenv(variable)
    for variable, value in made.environment().items():
        monkeypatch.setenv(variable, value)
    forget()
    yield made
    forget()
    # The S3 server gives each bucket some of its few volumes, and takes them back with the bucket only.
    store.client().delete_bucket(Bucket=made.bucket)
    for database in made.databases:
        administer(server, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
