"""What is deployed: the handlers Chalice knows of, and what each of them may know."""

from tests.conftest import Site

DATABASE = {
    "app.app": "DATABASE_URL",
    "app.on_upload": "DATABASE_URL OPSDB_BACKUP_DATABASE_URL",
    "app.sweep_uploads": "DATABASE_URL",
    "app.nightly_backup": "OPSDB_BACKUP_DATABASE_URL",
    "app.restore_drill": "OPSDB_DRILL_DATABASE_URL",
    "app.expire_backups": "OPSDB_BACKUP_DATABASE_URL",
    "app.migrate": "OPSDB_OWNER_DATABASE_URL",
}
"""The database role that a function signs in as, one has two; its policy allows no other."""


def registered() -> set[str]:
    """Every handler string that Chalice would deploy."""
    from app import app

    others = [*app.event_sources, *app.pure_lambda_functions, *app.builtin_auth_handlers]
    return {"app.app"} | {one.handler_string for one in [*others, *app.websocket_handlers.values()]}


def environment(site: Site, handler: str) -> dict[str, str]:
    """The site as this function sees it: its own database role and no other."""
    others = {name for names in DATABASE.values() for name in names.split()} - set(DATABASE[handler].split())
    return {name: value for name, value in site.environment.items() if name not in others}
