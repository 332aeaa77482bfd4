"""A planner's month, through the API and the bucket: the plan, what people agree on, corrections that come late."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from threading import Event
from typing import Any
from urllib.parse import quote_plus

import pytest
from sqlalchemy import Connection

from chalicelib.core import storage
from chalicelib.imports import arrivals, queries
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

START = date.today() + timedelta(21 - date.today().weekday())
"""A Monday that is still to come, so that the site's clock need not be stopped."""
DAYS = [START + timedelta(day) for day in range(28)]
TUESDAY, THURSDAY, MOVE = START + timedelta(8), START + timedelta(10), START + timedelta(14)
EARLY, LATE = (time(9), time(17)), (time(14), time(22))
NAMES = {1: "Ada", 2: "Bea", 3: "Cleo", 4: "Dan"}
HOURS = {1: EARLY, 2: LATE, 3: EARLY, 4: EARLY}

Line = tuple[int, date, time | None, time | None, str]


def arrive(site: Site, name: str, *lines: Line) -> None:
    """A planner puts a sheet into the bucket, and the bucket tells."""
    key = storage.incoming_key("schedules", name)
    sheet = make.workbook(lines, headers=make.SCHEDULE_HEADERS)
    stored = storage.s3().put_object(Bucket=site.uploads, Key=key, Body=sheet)
    thing = {"key": quote_plus(key, safe="/"), "versionId": stored["VersionId"]}
    arrivals.on_event({"Records": [{"s3": {"bucket": {"name": site.uploads}, "object": thing}}]})


def line(person: int, day: date, hours: tuple[time, time] | None = None) -> Line:
    """A day as the planning tool exports it: work from Monday to Friday, unless told otherwise."""
    start, stop = hours or (HOURS[person] if day.weekday() < 5 else (None, None))
    return (person, day, start, stop, "REG" if start else "OFF")


def said(answer: Answer) -> Any:
    assert 200 <= answer.status < 300, answer.body
    return answer.body


def newest(api: Api) -> dict[str, Any]:
    return api.get("/uploads", limit=1).data[0]


def shifts(api: Api, person: int, day: date) -> list[tuple[str | None, str]]:
    """What the person is up to that day, as it is lived: start and work code."""
    found = api.get("/schedules", employee_id=person, start_date=day, end_date=day, sort="start_time").data
    return [(one["start_time"], one["work_code"]) for one in found if not one["given_away"]]


@pytest.fixture
def people(api: Api) -> Api:
    """The dropdown values and four people, as an admin and HR enter them."""
    for department in ("Support", "Sales"):
        said(api.post("/admin/options", {"category": "department", "value": department}))
    for person, name in NAMES.items():
        facts = {"employee_id": person, "first_name": name, "last_name": "Voss", "department": "Support"}
        said(api.post("/employees", {**facts, "hire_date": (START - timedelta(400)).isoformat()}))
    return api


