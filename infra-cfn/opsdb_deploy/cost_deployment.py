"""What a stage would consist of: its parameters, the resources whose conditions hold, and its functions' sizes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opsdb_deploy.cost_load import DAYS, WEEKS
from opsdb_deploy.declared import functions
from opsdb_deploy.generate import MAKERS
from opsdb_deploy.sources import configuration, skeleton, stage_parameters

WRITTEN = ("network", "data")


class ParameterError(Exception):
    """A parameter that no template has or takes; the text says which and what it takes."""


@dataclass(frozen=True)
class Sized:
    """A function: its memory, and how often a month it is started by its schedule (None: it has none)."""

    memory_gb: float
    runs: float | None


@dataclass(frozen=True)
class Deployment:
    """A stage, as far as it costs anything."""

    stage: str
    parameters: Mapping[str, str]
    resources: tuple[Mapping[str, Any], ...]
    functions: Mapping[str, Sized]

    def of_type(self, kind: str) -> list[Mapping[str, Any]]:
        return [one for one in self.resources if one["Type"] == kind]

    def number(self, parameter: str) -> float:
        return float(self.parameters[parameter])

    def has(self, parameter: str) -> bool:
        """Whether a yes-or-no parameter says yes."""
        return self.parameters[parameter] in {"yes", "true"}


def deployment(app: Any, stage: str, given: Mapping[str, str]) -> Deployment:
    """The stage as committed, with `given` instead of some of its parameters."""
    templates = {name: skeleton(name) for name in WRITTEN} | {name: make(app, stage) for name, make in MAKERS.items()}
    values: dict[str, str] = {}
    for template in templates.values():
        values |= {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
    for name, value in given.items():
        _check(name, value, [one["Parameters"][name] for one in templates.values() if name in one["Parameters"]])
    values |= stage_parameters(stage) | dict(given)
    there = [one for template in templates.values() for one in present(template, values)]
    sizes = {one.name: _sized(stage, one.name, one.schedule) for one in functions(app)}
    return Deployment(stage, values, tuple(there), sizes)


def _check(name: str, value: str, declared: list[Mapping[str, Any]]) -> None:
    if not declared:
        raise ParameterError(f"no template has a parameter {name}")
    for one in declared:
        allowed = [str(each) for each in one.get("AllowedValues", [])]
        if allowed and value not in allowed:
            raise ParameterError(f"{name} must be one of: {', '.join(allowed)}; got {value!r}")
        if not _fits(value, one):
            raise ParameterError(f"{name} {one['ConstraintDescription']} Got {value!r}.")


def _fits(value: str, one: Mapping[str, Any]) -> bool:
    if "AllowedPattern" in one:
        return re.fullmatch(one["AllowedPattern"], value) is not None
    if "MinValue" in one:
        return value.isdigit() and one["MinValue"] <= int(value) <= one["MaxValue"]
    return True


def _sized(stage: str, name: str, schedule: str | None) -> Sized:
    return Sized(configuration(stage, name)["lambda_memory_size"] / 1024, runs_a_month(schedule) if schedule else None)


def runs_a_month(schedule: str) -> float:
    """How often EventBridge starts what has this schedule, on average; ValueError for a form that is not known here."""
    if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule):
        return DAYS * {"minute": 1440, "hour": 24, "day": 1}[found[2]] / int(found[1])
    if found := re.fullmatch(r"cron\(([\d,]+) ([\d,]+|\*) (\S+) \* (\S+) \*\)", schedule):
        minutes, hours, day, weekday = found.groups()
        times = len(minutes.split(",")) * (24 if hours == "*" else len(hours.split(",")))
        if weekday not in "?*":
            return times * len(weekday.split(",")) * WEEKS
        return times * (DAYS if day in "?*" else len(day.split(",")))
    raise ValueError(f"no estimate knows how often {schedule} is")


# --- which resources there are


def present(template: Mapping[str, Any], values: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The resources that would exist with these parameters."""
    conditions = template.get("Conditions", {})
    return [
        one
        for one in template["Resources"].values()
        if "Condition" not in one or _holds(conditions[one["Condition"]], values, conditions)
    ]


def _holds(test: Mapping[str, Any], values: Mapping[str, str], conditions: Mapping[str, Any]) -> bool:
    [(operator, operands)] = test.items()
    if operator == "Condition":
        return _holds(conditions[operands], values, conditions)
    if operator == "Fn::Equals":
        left, right = (values[one["Ref"]] if isinstance(one, dict) else str(one) for one in operands)
        return left == right
    judge: Callable[[Any], bool] = {"Fn::Not": lambda each: not next(each), "Fn::And": all, "Fn::Or": any}[operator]
    return judge(_holds(one, values, conditions) for one in operands)
