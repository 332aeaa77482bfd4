"""SQL that sums rows by what reports group by, whatever the rows are of."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from chalicelib.reports.source_queries import KEYS
from chalicelib.reports.totals import Grouping, Key


class Sums(msgspec.Struct):
    """Of one group: its sums by name, and some of them again for each kind of row that it has."""

    by_name: dict[str, int] = {}
    by_kind: dict[str, dict[str, int]] = {}

    def of_kinds(self, name: str) -> dict[str, int]:
        """One of the sums by kind, where there is any."""
        return {kind: sums[name] for kind, sums in sorted(self.by_kind.items()) if sums[name]}


class Grouped(msgspec.Struct):
    """Every group that occurs, and all rows together."""

    groups: dict[Key, Sums]
    whole: Sums


_SUMMED = """
    WITH {sources}
    SELECT grouping({names}), grouping({kind}), {names}, {kind}, {sums}
    FROM ({rows}) found
    GROUP BY GROUPING SETS ({sets})"""


def key_columns(by: Sequence[Grouping]) -> str:
    """What rows to be summed have to have, of a day of somebody's as `source_queries` names it."""
    return ", ".join(f"{KEYS[name]} AS key_{name}" for name in by)


def summed(
    conn: Connection,
    *,
    sources: str,
    rows: str,
    sums: Mapping[str, str],
    by: Sequence[Grouping],
    given: Mapping[str, Any],
    kind: str = "",
) -> Grouped:
    """The `sums` of the rows, which have `key_columns(by)` and maybe a column that says of which `kind` they are; one
    question, however many they are."""
    keys = ", ".join(f"key_{name}" for name in by)
    sets = [f"({keys})", "()", *([f"({keys}, {kind})", f"({kind})"] if kind else [])]
    statement = _SUMMED.format(
        sources=sources,
        names=keys,
        kind=kind or f"key_{by[0]}",
        sums=", ".join(f"coalesce({one}, 0)" for one in sums.values()),
        rows=rows,
        sets=", ".join(sets),
    )
    found = Grouped({}, Sums())
    for outside, every_kind, *values in conn.execute(text(statement), given):
        key, one, told = tuple(values[: len(by)]), values[len(by)], values[len(by) + 1 :]
        place = found.whole if outside else found.groups.setdefault(key, Sums())
        named = dict(zip(sums, map(int, told), strict=True))
        if kind and not every_kind:
            place.by_kind[one] = named
        else:
            place.by_name = named
    return found
