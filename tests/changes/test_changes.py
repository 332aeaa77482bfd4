"""Swaps and covers over HTTP: judged on the calendars as they would be, and both people's rows change hands or none."""

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.changes import routes
from chalicelib.core import auth, db
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

TODAY = date(2026, 10, 5)
MONDAY = date(2026, 10, 12)
TUESDAY = MONDAY + timedelta(1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "now", lambda: datetime.combine(TODAY, time(12), UTC))


@pytest.fixture
def team(site: Site) -> tuple[int, int, int]:
    """Ada, Bea and Cleo of one department."""
    with make.written() as conn:
        return tuple(
            make.employee(conn, first_name=name, last_name="Voss", department="Support", supervisor="Grace Hopper")
            for name in ("Ada", "Bea", "Cleo")
        )  # type: ignore[return-value]


def key(role: str, employee_id: int | None = None) -> Api:
    with make.written() as conn:
        return Api(auth.create_key(conn, name="lead", role=role, employee_id=employee_id)[1])


def shift(employee_id: int, day: date = MONDAY, start: time | None = time(9), stop: time | None = time(17)) -> int:
    with make.written() as conn:
        return make.shift(conn, employee_id, day, start, stop)


def cover(api: Api, giver: int, taker: int, day: date = MONDAY, **change: Any) -> Answer:
    sent = {"change_type": "Cover", "employee_id": giver, "replacement_id": taker, "schedule_date": day.isoformat()}
    return api.post("/schedule_changes", {**sent, **change})


def swap(api: Api, giver: int, taker: int, day: date = MONDAY, **change: Any) -> Answer:
    return cover(api, giver, taker, day, change_type="Swap", **change)


def approve(api: Api, asked: Answer, **said: Any) -> Answer:
    return api.post(f"/schedule_changes/{asked.body['change']['change_id']}/approve", said)


def plan(employee_id: int) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        rows = conn.execute(
            text(
                """SELECT nominal_date::text, start_time::text, work_code, origin, given_away, change_id,
                          covers_schedule_id
                FROM schedules WHERE employee_id = :id ORDER BY nominal_date, start_time, schedule_id"""
            ),
            {"id": employee_id},
        )
        return [tuple(row) for row in rows]


