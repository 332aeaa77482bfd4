"""Whose people a lead writes about: their own, a lead's for whom they stand in, and who works in their departments."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import text

from chalicelib.core import auth, clock
from chalicelib.core.auth import Caller
from chalicelib.core.errors import Forbidden
from chalicelib.people import teams
from tests import make
from tests.api import Api
from tests.conftest import Site

MONDAY = date(2026, 10, 5)
NOON = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


class Floor:
    """Ada is Grace's; Dan may stand in for Grace; nobody is at work."""

    def __init__(self) -> None:
        with make.written() as conn:
            make.options(conn, "department", "Support", "Sales")
            self.grace = make.employee(conn, first_name="Grace", last_name="Hopper")
            self.dan = make.employee(conn, first_name="Dan", last_name="Deputy")
            self.ada = make.employee(conn, first_name="Ada", last_name="Lovelace", department="Support")
            conn.execute(
                text("UPDATE assignments SET supervisor_id = :lead WHERE employee_id = :id"),
                {"lead": self.grace, "id": self.ada},
            )

    def stands_in(self, first: date, last: date) -> None:
        with make.written() as conn:
            conn.execute(
                text("INSERT INTO deputies (lead_id, employee_id, start_date, end_date) VALUES (:lead, :id, :a, :b)"),
                {"lead": self.grace, "id": self.dan, "a": first, "b": last},
            )

    def works(self, start: str, stop: str, day: date = MONDAY) -> None:
        with make.written() as conn:
            make.shift(conn, self.ada, day, time.fromisoformat(start), time.fromisoformat(stop))

    def refuses(self, caller: Caller, now: datetime = NOON) -> bool:
        with make.written() as conn:
            try:
                teams.check(conn, caller=caller, employee_ids=[self.ada], now=now)
            except Forbidden:
                return True
        return False


@pytest.fixture
def floor(site: Site) -> Floor:
    return Floor()


def lead(employee_id: int | None, role: str = "supervisor", *departments: str) -> Caller:
    return Caller("key:1", role, employee_id, frozenset(departments))


def test_a_supervisor_writes_about_their_own_and_nobody_elses(floor: Floor) -> None:
    assert not floor.refuses(lead(floor.grace))
    assert floor.refuses(lead(floor.dan))
    assert floor.refuses(lead(None))


def test_a_deputy_writes_from_the_first_day_to_the_last(floor: Floor) -> None:
    floor.stands_in(MONDAY, MONDAY + timedelta(days=1))
    at = [NOON + timedelta(days=days) for days in (-1, 0, 1, 2)]
    assert [floor.refuses(lead(floor.dan), now=moment) for moment in at] == [True, False, False, True]


def test_the_day_of_a_deputy_is_the_sites(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.core.settings import settings

    monkeypatch.setenv("OPSDB_TIMEZONE", "America/New_York")
    settings.cache_clear()
    floor.stands_in(MONDAY, MONDAY)
    assert not floor.refuses(lead(floor.dan), now=datetime(2026, 10, 6, 3, 59, tzinfo=UTC))
    assert floor.refuses(lead(floor.dan), now=datetime(2026, 10, 6, 4, 1, tzinfo=UTC))


def test_a_duty_lead_writes_from_an_hour_before_a_shift_until_an_hour_after_it(floor: Floor) -> None:
    floor.works("09:00", "17:00")
    on_duty = lead(floor.dan, "duty_lead", "Support")
    clocks = ["07:59:59", "08:00", "12:00", "17:59:59", "18:00"]
    moments = [datetime.fromisoformat(f"2026-10-05 {one}+00:00") for one in clocks]
    assert [floor.refuses(on_duty, now=moment) for moment in moments] == [True, False, False, False, True]


def test_a_duty_lead_has_the_night_that_began_yesterday(floor: Floor) -> None:
    floor.works("22:00", "06:00")
    assert not floor.refuses(lead(floor.dan, "duty_lead", "Support"), now=datetime(2026, 10, 6, 6, 30, tzinfo=UTC))


def test_another_department_another_role_and_a_day_off_are_out_of_a_duty_leads_reach(floor: Floor) -> None:
    floor.works("09:00", "17:00")
    assert floor.refuses(lead(floor.dan, "duty_lead", "Sales"))
    assert floor.refuses(lead(floor.dan, "duty_lead"))
    assert floor.refuses(lead(floor.dan, "supervisor", "Support"))
    assert floor.refuses(lead(floor.dan, "duty_lead", "Support"), now=NOON + timedelta(days=1))


def test_what_is_written_in_anothers_place_is_audited_as_that(
    floor: Floor, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    floor.works("09:00", "17:00")
    floor.stands_in(date(2026, 1, 1), date(2099, 12, 31))
    with make.written() as conn:
        dan, grace = (
            Api(auth.create_key(conn, name=str(one), role="supervisor", employee_id=one)[1])
            for one in (floor.dan, floor.grace)
        )
    day = {"employee_id": floor.ada, "start_date": "2026-10-07", "end_date": "2026-10-07", "leave_type": "Vacation"}
    for who in (dan, grace):
        made = who.post("/leave_requests", day)
        assert made.status == 201, made.body
        assert who.delete(f"/leave_requests/{made.body['leave_id']}").status == 200
    told = api.get("/admin/audit", table_name="leave_requests").data
    assert [one["acting"] for one in told] == [f"deputy of {floor.grace}"] * 2 + [None] * 2
