"""A team lead's night, over HTTP: who is here, who is not, who takes the shift, and what is left to the next; then the
day closes, and the month."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from chalicelib.core import auth, clock, db
from chalicelib.floor import closing, periods
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

TUESDAY = date(2026, 10, 6)
MONDAY, WEDNESDAY = TUESDAY - timedelta(1), TUESDAY + timedelta(1)
MORNING, EVENING, NIGHT = (time(6), time(14)), (time(14), time(22)), (time(22), time(6))
PLAN: dict[str, dict[date, tuple[time, time] | None]] = {
    "Nat": {MONDAY: NIGHT, TUESDAY: None},
    "Mo": {TUESDAY: MORNING},
    "Lou": {TUESDAY: MORNING},
    "Xia": {TUESDAY: MORNING},
    "Sid": {TUESDAY: MORNING},
    "Nona": {TUESDAY: MORNING},
    "Una": {TUESDAY: MORNING},
    "Ned": {MONDAY: None, TUESDAY: None},
    "Pat": {MONDAY: EVENING, TUESDAY: None},
    "Vic": {TUESDAY: EVENING},
    "Eve": {TUESDAY: EVENING},
}


class Night:
    """The floor on which the night happens, and its clock."""

    def __init__(self, admin: Api, patch: pytest.MonkeyPatch) -> None:
        self.admin, self.patch = admin, patch
        self.ids: dict[str, int] = {}
        self.at(5, 50)
        with make.written() as conn:
            make.options(conn, "department", "Support")
            lee = make.employee(conn, first_name="Lee", last_name="Lead", department="Support")
            for name, days in PLAN.items():
                facts = {"first_name": name, "last_name": "Doe", "department": "Support", "supervisor": "Lee Lead"}
                self.ids[name] = make.employee(conn, **facts)
                for day, hours in days.items():
                    make.shift(conn, self.ids[name], day, *(hours or (None, None)))
        self.lead, self.supervisor = (self.key(role, lee) for role in ("duty_lead", "supervisor"))

    @staticmethod
    def key(role: str, employee_id: int) -> Api:
        with db.writing(db.Actor("test")) as conn:
            return Api(auth.create_key(conn, name=role, role=role, employee_id=employee_id)[1])

    def at(self, hour: int, minute: int = 0, day: date = TUESDAY) -> datetime:
        """It is that time now."""
        moment = datetime.combine(day, time(hour, minute), UTC)
        for module in (clock, periods):
            self.patch.setattr(module, "now", lambda: moment)
        return moment

    def mark(self, *names: str, **said: Any) -> list[dict[str, Any]]:
        """What the lead says of these people; the rows of their days."""
        people = [self.ids[name] for name in names]
        rows: list[dict[str, Any]] = done(self.lead.post("/attendances/mark", {"employee_id": people, **said}))["data"]
        return rows

    def floor(self) -> dict[str, str]:
        return {one["first_name"]: one["state"] for one in done(self.lead.get("/floor"))["data"]}

    def handover(self) -> dict[str, list[str]]:
        body = done(self.lead.get("/reports/handover"))
        lists = {name: part["data"] for name, part in body.items() if name != "at"}
        return {name: [one.get("first_name") or one["text"] for one in rows] for name, rows in lists.items()}

    def open_shifts(self) -> dict[str, tuple[int, str]]:
        found = done(self.lead.get("/schedules/open", start_date=TUESDAY, end_date=TUESDAY))["data"]
        return {one["first_name"]: (one["schedule_id"], one["reason"]) for one in found}


def done(answer: Answer) -> Any:
    assert 200 <= answer.status < 300, answer.body
    return answer.body


@pytest.fixture
def night(site: Site, api: Api, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(api, monkeypatch)


def test_the_night_of_a_team_lead(night: Night) -> None:
    lead, ids = night.lead, night.ids
    leave = {"employee_id": ids["Vic"], "leave_type": "Vacation", "start_date": "2026-10-06", "end_date": "2026-10-06"}
    asked = done(night.supervisor.post("/leave_requests", leave))["leave_id"]
    done(lead.post(f"/leave_requests/{asked}/approve", {}))

    night.mark("Pat", mark="present", date="2026-10-05")

    # Ten to six: the night shift is yesterday's, and it is here; the morning shift is awaited.
    [nat] = night.mark("Nat", mark="present")
    assert (nat["date"], nat["check_in"]) == ("2026-10-05", "2026-10-05T22:00:00")
    assert night.floor() == {"Nat": "in", **dict.fromkeys(("Mo", "Lou", "Xia", "Sid", "Nona", "Una"), "awaited")}

    # Half past six: the lead says what she sees. Nobody says anything of Una.
    night.at(6, 30)
    night.mark("Mo", mark="present")
    [lou] = night.mark("Lou", mark="late", time="06:20")
    assert lou["late_minutes"] == 20
    night.mark("Xia", mark="expected", time="08:00")
    night.mark("Sid", mark="sick", leave_type="Sick")
    night.mark("Nona", mark="no_show")
    assert night.floor() == {
        "Nat": "in",
        "Mo": "in",
        "Lou": "late",
        "Xia": "expected",
        "Sid": "away",
        "Nona": "no_show",
        "Una": "awaited",
    }

    # Whose shifts are open, and why; who may take Sid's, with every reason against.
    shifts = night.open_shifts()
    assert {name: reason for name, (_, reason) in shifts.items()} == {
        "Sid": "leave",
        "Nona": "No Show",
        "Vic": "leave",
    }
    candidates = done(lead.get(f"/schedules/{shifts['Sid'][0]}/candidates"))["data"]
    against = {one["first_name"]: [(each["code"], each["refused"]) for each in one["findings"]] for one in candidates}
    assert list(against)[:5] == ["Lee", "Ned", "Eve", "Nat", "Pat"]
    assert against["Lee"] == against["Ned"] == []
    assert against["Eve"] == against["Pat"] == against["Nat"] == [("rest", False)]
    assert [one["rest_before_minutes"] for one in candidates if one["first_name"] == "Pat"] == [480]
    assert against["Vic"] == [("on_leave", True)]
    assert against["Mo"] == [("overlap", True)]

    # Ned does not answer. Pat comes, who has rested eight hours: a duty lead may say why that is right.
    cover = {"change_type": "Cover", "employee_id": ids["Sid"], "replacement_id": ids["Pat"]}
    change = done(night.supervisor.post("/schedule_changes", {**cover, "schedule_date": "2026-10-06"}))["change"]
    approval = f"/schedule_changes/{change['change_id']}/approve"
    assert night.supervisor.post(approval, {"override_reason": "Pat is fine"}).status == 403
    done(lead.post(approval, {"override_reason": "Pat slept next door"}))
    assert night.open_shifts().keys() == {"Nona", "Vic"}
    night.at(7)
    night.mark("Pat", mark="late", time="06:50")
    [pat] = [one for one in done(lead.get("/floor"))["data"] if one["first_name"] == "Pat"]
    assert (pat["state"], pat["covers_name"], pat["late_minutes"]) == ("late", "Sid Doe", 50)

    # Two minutes past two is no overtime.
    night.at(14, 2)
    gone = done(lead.put(f"/attendances/{ids['Mo']}/2026-10-06", {"check_out": "14:02"}))
    assert (gone["check_out"], gone["overtime_minutes"]) == ("2026-10-06T14:02:00", 0)

    # What the evening must know.
    night.mark("Eve", mark="expected", time="15:00")
    done(lead.post("/floor/notes", {"text": "Una is not heard of.", "department": "Support"}))
    night.at(14, 5)
    assert night.handover() == {
        "away": ["Vic"],
        "no_show": ["Nona"],
        "expected": ["Xia", "Eve"],
        "staying": ["Lou", "Pat"],
        "open_shifts": ["Vic"],
        "notes": ["Una is not heard of."],
    }
    night.mark("Eve", mark="present", time="15:00")
    night.mark("Xia", mark="absent")

    # Until noon of the next day nobody is absent for want of a word; then Una is.
    report = {"date": "2026-10-06"}
    figures = ("net_scheduled", "present", "unmarked", "absent", "away")
    night.at(11, 59, WEDNESDAY)
    assert closing.close_day(now=clock.now()) == 0
    summary = done(lead.get("/attendances/daily-report", **report))["summary"]
    assert [summary[name] for name in figures] == [7, 4, 1, 2, 1]
    night.at(12, 0, WEDNESDAY)
    assert closing.close_day(now=clock.now()) == 1
    found = done(lead.get("/attendances/daily-report", **report))
    assert [found["summary"][name] for name in figures] == [7, 4, 0, 3, 1]
    assert found["summary"]["attendance_rate"] == 4 / 7
    assert [one["mark"] for one in found["data"] if one["first_name"] == "Una"] == ["Absent"]

    # Una had been there. While the month is open the lead says so; once it is closed only an admin does.
    una = f"/attendances/{ids['Una']}/2026-10-06"
    done(lead.put(una, {"check_in": "06:00", "exception_type": None}))
    night.at(12, 0, date(2026, 11, 1))
    closing.close_day(now=clock.now())
    done(night.admin.post("/periods/2026-10/close"))
    refused = lead.put(una, {"check_out": "14:00"})
    assert refused.status == 409, refused.body
    done(night.admin.put(una, {"check_out": "14:00"}))
    [adjustment] = done(night.admin.get("/periods/2026-10/adjustments"))["data"]
    told = (adjustment["before"]["check_out"], adjustment["after"]["check_out"], adjustment["employee_id"])
    assert told == (None, "2026-10-06T14:00:00", ids["Una"])
