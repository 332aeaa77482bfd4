"""What callers send, read into declared shapes; every problem of a request is found at once."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Invalid

T = TypeVar("T", bound=msgspec.Struct)

# `$` alone would let a line break stand at the end, which JSON Schema's dialect does not; so both agree.
_END = r"$(?!\n)"
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^(?!\s*$)[^\x00-\x1f\x7f-\x9f]*" + _END)]
Note = Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00]*$")]
EmployeeId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
RowId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Small = Annotated[int, Meta(ge=0, le=1_000_000)]
Email = Annotated[str, Meta(max_length=200, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+" + _END)]
Day = Annotated[date, Meta(description="YYYY-MM-DD, from 1900 to 2999")]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset from UTC")]
Clock = Annotated[time, Meta(tz=False, description="HH:MM or HH:MM:SS, local to the site")]


_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL has no text with: a zero byte, and half of a character."""

EVERY_ROW = 2**53


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""What lies beyond is a slip of the pen, and so near the calendar's ends that a week around it need not exist."""


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query or a body. Only these fields are understood; anything else is named in a 400."""


class Empty(Input, frozen=True, kw_only=True):
    """No parameters at all."""


class ListQuery(Input, frozen=True, kw_only=True):
    """What every list takes."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="rows a page")] = 100
    offset: Annotated[int, Meta(ge=0, le=2**31, description="rows to skip")] = 0
    sort: Annotated[str, Meta(description="the field to sort by")] = ""
    order: Literal["asc", "desc"] = "asc"
    format: Annotated[
        Literal["json", "csv", "xlsx"], Meta(description="csv and xlsx hold every row, whatever limit and offset say")
    ] = "json"

    @property
    def whole(self) -> bool:
        """Whether every row is wanted, for a file."""
        return self.format != "json"


