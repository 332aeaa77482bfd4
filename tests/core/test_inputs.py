"""What callers send: every problem is named at once, and nothing is guessed."""

from collections.abc import Callable, Sequence
from datetime import date, time
from typing import Annotated, Literal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some
from msgspec import UNSET, Meta, UnsetType
from msgspec.json import encode

from chalicelib.core.errors import Invalid
from chalicelib.core.inputs import (
    Clock,
    Day,
    Email,
    Input,
    Instant,
    ListQuery,
    Note,
    Small,
    Text,
    given,
    read_body,
    read_query,
)


class Shift(Input, frozen=True, kw_only=True):
    name: Text
    day: Day | None = None
    start_time: Clock | UnsetType | None = UNSET
    tier: Small | None = None
    notes: Note | None = None
    email: Email | None = None
    kind: Literal["early", "late"] = "early"


class Query(ListQuery, frozen=True, kw_only=True):
    department: list[str] = []
    number: list[int] = []
    day: Day | None = None
    start_time_min: Clock | None = None
    since: Instant | None = None
    overnight: bool | None = None
    word: str | None = None
    span: Annotated[str, Meta(pattern=r"^\d,\d$", description="FROM,TO")] | None = None


def problems_of_body(body: object) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read_body(Shift, body if isinstance(body, bytes) else encode(body))
    return list(caught.value.problems)


def problems_of_query(**values: str | list[str]) -> list[str]:
    with pytest.raises(Invalid) as caught:
        query(**values)
    return list(caught.value.problems)


def query(**values: str | list[str]) -> Query:
    return read_query(Query, {name: value if isinstance(value, list) else [value] for name, value in values.items()})


def test_all_problems_of_a_body_are_named_at_once() -> None:
    body = {"dai": "2026-10-05", "day": "5.10.2026", "start_time": "8", "tier": -1, "kind": "noon", "email": "x"}
    assert problems_of_body(body) == [
        "dai: is not known here; did you mean day?",
        "name: is required and must be text of 1 to 200 characters, without control characters",
        'day: must be YYYY-MM-DD, got "5.10.2026"',
        'start_time: must be HH:MM or HH:MM:SS, got "8"',
        "tier: must be a whole number from 0 to 1000000, got -1",
        'email: must be an e-mail address, got "x"',
        'kind: must be one of: early, late, got "noon"',
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "body: must be JSON (Input data was truncated)"),
        (b"{", "body: must be JSON (Input data was truncated)"),
        (b"\xff\xfe", "body: must be JSON (JSON is malformed: invalid character (byte 0))"),
        (b"null", "body: must be a JSON object, got null"),
        (b"[1]", "body: must be a JSON object, got [1]"),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(body: bytes, problem: str) -> None:
    assert problems_of_body(body) == [problem]


def test_a_field_far_from_every_known_one_lists_them() -> None:
    assert problems_of_body({"name": "x", "zzzzzz": 1}) == [
        "zzzzzz: is not known here; known are day, email, kind, name, notes, start_time, tier"
    ]


def test_what_is_shown_of_a_value_is_short() -> None:
    (problem,) = problems_of_body({"name": "x" * 10_000})
    assert len(problem) < 200
    assert problem.endswith("x...")


def test_a_number_is_a_number_and_not_a_word() -> None:
    assert problems_of_body({"name": "x", "tier": "3"}) == ['tier: must be a whole number from 0 to 1000000, got "3"']
    assert problems_of_body({"name": 3})[0].startswith("name: must be text")


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "a\n", "a\x00b", "\tx", "a\x85b", "x" * 201])
def test_text_is_one_line_that_says_something(name: str) -> None:
    assert problems_of_body({"name": name})[0].startswith("name: must be text of 1 to 200 characters")


@for_all(some.text(some.characters(categories=["L", "N", "P"]), min_size=1, max_size=200))
def test_any_letters_are_text(name: str) -> None:
    assert read_body(Shift, encode({"name": name})).name == name


@pytest.mark.parametrize("email", ["a@b", "a b@c.de", "@c.de", "a@c.de\n", "a@b@c.de", "a@c.de "])
def test_what_is_no_address_is_refused(email: str) -> None:
    assert problems_of_body({"name": "x", "email": email})[0].startswith("email: must be an e-mail address")


@pytest.mark.parametrize(
    ("sent", "read"),
    [("08:05", time(8, 5)), ("08:05:09", time(8, 5, 9)), ("00:00", time(0)), ("23:59:59", time(23, 59, 59))],
)
def test_times_are_hours_and_minutes_with_or_without_seconds(sent: str, read: time) -> None:
    assert read_body(Shift, encode({"name": "x", "start_time": sent})).start_time == read
    assert query(start_time_min=sent).start_time_min == read


