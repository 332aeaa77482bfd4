"""Databases that have roles and nothing else, and one whose every test is a transaction taken back."""

import secrets
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from chalicelib.core.db import psycopg2_url
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


@pytest.fixture(scope="session")
def shared(server: postgres.Server, migrated: str) -> Iterator[Engine]:
    """One migrated database for every test that takes back what it wrote, as the application uses it."""
    administer(server, f"CREATE DATABASE shared OWNER opsdb_owner TEMPLATE {migrated}")
    steps.bootstrap(server.admin_url, database="shared", passwords={})
    url = server.url("opsdb_app", PASSWORDS["opsdb_app"], "shared")
    engine = create_engine(psycopg2_url(url), poolclass=NullPool)
    yield engine
    administer(server, "DROP DATABASE shared WITH (FORCE)")


@pytest.fixture
def conn(shared: Engine) -> Iterator[Connection]:
    """One transaction of the application; the test leaves nothing."""
    with shared.connect() as connection:
        yield connection
        connection.rollback()