class PersonFilters(ListQuery, frozen=True, kw_only=True):
    """Which people a list is about; each may be given more than once."""

    employee_id: list[EmployeeId] = []
    department: list[str] = []
    supervisor: list[str] = []
    manager: list[str] = []
    batch: list[str] = []
    shift: list[str] = []
    role: list[str] = []
    employee_status: list[str] = []


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Looked up once: msgspec evaluates every annotation anew, half a millisecond for a list with thirty filters."""
    return msgspec.structs.fields(shape)


def read_query(shape: type[T], values_by_name: Mapping[str, list[str]]) -> T:
    """A query string as `shape`; Invalid names every unknown, repeated or unreadable parameter."""
    fields = {field.encode_name: field for field in _fields(shape)}
    raw: dict[str, Any] = {}
    problems = [_unknown(name, fields) for name in values_by_name if name not in fields]
    for name, values in values_by_name.items():
        if name not in fields:
            continue
        if any(_NO_TEXT.search(value) for value in values):
            shown = _short(json.dumps(values, separators=(",", ":")))
            problems.append(f"{name}: must be text without control characters, got {shown}")
        elif get_origin(_bare(fields[name].type)) is list:
            raw[name] = values
        elif len(values) > 1:
            problems.append(f"{name}: given {len(values)} times; once is right")
        else:
            raw[name] = values[0]
    return _read(shape, raw, problems, lax=True)


def check_range(first: date | None, last: date | None) -> None:
    """Invalid where a list is asked for dates that end before they begin."""
    if first and last and last < first:
        raise Invalid(f"end_date: must not be before start_date ({first}), got {last}")


def read_body(shape: type[T], body: bytes | str | None) -> T:
    """A JSON body as `shape`; Invalid names every unknown, missing or unreadable field."""
    try:
        raw = msgspec.json.decode(body or b"")
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Invalid(f"body: must be JSON ({error})") from None
    if not isinstance(raw, dict):
        raise Invalid(f"body: must be a JSON object, got {_named(raw)}")
    fields = {field.encode_name: field for field in _fields(shape)}
    problems = [_unknown(name, fields) for name in raw if name not in fields]
    return _read(shape, {name: value for name, value in raw.items() if name in fields}, problems, lax=False)


def _read(shape: type[T], raw: dict[str, Any], problems: list[str], *, lax: bool) -> T:
    values: dict[str, Any] = {}
    for field in _fields(shape):
        if field.encode_name not in raw:
            if field.required:
                problems.append(f"{field.encode_name}: is required and {expected(field.type)}")
            continue
        value = raw[field.encode_name]
        try:
            values[field.name] = msgspec.convert(_with_seconds(field.type, value), field.type, strict=not lax)
            read = values[field.name]
            # In a query string `null` is a word like any other: it must not pass for "no such filter", nor a number for
            # the seconds since 1970.
            refused = lax and (read is None or (isinstance(read, datetime) and ":" not in value))
        except msgspec.ValidationError:
            refused = True
        if refused:
            problems.append(f"{field.encode_name}: {expected(field.type)}, got {_named(value)}")
        elif (day := _day_of(values[field.name])) and not FIRST_DAY <= day <= LAST_DAY:
            problems.append(f"{field.encode_name}: must be from {FIRST_DAY} to {LAST_DAY}, got {_named(value)}")
    if problems:
        raise Invalid(*problems)
    return shape(**values)


def _day_of(value: Any) -> date | None:
    """The date of a day or a moment; None of anything else."""
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _unknown(name: str, fields: Mapping[str, Any]) -> str:
    near = get_close_matches(name, fields, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(fields)) or 'none'}"
    return f"{_short(name)}: is not known here; {hint}"


def _with_seconds(kind: Any, value: Any) -> Any:
    """`08:00` as `08:00:00`, which is the only form the decoder knows."""
    if isinstance(value, str) and time in _kinds(kind) and re.fullmatch(r"\d\d:\d\d", value):
        return value + ":00"
    return value


def _bare(kind: Any) -> Any:
    """The type without its annotations: `Annotated[int, ...]` is `int`."""
    return _bare(get_args(kind)[0]) if get_origin(kind) is Annotated else kind


def _kinds(kind: Any) -> list[Any]:
    """The types a value may have, without None and UNSET."""
    kind = _bare(kind)
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return [_bare(part) for part in parts if part not in (type(None), UnsetType)]


def _meta(kind: Any) -> Meta | None:
    if get_origin(kind) is Annotated:
        return next((one for one in get_args(kind)[1:] if isinstance(one, Meta)), None)
    for part in get_args(kind) if get_origin(kind) in (Union, UnionType) else ():
        if found := _meta(part):
            return found
    return None


def expected(kind: Any) -> str:
    """What would be right for a field of this type, in words: `must be YYYY-MM-DD`."""
    first = _kinds(kind)[0]
    meta = _meta(kind)
    if get_origin(first) is list:
        return expected(get_args(first)[0])
    if get_origin(first) is Literal:
        return f"must be one of: {', '.join(map(str, get_args(first)))}"
    words = {
        bool: "must be true or false",
        date: "must be YYYY-MM-DD",
        time: "must be HH:MM or HH:MM:SS",
        datetime: "must be a timestamp such as 2026-10-05T08:00:00Z",
    }
    if first in words:
        return words[first]
    if first is int:
        return "must be a whole number" + _bounds(meta)
    if first is float:
        return "must be a number" + _bounds(meta)
    if first is str:
        return _text_rule(kind, meta)
    return "must be an object" if isinstance(first, type) and issubclass(first, msgspec.Struct) else "must be valid"


def _bounds(meta: Meta | None) -> str:
    if meta is None or (meta.ge is None and meta.le is None):
        return ""
    if meta.le is None or meta.le >= 2**31:
        return f" of at least {meta.ge}"
    return f" from {meta.ge} to {meta.le}"


def _text_rule(kind: Any, meta: Meta | None) -> str:
    if meta is not None and meta.pattern and "@" in meta.pattern:
        return "must be an e-mail address"
    if meta is not None and meta.pattern and meta.description:
        return f"must be {meta.description}"
    if meta is not None and meta.max_length:
        return f"must be text of {meta.min_length or 0} to {meta.max_length} characters, without control characters"
    return "must be text"


def _named(value: Any) -> str:
    """The value as the caller sent it, cut to a readable length."""
    return _short(msgspec.json.encode(value).decode())


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def given(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that the caller did send, null included."""
    return {
        field.name: value for field in msgspec.structs.fields(body) if (value := getattr(body, field.name)) is not UNSET
    }
