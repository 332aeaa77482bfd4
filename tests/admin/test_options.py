"""Dropdown values: which may be chosen, and of which class they are."""

from sqlalchemy import text

from chalicelib.admin.queries import active_values, add_values, classes
from tests import make
from tests.conftest import Site


def test_only_active_values_may_be_chosen_sorted_by_name(site: Site) -> None:
    with make.written() as conn:
        conn.execute(text("UPDATE admin_options SET is_active = false WHERE value = 'Rotating'"))
        assert active_values(conn, ["shift", "department"]) == {
            "shift": ["Evening", "Morning", "Night"],
            "department": [],
        }


def test_the_class_of_a_retired_code_is_still_known_since_old_rows_have_it(site: Site) -> None:
    with make.written() as conn:
        conn.execute(text("UPDATE admin_options SET is_active = false WHERE value = 'NEST'"))
        found = classes(conn, "work_code")
    assert (found["NEST"], found["OFF"], len(found)) == ("nesting", "off", 11)


def test_adding_what_is_there_makes_it_active_again_and_nothing_twice(site: Site) -> None:
    with make.written() as conn:
        conn.execute(text("UPDATE admin_options SET is_active = false WHERE category = 'shift'"))
        add_values(conn, {"shift": ["Night", "Split"], "department": ["Support"]})
        add_values(conn, {"shift": ["Split"]})
        add_values(conn, {})
        assert active_values(conn, ["shift", "department"]) == {"shift": ["Night", "Split"], "department": ["Support"]}
        assert conn.execute(text("SELECT count(*) FROM admin_options WHERE category = 'shift'")).scalar() == 5
