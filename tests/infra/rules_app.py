"""Rules over the app and edge stacks: what each function is, may and is started by, and what stands before it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from app import app
from chalicelib.core.auth import EVERYBODY
from chalicelib.core.storage import INCOMING
from opsdb_deploy.declared import functions, routes
from tests.infra.effective import at, of_type, strings
from tests.infra.rules import Resources, Rule

FUNCTION = "AWS::Lambda::Function"
SIZES = {"ApiHandler": (512, 30), "OnUpload": (1024, 900)}
"""Memory and seconds that were decided by name; the others' are .chalice/config.json's."""

ON_EVERYTHING = {
    "ec2:": "network interfaces, before there is one: AWS has nothing narrower",
    "xray:": "X-Ray has no resources",
}
"""Actions allowed on `*` -> why."""

DECLARED = {one.logical: one for one in functions(app)}
MOST_CONNECTIONS = 60
"""Of the about 80 that the smallest instance takes."""


def every_handler_has_function_role_and_log_group(found: Resources) -> Iterator[str]:
    made = of_type(found, FUNCTION)
    if not made:
        return
    if made.keys() != DECLARED.keys():
        yield f"app.py declares {sorted(DECLARED)}, and these are made: {sorted(made)}"
    roles = [at(one, "Properties.Role.Fn::GetAtt.0") for one in made.values()]
    if len(set(roles)) != len(made) or not set(roles) <= of_type(found, "AWS::IAM::Role").keys():
        yield f"functions do not have a role each: {roles}"
    for name, one in made.items():
        properties, declared = one["Properties"], DECLARED.get(name)
        if declared and properties.get("Handler") != declared.handler:
            yield f"{name} calls {properties.get('Handler')}"
        group = found.get(at(properties, "LoggingConfig.LogGroup.Ref") or "", {})
        if at(group, "Properties.LogGroupName") != f"/aws/lambda/{properties.get('FunctionName')}":
            yield f"{name} does not log to a group of its own"


def functions_are_as_large_as_decided(found: Resources) -> Iterator[str]:
    for name, size in SIZES.items():
        properties = found.get(name, {}).get("Properties")
        if properties and (properties.get("MemorySize"), properties.get("Timeout")) != size:
            yield f"{name} is not {size}"


def reserved_concurrency_leaves_connections(found: Resources) -> Iterator[str]:
    reserved = {
        name: one["Properties"].get("ReservedConcurrentExecutions") for name, one in of_type(found, FUNCTION).items()
    }
    if reserved and not (reserved.get("ApiHandler") and reserved.get("OnUpload")):
        yield "the API and the imports may take any number of connections"
    if sum(one or 0 for one in reserved.values()) > MOST_CONNECTIONS:
        yield f"together they may take more than {MOST_CONNECTIONS} connections: {reserved}"


def statements_end_before_their_function(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, FUNCTION).items():
        seconds = at(one, "Properties.Environment.Variables.OPSDB_STATEMENT_TIMEOUT_SECONDS")
        if seconds is None or int(seconds) >= one["Properties"]["Timeout"]:
            yield f"{name} has {one['Properties']['Timeout']} s and its statements {seconds}"


def no_secret_is_written_down(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, FUNCTION).items():
        variables = at(one, "Properties.Environment.Variables") or {}
        for key, value in variables.items():
            text = json.dumps(value)
            if key.endswith("DATABASE_URL") or "postgres" in text:
                yield f"{name} has a connection string in the template"
            looked_up = re.search(r"\{\{resolve:secretsmanager:\S+:SecretString\}\}", text)
            if ("SECRET" in key or "PASSWORD" in key) and not key.endswith("_ARN") and not looked_up:
                yield f"{name} has {key} in the template"
        if name == "ApiHandler" and "SECRET_KEY" not in variables:
            yield "the API cannot sign sessions"


def backup_functions_bring_the_client(found: Resources) -> Iterator[str]:
    with_layer = {name for name, one in of_type(found, FUNCTION).items() if one["Properties"].get("Layers")}
    needed = {"NightlyBackup", "RestoreDrill", "OnUpload"} & found.keys()
    if with_layer != needed:
        yield f"these have pg_dump: {sorted(with_layer)}, these need it: {sorted(needed)}"


def a_lost_upload_is_kept(found: Resources) -> Iterator[str]:
    upload = found.get("OnUpload")
    if upload is None:
        return
    if at(upload, "Properties.DeadLetterConfig.TargetArn.Fn::GetAtt.0") != "DeadLetters":
        yield "on_upload has no dead-letter queue"
    if at(upload, "Properties.RecursiveLoop") != "Allow":
        yield "AWS stops the work that on_upload hands to itself"
    on_failure = "Properties.DestinationConfig.OnFailure.Destination.Fn::GetAtt.0"
    retries = [
        one
        for one in of_type(found, "AWS::Lambda::EventInvokeConfig").values()
        if at(one, "Properties.FunctionName.Ref") == "OnUpload"
    ]
    if [at(one, on_failure) for one in retries] != ["FailedUploads"]:
        yield "on_upload has no on-failure destination"
    kept = [one for one in _allowed(found, "OnUploadRole") if "sqs:SendMessage" in strings(one["Action"])]
    if not kept or {one["Fn::GetAtt"][0] for one in kept[0]["Resource"]} != {"DeadLetters", "FailedUploads"}:
        yield "on_upload may not write to its queues"


def queues_refuse_plain_http(found: Resources) -> Iterator[str]:
    queues = of_type(found, "AWS::SQS::Queue")
    covered = {
        queue["Ref"]
        for one in of_type(found, "AWS::SQS::QueuePolicy").values()
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and str(at(statement, "Condition.Bool.aws:SecureTransport")).lower() == "false"
        for queue in one["Properties"]["Queues"]
    }
    yield from (f"{name} takes plain HTTP" for name in sorted(queues.keys() - covered))


def functions_are_started_by_what_was_declared(found: Resources) -> Iterator[str]:
    """A permission for S3 or a schedule names its one source; a schedule is the handler's, and not all at once."""
    rules = of_type(found, "AWS::Events::Rule")
    wanted = {f"{name}Schedule": one.schedule for name, one in DECLARED.items() if one.schedule}
    if (
        "ApiHandler" in found
        and {name: at(one, "Properties.ScheduleExpression") for name, one in rules.items()} != wanted
    ):
        yield f"these schedules were declared: {wanted}"
    for name, one in rules.items():
        targets = [at(target, "Arn.Fn::GetAtt.0") for target in one["Properties"]["Targets"]]
        if targets != [name.removesuffix("Schedule")]:
            yield f"{name} starts {targets}"
    for name, one in of_type(found, "AWS::Lambda::Permission").items():
        source, principal = at(one, "Properties.SourceArn"), at(one, "Properties.Principal")
        expected = {
            "s3.amazonaws.com": re.search(r"^arn:aws:s3:::opsdb-\w+-data-UploadsBucket$", str(source)),
            "events.amazonaws.com": isinstance(source, dict)
            and source.get("Fn::GetAtt", [""])[0] == f"{at(one, 'Properties.FunctionName.Ref')}Schedule",
            "apigateway.amazonaws.com": str(source).endswith(":${Api}/*/*/api/*"),
        }
        if not expected.get(str(principal)):
            yield f"{name} lets {principal} call from {source}"


