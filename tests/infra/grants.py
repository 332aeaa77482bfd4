"""What stands between a function and AWS, both ways of deploying it, with the names that a stage of production has."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from opsdb_deploy.declared import Function, functions
from opsdb_deploy.sources import ROOT
from tests.infra.effective import PSEUDO, app, of_type, resources, stage_parameters, template
from tests.infra.evaluation import Request, Statement, allows, denies

ACCOUNT, REGION = PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:opsdb-a1b2c3"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
USERS = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-ABCDEFGH"

GIVEN = stage_parameters("prod") | {"Tracing": "yes", "DatabaseSecretArn": SECRET, "SecretsEndpoint": "yes"}
"""With every right that a parameter can give."""

_NETWORK, _DATA, _APP = (resources(template(name), GIVEN) for name in ("network", "data", "app"))
BUCKETS = {name: _DATA[f"{name}Bucket"]["Properties"]["BucketName"] for name in ("Uploads", "Backups")}
FUNCTIONS = {one.name: one for one in functions(app)}

_NAMES = {
    "opsdb-prod-data-KeyArn": KEY,
    "opsdb-prod-data-DatabaseUsersArn": USERS,
    **{f"opsdb-prod-data-{name}Bucket": bucket for name, bucket in BUCKETS.items()},
    **{f"{name}Bucket.Arn": f"arn:aws:s3:::{bucket}" for name, bucket in BUCKETS.items()},
    **{f"{name}.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("DeadLetters", "FailedUploads")},
}
"""Exports and attributes, as the templates refer to them -> what they would be."""


def _named(node: Any) -> Any:
    """`node` with every reference as the name or ARN it stands for."""
    if isinstance(node, list):
        return [_named(one) for one in node]
    if isinstance(node, str):
        for name, value in _NAMES.items():
            node = node.replace(f"${{{name}}}", value).replace(name, value)
        return node
    if not isinstance(node, dict):
        return node
    if node.keys() & {"Fn::ImportValue", "Fn::GetAtt"}:
        [reference] = node.values()
        return _NAMES[".".join(reference) if isinstance(reference, list) else reference]
    return {key: _named(value) for key, value in node.items()}


def arn(function: Function) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.physical.replace('${Stage}', 'prod')}"


def by_cloudformation(function: Function) -> list[Statement]:
    """The statements of the role that the app template makes."""
    role = f"{function.logical}Role"
    shared = of_type(_APP, "AWS::IAM::Policy").values()
    policies = [
        *_APP[role]["Properties"]["Policies"],
        *(one["Properties"] for one in shared if {"Ref": role} in one["Properties"]["Roles"]),
    ]
    return [_named(one) for policy in policies for one in policy["PolicyDocument"]["Statement"]]


def by_chalice(function: Function) -> list[Statement]:
    """The statements of the policy file, as it is rendered for `chalice deploy`."""
    text = (ROOT / ".chalice" / "policies" / f"{function.name}.json").read_text()
    of_stage = {"stage": "prod", "region": REGION, "account": ACCOUNT}
    exports = {name.replace("opsdb-prod-data-", "data:"): value for name, value in _NAMES.items()}
    rendered = re.sub(r"\$\{([^}]+)\}", lambda found: (of_stage | exports)[found[1]], text)
    statements: list[Statement] = json.loads(rendered)["Statement"]
    return statements


WAYS = {"CloudFormation": by_cloudformation, "Chalice": by_chalice}


def _document(made: dict[str, Any], name: str, policy: str = "PolicyDocument") -> list[Statement]:
    statements: list[Statement] = _named(made[name]["Properties"][policy]["Statement"])
    return statements


ENDPOINTS = {
    service: _document(_NETWORK, name)
    for service, name in {"s3": "S3Endpoint", "secretsmanager": "SecretsManagerEndpoint"}.items()
}
OF_BUCKETS = [one for name in BUCKETS for one in _document(_DATA, f"{name}BucketPolicy")]
OF_THE_KEY = _document(_DATA, "Key", "KeyPolicy")


def lets_pass(request: Request) -> bool:
    """Whether everything but the function's own role lets it pass: endpoint, bucket, key."""
    service = request.action.partition(":")[0]
    if service in ENDPOINTS:
        return allows(ENDPOINTS[service], request) and not denies(OF_BUCKETS, request)
    # The key's "*" is the key itself.
    return allows(OF_THE_KEY, request) if service == "kms" else True


TITLE = "What is allowed though no flow uses it"
"""The heading in infra-cfn/README.md under which the reasons stand."""


@dataclass(frozen=True)
class Excuse:
    """A row of the table of what is allowed though no flow uses it."""

    functions: str
    way: str
    sid: str
    actions: frozenset[str]
    why: str

    def covers(self, function: Function, way: str) -> bool:
        return self.way in {"both", way} and (self.functions == "all" or f"`{function.name}`" in self.functions)


@cache
def excuses() -> list[Excuse]:
    """The table as infra-cfn/README.md has it."""
    _, _, below = (ROOT / "infra-cfn" / "README.md").read_text().partition(f"## {TITLE}\n")
    rows = (line.strip("|").split("|") for line in below.partition("\n## ")[0].splitlines() if line.startswith("|"))
    return [
        Excuse(whose.strip(), way.strip(), sid.strip(" `"), frozenset(re.findall("`([^`]+)`", actions)), why.strip())
        for whose, way, sid, actions, why in [*rows][2:]
    ]
