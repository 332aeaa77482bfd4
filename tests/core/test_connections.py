"""What the application's connections begin with, whatever the server has set."""

from sqlalchemy import text

from chalicelib.core import db
from tests.conftest import Site


def test_connections_bring_their_own_settings(site: Site) -> None:
    with db.reading() as conn:
        rows = conn.execute(text("SELECT name, setting FROM pg_settings WHERE source = 'client'"))
        found = {row.name: row.setting for row in rows}
    assert found["statement_timeout"] == "25000"
    assert found["TimeZone"] == "UTC"
    assert found["jit"] == "off"
