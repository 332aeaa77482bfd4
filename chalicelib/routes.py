"""Every feature's routes, in the order in which the documentation shows them; and the contract they make up."""

from functools import cache
from typing import Any

from chalicelib.admin.cognito import routes as cognito
from chalicelib.admin.db_users import routes as db_users
from chalicelib.admin.keys import routes as keys
from chalicelib.admin.options import routes as options
from chalicelib.admin.routes import routes as service
from chalicelib.admin.signing_in import routes as signing_in
from chalicelib.admin.users import routes as users
from chalicelib.attendance.routes import routes as attendance
from chalicelib.audit.routes import routes as audit
from chalicelib.backups.routes import routes as backups
from chalicelib.changes.routes import routes as changes
from chalicelib.console.docs import routes as docs
from chalicelib.console.pages import routes as console
from chalicelib.core.http import NOBODY, Call, Routes
from chalicelib.core.openapi import document
from chalicelib.exceptions.routes import routes as exceptions
from chalicelib.floor.board import routes as board
from chalicelib.floor.handover import routes as handover
from chalicelib.floor.marking import routes as marking
from chalicelib.floor.notes import routes as notes
from chalicelib.floor.periods import routes as periods
from chalicelib.imports.posted import routes as posted
from chalicelib.imports.presigned import routes as presigned
from chalicelib.imports.routes import routes as uploads
from chalicelib.imports.templates import routes as templates
from chalicelib.leave.routes import routes as leave
from chalicelib.people.deputies import routes as deputies
from chalicelib.people.past import routes as past
from chalicelib.people.privacy import routes as privacy
from chalicelib.people.reviews import routes as reviews
from chalicelib.people.routes import routes as employees
from chalicelib.reports.breakdowns import routes as breakdowns
from chalicelib.reports.dashboard import routes as dashboard
from chalicelib.reports.periodic import routes as periodic
from chalicelib.rewards.redemptions import routes as redemptions
from chalicelib.rewards.routes import routes as rewards
from chalicelib.schedules.openings import routes as openings
from chalicelib.schedules.routes import routes as schedules
from chalicelib.schedules.subscriptions import routes as calendars
from chalicelib.staffing.coverage import routes as coverage
from chalicelib.staffing.routes import routes as staffing

routes = Routes(__name__, tag="service")
ALL: tuple[Routes, ...] = (
    service,
    routes,
    docs,
    console,
    signing_in,
    cognito,
    employees,
    past,
    privacy,
    deputies,
    reviews,
    schedules,
    coverage,
    openings,
    calendars,
    attendance,
    board,
    notes,
    handover,
    marking,
    periods,
    changes,
    leave,
    exceptions,
    staffing,
    rewards,
    redemptions,
    dashboard,
    periodic,
    breakdowns,
    options,
    users,
    keys,
    db_users,
    audit,
    uploads,
    presigned,
    posted,
    templates,
    backups,
)


@routes.get("/openapi.json", answer=dict[str, Any], roles=NOBODY)
def openapi(call: Call) -> dict[str, Any]:
    """This contract."""
    return _contract()


@cache
def _contract() -> dict[str, Any]:
    """Written once: it takes a tenth of a second, and anybody may ask for it."""
    return document(route for feature in ALL for route in feature.declared)
