"""infra-cfn/rules: kept by every template in every stage and variant, and broken by whatever is weaker."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.effective import REMOVE, STAGES, TEMPLATES, at, change, stage_parameters
from tests.infra.guard import document, findings, sentences
from tests.infra.variants import EVERYTHING, VARIANTS
from tests.infra.weaker import REMOVED
from tests.infra.worse import ADDED, WORSE, Worse

WITH_EVERYTHING = {name: document(name, "prod", stage_parameters("prod") | EVERYTHING) for name in TEMPLATES}
BARE = {"BackupsLockDays": "0", "MonitoringInterval": "0", "ConsoleOrigin": "https://opsdb.example.com"}
BASES = [
    *WITH_EVERYTHING.values(),
    *(document(name, "prod", stage_parameters("prod") | BARE) for name in ("data", "app", "edge")),
    *(document(name, "prod", stage_parameters("prod") | VARIANTS["on Aurora"]) for name in ("data", "watch")),
]


def test_every_template_keeps_the_rules_in_every_stage_and_variant() -> None:
    documents = {}
    for stage, variant, name in itertools.product(STAGES, VARIANTS, TEMPLATES):
        one = document(name, stage, stage_parameters(stage) | VARIANTS[variant])
        # Most variants are about one template and leave the others as they were.
        if one not in documents.values():
            documents[f"{stage}, {variant}: {name}"] = one
    assert {name: broken for name, broken in findings(documents).items() if broken} == {}


def test_every_clause_of_the_rules_has_a_sentence_of_its_own() -> None:
    assert len(sentences()) == len(set(sentences()))


# --- weaker


def _subjects(base: dict[str, Any], what: str) -> list[str]:
    """A type's resources, or the one of that name; but those that an earlier base has just so are not tried again."""
    earlier = [other["Resources"] for other in BASES[: BASES.index(base)]]
    return [
        name
        for name, one in base["Resources"].items()
        if what in {name, one["Type"]} and not any(other.get(name) == one for other in earlier)
    ]


def _changes(table: dict[str, Worse], *, added: bool) -> Iterator[tuple[dict[str, Any], str, str, Any]]:
    for base in BASES:
        for what, paths in table.items():
            for name in _subjects(base, what):
                for path, values in paths.items():
                    there = at(base["Resources"][name], path)
                    if there is not None or added:
                        tried = [*values] if added else [REMOVE, *values]
                        yield from ((base, name, path, value) for value in tried if value != there)


def _alone(base: dict[str, Any], name: str) -> dict[str, Any]:
    return {"Parameters": base["Parameters"], "Resources": {name: copy.deepcopy(base["Resources"][name])}}


def _without(name: str) -> dict[str, Any]:
    base = next(one for one in BASES if name in one["Resources"])
    return {**base, "Resources": {other: one for other, one in base["Resources"].items() if other != name}}


@pytest.mark.proof
def test_whatever_is_weaker_breaks_a_rule_and_every_sentence_is_seen_broken() -> None:
    """One test, since cfn-guard judges all changes in one process."""
    documents = {f"{name} is missing": _without(name) for name in REMOVED}
    unchanged = {}
    for base, name, path, value in [*_changes(WORSE, added=False), *_changes(ADDED, added=True)]:
        key = f"{name}.{path} is {'missing' if value is REMOVE else value}, {BASES.index(base)}"
        documents[key] = _alone(base, name)
        change(documents[key]["Resources"][name], path, value)
        unchanged[key] = f"{name}, {BASES.index(base)}"
        documents[unchanged[key]] = _alone(base, name)
    broken = findings(documents)
    noticed: dict[str, set[str]] = {}
    for key in documents.keys() - unchanged.values():
        # What another variant notices is noticed: a rule may be of one variant only.
        new = broken[key] - broken.get(unchanged.get(key, ""), set())
        noticed.setdefault(key.rsplit(",", 1)[0], set()).update(new)
    assert [key for key, new in noticed.items() if not new] == []
    assert set(sentences()) - set().union(*noticed.values()) == set()


def test_everything_that_the_table_makes_worse_is_somewhere() -> None:
    for what, paths in WORSE.items():
        found = [base["Resources"][name] for base in BASES for name in _subjects(base, what)]
        assert [path for path in paths if not any(at(one, path) is not None for one in found)] == [], what
    assert [what for what in ADDED if not any(_subjects(base, what) for base in BASES)] == []
