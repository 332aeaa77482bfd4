"""A template as CloudFormation would act on it: parameters filled in, conditions decided, absent resources gone.

What another stack exports stands as the export's name: `opsdb-prod-data-KeyArn`.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

from app import app
from opsdb_deploy.generate import MAKERS

INFRA = Path(__file__).parents[2] / "infra-cfn"
WRITTEN = ("network", "data")
TEMPLATES = (*WRITTEN, *MAKERS)
STAGES = ("dev", "staging", "prod")
GIVEN_AT_DEPLOY = {
    "S3PrefixListId": "pl-0123456789abcdef0",
    "CustomerGatewayIp": "192.0.2.10",
    "CodeKey": "code/0123456789abcdef.zip",
    "ClientLayerKey": "client/0123456789abcdef.zip",
    "DomainName": "opsdb.example.com",
    "HostedZoneId": "Z0123456789ABCDEF",
    "SignInDomain": "opsdb-example",
    "PageMail": "somebody@example.com",
    "PageUrl": "https://pages.example.com/opsdb",
    "DailyMail": "everybody@example.com",
}
PSEUDO = {
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = {"Ref": "AWS::NoValue"}
REMOVE = object()
"""Put anywhere by `change`, it takes away what is there."""


@cache
def _read(name: str, stage: str) -> str:
    if name in MAKERS:
        return json.dumps(MAKERS[name](app, stage))
    template, problems = decode(str(INFRA / f"{name}.yaml"))
    assert not problems, problems
    return json.dumps(template)


def template(name: str, stage: str = "prod") -> dict[str, Any]:
    """The parsed or, for `stage`, generated template, short forms (`!Ref`) spelled out; the caller may change it."""
    parsed: dict[str, Any] = json.loads(_read(name, stage))
    return parsed


def stage_parameters(stage: str) -> dict[str, str]:
    """The stage's committed parameters and those that are given when deploying."""
    committed: dict[str, str] = json.loads((INFRA / "parameters" / f"{stage}.json").read_text())["Parameters"]
    return GIVEN_AT_DEPLOY | committed


def resources(parsed: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The resources that would exist, with what is known at deploy time filled in; Refs to resources stay."""
    values = {name: given.get(name, one.get("Default")) for name, one in parsed["Parameters"].items()}
    values = {name: str(value) for name, value in (values | PSEUDO).items()}
    conditions = parsed.get("Conditions", {})
    return {
        name: _filled(copy.deepcopy(one), values, conditions)
        for name, one in parsed["Resources"].items()
        if "Condition" not in one or _holds(conditions[one["Condition"]], values, conditions)
    }


def _holds(test: Any, values: Mapping[str, str], conditions: Mapping[str, Any]) -> bool:
    [(operator, operands)] = test.items()
    if operator == "Condition":
        return _holds(conditions[operands], values, conditions)
    if operator == "Fn::Equals":
        left, right = (str(_filled(one, values, conditions)) for one in operands)
        return left == right
    results = [_holds(one, values, conditions) for one in operands]
    return {"Fn::Not": not results[0], "Fn::And": all(results), "Fn::Or": any(results)}[operator]


def _filled(node: Any, values: Mapping[str, str], conditions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [one for one in (_filled(item, values, conditions) for item in node) if one != NOTHING]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Ref"}:
        return values.get(node["Ref"], node)
    if node.keys() == {"Fn::If"}:
        name, then, otherwise = node["Fn::If"]
        return _filled(then if _holds(conditions[name], values, conditions) else otherwise, values, conditions)
    if node.keys() == {"Fn::Sub"} and isinstance(node["Fn::Sub"], list):
        text, own = node["Fn::Sub"]
        own = {name: next(strings(_filled(one, values, conditions))) for name, one in own.items()}
        return _filled({"Fn::Sub": text}, {**values, **own}, conditions)
    if node.keys() == {"Fn::Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: values.get(found[1], found[0]), node["Fn::Sub"])
    if node.keys() == {"Fn::Join"}:
        between, parts = node["Fn::Join"]
        return str(between).join(_filled(parts, values, conditions))
    filled = {key: _filled(value, values, conditions) for key, value in node.items()}
    return {key: value for key, value in filled.items() if value != NOTHING}


def of_type(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The resources of one type, by logical name."""
    return {name: one for name, one in found.items() if one["Type"] == kind}


def strings(node: Any) -> Iterator[str]:
    """Every string anywhere below `node`."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from strings(one)


def at(node: Any, path: str) -> Any:
    """What lies at a dotted path, or None; numbers index lists, and ~ is a dot inside a name."""
    for step in (one.replace("~", ".") for one in path.split(".")):
        if isinstance(node, list):
            node = node[int(step)] if int(step) < len(node) else None
        elif isinstance(node, dict):
            node = node.get(step)
        else:
            return None
    return node


def change(node: Any, path: str, value: Any) -> None:
    """Put `value` at a path, as `at` reads it, making what is missing on the way; REMOVE takes away."""
    *way, last = (step.replace("~", ".") for step in path.split("."))
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
    if isinstance(node, list):
        node[int(last) : int(last) + 1] = [] if value is REMOVE else [value]
    elif value is REMOVE:
        node.pop(last, None)
    else:
        node[last] = value
