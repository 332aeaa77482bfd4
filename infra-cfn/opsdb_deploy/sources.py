"""What the templates are made of: the YAML of this folder, .chalice/config.json and .chalice/policies."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra-cfn"

PSEUDO = {"stage": "Stage", "region": "AWS::Region", "account": "AWS::AccountId"}
"""Markers of .chalice that are no stack's output -> what CloudFormation calls them."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """`!Ref x` is {"Ref": x}; `!GetAtt a.b` is {"Fn::GetAtt": [a, b]}; any other `!F x` is {"Fn::F": x}."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def skeleton(name: str) -> dict[str, Any]:
    """The hand-written part of a template, short forms spelled out; the caller's own."""
    return deepcopy(_parsed((INFRA / f"{name}.yaml").read_text()))


@cache
def _parsed(text: str) -> dict[str, Any]:
    """Kept, since one template takes a tenth of a second and a command reads it several times."""
    parsed: dict[str, Any] = _Loader(text).get_single_data()
    return parsed


def stage_parameters(stage: str) -> dict[str, str]:
    """The stage's committed parameters."""
    parameters: dict[str, str] = json.loads((INFRA / "parameters" / f"{stage}.json").read_text())["Parameters"]
    return parameters


def configuration(stage: str, function: str) -> dict[str, Any]:
    """What .chalice/config.json says of a function: the stage's keys under its own, environments joined."""
    of_stage = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"][stage]
    own = of_stage["lambda_functions"].get(function)
    if own is None:
        raise KeyError(f"{function} of app.py has no entry in lambda_functions of {stage} in .chalice/config.json")
    environment = of_stage.get("environment_variables", {}) | own.get("environment_variables", {})
    return {**of_stage, **own, "environment_variables": environment}


def environment(stage: str) -> dict[str, str]:
    """What app.py is imported with when the templates of a stage are made: schedules may depend on it."""
    of_stage = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"][stage]
    variables: dict[str, str] = of_stage.get("environment_variables", {})
    return {name: value for name, value in variables.items() if "${" not in value}


def policy(path: str) -> list[dict[str, Any]]:
    """The statements of a policy file, markers still in them; `path` as config.json has it."""
    statements: list[dict[str, Any]] = json.loads((ROOT / ".chalice" / path).read_text())["Statement"]
    return statements


def imported(stack: str, output: str) -> dict[str, Any]:
    """An output of another stack of this stage."""
    return {"Fn::ImportValue": {"Fn::Sub": f"opsdb-${{Stage}}-{stack}-{output}"}}


def rendered(node: Any) -> Any:
    """`node` with the markers of .chalice, such as `${data:KeyArn}`, as CloudFormation expressions."""
    if isinstance(node, list):
        return [rendered(one) for one in node]
    if isinstance(node, Mapping):
        return {key: rendered(value) for key, value in node.items()}
    return _expression(node) if isinstance(node, str) else node


def _expression(text: str) -> Any:
    imports: dict[str, Any] = {}

    def replaced(found: re.Match[str]) -> str:
        marker = found[1]
        if marker in PSEUDO:
            return f"${{{PSEUDO[marker]}}}"
        stack, output = marker.split(":")
        imports[output] = imported(stack, output)
        return f"${{{output}}}"

    given = re.sub(r"\$\{([^}]+)\}", replaced, text).replace("arn:aws:", "arn:${AWS::Partition}:")
    if imports and given == f"${{{next(iter(imports))}}}":
        return next(iter(imports.values()))
    if imports:
        return {"Fn::Sub": [given, imports]}
    return {"Fn::Sub": given} if "${" in given else given
