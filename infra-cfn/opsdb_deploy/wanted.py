"""What a stage shall be: its five templates, and the value of every parameter, judged before anything is done."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsdb_deploy import parameters, stacks
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.parameters import Values
from opsdb_deploy.sources import INFRA, skeleton, stage_parameters

PARTS = ("network", "data", "app", "edge", "watch")
"""The stacks in the order in which they need each other."""

WRITTEN = ("network", "data")

UNRESERVED = 100
"""What AWS insists on leaving to all other functions of an account."""

RELEASED = {"CodeKey": "code/not-yet.zip", "ClientLayerKey": "client/not-yet.zip"}
"""Stands for what is known only when it was built."""


class Unfit(DeployError):
    """Parameters are wrong: a line for each."""


@dataclass(frozen=True)
class Wanted:
    """The templates by stack, and what each is given."""

    templates: dict[str, dict[str, Any]]
    values: dict[str, Values]

    def value(self, part: str, name: str) -> str:
        """A parameter's value, the template's default included."""
        default = self.templates[part]["Parameters"][name].get("Default", "")
        return self.values[part].every().get(name, str(default))

    def with_release(self, part: str, **keys: str) -> Values:
        """The values of a stack with the keys of what was built."""
        there = {name: key for name, key in keys.items() if name in self.templates[part]["Parameters"]}
        kept = {name: value for name, value in self.values[part].kept.items() if name not in there}
        return Values({**self.values[part].given, **there}, kept)

    def shown(self, part: str, values: Values) -> dict[str, str]:
        """The values that may be told to anybody, the template's defaults included."""
        declared = self.templates[part]["Parameters"]
        told = {name for name, one in declared.items() if not one.get("NoEcho")}
        return {name: value for name, value in parameters.known(self.templates[part], values).items() if name in told}


def wanted(cloud: Cloud, given: Mapping[str, str], *, front_door: str = "http") -> Wanted:
    """What `given` and the committed parameters make of the stage; Unfit, with all problems, before a thing is done."""
    templates = made(cloud.stage)
    committed = {**stage_parameters(cloud.stage), "Stage": cloud.stage}
    wrong = parameters.unknown(given, templates.values())
    wrong += parameters.unknown([one for one in committed if one != "Stage"], templates.values())
    stated = {**given, **RELEASED, "FrontDoor": front_door}
    grown = _grown(cloud)
    values = {}
    for part, template in templates.items():
        existing = stacks.parameters(stacks.described(cloud, cloud.stack(part)))
        values[part] = parameters.chosen(
            template,
            given=stated,
            committed=committed if part in WRITTEN else {**committed, **grown},
            existing=existing,
            found=_looked_up(cloud, existing, given) if part == "network" else {},
        )
        wrong += [f"{part}: {one}" for one in parameters.problems(template, values[part])]
    if wrong:
        raise Unfit("\n".join(wrong))
    found = Wanted(templates, values)
    _check_quota(cloud, found)
    return found


def made(stage: str) -> dict[str, dict[str, Any]]:
    """The templates of a stage, the generated ones too.

    Those are made in a process of their own: app.py reads its settings once, and must not read this machine's.
    """
    with tempfile.TemporaryDirectory(prefix="opsdb-templates-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "opsdb_deploy.generate", "--stage", stage, "--into", folder],
            env={**os.environ, "PYTHONPATH": str(INFRA)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise DeployError(f"the templates cannot be made: {done.stderr.strip().splitlines()[-1]}")
        return {
            part: skeleton(part) if part in WRITTEN else json.loads((Path(folder) / f"{part}.json").read_text())
            for part in PARTS
        }


def _looked_up(cloud: Cloud, existing: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The region's prefix list of S3, which nothing but a question finds; not asked again once the stack has it."""
    if "S3PrefixListId" in {**existing, **given}:
        return {}
    name = f"com.amazonaws.{cloud.region}.s3"
    asked = [{"Name": "prefix-list-name", "Values": [name]}]
    found = cloud.client("ec2").describe_managed_prefix_lists(Filters=asked)["PrefixLists"]
    if not found:
        raise DeployError(f"{cloud.region} has no prefix list {name}: name it with --set S3PrefixListId=pl-...")
    return {"S3PrefixListId": found[0]["PrefixListId"]}


def _grown(cloud: Cloud) -> dict[str, str]:
    """The database's storage as it is now, GB: it grows by itself, and what reckons with it must follow. Nothing before
    there is a database, nor for a cluster, whose storage has no size."""
    named = [{"Name": "db-instance-id", "Values": [cloud.stack("").rstrip("-")]}]
    for one in cloud.client("rds").describe_db_instances(Filters=named)["DBInstances"]:
        if one["Engine"] == "postgres":
            return {"AllocatedStorage": str(one["AllocatedStorage"])}
    return {}


def _check_quota(cloud: Cloud, found: Wanted) -> None:
    """Unfit where the account's quota is too small for what is reserved: that would fail in the middle of the app."""
    needed = sum(_reserved(found.templates["app"])) + UNRESERVED
    if found.value("app", "ReserveConcurrency") != "yes":
        return
    quota = cloud.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if quota < needed:
        raise Unfit(
            f"app: the account may run {quota} Lambda functions at once and this stage needs {needed}: ask AWS for more"
            " (Service Quotas, Lambda, Concurrent executions), or deploy with --set ReserveConcurrency=no"
        )


def _reserved(template: Mapping[str, Any]) -> Iterator[int]:
    for resource in template["Resources"].values():
        setting = resource["Properties"].get("ReservedConcurrentExecutions")
        if setting:
            yield setting["Fn::If"][1]
