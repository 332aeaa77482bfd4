"""AWS as far as ministack goes, and stand-ins for what it lacks: run as a program, told everything by its environment.

What stands in keeps no state that a test asks about: it is there so that whole templates can be deployed.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from ministack.app import main
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import apigateway, rds, s3
from ministack.services.cloudformation import provisioners

from tests.deploying.emulator_facts import MASTER_PASSWORD

MISSING = {
    "AWS::Budgets::Budget": "budget",
    "AWS::EC2::CustomerGateway": "cgw",
    "AWS::EC2::FlowLog": "fl",
    "AWS::EC2::SecurityGroupEgress": "sgr",
    "AWS::EC2::SecurityGroupIngress": "sgr",
    "AWS::EC2::VPNConnection": "vpn",
    "AWS::EC2::VPNConnectionRoute": "route",
    "AWS::EC2::VPNGateway": "vgw",
    "AWS::EC2::VPNGatewayRoutePropagation": "propagation",
    "AWS::RDS::EventSubscription": "subscription",
}
"""Types it does not know -> what their ids begin with."""

HANDLERS = provisioners._RESOURCE_HANDLERS

Create = Callable[..., tuple[str, dict[str, Any]]]


def nothing(prefix: str) -> Create:
    return lambda logical_id, properties, stack: (f"{prefix}-{new_uuid()[:8]}", {})


def with_master_secret(create: Create) -> Create:
    """A database whose password AWS makes and keeps, as ManageMasterUserPassword asks for."""

    def made(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, properties, stack)
        if properties.get("ManageMasterUserPassword"):
            content = {"username": properties["MasterUsername"], "password": MASTER_PASSWORD}
            secret = {"Name": f"rds!{name}-{new_uuid()[:4]}", "SecretString": json.dumps(content)}
            _, kept = HANDLERS["AWS::SecretsManager::Secret"]["create"](logical_id, secret, stack)
            attributes = {**attributes, "MasterUserSecret.SecretArn": kept["Arn"]}
        return name, attributes

    return made


def with_formulas(create: Create) -> Create:
    """An alarm over several metrics, which it does not take."""

    def made(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        if "Metrics" not in properties:
            return create(logical_id, properties, stack)
        name = properties["AlarmName"]
        return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}

    return made


def from_its_zip(create: Create) -> Create:
    """A layer whose zip must be there; it would make one of nothing."""

    def made(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        content = properties["Content"]
        if s3._get_object_data(content["S3Bucket"], content["S3Key"]) is None:
            raise ValueError("The specified key does not exist.")
        return create(logical_id, properties, stack)

    return made


retained: dict[tuple[str, str], str] = {}
"""Automated backups that outlive their database, which it lacks: by account and name, what RDS calls them."""


def leaving_backups(delete: Callable[..., None]) -> Callable[..., None]:
    def gone(name: str, properties: dict[str, Any], *more: Any) -> None:
        retained[get_account_id(), name] = rds._instances[name]["DbiResourceId"]
        delete(name, properties, *more)

    return gone


def described(parameters: dict[str, Any]) -> Any:
    found = retained.get((get_account_id(), rds._p(parameters, "DBInstanceIdentifier")))
    one = (
        f"<DBInstanceAutomatedBackup><DbiResourceId>{found}</DbiResourceId></DBInstanceAutomatedBackup>"
        if found
        else ""
    )
    result = f"<DBInstanceAutomatedBackups>{one}</DBInstanceAutomatedBackups>"
    return answer("DescribeDBInstanceAutomatedBackups", result)


def forgotten(parameters: dict[str, Any]) -> Any:
    for key in [key for key, id in retained.items() if id == rds._p(parameters, "DbiResourceId")]:
        del retained[key]
    return answer("DeleteDBInstanceAutomatedBackup", "")


def answer(action: str, result: str) -> Any:
    return rds._xml(200, f"{action}Response", f"<{action}Result>{result}</{action}Result>")


def owner_of(api_id: str) -> tuple[str, str] | None:
    """Account and region of an API; it would look only in the account of a signature, which callers of an API lack."""
    return next(
        ((account, region) for (account, region, one), _ in apigateway._apis.all_items() if one == api_id), None
    )


apigateway.find_api_scope = owner_of
# It takes the bucket that a change set imports for one that is in the way.
provisioners.s3_bucket_name_conflict = lambda name: None
rds._ACTION_MAP |= {
    "DescribeDBInstanceAutomatedBackups": described,
    "DeleteDBInstanceAutomatedBackup": forgotten,
    "DescribeDBClusterAutomatedBackups": lambda parameters: answer(
        "DescribeDBClusterAutomatedBackups", "<DBClusterAutomatedBackups></DBClusterAutomatedBackups>"
    ),
}
for kind, prefix in MISSING.items():
    HANDLERS.setdefault(kind, {"create": nothing(prefix), "delete": lambda *gone: None})
for kind, around in {
    "AWS::CloudWatch::Alarm": with_formulas,
    "AWS::Lambda::LayerVersion": from_its_zip,
    "AWS::RDS::DBCluster": with_master_secret,
    "AWS::RDS::DBInstance": with_master_secret,
}.items():
    HANDLERS[kind] = {**HANDLERS[kind], "create": around(HANDLERS[kind]["create"])}

HANDLERS["AWS::RDS::DBInstance"]["delete"] = leaving_backups(HANDLERS["AWS::RDS::DBInstance"]["delete"])

if __name__ == "__main__":
    sys.argv[1:] = []
    main()
