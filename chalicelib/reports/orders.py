"""The order of rows that are in memory, as of those that the database sorts."""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Literal, TypeVar

One = TypeVar("One")


def ordered(
    rows: Iterable[One],
    *,
    value: Callable[[One], Any],
    among_equals: Callable[[One], Any],
    order: Literal["asc", "desc"],
) -> list[One]:
    """By value, upper and lower case alike; those without one are last either way."""
    valued = [(_folded(value(one)), among_equals(one), one) for one in rows]
    known = sorted((one for one in valued if one[0] is not None), key=itemgetter(0, 1), reverse=order == "desc")
    unknown = sorted((one for one in valued if one[0] is None), key=itemgetter(1), reverse=order == "desc")
    return [one for *_, one in (*known, *unknown)]


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