def test_a_cover_gives_the_row_away_and_makes_one_for_the_replacement(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    given = shift(ada)
    asked = cover(api, ada, bea)
    assert (asked.status, asked.body["findings"]) == (201, [])
    assert asked.body["change"]["shift"]["schedule_id"] == given
    approved = approve(api, asked)
    assert (approved.status, approved.body["status"], approved.body["overrides"]) == (200, "Approved", [])
    number = approved.body["change_id"]
    assert plan(ada) == [("2026-10-12", "09:00:00", "REG", "plan", True, number, None)]
    assert plan(bea) == [("2026-10-12", "09:00:00", "REG", "change", False, number, given)]
    assert [(one["employee_id"], one["work_code"]) for one in api.get("/schedules", sort="employee_id").data] == [
        (ada, "OFF"),
        (bea, "REG"),
    ]


def test_a_day_off_makes_room_and_comes_back_when_the_cover_is_cancelled(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada)
    shift(bea, MONDAY, None, None)
    before = plan(ada), plan(bea)
    approved = approve(api, cover(api, ada, bea))
    assert [row[4] for row in plan(bea)] == [False, True]
    assert api.delete(f"/schedule_changes/{approved.body['change_id']}").body["status"] == "Cancelled"
    assert (plan(ada), plan(bea)) == before


def test_a_swap_may_join_two_dates(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada, MONDAY)
    shift(bea, TUESDAY, time(10), time(18))
    asked = swap(api, ada, bea, replacement_date=TUESDAY.isoformat())
    assert approve(api, asked).status == 200
    assert [row[:2] for row in plan(ada) if not row[4]] == [("2026-10-13", "10:00:00")]
    assert [row[:2] for row in plan(bea) if not row[4]] == [("2026-10-12", "09:00:00")]


def test_two_people_trade_overlapping_shifts_of_one_day(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada, MONDAY, time(9), time(17))
    shift(bea, MONDAY, time(10), time(18))
    assert approve(api, swap(api, ada, bea)).status == 200
    assert [row[1] for row in plan(ada) if not row[4]] == ["10:00:00"]


def test_a_shift_goes_on_to_a_third_and_comes_back_in_order(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, cleo = team
    shift(ada)
    start = [plan(one) for one in team]
    first = approve(api, cover(api, ada, bea)).body["change_id"]
    middle = [plan(one) for one in team]
    second = approve(api, cover(api, bea, cleo)).body["change_id"]
    assert [row[4] for row in plan(bea)] == [True]
    refused = api.delete(f"/schedule_changes/{first}")
    assert refused.errors == [f"change_id: its shifts went on to others by {second}: cancel that first"]
    assert api.delete(f"/schedule_changes/{second}").status == 200
    assert [plan(one) for one in team] == middle
    assert api.delete(f"/schedule_changes/{first}").status == 200
    assert [plan(one) for one in team] == start


def test_what_can_never_be_is_refused_with_every_reason(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada)
    shift(bea, MONDAY, time(16), time(23))
    leave = {"employee_id": bea, "leave_type": "Vacation", "start_date": "2026-10-12", "end_date": "2026-10-12"}
    api.post(f"/leave_requests/{api.post('/leave_requests', leave).body['leave_id']}/approve", {})
    refused = cover(api, ada, bea)
    assert refused.status == 409
    assert refused.errors == [
        "Bea Voss would be in two places: 2026-10-12 09:00-17:00 (REG) overlaps 2026-10-12 16:00-23:00 (REG)",
        "Bea Voss has Vacation on 2026-10-12 and cannot work 2026-10-12 09:00-17:00 (REG)",
    ]
    assert api.get("/schedule_changes").body["total"] == 0


def test_too_little_rest_passes_only_with_a_duty_leads_reason(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada, MONDAY, time(6), time(14))
    shift(bea, MONDAY - timedelta(1), time(15), time(23))
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace", last_name="Hopper")
        conn.execute(
            text("UPDATE assignments SET supervisor_id = :id WHERE supervisor = 'Grace Hopper'"), {"id": grace}
        )
    asked = cover(api, ada, bea)
    [finding] = asked.body["findings"]
    assert (finding["code"], finding["refused"]) == ("rest", False)
    supervisor, duty_lead = key("supervisor", grace), key("duty_lead", grace)
    assert approve(supervisor, asked, override_reason="nobody else").status == 403
    refused = approve(duty_lead, asked)
    assert (refused.status, refused.errors) == (409, [finding["text"], "override_reason: is required to pass this"])
    passed = approve(duty_lead, asked, override_reason="nobody else")
    assert (passed.status, passed.body["overrides"]) == (200, [finding["text"]])
    assert passed.body["override_reason"] == "nobody else"


def test_why_a_change_was_rejected_is_kept_and_told(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada)
    path = f"/schedule_changes/{cover(api, ada, bea).body['change']['change_id']}"
    assert api.get(path).body["change"]["reason"] is None
    rejected = api.post(f"{path}/reject", {"reason": "Bea is needed in the evening"})
    assert (rejected.status, rejected.body["status"]) == (200, "Rejected")
    why = [rejected.body, api.get(path).body["change"], *api.get("/schedule_changes").data]
    assert [one["reason"] for one in why] == ["Bea is needed in the evening"] * 3
    [line] = csv.DictReader(api.get("/schedule_changes", format="csv").body.decode().splitlines())
    assert line["reason"] == "Bea is needed in the evening"
    request = rejected.headers["X-Request-Id"]
    [entry] = api.get("/admin/audit", table_name="schedule_changes", request_id=request).data
    assert (entry["before"]["reason"], entry["after"]["reason"]) == (None, "Bea is needed in the evening")


def test_no_reason_is_asked_and_a_later_one_takes_its_place(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, cleo = team
    shift(ada)
    silent = api.post(f"/schedule_changes/{cover(api, ada, cleo).body['change']['change_id']}/reject", {})
    assert (silent.status, silent.body["status"], silent.body["reason"]) == (200, "Rejected", None)
    approved = approve(api, cover(api, ada, bea), reason="both asked")
    assert (approved.body["reason"], approved.body["override_reason"]) == ("both asked", None)
    path = f"/schedule_changes/{approved.body['change_id']}"
    assert api.delete(path, reason="Ada is back").body["reason"] == "Ada is back"
    approved = approve(api, cover(api, ada, bea), reason="both asked again")
    assert api.delete(f"/schedule_changes/{approved.body['change_id']}").body["reason"] == "both asked again"


def test_a_reason_that_is_too_long_is_refused_by_its_name(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada)
    path = f"/schedule_changes/{cover(api, ada, bea).body['change']['change_id']}"
    long = "x" * 2001
    refused = [api.post(f"{path}/reject", {"reason": long}), api.delete(path, reason=long)]
    assert [(one.status, [said.split(":")[0] for said in one.errors]) for one in refused] == [(400, ["reason"])] * 2
    assert api.get(path).body["change"]["status"] == "Pending"


def test_nobody_approves_a_change_of_their_own(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    shift(ada)
    asked = cover(api, ada, bea)
    for person in (ada, bea):
        assert approve(key("admin", person), asked).errors == ["employee_id: nobody decides about themselves"]


def test_a_date_is_enough_when_there_is_one_shift_and_names_them_when_there_are_two(
    api: Api, team: tuple[int, int, int]
) -> None:
    ada, bea, _ = team
    assert cover(api, ada, bea).errors == ["schedule_id: Ada Voss has no shift on 2026-10-12"]
    early, late = shift(ada, MONDAY, time(6), time(10)), shift(ada, MONDAY, time(14), time(18))
    refused = cover(api, ada, bea)
    assert refused.errors == [
        "schedule_id: Ada Voss has 2 shifts on 2026-10-12, so say which: "
        f"{early} is 2026-10-12 06:00-10:00 (REG), {late} is 2026-10-12 14:00-18:00 (REG)"
    ]
    named = api.post(
        "/schedule_changes",
        {"change_type": "Cover", "employee_id": ada, "schedule_id": late, "replacement_id": bea},
    )
    assert named.body["change"]["shift"]["start_time"] == "14:00:00"


def test_a_plan_that_changed_meanwhile_is_not_changed_behind_its_back(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, _ = team
    given = shift(ada)
    asked = cover(api, ada, bea)
    with make.written() as conn:
        conn.execute(text("DELETE FROM schedules WHERE schedule_id = :id"), {"id": given})
    refused = approve(api, asked)
    assert refused.status == 409
    assert refused.errors == [
        f"schedule_id: {given} is no shift of Ada Voss: the plan has changed since this was asked for"
    ]
    assert api.get(f"/schedule_changes/{asked.body['change']['change_id']}").status == 409


@pytest.mark.parametrize("wrong", [{"replacement_id": 41}, {"employee_id": 41}])
def test_somebody_unknown_is_not_found(api: Api, team: tuple[int, int, int], wrong: dict[str, int]) -> None:
    shift(team[0])
    assert cover(api, team[0], team[1], **wrong).status == 404


def test_a_cover_takes_nothing_in_return_and_nobody_covers_for_themselves(api: Api, team: tuple[int, int, int]) -> None:
    ada = team[0]
    refused = cover(api, ada, ada, replacement_date="2026-10-13")
    assert refused.errors == [
        "replacement_id: must be somebody else than employee_id",
        "replacement_schedule_id: a cover takes nothing in return; a swap does",
    ]


def test_of_twenty_approvals_of_two_changes_that_exclude_each_other_one_stands(
    api: Api, team: tuple[int, int, int]
) -> None:
    ada, bea, cleo = team
    shift(ada)
    asked = [cover(api, ada, bea), cover(api, ada, cleo)]
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda number: approve(api, asked[number % 2]).status, range(20)))
    assert sorted(statuses) == [200, *[409] * 19]
    assert sum(not row[4] for one in team for row in plan(one)) == 1


def test_leave_that_is_approved_while_the_shift_is_swapped_ends_consistent(
    api: Api, team: tuple[int, int, int]
) -> None:
    ada, bea, _ = team
    shift(ada, MONDAY)
    shift(bea, TUESDAY)
    leave = {"employee_id": bea, "leave_type": "Vacation", "start_date": "2026-10-12", "end_date": "2026-10-12"}
    leave_id = api.post("/leave_requests", leave).body["leave_id"]
    asked = swap(api, ada, bea, replacement_date=TUESDAY.isoformat())
    with ThreadPoolExecutor(2) as pool:
        swapped = pool.submit(approve, api, asked)
        away = pool.submit(api.post, f"/leave_requests/{leave_id}/approve", {})
    # Either the leave came first and the swap was refused, or the leave lies over the shift that Bea took.
    assert away.result().status == 200
    on_monday = [
        (one["employee_id"], one["work_code"]) for one in api.get("/schedules", start_date=MONDAY, end_date=MONDAY).data
    ]
    if swapped.result().status == 200:
        assert sorted(on_monday) == [(ada, "OFF"), (bea, "VACATION")]
    else:
        assert (swapped.result().status, on_monday) == (409, [(ada, "REG")])


def test_changes_are_filtered(api: Api, team: tuple[int, int, int]) -> None:
    ada, bea, cleo = team
    shift(ada)
    shift(cleo, TUESDAY)
    one = cover(api, ada, bea).body["change"]["change_id"]
    other = cover(api, cleo, bea, TUESDAY).body["change"]["change_id"]
    api.post(f"/schedule_changes/{other}/reject", {})

    def found(**query: Any) -> list[int]:
        return [row["change_id"] for row in api.get("/schedule_changes", **query).data]

    assert found() == [one, other] == found(replacement_id=bea) == found(change_type="Cover")
    assert found(status="Pending") == found(employee_id=ada) == found(end_date="2026-10-12") == [one]
    assert found(status="Rejected") == found(start_date="2026-10-13") == [other]


def test_a_verdict_says_what_would_be_against_a_change_and_writes_nothing(team: tuple[int, int, int]) -> None:
    ada, bea, cleo = team
    mine = shift(ada)
    shift(bea)
    lead = key("duty_lead", ada)
    asked = f"/schedule_changes/verdict?change_type=Cover&employee_id={ada}&schedule_id={mine}&replacement_id="
    refused = lead.get(f"{asked}{bea}")
    assert refused.status == 200
    assert [one["refused"] for one in refused.body["findings"]] == [True]
    assert lead.get(f"{asked}{cleo}").body == {"findings": []}
    assert lead.get(f"{asked}{ada}").status == 400
    assert lead.get("/schedule_changes").body["total"] == 0
