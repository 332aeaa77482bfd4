"""Dropdown values over HTTP."""

from typing import Any

from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from chalicelib.admin import queries
from chalicelib.admin.queries import Category, Class, Option, OptionFilters
from chalicelib.admin.rules import DAY_OFF, option_problems
from chalicelib.core.auth import ADMIN
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Input, Text, given

routes = Routes(__name__, tag="admin")


class NewOption(Input, frozen=True, kw_only=True, rename={"work_class": "class"}):
    """A value to choose. Work codes and types have a class; leave and exception types a work code of that class."""

    category: Category
    value: Text
    work_class: Class | None = None
    work_code: Text | None = None


class OptionChange(Input, frozen=True, kw_only=True, rename={"work_class": "class"}):
    """What changes. A value keeps its name, since rows hold it: retire it and add another."""

    work_class: Class | UnsetType = UNSET
    work_code: Text | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


@routes.get("/admin/options", query=OptionFilters, answer=Page[Option])
def list_options(call: Call) -> Page[Option]:
    """The dropdown values, by category."""
    with call.reading() as conn:
        return queries.list_options(conn, query=call.query)


@routes.post("/admin/options", body=NewOption, answer=Option, roles=ADMIN, errors=(409,))
def create_option(call: Call) -> Option:
    """Add a dropdown value."""
    new: NewOption = call.body
    value = " ".join(new.value.split())
    with call.writing() as conn:
        _check(conn, category=new.category, value=value, work_class=new.work_class, work_code=new.work_code)
        facts = {"category": new.category, "value": value, "class": new.work_class, "work_code": new.work_code}
        return _found(conn, queries.insert_option(conn, facts=facts))


@routes.put("/admin/options/{option_id}", body=OptionChange, answer=Option, roles=ADMIN, errors=(409,))
def change_option(call: Call, option_id: int) -> Option:
    """Retire a dropdown value, bring it back, or change its class or work code; figures follow at once."""
    facts = {"class" if name == "work_class" else name: value for name, value in given(call.body).items()}
    with call.writing() as conn:
        before = _found(conn, option_id)
        _check(
            conn,
            category=before.category,
            value=before.value,
            work_class=facts.get("class", before.work_class),
            work_code=facts.get("work_code", before.work_code),
        )
        _check_standing(conn, before, facts)
        if facts:
            queries.update_option(conn, option_id=option_id, facts=facts)
        return _found(conn, option_id)


def _check(conn: Connection, **option: Any) -> None:
    problems = option_problems(**option, code_classes=queries.active_classes(conn, "work_code"))
    if problems:
        raise Invalid(*problems)


def _check_standing(conn: Connection, before: Option, facts: dict[str, Any]) -> None:
    """A work code that others stand on neither goes nor becomes something else."""
    goes = facts.get("is_active") is False
    if before.category != "work_code" or not (goes or facts.get("class", before.work_class) != before.work_class):
        return
    if before.value == DAY_OFF:
        raise Conflict(f"is_active: {DAY_OFF} is the day off of whoever gave a shift away, and cannot be retired")
    if types := queries.types_of_code(conn, work_code=before.value):
        raise Conflict(f"value: {before.value} is the work code of {', '.join(types)}: give those another one first")


def _found(conn: Connection, option_id: int) -> Option:
    option = queries.find_option(conn, option_id=option_id)
    if option is None:
        raise NotFound(f"option_id: {option_id} is no dropdown value")
    return option
