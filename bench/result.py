"""What a measurement comes to: rows of a table, and targets with what was seen."""

import operator
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

_COMPARE = {"<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Row:
    """One contestant in one setting. `values` are shown in their order; None where a value means nothing."""

    name: str
    values: dict[str, float | None]


@dataclass(frozen=True)
class Target:
    """A promise and what was seen of it."""

    what: str
    how: str
    limit: float
    seen: float
    unit: str = ""

    @property
    def met(self) -> bool:
        return bool(_COMPARE[self.how](self.seen, self.limit))


@dataclass(frozen=True)
class Result:
    """One group of measurements; `notes` say what a reader must know to judge it."""

    title: str
    rows: Sequence[Row]
    targets: Sequence[Target]
    notes: Sequence[str] = field(default=())

    def lines(self) -> list[str]:
        names = list(dict.fromkeys(name for row in self.rows for name in row.values))
        table = [["", *names], *([row.name, *(_shown(row.values.get(name)) for name in names)] for row in self.rows)]
        widths = [max(len(line[place]) for line in table) for place in range(len(names) + 1)]
        text = [self.title, "-" * len(self.title)]
        text += [
            "  ".join(
                cell.rjust(width) if place else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in table
        ]
        for one in self.targets:
            text.append(
                f"{'met   ' if one.met else 'MISSED'}  {one.what}: {_shown(one.seen)}{one.unit} seen, "
                f"{one.how} {_shown(one.limit)}{one.unit} wanted"
            )
        return [*text, *(f"        {note}" for note in self.notes)]


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"


def median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 4)
