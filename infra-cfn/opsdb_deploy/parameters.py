"""The parameters of a stack: which of several values wins, and what is wrong with them, all of it at once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

Template = Mapping[str, Any]

DECIDED = frozenset({"Stage", "CodeKey", "ClientLayerKey", "FrontDoor"})
"""What nobody sets: it follows from the stage, from what is released and from the way."""


@dataclass(frozen=True)
class Values:
    """What a stack is given. `kept` are names whose value AWS has already and may be the only one to know."""

    given: dict[str, str]
    kept: dict[str, str]

    def every(self) -> dict[str, str]:
        return {**self.kept, **self.given}

    def request(self) -> list[dict[str, Any]]:
        """As CloudFormation takes it: what it has already is not sent again."""
        return [
            *({"ParameterKey": name, "ParameterValue": value} for name, value in sorted(self.given.items())),
            *({"ParameterKey": name, "UsePreviousValue": True} for name in sorted(self.kept)),
        ]


def chosen(
    template: Template,
    *,
    given: Mapping[str, str],
    committed: Mapping[str, str],
    existing: Mapping[str, str],
    found: Mapping[str, str],
) -> Values:
    """What the template declares, from the first that says it: given, committed, the stack as it is, what was found."""
    declared = template.get("Parameters", {})
    stated = {name: value for name, value in {**committed, **given}.items() if name in declared}
    kept = {name: value for name, value in existing.items() if name in declared and name not in stated}
    looked_up = {name: value for name, value in found.items() if name in declared and name not in {**stated, **kept}}
    return Values(given={**looked_up, **stated}, kept=kept)


def unknown(names: Iterable[str], templates: Iterable[Template]) -> list[str]:
    """A sentence for each name that no template declares or that is not anybody's to set."""
    known = {name for template in templates for name in template.get("Parameters", {})} - DECIDED
    return [_notknown(name, known) for name in names if name not in known]


def _notknown(name: str, known: set[str]) -> str:
    if name in DECIDED:
        return f"{name} is not set by hand: it follows from --stage, --zip, --layer and --with"
    by_small = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_small, n=1, cutoff=0.5)
    return f"no template has a parameter {name}" + (f"; {by_small[near[0]]} is the nearest" if near else "")


def problems(template: Template, values: Values) -> list[str]:
    """What CloudFormation would refuse, in its own words: single values first, then the rules between them."""
    found = []
    for name, declared in template.get("Parameters", {}).items():
        if name in values.given:
            found += _problem(name, declared, values.given[name])
        elif name not in values.kept and "Default" not in declared:
            found.append(f"{name} is needed: {declared.get('Description', '')}".rstrip())
    return found or _broken_rules(template, values)


def _problem(name: str, declared: Mapping[str, Any], value: str) -> list[str]:
    allowed = [_text(one) for one in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return [f"{name} is {value!r} and must be one of {', '.join(allowed)}."]
    pattern = declared.get("AllowedPattern")
    if (pattern and not re.fullmatch(pattern, value)) or not _is_in_range(declared, value):
        return [f"{name} is {value!r} and {declared.get('ConstraintDescription', 'is not allowed')}"]
    return []


def _is_in_range(declared: Mapping[str, Any], value: str) -> bool:
    if declared["Type"] != "Number":
        return True
    try:
        number = float(value)
    except ValueError:
        return False
    return bool(declared.get("MinValue", number) <= number <= declared.get("MaxValue", number))


def _broken_rules(template: Template, values: Values) -> list[str]:
    stated = known(template, values)
    return [
        assertion["AssertDescription"]
        for rule in template.get("Rules", {}).values()
        if _holds(rule.get("RuleCondition", {"Fn::And": []}), stated, {})
        for assertion in rule["Assertions"]
        if not _holds(assertion["Assert"], stated, {})
    ]


def present(template: Template, values: Values) -> list[str]:
    """The resources that the stack would have with these values."""
    values_by_name, conditions = known(template, values), template.get("Conditions", {})
    return [
        name
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or _holds(conditions[resource["Condition"]], values_by_name, conditions)
    ]


def known(template: Template, values: Values) -> dict[str, str]:
    """Every parameter's value, from the template where nobody states one."""
    defaults = {name: _text(one.get("Default", "")) for name, one in template.get("Parameters", {}).items()}
    return {**defaults, **values.every()}


def _holds(node: Any, known: Mapping[str, str], conditions: Mapping[str, Any]) -> bool:
    """The functions that our rules and conditions are made of; another is a KeyError, so that it is not passed over."""
    [(function, of)] = node.items()
    return {
        "Condition": lambda: _holds(conditions[of], known, conditions),
        "Fn::And": lambda: all(_holds(one, known, conditions) for one in of),
        "Fn::Or": lambda: any(_holds(one, known, conditions) for one in of),
        "Fn::Not": lambda: not _holds(of[0], known, conditions),
        "Fn::Equals": lambda: _value(of[0], known) == _value(of[1], known),
        "Fn::Contains": lambda: _value(of[1], known) in [_value(one, known) for one in of[0]],
    }[function]()


def _value(node: Any, known: Mapping[str, str]) -> str:
    return known[node["Ref"]] if isinstance(node, Mapping) else _text(node)


def _text(value: Any) -> str:
    """A value of YAML as a parameter has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