@pytest.mark.parametrize("sent", ["24:00", "8:00", "08:00Z", "08:00:00+01:00", "08:60", "08:00\n", ""])
def test_other_times_are_refused(sent: str) -> None:
    assert problems_of_query(start_time_min=sent)[0].startswith("start_time_min: must be HH:MM or HH:MM:SS")


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_that_no_floor_will_see_is_a_slip(day: str) -> None:
    problem = f'day: must be from 1900-01-01 to 2999-12-31, got "{day}"'
    assert problems_of_body({"name": "x", "day": day}) == problems_of_query(day=day) == [problem]


def test_what_stands_inside_is_as_strict() -> None:
    class Shifts(Input, frozen=True, kw_only=True):
        shifts: list[Shift]

    with pytest.raises(Invalid, match="shifts: must be an object"):
        read_body(Shifts, encode({"shifts": [{"name": "x", "dai": "2026-10-05"}]}))


def test_null_is_not_the_same_as_absent() -> None:
    assert "start_time" not in given(read_body(Shift, b'{"name": "x"}'))
    assert given(read_body(Shift, b'{"name": "x", "start_time": null}'))["start_time"] is None
    assert problems_of_body({"name": None})[0].startswith("name: must be text")


def test_notes_may_have_lines() -> None:
    assert read_body(Shift, encode({"name": "x", "notes": "one\ntwo\n"})).notes == "one\ntwo\n"


def test_all_problems_of_a_query_are_named_at_once() -> None:
    assert problems_of_query(limt="5", day="2026-02-30", overnight="perhaps", limit="1001", order="up") == [
        "limt: is not known here; did you mean limit?",
        'limit: must be a whole number from 1 to 1000, got "1001"',
        'order: must be one of: asc, desc, got "up"',
        'day: must be YYYY-MM-DD, got "2026-02-30"',
        'overnight: must be true or false, got "perhaps"',
    ]


def test_a_filter_that_takes_one_value_refuses_two() -> None:
    assert problems_of_query(day=["2026-10-05", "2026-10-06"]) == ["day: given 2 times; once is right"]


def test_a_filter_that_takes_many_takes_many() -> None:
    assert query(department=["Support", "Sales"], number=["1", "2"]).department == ["Support", "Sales"]
    assert query(number=["1", "2"]).number == [1, 2]
    assert query(department="Support, Back Office").department == ["Support, Back Office"]


def test_the_word_null_is_a_word_and_no_missing_filter() -> None:
    assert problems_of_query(day="null") == ['day: must be YYYY-MM-DD, got "null"']
    assert problems_of_query(overnight="null") == ['overnight: must be true or false, got "null"']
    assert query(word="null").word == "null"


def test_a_number_is_no_moment() -> None:
    for number in ("0.5", "1791187200", "1e9"):
        [problem] = problems_of_query(since=number)
        assert problem == f'since: must be a timestamp such as 2026-10-05T08:00:00Z, got "{number}"'
    assert query(since="2026-10-05T08:00:00Z").since == query(since="2026-10-05T09:00:00+01:00").since


def test_a_zero_byte_never_reaches_the_database() -> None:
    assert problems_of_query(department=["Support", "a\x00"], word="\x00") == [
        'department: must be text without control characters, got ["Support","a\\u0000"]',
        'word: must be text without control characters, got ["\\u0000"]',
    ]


def test_half_a_character_never_reaches_the_database() -> None:
    assert problems_of_query(word="\ud800x") == [
        'word: must be text without control characters, got ["\\ud800x"]',
    ]


def test_a_pattern_is_explained_in_words() -> None:
    assert problems_of_query(span="x") == ['span: must be FROM,TO, got "x"']


def test_an_empty_query_is_the_defaults() -> None:
    assert query() == Query(limit=100, offset=0, sort="", order="asc")
    assert query(day="2026-10-05", overnight="true", limit="5") == Query(day=date(2026, 10, 5), overnight=True, limit=5)


def refused(call: Callable[[], object]) -> Sequence[str]:
    """The problems that `call` was refused with; none when it was not."""
    try:
        call()
    except Invalid as refusal:
        return refusal.problems
    return []


@for_all(some.dictionaries(some.text(max_size=20), some.lists(some.text(max_size=20), min_size=1, max_size=3)))
def test_no_query_string_whatever_breaks_the_reader(values: dict[str, list[str]]) -> None:
    problems = refused(lambda: read_query(Query, values))
    assert len(problems) >= len(values.keys() - set(Query.__struct_fields__))
    assert all(": " in problem for problem in problems)


JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1) | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=10,
)


@for_all(
    some.binary(max_size=60) | some.dictionaries(some.sampled_from(["name", "day", "tier", "x"]), JSON).map(encode)
)
def test_no_body_whatever_breaks_the_reader(body: bytes) -> None:
    assert all(": " in problem for problem in refused(lambda: read_body(Shift, body)))
