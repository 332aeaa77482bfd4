"""The checklist where one property is not enough: rules over all resources of a stage. Each yields what is wrong."""

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.infra.effective import at, of_type, strings

Resources = Mapping[str, Any]
Rule = Callable[[Resources], Iterator[str]]

HARMLESS = "127.0.0.1/32"
RESERVED = {"admin", "administrator", "postgres", "rdsadmin", "root", "user", "master", "public", "rds_superuser"}
FORBIDDEN_TYPES = {
    "AWS::EC2::InternetGateway",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::Route",
}


OUR_BUCKETS = {
    f"arn:aws:s3:::opsdb-{stage}-{one}-111122223333-eu-central-1"
    for stage in ("dev", "staging", "prod")
    for one in ("uploads", "backups")
}


def nothing_leads_to_the_internet(found: Resources) -> Iterator[str]:
    for name, one in found.items():
        if one["Type"] in FORBIDDEN_TYPES:
            yield f"{name} is a {one['Type']}"
        for text in strings(one):
            if "0.0.0.0/0" in text or "::/0" in text:
                yield f"{name} says {text}"


def groups_state_an_egress_that_leads_nowhere(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::EC2::SecurityGroup").items():
        egress = one["Properties"].get("SecurityGroupEgress")
        if not egress:
            yield f"{name} states no egress, so AWS allows all"
        elif [rule.get("CidrIp") for rule in egress] != [HARMLESS]:
            yield f"{name} states an egress inline that leads somewhere"
        if "SecurityGroupIngress" in one["Properties"]:
            yield f"{name} has ingress inline"


def _rules_of(found: Resources, direction: str) -> dict[str, tuple[Any, ...]]:
    far = {"Egress": "Destination", "Ingress": "Source"}[direction]
    ends = (f"{far}SecurityGroupId", "DestinationPrefixListId", "CidrIp", "CidrIpv6")
    return {
        name: (
            at(one, "Properties.GroupId.Ref"),
            at(one, "Properties.IpProtocol"),
            at(one, "Properties.FromPort"),
            at(one, "Properties.ToPort"),
            *(one["Properties"][end] for end in ends if end in one["Properties"]),
        )
        for name, one in of_type(found, f"AWS::EC2::SecurityGroup{direction}").items()
    }


def functions_reach_the_database_and_s3_only(found: Resources) -> Iterator[str]:
    allowed = [
        ("FunctionsSecurityGroup", "tcp", 5432, 5432, {"Ref": "DatabaseSecurityGroup"}),
        ("FunctionsSecurityGroup", "tcp", 443, 443, "pl-0123456789abcdef0"),
    ]
    optional = [("FunctionsSecurityGroup", "tcp", 443, 443, {"Ref": "EndpointsSecurityGroup"})]
    rules = _rules_of(found, "Egress")
    yield from (f"{name} allows {rule}" for name, rule in rules.items() if rule not in allowed + optional)
    if "FunctionsSecurityGroup" in found:
        yield from (f"nothing allows {rule}" for rule in allowed if rule not in rules.values())


def the_database_lets_in_functions_and_few_others(found: Resources) -> Iterator[str]:
    for name, (group, protocol, first, last, source) in _rules_of(found, "Ingress").items():
        if (group, protocol, first, last) not in {
            ("DatabaseSecurityGroup", "tcp", 5432, 5432),
            ("EndpointsSecurityGroup", "tcp", 443, 443),
        }:
            yield f"{name} opens {protocol} {first}-{last} of {group}"
        if isinstance(source, str):
            network = ipaddress.ip_network(source)
            if not network.is_private or network.prefixlen < 24:
                yield f"{name} lets in {source}"
        elif source != {"Ref": "FunctionsSecurityGroup"}:
            yield f"{name} lets in {source}"


def the_s3_endpoint_names_our_buckets_only(found: Resources) -> Iterator[str]:
    if "Vpc" not in found:
        return
    endpoints = [
        one["Properties"]
        for one in of_type(found, "AWS::EC2::VPCEndpoint").values()
        if one["Properties"]["ServiceName"].endswith(".s3")
    ]
    if [one.get("VpcEndpointType") for one in endpoints] != ["Gateway"]:
        yield "there is not exactly one gateway endpoint for S3"
    for one in endpoints:
        tables = {table["Ref"] for table in one.get("RouteTableIds", [])}
        if tables != set(of_type(found, "AWS::EC2::RouteTable")):
            yield f"the S3 endpoint is not in every route table: {sorted(tables)}"
        for statement in at(one, "PolicyDocument.Statement") or [{"Effect": "Allow", "Resource": "*", "Action": "*"}]:
            outside = {text.removesuffix("/*") for text in strings(statement["Resource"])} - OUR_BUCKETS
            if outside:
                yield f"the S3 endpoint reaches {sorted(outside)}"
            if any("*" in action for action in strings(statement["Action"])):
                yield "the S3 endpoint allows whole families of actions"
            if at(statement, "Condition.StringEquals.aws:ResourceAccount") is None:
                yield "the S3 endpoint reaches other accounts"


def interface_endpoints_have_a_group_of_their_own(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::EC2::VPCEndpoint").items():
        if one["Properties"].get("VpcEndpointType") == "Interface":
            if one["Properties"].get("SecurityGroupIds") != [{"Ref": "EndpointsSecurityGroup"}]:
                yield f"{name} shares a security group"
            if not one["Properties"].get("PolicyDocument"):
                yield f"{name} has no policy"


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
        if len(one["Properties"].get("VpnTunnelOptionsSpecifications", [])) != 2:
            yield f"{name} does not configure two tunnels"
        if any("PreSharedKey" in tunnel for tunnel in one["Properties"].get("VpnTunnelOptionsSpecifications", [])):
            yield f"{name} has a pre-shared key in the template"


def the_vpn_has_no_weak_crypto(found: Resources) -> Iterator[str]:
    """Also of the older-firewall profile."""
    fine = {"AES256", "AES256-GCM-16", "SHA2-256", "SHA2-384", "SHA2-512", "ikev2", *map(str, range(14, 22))}
    for name, one in of_type(found, "AWS::EC2::VPNConnection").items():
        for tunnel in one["Properties"].get("VpnTunnelOptionsSpecifications", []):
            offered = [str(each["Value"]) for key, value in tunnel.items() if isinstance(value, list) for each in value]
            yield from (f"{name} offers {each}" for each in offered if each not in fine)


def the_master_name_is_not_reserved(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::RDS::DBInstance").items():
        master = one["Properties"].get("MasterUsername")
        if not isinstance(master, str) or master.lower() in RESERVED or master.startswith("pg_"):
            yield f"{name} has the master name {master!r}, which RDS refuses"
        if "MasterUserPassword" in one["Properties"]:
            yield f"{name} has a password in the template"


def monitoring_has_an_interval_that_exists_and_a_role(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::RDS::DBInstance").items():
        interval = str(one["Properties"].get("MonitoringInterval"))
        if interval not in {"0", "1", "5", "10", "15", "30", "60"}:
            yield f"{name} is monitored every {interval} s, which RDS refuses"
        if (interval != "0") != ("MonitoringRoleArn" in one["Properties"]):
            yield f"{name}: an interval above 0 and a role go together"


def the_database_is_where_it_belongs(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::RDS::DBInstance").items():
        if one["Properties"].get("DBSubnetGroupName") != {"Ref": "DatabaseSubnetGroup"}:
            yield f"{name} is not in the private subnets"
        if not all(
            "DatabaseSecurityGroup" in text for text in strings(one["Properties"].get("VPCSecurityGroups", "-"))
        ):
            yield f"{name} has another security group"
        if one["Properties"].get("DBParameterGroupName") != {"Ref": "DatabaseParameterGroup"}:
            yield f"{name} has not our parameters"


def exported_logs_find_their_groups_made(found: Resources) -> Iterator[str]:
    groups = {at(one, "Properties.LogGroupName"): name for name, one in of_type(found, "AWS::Logs::LogGroup").items()}
    for name, one in of_type(found, "AWS::RDS::DBInstance").items():
        for log in one["Properties"].get("EnableCloudwatchLogsExports", []):
            path = f"/aws/rds/instance/{one['Properties'].get('DBInstanceIdentifier')}/{log}"
            if path not in groups:
                yield f"RDS would make {path} itself, unencrypted"
            elif groups[path] not in one.get("DependsOn", []):
                yield f"{name} does not wait for {groups[path]}"


def storage_has_room_to_grow(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::RDS::DBInstance").items():
        first, most = (int(one["Properties"].get(key, 0)) for key in ("AllocatedStorage", "MaxAllocatedStorage"))
        if most < first * 1.1:
            yield f"{name} may grow from {first} to {most} GB only, which RDS refuses"


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


def bucket_policies_allow_services_only_for_us(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::S3::BucketPolicy").items():
        for statement in one["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            if set(statement["Principal"]) != {"Service"}:
                yield f"{name} allows {statement['Principal']}"
            if at(statement, "Condition.StringEquals.aws:SourceAccount") is None:
                yield f"{name} lets a service act for anybody"


def _lifecycle(bucket: Mapping[str, Any]) -> list[dict[str, Any]]:
    rules = at(bucket, "Properties.LifecycleConfiguration.Rules") or []
    return [one for one in rules if one.get("Status") == "Enabled"]


def every_bucket_cleans_up(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, "AWS::S3::Bucket").items():
        whole = [rule for rule in _lifecycle(one) if "Prefix" not in rule]
        for path in (
            "NoncurrentVersionExpiration.NoncurrentDays",
            "AbortIncompleteMultipartUpload.DaysAfterInitiation",
        ):
            if not any(at(rule, path) for rule in whole):
                yield f"{name} lacks {path}"


def uploads_go_to_glacier_and_results_do_not(found: Resources) -> Iterator[str]:
    if "UploadsBucket" not in found:
        return
    moved = {
        rule.get("Prefix"): rule["Transitions"]
        for rule in _lifecycle(found["UploadsBucket"])
        if rule.get("Transitions")
    }
    if moved.keys() != {"incoming/", "direct/"}:
        yield f"these uploads move: {sorted(map(str, moved))}"
    for transitions in moved.values():
        if [(one["StorageClass"], one["TransitionInDays"]) for one in transitions] != [("GLACIER", "90")]:
            yield f"uploads move as {transitions}"


def current_dumps_never_expire_by_age(found: Resources) -> Iterator[str]:
    for rule in _lifecycle(found.get("BackupsBucket", {})):
        if "ExpirationInDays" in rule or "ExpirationDate" in rule:
            yield f"the lifecycle rule {rule['Id']} deletes dumps"
        if rule.get("Transitions") and int(rule.get("ObjectSizeGreaterThan", 0)) < 1_000_000:
            yield f"the lifecycle rule {rule['Id']} moves manifests"


def a_locked_bucket_is_locked_by_default(found: Resources) -> Iterator[str]:
    bucket = found.get("BackupsBucket", {"Properties": {}})["Properties"]
    days = at(bucket, "ObjectLockConfiguration.Rule.DefaultRetention.Days")
    if bool(bucket.get("ObjectLockEnabled")) != (days is not None):
        yield "object lock needs both the switch and a default retention"


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


def roles_trust_a_service_for_us_and_name_what_they_touch(found: Resources) -> Iterator[str]:
    """Roles of functions are in rules_app: Lambda sets no condition when it takes one on."""
    for name, one in of_type(found, "AWS::IAM::Role").items():
        statements = one["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if [statement["Principal"] for statement in statements] == [{"Service": "lambda.amazonaws.com"}]:
            continue
        for statement in statements:
            if at(statement, "Condition.StringEquals.aws:SourceAccount") is None:
                yield f"{name} can be taken on for another account"
        for policy in one["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if "*" in [*strings(statement["Resource"]), *strings(statement["Action"])]:
                    yield f"{name} is allowed on everything"


RULES: list[Rule] = [
    nothing_leads_to_the_internet,
    groups_state_an_egress_that_leads_nowhere,
    functions_reach_the_database_and_s3_only,
    the_database_lets_in_functions_and_few_others,
    the_s3_endpoint_names_our_buckets_only,
    interface_endpoints_have_a_group_of_their_own,
    subnets_lie_in_two_zones_each_with_its_table,
    routes_are_propagated_once_the_gateway_is_attached,
    the_vpn_routes_what_its_mode_says,
    the_vpn_has_no_weak_crypto,
    the_master_name_is_not_reserved,
    monitoring_has_an_interval_that_exists_and_a_role,
    the_database_is_where_it_belongs,
    exported_logs_find_their_groups_made,
    storage_has_room_to_grow,
    every_bucket_refuses_plain_http,
    bucket_policies_allow_services_only_for_us,
    every_bucket_cleans_up,
    uploads_go_to_glacier_and_results_do_not,
    current_dumps_never_expire_by_age,
    a_locked_bucket_is_locked_by_default,
    keys_are_used_only_through_named_services,
    the_data_key_serves_whoever_needs_it,
    roles_trust_a_service_for_us_and_name_what_they_touch,
]
