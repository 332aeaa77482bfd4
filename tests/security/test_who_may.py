"""Every route and everybody who might ask for it: what each gets, as it was decided, whatever the code declares."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Site
from tests.security.floor import DECLARED, EVENING, FORGERIES, Floor, at, contents, furnished, nothing_stays, send

STRANGERS = {
    "nobody",
    "an expired key",
    "a revoked key",
    "a mistyped key",
    "another's key id",
    "a tampered cookie",
    "a cookie signed by another",
    "a session that ended",
    "a user who was shut out",
    *(f"a token: {what}" for what in FORGERIES),
}
"""Whom nothing proves: 401, whatever they ask for; but for what anybody may have."""

NOT_MEANT = {"HR, from another site's page", "HR, with the token of another session"}
"""A cookie that came by itself: it reads, and writes nothing."""

IN_NO_GROUP = {"a token without a group"}
"""Somebody whom the user pool knows, and nobody has let in."""

SUPERVISOR = {"the supervisor", "the supervisor, by token"}
OVER = SUPERVISOR | {"the deputy", "the duty lead"}
"""Who writes about Ada."""

OTHER_LEADS = {
    "another team's supervisor",
    "a supervisor of nobody",
    "the duty lead after the shift",
    "a duty lead elsewhere",
}
"""Leads to whom Ada is nobody."""

LEADS = OVER | OTHER_LEADS | {"the person"}
ADMIN = {"an admin", "an admin, by token"}
HR = ADMIN | {"HR"}
PLANNER = ADMIN | {"a planner"}
EVERYBODY = LEADS | HR | PLANNER | {"a viewer"} | NOT_MEANT
ANYBODY = EVERYBODY | STRANGERS | IN_NO_GROUP

Asked = Callable[[Floor], tuple[str, Any]]


@dataclass(frozen=True)
class Line:
    """Who may, what they get then, and a request that gets it: its path, with a query if need be, and its body."""

    may: set[str]
    gets: int
    asked: Asked


def plain(may: set[str], gets: int, path: str, body: Any = None) -> Line:
    """A route whose path and body say nothing of the floor."""
    return Line(may, gets, lambda _: (path, body))


def read(path: str) -> Line:
    """A route that every role reads, at an address without variables."""
    return plain(EVERYBODY, 200, path)


def days(on: Floor, day: int = 23, **more: Any) -> dict[str, Any]:
    return {"employee_id": on.ada, "start_date": f"2026-10-{day}", "end_date": f"2026-10-{day}", **more}


INTERVAL = {"date": "2026-10-05", "interval_start": "09:00", "department": "Support"}

TABLE: dict[str, Line] = {
    "GET /health": plain(ANYBODY, 200, "/health"),
    "GET /health/ready": plain(ANYBODY, 200, "/health/ready"),
    "GET /openapi.json": plain(ANYBODY, 200, "/openapi.json"),
    "GET /docs": plain(ANYBODY, 200, "/docs"),
    "GET /docs/{file}": plain(ANYBODY, 200, "/docs/docs.js"),
    "GET /console": plain(ANYBODY, 200, "/console"),
    "GET /console/{version}/{file}": Line(ANYBODY, 200, lambda on: (f"/console/{on['console']}/main.js", None)),
    "GET /calendar/{file}": Line(ANYBODY, 200, lambda on: (on["calendar"], None)),
    "POST /auth/login": plain(ANYBODY, 400, "/auth/login", {"username": "hr"}),
    "POST /auth/logout": plain(EVERYBODY, 200, "/auth/logout"),
    "GET /auth/me": read("/auth/me"),
    "GET /auth/names": read("/auth/names"),
    "GET /auth/ways": plain(ANYBODY, 200, "/auth/ways"),
    # A token that the pool has not signed is nobody's.
    "POST /auth/token": plain(ANYBODY, 401, "/auth/token", {"id_token": "e30.e30.e30"}),
    # Only who signs in with a password has one: what is sent is not it.
    "POST /auth/password": plain({"HR"}, 400, "/auth/password", {"current": "x", "new": "another barge of tangerines"}),
    # People
    "GET /employees": read("/employees"),
    "GET /employees/search": read("/employees/search?q=ada"),
    "GET /employees/history": read("/employees/history"),
    "GET /employees/{employee_id}": Line(EVERYBODY, 200, lambda on: (f"/employees/{on.ada}", None)),
    "GET /employees/{employee_id}/assignments": Line(
        EVERYBODY, 200, lambda on: (f"/employees/{on.ada}/assignments", None)
    ),
    "GET /employees/{employee_id}/employments": Line(
        EVERYBODY, 200, lambda on: (f"/employees/{on.ada}/employments", None)
    ),
    "POST /employees": plain(HR, 201, "/employees", {"employee_id": 77, "first_name": "Eve", "last_name": "New"}),
    "PUT /employees/{employee_id}": Line(HR, 200, lambda on: (f"/employees/{on.ada}", {"tier": 2})),
    "DELETE /employees/{employee_id}": Line(HR, 200, lambda on: (f"/employees/{on.bea}", None)),
    "POST /employees/{employee_id}/restore": Line(HR, 200, lambda on: (f"/employees/{on['archived']}/restore", None)),
    "GET /employees/{employee_id}/export": Line(HR | NOT_MEANT, 200, lambda on: (f"/employees/{on.ada}/export", None)),
    "POST /employees/{employee_id}/erase": Line(
        ADMIN, 200, lambda on: (f"/employees/{on['archived']}/erase", {"confirm": str(on["archived"]), "reason": "law"})
    ),
    "POST /employees/{employee_id}/calendar": Line(
        HR | OVER | {"the person"}, 200, lambda on: (f"/employees/{on.ada}/calendar", {})
    ),
    "GET /deputies": read("/deputies"),
    "POST /deputies": Line(
        HR | SUPERVISOR,
        201,
        lambda on: (
            "/deputies",
            {"lead_id": on.grace, "employee_id": on.otto, "start_date": "2026-11-01", "end_date": "2026-11-02"},
        ),
    ),
    "DELETE /deputies/{deputy_id}": Line(HR | SUPERVISOR, 200, lambda on: (f"/deputies/{on['deputy']}", None)),
    "GET /employees/reviews": read("/employees/reviews"),
    "PUT /employees/reviews/{review_id}": Line(HR, 200, lambda on: (f"/employees/reviews/{on['review']}", {"tier": 2})),
    "POST /employees/reviews/{review_id}/approve": Line(
        HR, 200, lambda on: (f"/employees/reviews/{on['review']}/approve", {"employee_id": 77})
    ),
    "POST /employees/reviews/{review_id}/reject": Line(
        HR, 200, lambda on: (f"/employees/reviews/{on['review']}/reject", None)
    ),
    "POST /employees/reviews/approve": Line(
        HR,
        200,
        lambda on: ("/employees/reviews/approve", {"reviews": [{"review_id": on["review"], "employee_id": 77}]}),
    ),
    # The plan
    "GET /schedules": read("/schedules"),
    "GET /schedules/history": read("/schedules/history"),
    "GET /schedules/coverage": read("/schedules/coverage"),
    "GET /schedules/open": read("/schedules/open"),
    "GET /schedules/{schedule_id}/candidates": Line(
        EVERYBODY, 200, lambda on: (f"/schedules/{on['shift']}/candidates", None)
    ),
    "POST /schedules": Line(
        PLANNER,
        201,
        lambda on: ("/schedules", {"employee_id": on.ada, "nominal_date": "2026-10-12", "work_code": "OFF"}),
    ),
    "PUT /schedules/{schedule_id}": Line(
        PLANNER, 200, lambda on: (f"/schedules/{on['later shift']}", {"work_code": "OT"})
    ),
    "DELETE /schedules/{schedule_id}": Line(PLANNER, 200, lambda on: (f"/schedules/{on['later shift']}", None)),
    "GET /schedule_changes": read("/schedule_changes"),
    # It reads, so whose people they are is not asked.
    "GET /schedule_changes/verdict": Line(
        ADMIN | LEADS,
        200,
        lambda on: (
            f"/schedule_changes/verdict?change_type=Cover&employee_id={on.ada}&replacement_id={on.bea}"
            f"&schedule_id={on['later shift']}",
            None,
        ),
    ),
    "GET /schedule_changes/{change_id}": Line(EVERYBODY, 200, lambda on: (f"/schedule_changes/{on['change']}", None)),
    # Of two people, both must be the lead's; and Bea is not Ada's.
    "POST /schedule_changes": Line(
        ADMIN | OVER,
        201,
        lambda on: (
            "/schedule_changes",
            {
                "change_type": "Cover",
                "employee_id": on.ada,
                "replacement_id": on.bea,
                "schedule_id": on["later shift"],
            },
        ),
    ),
    "POST /schedule_changes/{change_id}/approve": Line(
        ADMIN | OVER, 200, lambda on: (f"/schedule_changes/{on['change']}/approve", {})
    ),
    "POST /schedule_changes/{change_id}/reject": Line(
        ADMIN | OVER, 200, lambda on: (f"/schedule_changes/{on['change']}/reject", {})
    ),
    "DELETE /schedule_changes/{change_id}": Line(
        ADMIN | OVER, 200, lambda on: (f"/schedule_changes/{on['change']}", None)
    ),
    "GET /forecasts": read("/forecasts"),
    "POST /forecasts": plain(PLANNER, 201, "/forecasts", INTERVAL | {"calls": 100, "handling_seconds": 180}),
    "GET /requirements": read("/requirements"),
    "POST /requirements": plain(PLANNER, 201, "/requirements", INTERVAL | {"required": 4}),
    # Attendance, and the floor
    "GET /attendances": read("/attendances"),
    "GET /attendances/history": read("/attendances/history"),
    "GET /attendances/daily-report": read("/attendances/daily-report"),
    "POST /attendances": Line(
        ADMIN | OVER,
        201,
        lambda on: ("/attendances", {"employee_id": on.ada, "date": "2026-10-05", "check_in": "09:00"}),
    ),
    "PUT /attendances/{employee_id}/{date}": Line(
        ADMIN | OVER, 200, lambda on: (f"/attendances/{on.ada}/2026-10-01", {"check_in": "09:10"})
    ),
    "DELETE /attendances/{employee_id}/{date}": Line(
        ADMIN | OVER, 200, lambda on: (f"/attendances/{on.ada}/2026-10-01", None)
    ),
    "POST /attendances/mark": Line(
        ADMIN | OVER,
        200,
        lambda on: ("/attendances/mark", {"employee_id": [on.ada, on.bea], "mark": "present"}),
    ),
    "GET /floor": read("/floor"),
    "GET /floor/notes": read("/floor/notes"),
    "POST /floor/notes": plain(PLANNER | LEADS, 201, "/floor/notes", {"text": "The heating is out"}),
    "GET /periods": read("/periods"),
    "GET /periods/{month}/adjustments": plain(EVERYBODY, 404, "/periods/2026-08/adjustments"),
    "POST /periods/{month}/close": plain(ADMIN, 201, "/periods/2026-08/close"),
    # Leave and exceptions: a lead asks for themselves, and decides about others only.
    "GET /leave_requests": read("/leave_requests"),
    "GET /leave_requests/{leave_id}": Line(EVERYBODY, 200, lambda on: (f"/leave_requests/{on['leave']}", None)),
    "POST /leave_requests": Line(
        HR | OVER | {"the person"}, 201, lambda on: ("/leave_requests", days(on, leave_type="Sick"))
    ),
    "POST /leave_requests/{leave_id}/approve": Line(
        HR | OVER, 200, lambda on: (f"/leave_requests/{on['leave']}/approve", {})
    ),
    "POST /leave_requests/{leave_id}/reject": Line(
        HR | OVER, 200, lambda on: (f"/leave_requests/{on['leave']}/reject", {})
    ),
    "DELETE /leave_requests/{leave_id}": Line(
        HR | OVER | {"the person"}, 200, lambda on: (f"/leave_requests/{on['leave']}", None)
    ),
    "GET /leave_allowances": read("/leave_allowances"),
    "POST /leave_allowances": Line(
        HR,
        201,
        lambda on: ("/leave_allowances", {"employee_id": on.ada, "leave_type": "Vacation", "year": 2027, "days": 25}),
    ),
    "GET /holidays": read("/holidays"),
    "POST /holidays": plain(HR, 201, "/holidays", {"date": "2027-01-01", "name": "New Year"}),
    "DELETE /holidays/{holiday_id}": Line(HR, 200, lambda on: (f"/holidays/{on['holiday']}", None)),
    "GET /exceptions": read("/exceptions"),
    "POST /exceptions": Line(
        PLANNER | OVER | {"the person"}, 201, lambda on: ("/exceptions", days(on, exception_type="Training"))
    ),
    # What is not theirs is refused one by one: test_many_at_once_are_refused_one_by_one.
    "POST /exceptions/process": Line(
        PLANNER | LEADS, 200, lambda on: ("/exceptions/process", {"exception_ids": [on["exception"]]})
    ),
    "POST /exceptions/{exception_id}/process": Line(
        PLANNER | OVER, 200, lambda on: (f"/exceptions/{on['exception']}/process", {})
    ),
    "POST /exceptions/{exception_id}/reject": Line(
        PLANNER | OVER, 200, lambda on: (f"/exceptions/{on['exception']}/reject", {})
    ),
    "POST /exceptions/{exception_id}/revert": Line(
        PLANNER | OVER, 200, lambda on: (f"/exceptions/{on['processed']}/revert", None)
    ),
    # Rewards
    "GET /rewards/reasons": read("/rewards/reasons"),
    "POST /rewards/reasons": plain(HR, 201, "/rewards/reasons", {"reason": "Praise", "points": 30}),
    "PUT /rewards/reasons/{reason_id}": Line(HR, 200, lambda on: (f"/rewards/reasons/{on['reason']}", {"points": 9})),
    "GET /rewards/awards": read("/rewards/awards"),
    "POST /rewards/award": Line(
        HR | OVER, 201, lambda on: ("/rewards/award", {"employee_id": on.ada, "reason_id": on["reason"]})
    ),
    "POST /rewards/awards/{reward_id}/reverse": Line(
        HR | OVER, 200, lambda on: (f"/rewards/awards/{on['award']}/reverse", {})
    ),
    "GET /rewards/employee/{employee_id}": Line(EVERYBODY, 200, lambda on: (f"/rewards/employee/{on.ada}", None)),
    "GET /rewards/employee/{employee_id}/total": Line(
        EVERYBODY, 200, lambda on: (f"/rewards/employee/{on.ada}/total", None)
    ),
    "GET /rewards/employee/{employee_id}/balance": Line(
        EVERYBODY, 200, lambda on: (f"/rewards/employee/{on.ada}/balance", None)
    ),
    "GET /rewards/redemptions": read("/rewards/redemptions"),
    "POST /rewards/redemptions": Line(
        HR | OVER | {"the person"},
        201,
        lambda on: (
            "/rewards/redemptions",
            {"employee_id": on.ada, "points_redeemed": 10, "redemption_type": "Donation"},
        ),
    ),
    "POST /rewards/redemptions/{redemption_id}/approve": Line(
        HR | OVER, 200, lambda on: (f"/rewards/redemptions/{on['redemption']}/approve", {})
    ),
    "POST /rewards/redemptions/{redemption_id}/reject": Line(
        HR | OVER, 200, lambda on: (f"/rewards/redemptions/{on['redemption']}/reject", {})
    ),
    "POST /rewards/redemptions/{redemption_id}/reverse": Line(
        HR | OVER, 200, lambda on: (f"/rewards/redemptions/{on['redeemed']}/reverse", {})
    ),
    # Reports
    "GET /reports/dashboard": read("/reports/dashboard"),
    "GET /reports/handover": read("/reports/handover"),
    "GET /reports/weekly": read("/reports/weekly"),
    "GET /reports/monthly": read("/reports/monthly"),
    **{
        f"GET /reports/{name}": read(f"/reports/{name}")
        for name in (
            "employees",
            "schedules",
            "attendances",
            "rewards",
            "redemptions",
            "leave_requests",
            "exceptions",
        )
    },
    # Administration
    "GET /admin/options": read("/admin/options"),
    "POST /admin/options": plain(ADMIN, 201, "/admin/options", {"category": "department", "value": "Billing"}),
    "PUT /admin/options/{option_id}": Line(
        ADMIN, 200, lambda on: (f"/admin/options/{on['option']}", {"is_active": False})
    ),
    "GET /admin/users": plain(ADMIN, 200, "/admin/users"),
    "POST /admin/users": plain(ADMIN, 201, "/admin/users", {"username": "new", "password": None}),
    "PUT /admin/users/{user_id}": Line(ADMIN, 200, lambda on: (f"/admin/users/{on['user']}", {"role": "hr"})),
    "DELETE /admin/users/{user_id}": Line(ADMIN, 200, lambda on: (f"/admin/users/{on['user']}", None)),
    "GET /admin/api_keys": plain(ADMIN, 200, "/admin/api_keys"),
    "POST /admin/api_keys": plain(ADMIN, 201, "/admin/api_keys", {"name": "board", "role": "viewer"}),
    "PUT /admin/api_keys/{key_id}": Line(ADMIN, 200, lambda on: (f"/admin/api_keys/{on['key']}", {"role": "hr"})),
    "DELETE /admin/api_keys/{key_id}": Line(ADMIN, 200, lambda on: (f"/admin/api_keys/{on['key']}", None)),
    "GET /admin/db_users": plain(ADMIN, 200, "/admin/db_users"),
    "POST /admin/db_users": Line(ADMIN, 201, lambda on: ("/admin/db_users", {"username": f"{on.reader}2"})),
    "PUT /admin/db_users/{db_user_id}": Line(
        ADMIN, 200, lambda on: (f"/admin/db_users/{on['reader']}", {"notes": "x"})
    ),
    "DELETE /admin/db_users/{db_user_id}": Line(ADMIN, 200, lambda on: (f"/admin/db_users/{on['reader']}", None)),
    "GET /admin/audit": plain(ADMIN, 200, "/admin/audit"),
    "POST /undo": Line(ADMIN, 200, lambda on: ("/undo", {"request_id": on["request"], "dry_run": False})),
    # Sheets: every kind has roles of its own, and this one is of attendances.
    "GET /uploads": read("/uploads"),
    "GET /uploads/{upload_id}": Line(EVERYBODY, 200, lambda on: (f"/uploads/{on['failed upload']}", None)),
    "GET /uploads/{upload_id}/errors": Line(
        EVERYBODY, 200, lambda on: (f"/uploads/{on['failed upload']}/errors", None)
    ),
    "GET /uploads/{upload_id}/rows": Line(EVERYBODY, 200, lambda on: (f"/uploads/{on['failed upload']}/rows", None)),
    "POST /uploads": plain(ADMIN | LEADS, 201, "/uploads", {"kind": "attendances", "filename": "a.csv", "size": 10}),
    "POST /uploads/{upload_id}/retry": Line(
        ADMIN | LEADS, 202, lambda on: (f"/uploads/{on['failed upload']}/retry", None)
    ),
    "POST /uploads/{upload_id}/cancel": Line(
        ADMIN | LEADS, 200, lambda on: (f"/uploads/{on['running upload']}/cancel", None)
    ),
    "POST /uploads/{upload_id}/undo": Line(
        ADMIN, 200, lambda on: (f"/uploads/{on['done upload']}/undo", {"dry_run": False})
    ),
    # A sheet commits as it runs; what is no form shows who would be heard. Its rows are judged one by one
    # (tests/imports/test_attendances_sheet.py).
    **{
        f"POST {path}": plain(may, 415, path, {"file": "x"})
        for path, may in {
            "/employees/batch": HR,
            "/schedules/batch": PLANNER,
            "/attendances/batch": ADMIN | LEADS,
            "/exceptions/batch": PLANNER,
            "/forecasts/batch": PLANNER,
            "/requirements/batch": PLANNER,
            "/rewards/award/batch": HR,
        }.items()
    },
    "GET /templates/{file}": read("/templates/schedules.xlsx"),
    # Backups: one was asked for and is not done, and there is none yet.
    "GET /backups": plain(ADMIN, 200, "/backups"),
    "POST /backups": plain(ADMIN, 409, "/backups"),
    "POST /backups/{backup_id}/verify": plain(ADMIN, 404, "/backups/none/verify"),
    "POST /backups/{backup_id}/pin": plain(ADMIN, 404, "/backups/none/pin"),
    "POST /backups/{backup_id}/unpin": plain(ADMIN, 404, "/backups/none/unpin"),
}
"""For each route who may, and what they get; a request that gets it changes nothing here, as nothing stays."""


def expected(route: str, line: Line, who: str) -> int:
    """What `who` gets: no more than they proved to be."""
    if line.may >= ANYBODY:
        return line.gets
    if who in STRANGERS:
        return 401
    if who in NOT_MEANT and not route.startswith("GET"):
        return 403
    return line.gets if who in line.may else 403


@pytest.fixture
def floor(site: Site) -> Iterator[Floor]:
    with furnished(site) as on:
        yield on


def test_every_route_stands_in_the_table() -> None:
    missing, gone = DECLARED.keys() - TABLE.keys(), TABLE.keys() - DECLARED.keys()
    assert not missing, (
        f"add to TABLE in {__name__}, with who may by api.md, what they get, and a request that gets it"
        " (what it needs on the floor is made in tests/security/floor.py, _things):\n"
        + "\n".join(
            f'    "{route}": Line(HR | OVER, 200, lambda on: ("{route.partition(" ")[2]}", {{}})),'
            for route in sorted(missing)
        )
    )
    assert not gone, f"these are no routes any more, take them out of TABLE in {__name__}: {sorted(gone)}"


def test_everybody_gets_what_is_theirs_and_nobody_anything_else(floor: Floor) -> None:
    assert floor.headers.keys() == ANYBODY
    before, wrong, seen = contents(), [], Counter[int]()
    with nothing_stays():
        for route, line in TABLE.items():
            path, body = line.asked(floor)
            for who, headers in floor.headers.items():
                with at(EVENING) if who == "the duty lead after the shift" else nullcontext():
                    got = send(route, path, body=body, headers=headers)
                seen[got.status] += 1
                if got.status != expected(route, line, who):
                    wrong.append(f"{route} as {who}: {got.status}, not {expected(route, line, who)}: {got.body}"[:300])
    assert not wrong, "\n".join(wrong)
    assert contents() == before
    assert min(seen[status] for status in (200, 201, 401, 403)) > 50


def test_many_at_once_are_refused_one_by_one(floor: Floor) -> None:
    many = {"exception_ids": [floor["exception"]]}
    with nothing_stays():
        for who in sorted(LEADS | PLANNER):
            with at(EVENING) if who == "the duty lead after the shift" else nullcontext():
                got = send("POST /exceptions/process", "/exceptions/process", body=many, headers=floor.headers[who])
            assert got.body["processed"] == (1 if who in PLANNER | OVER else 0), (who, got.body)


def test_one_who_is_not_theirs_spoils_a_mark_of_many(floor: Floor) -> None:
    marks = {"employee_id": [floor.ada, floor.otto], "mark": "present"}
    before = contents()
    for who in sorted(LEADS - {"the duty lead"}):
        got = send("POST /attendances/mark", "/attendances/mark", body=marks, headers=floor.headers[who])
        assert got.status == 403, who
    assert {name for name, held in contents().items() if held != before[name]} == {"audit_log"}
