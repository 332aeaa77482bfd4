"""One page of a list and how many rows there are in all, in one round trip; or the whole list, row by row."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from chalicelib.core.errors import Invalid
from chalicelib.core.http import Page, Whole
from chalicelib.core.inputs import ListQuery

Row = TypeVar("Row")

AT_ONCE = 1000
"""Rows of a whole list that are in memory together."""


def page(
    conn: Connection,
    *,
    query: ListQuery,
    source: FromClause,
    where: Sequence[ColumnElement[bool]],
    columns: Sequence[ColumnElement[Any]],
    order_by: Mapping[str, ColumnElement[Any]],
    key: ColumnElement[Any],
    make: Callable[..., Row],
    details: Callable[[FromClause], FromClause] | None = None,
) -> Page[Row]:
    """The rows of `source` that match, as `make(*columns)`, sorted by `query.sort` and then by `key`.

    The first name of `order_by` is the default sort; an unknown one is Invalid and lists the known. With `details`
    the page is found by its keys first and `columns` come from what `details` joins to them, so that what is costly
    to look up is looked up for one page and not for every row that matches. A query for the whole list is answered
    with rows that are still to be read, through a cursor, so `conn` must be in a transaction that outlasts them.
    """
    if query.sort and query.sort not in order_by:
        raise Invalid(f"sort: must be one of: {', '.join(order_by)}; got {query.sort[:80]!r}")
    by = order_by[query.sort or next(iter(order_by))]
    ordered = (by.desc().nulls_last(), key.desc()) if query.order == "desc" else (by.asc(), key)
    counted = select(func.count()).select_from(source).where(*where)
    limited = select().select_from(source).where(*where).order_by(*ordered)
    if not query.whole:
        limited = limited.limit(query.limit).offset(query.offset)
    if details is None:
        statement = limited.add_columns(counted.scalar_subquery(), *columns)
    else:
        place = func.row_number().over(order_by=ordered).label("place")
        found = limited.add_columns(key.label("key"), place).subquery()
        statement = select(counted.scalar_subquery(), *columns).select_from(details(found)).order_by(found.c.place)
    if query.whole:
        coming = iter(conn.execute(statement.execution_options(yield_per=AT_ONCE)))
        first = list(islice(coming, 1))
        every = (make(*row[1:]) for row in chain(first, coming))
        return Whole(first[0][0] if first else 0, query.limit, query.offset, [], every)
    rows = conn.execute(statement).all()
    total = rows[0][0] if rows else 0
    if not rows and query.offset:
        # Past the end there is no row to carry the count; only then is it worth a second question.
        total = conn.execute(counted).scalar_one()
    return Page(total, query.limit, query.offset, [make(*row[1:]) for row in rows])
