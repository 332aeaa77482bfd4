"""What infra-cfn/rules cannot ask, since it takes several resources or arithmetic: rules that yield what is wrong."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.infra.effective import at, of_type, strings

Resources = Mapping[str, Any]
Rule = Callable[[Resources], Iterator[str]]


def no_string_anywhere_is_the_whole_internet(found: Resources) -> Iterator[str]:
    for name, one in found.items():
        for text in strings(one):
            if "0.0.0.0/0" in text or "::/0" in text:
                yield f"{name} says {text}"


def subnets_lie_in_two_zones_each_with_its_table(found: Resources) -> Iterator[str]:
    subnets = of_type(found, "AWS::EC2::Subnet")
    zones = [one["Properties"].get("AvailabilityZone") for one in subnets.values()]
    if subnets and (len(zones) != 2 or len(set(zones)) != 2):
        yield f"the subnets are in {zones}"
    associated = {
        at(one, "Properties.SubnetId.Ref"): at(one, "Properties.RouteTableId.Ref")
        for one in of_type(found, "AWS::EC2::SubnetRouteTableAssociation").values()
    }
    if associated.keys() != subnets.keys() or set(associated.values()) != set(of_type(found, "AWS::EC2::RouteTable")):
        yield f"subnets and route tables do not pair: {associated}"


def routes_are_propagated_once_the_gateway_is_attached(found: Resources) -> Iterator[str]:
    if not of_type(found, "AWS::EC2::VPNGateway"):
        return
    if "AWS::EC2::VPCGatewayAttachment" not in {one["Type"] for one in found.values()}:
        yield "the VPN gateway is not attached"
    tables = []
    for name, one in of_type(found, "AWS::EC2::VPNGatewayRoutePropagation").items():
        tables += [table["Ref"] for table in one["Properties"]["RouteTableIds"]]
        if len(one["Properties"]["RouteTableIds"]) != 1:
            yield f"{name} is for more than one table"
        if one.get("DependsOn") != "VpnGatewayAttachment":
            yield f"{name} does not wait for the attachment"
    if sorted(tables) != sorted(of_type(found, "AWS::EC2::RouteTable")):
        yield f"routes are propagated into {tables}"


def the_vpn_routes_what_its_mode_says(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::EC2::VPNConnection").items():
        routes = [
            at(route, "Properties.DestinationCidrBlock")
            for route in of_type(found, "AWS::EC2::VPNConnectionRoute").values()
        ]
        static = one["Properties"].get("StaticRoutesOnly")
        if routes != (["192.168.0.0/16"] if static else []):
            yield f"{name} has static={static} and routes {routes}"
        if static and at(one, "Properties.LocalIpv4NetworkCidr") != "192.168.0.0/16":
            yield f"{name} carries more than the premises' network"


def exported_logs_find_their_groups_made(found: Resources) -> Iterator[str]:
    groups = {at(one, "Properties.LogGroupName"): name for name, one in of_type(found, "AWS::Logs::LogGroup").items()}
    for kind in ("Instance", "Cluster"):
        for name, one in of_type(found, f"AWS::RDS::DB{kind}").items():
            for log in one["Properties"].get("EnableCloudwatchLogsExports", []):
                path = f"/aws/rds/{kind.lower()}/{one['Properties'].get(f'DB{kind}Identifier')}/{log}"
                if path not in groups:
                    yield f"RDS would make {path} itself, unencrypted"
                elif groups[path] not in one.get("DependsOn", []):
                    yield f"{name} does not wait for {groups[path]}"


def storage_has_room_to_grow(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::RDS::DBInstance").items():
        first, most = (int(one["Properties"].get(key, 0)) for key in ("AllocatedStorage", "MaxAllocatedStorage"))
        if most < first * 1.1:
            yield f"{name} may grow from {first} to {most} GB only, which RDS refuses"


def a_cluster_has_one_writer_and_at_most_one_reader(found: Resources) -> Iterator[str]:
    """And the reader last in line, so that it is as large as its own load asks."""
    members = [
        one for one in of_type(found, "AWS::RDS::DBInstance").values() if "DBClusterIdentifier" in one["Properties"]
    ]
    tiers = [at(one, "Properties.PromotionTier") for one in members]
    if of_type(found, "AWS::RDS::DBCluster") and tiers not in ([0], [0, 2]):
        yield f"the cluster has members of the tiers {tiers}"


def every_bucket_refuses_plain_http(found: Resources) -> Iterator[str]:
    for bucket in of_type(found, "AWS::S3::Bucket"):
        refused = [
            statement
            for one in of_type(found, "AWS::S3::BucketPolicy").values()
            if at(one, "Properties.Bucket.Ref") == bucket
            for statement in one["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
            and statement["Principal"] == "*"
            and statement["Action"] == "s3:*"
            and str(at(statement, "Condition.Bool.aws:SecureTransport")).lower() == "false"
            and json.dumps(statement["Resource"]).count(bucket) == 2
        ]
        if not refused:
            yield f"{bucket} takes plain HTTP"


SERVICE_USERS = {
    "logs.eu-central-1.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "events.rds.amazonaws.com",
}
ROOT = "arn:aws:iam::111122223333:root"
USES = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:CreateGrant", "kms:*", "*")


def keys_are_used_only_through_named_services(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::KMS::Key").items():
        for statement in one["Properties"]["KeyPolicy"]["Statement"]:
            sid, condition = statement["Sid"], statement.get("Condition", {})
            uses = any(action in USES or action == "kms:Create*" for action in strings(statement["Action"]))
            if unknown := set(strings(statement["Principal"])) - SERVICE_USERS - {ROOT}:
                yield f"{name}, {sid}: {sorted(unknown)} may use the key"
            if not uses:
                continue
            if "AWS" in statement["Principal"] and not at(condition, "StringEquals.kms:ViaService"):
                yield f"{name}, {sid}: used without a service"
            if "Service" in statement["Principal"] and not condition:
                yield f"{name}, {sid}: a service may use it for anybody"


def the_data_key_serves_whoever_needs_it(found: Resources) -> Iterator[str]:
    if "Key" not in found:
        return
    policy = set(strings(found["Key"]["Properties"]["KeyPolicy"]))
    needed = SERVICE_USERS | {f"{one}.eu-central-1.amazonaws.com" for one in ("s3", "rds", "secretsmanager")}
    yield from (f"the key does not serve {one}" for one in sorted(needed - policy))


RULES: list[Rule] = [
    no_string_anywhere_is_the_whole_internet,
    subnets_lie_in_two_zones_each_with_its_table,
    routes_are_propagated_once_the_gateway_is_attached,
    the_vpn_routes_what_its_mode_says,
    exported_logs_find_their_groups_made,
    storage_has_room_to_grow,
    a_cluster_has_one_writer_and_at_most_one_reader,
    every_bucket_refuses_plain_http,
    keys_are_used_only_through_named_services,
    the_data_key_serves_whoever_needs_it,
]