# --- roles


def _allowed(found: Resources, role: str) -> list[Mapping[str, Any]]:
    """What a role may, by its own policy and by those that are for several."""
    own = at(found.get(role, {}), "Properties.Policies") or []
    shared = [one["Properties"] for one in of_type(found, "AWS::IAM::Policy").values()]
    policies = [*own, *(one for one in shared if {"Ref": role} in one["Roles"])]
    return [
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]


def _function_roles(found: Resources) -> list[str]:
    return [f"{name}Role" for name in of_type(found, FUNCTION)]


def what_a_parameter_allows_is_allowed_to_those_who_need_it(found: Resources) -> Iterator[str]:
    functions = of_type(found, FUNCTION)
    told = [name for name in functions if at(functions[name], "Properties.Environment.Variables.DB_SECRET_ARN")]
    wanted = {"MayTrace": _function_roles(found), "MayReadThePassword": [f"{name}Role" for name in told]}
    for name, one in of_type(found, "AWS::IAM::Policy").items():
        if sorted(role["Ref"] for role in one["Properties"]["Roles"]) != sorted(wanted[name]):
            yield f"{name} is not for the functions that need it"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]:
            traces = all(action.startswith("xray:") for action in strings(statement["Action"]))
            if "*" in strings(statement["Resource"]) and not traces:
                yield f"{name} allows {statement['Action']} on everything"


def the_writer_of_backups_cannot_destroy(found: Resources) -> Iterator[str]:
    actions = [action for one in _allowed(found, "NightlyBackupRole") for action in strings(one["Action"])]
    yield from (f"nightly_backup may {one}" for one in actions if re.search("Delete(?!NetworkInterface)|Bypass", one))


# --- the edge


def every_route_is_one_of_chalices_and_the_reverse(found: Resources) -> Iterator[str]:
    made = [at(one, "Properties.RouteKey") for one in of_type(found, "AWS::ApiGatewayV2::Route").values()]
    if "Api" not in found:
        return
    if sorted(made) != sorted(one.key for one in routes(app)):
        yield f"routes that are not app.py's, missing or twice: {sorted(made)}"
    if len(made) > 300:
        yield "an HTTP API takes 300 routes"
    for name, one in of_type(found, "AWS::ApiGatewayV2::Route").items():
        if at(one, "Properties.Target") != "integrations/${Integration}":
            yield f"{name} leads to {at(one, 'Properties.Target')}"


def the_pool_has_a_group_per_role(found: Resources) -> Iterator[str]:
    groups = [at(one, "Properties.GroupName") for one in of_type(found, "AWS::Cognito::UserPoolGroup").values()]
    if "UserPool" in found and sorted(groups) != sorted(EVERYBODY):
        yield f"groups are {sorted(groups)} and roles {sorted(EVERYBODY)}"


RULES: list[Rule] = [
    every_handler_has_function_role_and_log_group,
    functions_are_as_large_as_decided,
    reserved_concurrency_leaves_connections,
    statements_end_before_their_function,
    no_secret_is_written_down,
    backup_functions_bring_the_client,
    a_lost_upload_is_kept,
    queues_refuse_plain_http,
    functions_are_started_by_what_was_declared,
    what_a_parameter_allows_is_allowed_to_those_who_need_it,
    the_writer_of_backups_cannot_destroy,
    every_route_is_one_of_chalices_and_the_reverse,
    the_pool_has_a_group_per_role,
]

WANTED_NOTIFICATION = {
    "Id": "on_upload",
    "LambdaFunctionArn": "${OnUpload.Arn}",
    "Events": ["s3:ObjectCreated:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": INCOMING}]}},
}
