"""SQL on what the next shift must know of people."""

from datetime import timedelta
from typing import Literal, get_args

import msgspec
from sqlalchemy import Connection

from chalicelib.floor.board_queries import COLUMNS, DETAILS, STAND_INS, BoardFilters, OnFloor, prepared
from chalicelib.floor.standing_queries import Look, given, sources
from chalicelib.floor.states import Moment

List = Literal["away", "no_show", "expected", "staying"]
LISTS: tuple[List, ...] = get_args(List)

BEFORE, AFTER = timedelta(hours=4), timedelta(hours=12)
"""The shifts in progress are those that had not ended so long ago, the next ones begin within so long."""

MOST = 500
"""People of one list."""


class People(msgspec.Struct, frozen=True):
    """The first of `total` people."""

    total: int
    data: list[OnFloor]


_HANDOVER = """
    WITH {sources}, {stand_ins},
    sorted AS (
        SELECT *,
               CASE WHEN state = 'away' AND stops_at > :now THEN 'away'
                    WHEN state = 'no_show' THEN 'no_show'
                    WHEN state IN ('upcoming', 'awaited', 'expected') AND due_at IS NOT NULL THEN 'expected'
                    WHEN state IN ('in', 'late') AND (stops_at <= :now OR overtime_minutes > 0
                                                      OR mark IN ('Overtime', 'OT')) THEN 'staying' END AS list
        FROM board),
    counted AS (
        SELECT *, count(*) OVER (PARTITION BY list) AS total,
               row_number() OVER (PARTITION BY list ORDER BY starts_at, employee_id) AS place
        FROM sorted WHERE list IS NOT NULL)
    SELECT b.list, b.total, {columns}
    FROM (SELECT * FROM counted WHERE place <= :most) b{details}
    ORDER BY b.list, b.place"""


def list_people(conn: Connection, *, at: Moment, departments: list[str]) -> dict[List, People]:
    """Who is away, did not come, is expected, or stays on, of the shifts in progress and the next. One question."""
    query, look = BoardFilters(department=departments), Look.around(at, before=BEFORE, after=AFTER)
    statement = _HANDOVER.format(sources=sources(look, query), stand_ins=STAND_INS, columns=COLUMNS, details=DETAILS)
    rows: dict[List, list[OnFloor]] = {name: [] for name in LISTS}
    totals: dict[List, int] = dict.fromkeys(LISTS, 0)
    for name, total, *row in conn.execute(prepared(statement), {**given(look, query), "most": MOST}):
        totals[name] = total
        rows[name].append(OnFloor(*row))
    return {name: People(totals[name], rows[name]) for name in LISTS}
