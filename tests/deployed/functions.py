"""What is deployed: the handlers Chalice knows of, and what each of them may know."""

from opsdb_deploy.declared import Function
from opsdb_deploy.declared import functions as found_in
from tests.conftest import Site

DATABASE = {
    "app.app": "DATABASE_URL",
    "app.on_upload": "DATABASE_URL OPSDB_BACKUP_DATABASE_URL",
    "app.sweep_uploads": "DATABASE_URL",
    "app.nightly_backup": "OPSDB_BACKUP_DATABASE_URL",
    "app.restore_drill": "OPSDB_DRILL_DATABASE_URL",
    "app.expire_backups": "OPSDB_BACKUP_DATABASE_URL",
    "app.archive": "DATABASE_URL",
    "app.end_employments": "DATABASE_URL",
    "app.close_day": "DATABASE_URL",
    "app.migrate": "OPSDB_OWNER_DATABASE_URL",
}
"""The database role that a function signs in as, one has two; its policy allows no other."""


def declared() -> list[Function]:
    """Every function that app.py makes."""
    from app import app

    return found_in(app)


def registered() -> set[str]:
    """Every handler string that is deployed."""
    return {one.handler for one in declared()}


def environment(site: Site, handler: str) -> dict[str, str]:
    """The site as this function sees it: its own database role and no other."""
    others = {name for names in DATABASE.values() for name in names.split()} - set(DATABASE[handler].split())
    return {name: value for name, value in site.environment.items() if name not in others}
