"""Looking for people: as names are remembered, not as they are spelled."""

from collections.abc import Callable

import pytest

from tests import make
from tests.api import Api

PEOPLE = [
    ("José", "Núñez", {"company_email": "jose.nunez@opsdb.example"}),
    ("Josephine", "Nuno", {}),
    ("Ada", "Lovelace", {"ruex_id": "alovelace2", "agent_id": "70123"}),
    ("John", "Smith", {}),
    ("Johanna", "Smythe", {}),
    ("Mary Jane", "O'Neil", {}),
    ("100%", "Sure_thing", {}),
]


@pytest.fixture
def find(api: Api) -> Callable[[str], list[str]]:
    with make.written() as conn:
        for first, last, facts in PEOPLE:
            make.employee(conn, first_name=first, last_name=last, **facts)
    return lambda q: [one["full_name"] for one in api.get("/employees/search", q=q).data]


@pytest.mark.parametrize(
    "q", ["Jose Nunez", "José Núñez", "nunez, jose", "jnunez", "NUÑEZ", "jose.nunez@opsdb.example", "Jose Nunes"]
)
def test_a_name_is_found_however_it_is_typed(find: Callable[[str], list[str]], q: str) -> None:
    assert find(q)[0] == "José Núñez"


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("jsmith", "John Smith"),
        ("smth john", "John Smith"),
        ("alovelace2", "Ada Lovelace"),
        ("70123", "Ada Lovelace"),
        ("oneil mary", "Mary Jane O'Neil"),
        ("mary jane", "Mary Jane O'Neil"),
        ("100%", "100% Sure_thing"),
        ("lovel", "Ada Lovelace"),
    ],
)
def test_logins_ids_and_parts_of_names_find_their_owner_first(
    find: Callable[[str], list[str]], q: str, first: str
) -> None:
    assert find(q)[0] == first


@pytest.mark.parametrize(
    "q", ["Lovelce", "Lovlace", "lovelacce", "lovelave", "lvoelace", "ADA LOVELASE", "Lovelaceada"]
)
def test_one_slip_of_the_finger_is_forgiven(find: Callable[[str], list[str]], q: str) -> None:
    assert find(q) == ["Ada Lovelace"]


@pytest.mark.parametrize(
    ("first", "last", "q"),
    [
        ("Aarohi", "Gokhale", "gokale"),
        ("Loïc", "Rivière", "rivere"),
        ("Ana", "Fontenay", "fontanay"),
        ("Łukasz", "Wójcik", "wojick"),
    ],
)
def test_a_slip_in_a_short_name_is_forgiven(find: Callable[[str], list[str]], first: str, last: str, q: str) -> None:
    with make.written() as conn:
        make.employee(conn, first_name=first, last_name=last)
    assert find(q) == [f"{first} {last}"]


def test_who_is_meant_leaves_out_who_is_merely_alike(find: Callable[[str], list[str]]) -> None:
    assert find("johanna") == ["Johanna Smythe"]
    assert find("john smit")[:1] == ["John Smith"]


@pytest.mark.parametrize("q", ["Zygmunt", "%", "_____", "999999999999999999999999"])
def test_what_nobody_is_called_finds_nobody(find: Callable[[str], list[str]], q: str) -> None:
    assert "José Núñez" not in find(q)


def test_an_employee_id_is_a_perfect_match(api: Api) -> None:
    with make.written() as conn:
        wanted = [make.employee(conn) for _ in range(3)][1]
    [best, *_] = api.get("/employees/search", q=str(wanted)).data
    assert (best["employee_id"], best["score"]) == (wanted, 1)


def test_of_namesakes_the_one_who_is_here_comes_first(api: Api) -> None:
    with make.written() as conn:
        left = make.employee(conn, first_name="Bo", last_name="Li", status="Inactive")
        here = make.employee(conn, first_name="Bo", last_name="Li")
    assert [one["employee_id"] for one in api.get("/employees/search", q="li bo").data] == [here, left]


@pytest.mark.parametrize("q", ["", "   "])
def test_nothing_to_look_for_is_refused(api: Api, q: str) -> None:
    assert api.get("/employees/search", q=q).status == 400
