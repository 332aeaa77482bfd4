"""Examples that stand in the contract: from the vocabulary where its words fit, by their type where they do not."""

from typing import Any

import pytest

from chalicelib.core.examples import described, example, vocabulary, with_words

PERSON = {
    "type": "object",
    "properties": {"employee_id": {"type": "integer"}, "tier": {"type": "integer"}, "mood": {"type": "string"}},
    "required": ["employee_id"],
}
NULL = {"type": "null"}


def made(schema: dict[str, Any], name: str = "mood", place: str = "Person") -> Any:
    return example(schema, {"Person": PERSON, "Subscription": PERSON}, name=name, place=place)


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("department", {"type": "string"}, "Customer Support"),
        ("department", {"type": "array", "items": {"type": "string"}}, ["Customer Support"]),
        ("department", {"anyOf": [{"type": "string"}, NULL]}, "Customer Support"),
        ("department", {"type": "integer"}, 1),
        ("department", {"type": "string", "maxLength": 3}, "text"),
        ("check_in", {"type": "string", "format": "date-time"}, "2026-10-05T09:12:00"),
        ("check_in", {"type": "string", "format": "partial-time"}, "09:00:00"),
        ("hire_date_min", {"type": "string", "format": "date"}, "2025-01-06"),
        ("override_reason", {"anyOf": [{"type": "string"}, NULL]}, None),
        ("tier", {"type": "integer", "minimum": 5}, 5),
        ("state", {"enum": ["running", "good"]}, "running"),
        ("order", {"enum": ["asc", "desc"]}, "asc"),
        ("mood", {"type": "boolean"}, False),
        ("mood", {"type": "number", "maximum": 0.5}, 0.5),
        ("mood", {"type": "object", "additionalProperties": {"type": "integer"}}, {}),
    ],
)
def test_an_example_is_what_the_vocabulary_says_if_it_fits(name: str, schema: dict[str, Any], value: Any) -> None:
    assert made(schema, name) == value


def test_a_shape_is_put_together_from_its_fields() -> None:
    assert made({"$ref": "#/components/schemas/Person"}) == {"employee_id": 41031748911, "tier": 2, "mood": "text"}


def test_fields_that_exclude_each_other_are_picked_and_what_is_required_stays() -> None:
    assert vocabulary().only["Subscription"] == frozenset()
    assert made({"$ref": "#/components/schemas/Subscription"}) == {"employee_id": 41031748911}


def test_a_name_that_means_two_things_is_told_apart_by_its_place() -> None:
    assert made({"type": "string"}, "tier", "Backup") == "daily"
    assert made({"type": "integer"}, "tier", "Employee") == 2


def test_words_and_what_a_type_says_make_one_description() -> None:
    def said(name: str, own: str) -> str:
        return described(name, {"type": "string", "description": own}, place="Person")

    assert said("hire_date", "YYYY-MM-DD") == "The first day of work. YYYY-MM-DD."
    assert said("sort", "the field to sort by") == "The field to sort by."
    assert said("as_of", "on each date, or today") == "Where people belong: on each date, or today."
    assert said("mood", "how one feels") == "how one feels"
    assert described("mood", {"type": "string"}, place="Person") == ""
    assert described("hire_date_min", {"type": "string"}, place="Person") == "Only with at least this `hire_date`."


def test_each_field_that_has_words_is_described_and_the_shape_itself_stays() -> None:
    [(_, shape)] = with_words({"Person": PERSON}).items()
    assert shape["properties"]["tier"]["description"] == "The tier of the agent."
    assert "description" not in shape["properties"]["mood"]
    assert "description" not in PERSON["properties"]["tier"]
