"""What is decided about people without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.admin.rules import unknown_value, unknown_values
from chalicelib.people.rules import computed_ruex_id, date_problems, tidied


@pytest.mark.parametrize(
    ("first", "last", "login"),
    [("John", "Smith", "jsmith"), ("Ana", "de la Cruz", "adelacruz"), ("", "Smith", "smith"), ("J", "", "j")],
)
def test_a_planning_login_is_an_initial_and_a_last_name(first: str, last: str, login: str) -> None:
    assert computed_ruex_id(first, last) == login


def test_phases_come_in_their_order_also_when_one_is_missing() -> None:
    one, three = date(2026, 3, 1), date(2026, 2, 1)
    assert date_problems({"phase_1_date": one, "phase_3_date": three}) == [
        "phase_3_date: must not be before phase_1_date (2026-03-01), got 2026-02-01"
    ]
    assert date_problems({"phase_1_date": three, "phase_3_date": one}) == []
    assert date_problems({}) == []


@given(some.dictionaries(some.text(), some.text() | some.integers() | some.none()))
def test_tidying_twice_is_tidying_once(facts: dict[str, object]) -> None:
    once = tidied(facts)
    assert tidied(once) == once
    assert {name for name, value in facts.items() if not isinstance(value, str)} <= {
        name for name in once if once[name] == facts[name]
    }


def test_a_choice_that_is_active_is_fine_and_none_is_no_choice() -> None:
    assert unknown_value("shift", "Night", ["Morning", "Night"]) is None
    assert unknown_values({"shift": None, "role": "Agent"}, {"shift": [], "role": ["Agent"]}) == []


def test_far_from_everything_the_choices_are_listed_but_not_all_of_a_hundred() -> None:
    many = [f"{number:03}" for number in range(100)]
    said = unknown_value("batch", "zzzz", many) or ""
    assert said.startswith("batch: zzzz: must be one of: 000, 001,")
    assert said.endswith("011, ...")
