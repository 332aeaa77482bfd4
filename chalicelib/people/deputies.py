"""Who stands in for a lead, over HTTP."""

from chalicelib.core.auth import HR
from chalicelib.core.clock import today
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, EmployeeId, Input
from chalicelib.people import deputy_queries as queries
from chalicelib.people.deputy_queries import Deputy, DeputyFilters
from chalicelib.people.teams import LEADS

routes = Routes(__name__, tag="employees")

WRITERS = HR | LEADS
LONGEST = 366


class NewDeputy(Input, frozen=True, kw_only=True):
    """Who stands in for whom, on which days (both included, a year at most)."""

    lead_id: EmployeeId
    employee_id: EmployeeId
    start_date: Day
    end_date: Day


@routes.get("/deputies", query=DeputyFilters, answer=Page[Deputy])
def list_deputies(call: Call) -> Page[Deputy]:
    """Who stands in for which lead, and when."""
    with call.reading() as conn:
        return queries.list_deputies(conn, query=call.query)


@routes.post("/deputies", body=NewDeputy, answer=Deputy, roles=WRITERS, errors=(404, 409))
def name_deputy(call: Call) -> Deputy:
    """Let somebody stand in for a lead: they may then write about that lead's people, if their own role is a lead's.

    Leads name their own deputies; nobody names themselves.
    """
    new: NewDeputy = call.body
    problems = []
    if not 0 <= (new.end_date - new.start_date).days < LONGEST:
        problems.append(f"end_date: must be within {LONGEST} days from {new.start_date}, got {new.end_date}")
    if new.end_date < today():
        problems.append(f"end_date: must be {today()} or later, got {new.end_date}")
    if new.lead_id == new.employee_id:
        problems.append("employee_id: nobody stands in for themselves")
    if problems:
        raise Invalid(*problems)
    _check(call, new.lead_id)
    if new.employee_id == call.caller.employee_id:
        raise Forbidden("employee_id: nobody names themselves")
    with call.writing() as conn:
        if missing := queries.not_employed(conn, employee_ids=[new.lead_id, new.employee_id]):
            named = {new.lead_id: "lead_id", new.employee_id: "employee_id"}
            raise NotFound(*(f"{named[one]}: {one} is no employee" for one in missing))
        return queries.insert_deputy(
            conn, lead_id=new.lead_id, employee_id=new.employee_id, start_date=new.start_date, end_date=new.end_date
        )


@routes.delete("/deputies/{deputy_id}", answer=Deputy, roles=WRITERS)
def dismiss_deputy(call: Call, deputy_id: int) -> Deputy:
    """End it, at once; what was written in the lead's place stays, and the audit says so."""
    with call.writing() as conn:
        found = queries.find_deputy(conn, deputy_id=deputy_id)
        if found is None:
            raise NotFound(f"deputy_id: there is none with {deputy_id}")
        _check(call, found.lead_id)
        queries.delete_deputy(conn, deputy_id=deputy_id)
        return found


def _check(call: Call, lead_id: int) -> None:
    if call.caller.role in LEADS and call.caller.employee_id != lead_id:
        raise Forbidden("lead_id: leads name deputies of their own only")
