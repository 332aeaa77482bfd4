"""A week of the sample floor: its figures against the same ones worked out in plain SQL."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.imports import run as running
from chalicelib.imports.arrivals import import_file
from chalicelib.reports import periodic
from tests import make
from tests.api import Api
from tests.conftest import Site

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "sample"
MONDAY, SUNDAY = date(2026, 10, 5), date(2026, 10, 11)

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason="the sample sheets are not on this machine")

_SEEN = """
    INSERT INTO attendances (employee_id, date, check_in, check_out, late_minutes, early_minutes, overtime_minutes)
    SELECT p.employee_id, p.date, i, o,
           CASE WHEN i - start > interval '5 min' THEN extract(epoch FROM i - start) / 60 ELSE 0 END,
           CASE WHEN stop - o > interval '5 min' THEN extract(epoch FROM stop - o) / 60 ELSE 0 END,
           CASE WHEN o - stop >= interval '15 min' THEN extract(epoch FROM o - stop) / 60 ELSE 0 END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:days AS date[]), CAST(:ins AS time[]), CAST(:outs AS time[]))
             p (employee_id, date, came, went)
    JOIN people USING (employee_id)
    LEFT JOIN schedules s ON s.employee_id = p.employee_id AND s.nominal_date = p.date AND s.start_time IS NOT NULL
    CROSS JOIN LATERAL (SELECT s.start_date + s.start_time AS start, s.stop_date + s.stop_time AS stop) shift
    CROSS JOIN LATERAL (SELECT p.date + came + CASE WHEN start - (p.date + came) > interval '12 h' THEN interval '1 day'
                                                    ELSE interval '0' END AS i) came_at
    CROSS JOIN LATERAL (SELECT CASE WHEN i::date + went > i THEN i::date + went
                                    ELSE i::date + went + interval '1 day' END AS o) went_at"""

_WEEK = """
    SELECT CAST({key} AS text), count(*), sum(length), count(i), count(*) - count(i),
           count(*) FILTER (WHERE i IS NOT NULL AND late > 0), sum(inside), sum(inside + extra),
           sum(length) FILTER (WHERE i IS NULL), sum(late + early) FILTER (WHERE i IS NOT NULL)
    FROM (
        SELECT s.employee_id, nominal_date, check_in AS i, late_minutes AS late, early_minutes AS early,
               extract(epoch FROM stop - start) / 60 AS length,
               greatest(extract(epoch FROM least(stop, check_out) - greatest(start, check_in)) / 60, 0)
                   * (check_in IS NOT NULL)::int AS inside,
               greatest(coalesce(extract(epoch FROM check_out - stop) / 60, 0), 0)
                   - coalesce(overtime_minutes, 0) AS extra
        FROM schedules s
        CROSS JOIN LATERAL (SELECT start_date + start_time AS start, stop_date + stop_time AS stop) shift
        LEFT JOIN attendances t ON t.employee_id = s.employee_id AND t.date = s.nominal_date
        WHERE work_code IN ('REG', 'NIGHT') AND nominal_date BETWEEN '2026-10-05' AND '2026-10-11') days
    GROUP BY 1"""

_NAMES = (
    "net_people",
    "net_minutes",
    "present",
    "absent",
    "late",
    "inside_minutes",
    "worked_minutes",
    "unplanned_minutes",
    "lost_minutes",
)


@pytest.fixture
def week(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample's people, plan and attendance, a month later."""
    before, after = datetime(2026, 10, 1, 12, tzinfo=UTC), datetime(2026, 11, 5, 12, tzinfo=UTC)
    monkeypatch.setattr(running, "now", lambda: before)
    monkeypatch.setattr(periodic, "now", lambda: after)
    for kind in ("employees", "schedules"):
        done = import_file(SAMPLE / f"{kind}.xlsx", kind=kind, options={"add_options": True}, uploaded_by="test")
        assert done.success_count >= 900, done
    with make.written() as conn:
        conn.execute(text(_SEEN), attended())


def attended() -> dict[str, list[Any]]:
    rows = CalamineWorkbook.from_path(SAMPLE / "attendances.xlsx").get_sheet_by_index(0).to_python()[1:]
    columns = [list(column) for column in zip(*rows, strict=True)][:4]
    ids, days, ins, outs = columns
    assert {type(one) for one in (*ins, *outs)} == {time}
    return {"ids": [int(one) for one in ids], "days": days, "ins": ins, "outs": outs}


def in_plain_sql(key: str) -> dict[str, tuple[int, ...]]:
    with db.reading() as conn:
        return {row[0]: tuple(int(one or 0) for one in row[1:]) for row in conn.execute(text(_WEEK.format(key=key)))}


@pytest.mark.usefixtures("week")
def test_the_figures_of_a_week_are_those_of_plain_sql(api: Api) -> None:
    found = api.get("/reports/weekly", date="2026-10-05", limit=1000).body
    days, people = in_plain_sql("nominal_date"), in_plain_sql("employee_id")
    assert {one["date"]: tuple(one[name] for name in _NAMES) for one in found["days"]} == days
    nobody = tuple(0 for _ in _NAMES)
    assert {str(one["employee_id"]): tuple(one[name] for name in _NAMES) for one in found["data"]} == {
        str(one["employee_id"]): people.get(str(one["employee_id"]), nobody) for one in found["data"]
    }
    assert people.keys() <= {str(one["employee_id"]) for one in found["data"]}
    [whole] = in_plain_sql("1").values()
    summed = dict(zip(_NAMES, whole, strict=True))
    assert summed["net_people"] > 4000 > summed["absent"] > 0 < summed["late"]
    assert found["whole"] | summed == found["whole"]
    assert found["whole"]["attendance_rate"] == summed["present"] / summed["net_people"]
    assert found["whole"]["adherence"] == pytest.approx(summed["inside_minutes"] / summed["net_minutes"])
    assert found["whole"]["conformance"] == pytest.approx(summed["worked_minutes"] / summed["net_minutes"])
    assert found["whole"]["absenteeism"] == pytest.approx(summed["unplanned_minutes"] / summed["net_minutes"])
