"""The generated templates: made from app.py as it is, the same every time, for one stage, within AWS's limits."""

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.settings import Settings
from opsdb_deploy.declared import Route, functions, routes
from opsdb_deploy.generate import MAKERS, write
from opsdb_deploy.sources import ROOT, rendered
from tests.infra.effective import STAGES, TEMPLATES, app, at, of_type, resources, stage_parameters, template
from tests.infra.rules_app import WANTED_NOTIFICATION


def test_the_same_sources_make_the_same_text(tmp_path: Path) -> None:
    first, second = ([path.read_bytes() for path in write(app, "prod", tmp_path / one)] for one in "ab")
    assert first == second


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_template_serves_only_the_stage_it_was_made_for(stage: str, name: str) -> None:
    assert template(name, stage)["Parameters"]["Stage"]["AllowedValues"] == [stage]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_keep_within_the_limits_of_aws(name: str) -> None:
    parsed = template(name)
    assert len(json.dumps(parsed, indent=1)) < 1_000_000
    assert len(parsed["Resources"]) <= 500
    assert len(parsed["Parameters"]) <= 200
    assert len(parsed["Outputs"]) <= 200


def test_generating_ignores_what_this_machine_has_in_its_environment(tmp_path: Path) -> None:
    here = {**os.environ, "OPSDB_SWEEP_SCHEDULE": "rate(7 days)", "DATABASE_URL": "postgresql://nowhere/", "DEBUG": "x"}
    command = [sys.executable, "-m", "opsdb_deploy.generate", "--stage", "staging", "--into", str(tmp_path)]
    done = subprocess.run(
        command,
        env=here | {"PYTHONPATH": str(ROOT / "infra-cfn")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [Path(line).name for line in done.stdout.splitlines()] == ["app.json", "edge.json", "watch.json"]
    made = json.loads((tmp_path / "app.json").read_text())
    assert made == template("app", "staging")


def test_a_handler_without_configuration_is_an_error_that_names_it() -> None:
    class Extended:
        event_sources = app.event_sources
        pure_lambda_functions = [type("Plain", (), {"name": "forgotten", "handler_string": "app.forgotten"})]

    with pytest.raises(KeyError, match=r"forgotten of app\.py has no entry"):
        MAKERS["app"](Extended(), "dev")


def test_a_kind_of_event_that_nothing_deploys_is_an_error_that_names_it() -> None:
    class Extended:
        event_sources = [type("SQSEventConfig", (), {"name": "on_message"})()]
        pure_lambda_functions: list[Any] = []

    with pytest.raises(TypeError, match="on_message: nothing here deploys a SQSEventConfig"):
        functions(Extended())


def test_markers_become_references() -> None:
    assert rendered("${data:KeyArn}") == {"Fn::ImportValue": {"Fn::Sub": "opsdb-${Stage}-data-KeyArn"}}
    assert rendered("arn:aws:logs:${region}:${account}:opsdb-${stage}") == {
        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:opsdb-${Stage}"
    }
    assert rendered(["plain", 7]) == ["plain", 7]


def test_logical_names_tell_routes_apart() -> None:
    assert Route("GET", "/api/employees/{employee_id}").logical == "GetApiEmployeesByEmployeeId"
    assert Route("GET", "/api/openapi.json").logical == "GetApiOpenapiDotJson"
    assert len({one.logical for one in routes(app)}) == len(routes(app))


@pytest.mark.parametrize("stage", STAGES)
def test_every_chalice_route_has_exactly_one_route_of_the_http_api(stage: str) -> None:
    made = of_type(template("edge", stage)["Resources"], "AWS::ApiGatewayV2::Route")
    keys = [one["Properties"]["RouteKey"] for one in made.values()]
    ours = [(method, path) for path in app.routes for method in app.routes[path]]
    assert sorted(keys) == sorted(f"{method} {path}" for method, path in ours)
    for key in keys:
        method, _, path = key.partition(" ")
        assert re.findall(r"{(\w+)}", path) == app.routes[path][method].view_args


@pytest.mark.parametrize("stage", STAGES)
def test_every_handler_has_function_role_log_group_and_alarms(stage: str) -> None:
    given = stage_parameters(stage)
    made, watched = resources(template("app", stage), given), resources(template("watch", stage), given)
    for one in functions(app):
        assert made[one.logical]["Properties"]["Handler"] == one.handler
        assert made[f"{one.logical}Role"]["Type"] == "AWS::IAM::Role"
        assert made[f"{one.logical}Logs"]["Type"] == "AWS::Logs::LogGroup"
        name = made[one.logical]["Properties"]["FunctionName"]
        looked_at = [at(alarm, "Properties.Dimensions.0.Value") for alarm in watched.values()]
        assert looked_at.count(name) >= 3, name


@pytest.mark.parametrize("stage", STAGES)
def test_what_exists_in_aws_has_a_name_of_its_own(stage: str) -> None:
    kinds = {"AlarmName", "FunctionName", "LogGroupName", "QueueName", "TopicName", "BucketName"}
    found = [
        (kind, one["Properties"][kind])
        for name in TEMPLATES
        for one in resources(template(name, stage), stage_parameters(stage)).values()
        for kind in kinds & one.get("Properties", {}).keys()
        if isinstance(one["Properties"][kind], str) and one["Type"] != "AWS::EC2::FlowLog"
    ]
    assert len(found) == len(set(found))
    assert [name for _, name in found if f"opsdb-{stage}" not in name] == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_environment_is_one_that_settings_understand(stage: str) -> None:
    for one in of_type(resources(template("app", stage), stage_parameters(stage)), "AWS::Lambda::Function").values():
        variables = one["Properties"]["Environment"]["Variables"]
        assert variables.keys() <= {each.metadata["name"] for each in fields(Settings)}
        plain = {name: value for name, value in variables.items() if isinstance(value, str)}
        assert Settings.read(plain).stage == stage


@pytest.mark.parametrize("stage", STAGES)
def test_the_password_is_for_the_functions_of_the_application_only(stage: str) -> None:
    given = stage_parameters(stage) | {"DatabaseSecretArn": "arn:aws:secretsmanager:eu-central-1:1:secret:x"}
    made = resources(template("app", stage), given)
    told = {
        name
        for name, one in of_type(made, "AWS::Lambda::Function").items()
        if "DB_SECRET_ARN" in one["Properties"]["Environment"]["Variables"]
    }
    readers = {role["Ref"] for role in made["MayReadThePassword"]["Properties"]["Roles"]}
    assert told == {"ApiHandler", "Archive", "CloseDay", "EndEmployments", "OnUpload", "SweepUploads"}
    assert readers == {f"{name}Role" for name in told}


def test_without_a_secret_nobody_is_told_of_one() -> None:
    made = resources(template("app"), stage_parameters("prod") | {"DatabaseSecretArn": ""})
    assert "MayReadThePassword" not in made
    assert not [
        name
        for name, one in of_type(made, "AWS::Lambda::Function").items()
        if "DB_SECRET_ARN" in one["Properties"]["Environment"]["Variables"]
    ]


def test_the_stack_says_which_notification_the_bucket_needs() -> None:
    wanted = json.loads(template("app")["Outputs"]["UploadsNotification"]["Value"]["Fn::Sub"])
    assert wanted == {"LambdaFunctionConfigurations": [WANTED_NOTIFICATION]}


def test_reserving_can_be_left_out_in_a_small_account() -> None:
    made = resources(template("app"), stage_parameters("prod") | {"ReserveConcurrency": "no"})
    assert not [
        name
        for name, one in of_type(made, "AWS::Lambda::Function").items()
        if "ReservedConcurrentExecutions" in one["Properties"]
    ]


def test_a_console_elsewhere_opens_cors_for_itself_alone() -> None:
    given = stage_parameters("prod") | {"ConsoleOrigin": "https://console.example.com"}
    cors = resources(template("edge"), given)["Api"]["Properties"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://console.example.com"]
    assert set(cors["AllowMethods"]) == {method for path in app.routes for method in app.routes[path]}


def test_without_a_domain_there_is_nothing_of_one() -> None:
    given = stage_parameters("dev") | {"DomainName": "", "HostedZoneId": "", "SignInDomain": ""}
    made = {one["Type"] for one in resources(template("edge", "dev"), given).values()}
    named = {
        "ApiGatewayV2::DomainName",
        "ApiGatewayV2::ApiMapping",
        "Route53::RecordSet",
        "CertificateManager::Certificate",
    }
    assert not made & {f"AWS::{one}" for one in named}
    assert "AWS::Cognito::UserPoolDomain" not in made


@pytest.mark.parametrize(("expected", "alarms"), [("1", {"VpnDown"}), ("2", {"VpnDown", "VpnTunnelDown"})])
def test_tunnels_are_watched_as_many_as_there_are(expected: str, alarms: set[str]) -> None:
    made = resources(template("watch"), stage_parameters("prod") | {"TunnelsExpected": expected})
    assert {name for name in made if name.startswith("Vpn")} == alarms


def test_without_a_vpn_no_tunnel_is_missed() -> None:
    made = resources(template("watch"), stage_parameters("dev") | {"Stage": "dev", "Vpn": "none"})
    assert not [name for name in made if name.startswith("Vpn")]


def test_what_checkov_is_told_to_pass_over_has_its_reason() -> None:
    skipped = [
        one
        for name in TEMPLATES
        for each in template(name)["Resources"].values()
        for one in at(each, "Metadata.checkov.skip") or []
    ]
    assert skipped
    assert all(one["id"].startswith("CKV_") and len(one["comment"]) > 20 for one in skipped)


def test_a_role_opens_no_environment_but_its_functions() -> None:
    made = resources(template("app"), stage_parameters("prod"))
    for name, one in of_type(made, "AWS::Lambda::Function").items():
        statements = made[f"{name}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        [opening] = [each for each in statements if each["Sid"] == "OpenItsEnvironment"]
        [function] = at(opening, "Condition.StringEquals").values()
        assert function.endswith(f":function:{one['Properties']['FunctionName']}")