def test_the_month_of_a_planner(site: Site, people: Api) -> None:
    api = people
    # Leave is approved before there is any plan.
    away = {"employee_id": 3, "leave_type": "Vacation", "start_date": f"{TUESDAY}", "end_date": f"{THURSDAY}"}
    leave = said(api.post("/leave_requests", away))["leave_id"]
    assert said(api.get(f"/leave_requests/{leave}"))["unknown_days"] == 3
    said(api.post(f"/leave_requests/{leave}/approve", {}))

    arrive(site, "month.xlsx", *(line(person, day) for person in NAMES for day in DAYS))
    assert (newest(api)["state"], newest(api)["success_count"]) == ("done", 4 * 28)
    assert shifts(api, 3, TUESDAY) == [("09:00:00", "VACATION")]
    assert shifts(api, 3, DAYS[0]) == [("09:00:00", "REG")]
    assert said(api.get(f"/leave_requests/{leave}"))["days"] == 3

    # Ada and Bea trade their Tuesday, and the planner, who knows nothing of it, moves everybody's to ten o'clock.
    trade = {"change_type": "Swap", "employee_id": 1, "replacement_id": 2, "schedule_date": f"{TUESDAY}"}
    asked = said(api.post("/schedule_changes", trade))
    assert asked["findings"] == []
    said(api.post(f"/schedule_changes/{asked['change']['change_id']}/approve", {}))
    arrive(site, "correction.xlsx", *(line(person, TUESDAY, (time(10), time(18))) for person in (1, 2, 4)))
    corrected = newest(api)
    assert (corrected["state"], corrected["success_count"], corrected["kept_count"]) == ("done", 1, 2)
    kept = api.get(f"/uploads/{corrected['upload_id']}/errors", finding="kept").data
    assert [(one["row_number"], one["reason"]) for one in kept] == [
        (2, "kept: swapped with Bea Voss"),
        (3, "kept: swapped with Ada Voss"),
    ]
    assert [shifts(api, person, TUESDAY) for person in NAMES] == [
        [("14:00:00", "REG")],
        [("09:00:00", "REG")],
        [("09:00:00", "VACATION")],
        [("10:00:00", "REG")],
    ]

    # Dan moves in the middle of the month: until then he belongs where he was.
    said(api.put("/employees/4", {"department": "Sales", "effective_date": f"{MOVE}"}))
    assigned = api.get("/employees/4/assignments", sort="valid_from").data
    assert [(one["department"], one["valid_to"]) for one in assigned] == [("Support", f"{MOVE}"), ("Sales", None)]

    # What is needed against who is there: at ten o'clock on that Tuesday Bea and Dan, and nobody from Sales yet.
    for department, day in (("Support", TUESDAY), ("Sales", MOVE)):
        calls = {"department": department, "date": f"{day}", "interval_start": "10:00"}
        said(api.post("/forecasts", {**calls, "calls": 100, "handling_seconds": 180}))
    assert staffed(api, TUESDAY) == {"Support": (14, 2, 12)}
    assert staffed(api, MOVE) == {"Support": (None, 2, None), "Sales": (14, 1, 13)}

    # Leave that is withdrawn shows the plan that is newest by then.
    said(api.delete(f"/leave_requests/{leave}"))
    assert shifts(api, 3, TUESDAY) == [("09:00:00", "REG")]


def staffed(api: Api, day: date) -> dict[str, tuple[int | None, float, float | None]]:
    """Required, scheduled and missing people at ten o'clock, by department."""
    cells = said(api.get("/schedules/coverage", date=day))["data"]
    at_ten = [one for one in cells if one["interval_start"] == "10:00:00"]
    return {one["department"]: (one["required"], one["scheduled"], one["gap"]) for one in at_ten}


@pytest.mark.parametrize("rounds", [4, pytest.param(20, marks=pytest.mark.proof)])
def test_a_plan_that_arrives_while_a_cover_is_approved_keeps_both_promises(
    site: Site, people: Api, rounds: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Either the sheet came first, and the shift that is covered is the new one; or the cover did, and is kept."""
    api, is_read = people, Event()
    whole = queries.checkpoint

    def checkpoint(conn: Connection, **given: Any) -> None:
        whole(conn, **given)
        is_read.set()

    def approve(change: int, *, late: bool) -> Answer:
        """At once, or when the sheet has been read and is about to be applied."""
        assert not late or is_read.wait(60)
        return api.post(f"/schedule_changes/{change}/approve", {})

    monkeypatch.setattr(queries, "checkpoint", checkpoint)
    arrive(site, "month.xlsx", *(line(person, day) for person in (1, 3) for day in DAYS))
    outcomes: Counter[tuple[str | None, int]] = Counter()
    for number, day in enumerate([day for day in DAYS if day.weekday() < 5][:rounds]):
        cover = {"change_type": "Cover", "employee_id": 1, "replacement_id": 2, "schedule_date": f"{day}"}
        change = said(api.post("/schedule_changes", cover))["change"]["change_id"]
        sheet = [line(person, day, (time(10), time(18))) for person in (1, 3)]
        is_read.clear()
        with ThreadPoolExecutor(2) as pool:
            arriving = pool.submit(arrive, site, f"correction{number}.xlsx", *sheet)
            approved = pool.submit(approve, change, late=number % 2 == 1)
        arriving.result()
        upload = newest(api)
        assert (approved.result().status, upload["state"], upload["error_count"]) == (200, "done", 0)
        # Ada's day is Bea's, at the hours of whichever came first; everybody else's is as the sheet says.
        assert shifts(api, 1, day) == []
        assert shifts(api, 3, day) == [("10:00:00", "REG")]
        [(start, _)] = shifts(api, 2, day)
        outcomes[start, upload["kept_count"]] += 1
    sheet_first, cover_first = outcomes["10:00:00", 0], outcomes["09:00:00", 1]
    assert sheet_first + cover_first == rounds
    if rounds == 20:
        with capsys.disabled():
            sys.stdout.write(f"Of {rounds} races the sheet won {sheet_first}, the cover {cover_first}\n")
