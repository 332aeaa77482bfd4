"""What the rules find against a plan, in words that people can act on."""

from datetime import timedelta

import msgspec

from chalicelib.schedules.calendars import Layer, Person, Shift
from chalicelib.schedules.instants import MINUTE


class Finding(msgspec.Struct, frozen=True):
    """One thing against it. A refusal stands; a warning passes when a duty lead or an admin gives a reason.

    `code` is for programs and never changes; `text` is a sentence that names the person and the shifts.
    """

    code: str
    refused: bool
    employee_id: int
    text: str
    schedule_ids: tuple[int, ...] = ()
    leave_ids: tuple[int, ...] = ()
    exception_ids: tuple[int, ...] = ()


def refusal(code: str, person: Person, text: str, *rows: Shift | Layer) -> Finding:
    """`text` goes on after the person's name."""
    return _finding(code, person, text, rows, refused=True)


def warning(code: str, person: Person, text: str, *rows: Shift | Layer) -> Finding:
    return _finding(code, person, text, rows, refused=False)


def _finding(code: str, person: Person, text: str, rows: tuple[Shift | Layer, ...], *, refused: bool) -> Finding:
    layers = [one for one in rows if isinstance(one, Layer)]
    return Finding(
        code,
        refused,
        person.employee_id,
        f"{person.name} {text}",
        tuple(one.schedule_id for one in rows if isinstance(one, Shift) and one.schedule_id is not None),
        tuple(one.source_id for one in layers if one.source == "leave" and one.source_id is not None),
        tuple(one.source_id for one in layers if one.source == "exception" and one.source_id is not None),
    )


def shown(shift: Shift) -> str:
    """`2026-10-05 22:00-06:00 (NIGHT)`: local times, under the date on which it starts."""
    placed = shift.placed
    if placed.start_time is None or placed.stop_time is None:
        return f"{shift.nominal_date} ({shift.work_code})"
    return f"{placed.start_date} {placed.start_time:%H:%M}-{placed.stop_time:%H:%M} ({shift.work_code})"


def shown_layer(layer: Layer) -> str:
    """`Vacation from 2026-10-05 to 2026-10-09`, with what it waits for."""
    days = (
        f"on {layer.start_date}"
        if layer.start_date == layer.end_date
        else f"from {layer.start_date} to {layer.end_date}"
    )
    hours = f" {layer.hours[0]:%H:%M}-{layer.hours[1]:%H:%M}" if layer.hours else ""
    return f"{layer.kind} {days}{hours}{'' if layer.in_force else ' (pending)'}"


def hours(length: timedelta) -> str:
    """`7 h` or `7 h 30 min`."""
    whole, rest = divmod(length // MINUTE, 60)
    return f"{whole} h {rest} min" if rest else f"{whole} h"
