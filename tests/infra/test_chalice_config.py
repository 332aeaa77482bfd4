"""`.chalice/config.json` and its policies: what Chalice reads from them, and what they must not hold."""

import ast
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config
from chalice.deploy.validate import validate_minimum_compression_size

from chalicelib.core.encoding import WORTH_IT
from chalicelib.core.settings import Settings
from tests.infra.effective import STAGES, TEMPLATES, strings, template

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".chalice"
CONFIG: dict[str, Any] = json.loads((FOLDER / "config.json").read_text())
SIZES = {
    "api_handler": (512, 30),
    "on_upload": (1024, 900),
    "nightly_backup": (512, 900),
    "restore_drill": (512, 900),
    "expire_backups": (512, 300),
    "sweep_uploads": (512, 60),
    "archive": (512, 900),
    "end_employments": (512, 300),
    "close_day": (512, 300),
    "migrate": (512, 300),
}


def _scoped(stage: str, function: str) -> Config:
    """What Chalice itself makes of the file for one function."""
    return Config(chalice_stage=stage, function_name=function, config_from_disk=CONFIG)


def _policy(function: str) -> list[dict[str, Any]]:
    policy = json.loads((FOLDER / _scoped("dev", function).iam_policy_file).read_text())
    statements: list[dict[str, Any]] = policy["Statement"]
    return statements


def test_the_stages_are_those_decided() -> None:
    assert (CONFIG["version"], CONFIG["app_name"]) == ("2.0", "opsdb")
    assert CONFIG["stages"].keys() == {"local", *STAGES}


@pytest.mark.parametrize("stage", CONFIG["stages"])
def test_no_path_starts_with_api_twice(stage: str) -> None:
    assert _scoped(stage, "api_handler").api_gateway_stage == "v1"


@pytest.mark.parametrize("stage", STAGES)
def test_a_rest_api_compresses_what_the_function_would(stage: str) -> None:
    validate_minimum_compression_size(_scoped(stage, "api_handler"))
    assert _scoped(stage, "api_handler").minimum_compression_size == WORTH_IT


def test_the_local_stage_holds_nothing_but_where_to_look() -> None:
    environment = CONFIG["stages"]["local"]["environment_variables"]
    assert environment == {"OPSDB_STAGE": "local", "OPSDB_SETTINGS_FILE": ".local/settings.json"}


@pytest.mark.parametrize("function", SIZES)
@pytest.mark.parametrize("stage", STAGES)
def test_chalice_reads_memory_time_network_and_policy_of_every_function(stage: str, function: str) -> None:
    scoped = _scoped(stage, function)
    assert (scoped.lambda_memory_size, scoped.lambda_timeout) == SIZES[function]
    assert len(scoped.subnet_ids) == 2
    assert len(scoped.security_group_ids) == 1
    assert scoped.autogen_policy is False
    assert (FOLDER / scoped.iam_policy_file).is_file()


@pytest.mark.parametrize("function", SIZES)
@pytest.mark.parametrize("stage", STAGES)
def test_the_environment_is_one_that_settings_understand(stage: str, function: str) -> None:
    environment = _scoped(stage, function).environment_variables
    assert environment.keys() <= {one.metadata["name"] for one in fields(Settings)}
    assert Settings.read(environment).stage == stage
    assert int(environment["OPSDB_STATEMENT_TIMEOUT_SECONDS"]) < SIZES[function][1]


def test_secrets_and_connection_strings_are_not_in_the_file() -> None:
    text = (FOLDER / "config.json").read_text()
    assert not re.search("DATABASE_URL|SECRET|postgres|PASSWORD", text)


@pytest.mark.parametrize("path", [FOLDER / "config.json", *FOLDER.glob("policies/*.json")], ids=lambda path: path.name)
def test_no_committed_file_holds_an_id(path: Path) -> None:
    assert not re.search(r"\b(vpc|subnet|sg|pl|vgw|cgw|key)-[0-9a-f]{8,}\b|\b\d{12}\b", path.read_text())


@pytest.mark.parametrize("path", [FOLDER / "config.json", *FOLDER.glob("policies/*.json")], ids=lambda path: path.name)
def test_every_marker_is_an_output_of_a_template(path: Path) -> None:
    outputs = {f"{name}:{output}" for name in TEMPLATES for output in template(name)["Outputs"]}
    markers = set(re.findall(r"\$\{([^}]*)\}", path.read_text()))
    assert markers
    assert markers <= outputs | {"stage", "region", "account"}


def test_every_policy_belongs_to_a_function() -> None:
    assert {path.stem for path in FOLDER.glob("policies/*.json")} == SIZES.keys()


@pytest.mark.parametrize("function", SIZES)
def test_only_network_interfaces_are_allowed_on_everything_and_not_to_our_code(function: str) -> None:
    statements = _policy(function)
    [interfaces] = [one for one in statements if one["Effect"] == "Allow" and "*" in strings(one["Resource"])]
    assert all(action.startswith("ec2:") for action in interfaces["Action"])
    [denied] = [one for one in statements if one["Effect"] == "Deny"]
    assert denied["Action"] == interfaces["Action"]
    assert not [action for one in statements for action in strings(one["Action"]) if "*" in action]


@pytest.mark.parametrize(
    ("function", "roles"),
    [
        ("api_handler", ["opsdb_app"]),
        # It also makes the backups that are asked for over the API, which cannot call another function.
        ("on_upload", ["opsdb_app", "opsdb_backup"]),
        ("sweep_uploads", ["opsdb_app"]),
        ("nightly_backup", ["opsdb_backup"]),
        ("restore_drill", ["opsdb_drill"]),
        ("expire_backups", ["opsdb_backup"]),
        ("archive", ["opsdb_app"]),
        ("end_employments", ["opsdb_app"]),
        ("close_day", ["opsdb_app"]),
        ("migrate", ["opsdb_owner"]),
    ],
)
def test_every_function_signs_in_as_its_database_role_and_no_other(function: str, roles: list[str]) -> None:
    [signing_in] = [one for one in _policy(function) if one["Action"] == "rds-db:connect"]
    assert list(strings(signing_in["Resource"])) == ["${data:DatabaseUsersArn}/" + role for role in roles]


def _actions_on(function: str, bucket: str) -> set[str]:
    return {
        action
        for one in _policy(function)
        if any(f"{{data:{bucket}}}" in text for text in strings(one["Resource"]))
        for action in strings(one["Action"])
    }


@pytest.mark.parametrize("function", ["nightly_backup", "on_upload"])
def test_the_writer_of_backups_cannot_destroy_them(function: str) -> None:
    actions = _actions_on(function, "BackupsBucket")
    assert {"s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"} <= actions
    assert not [
        action for action in actions if "Delete" in action or "Bypass" in action or "PutObjectRetention" in action
    ]


def test_whoever_expires_backups_can_hide_them_and_not_destroy_them() -> None:
    actions = _actions_on("expire_backups", "BackupsBucket")
    assert {"s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads"} <= actions
    assert not actions & {"s3:PutObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"}
    assert [one for one in SIZES if "s3:DeleteObject" in _actions_on(one, "BackupsBucket")] == ["expire_backups"]


def test_nothing_else_writes_backups() -> None:
    for function in SIZES.keys() - {"nightly_backup", "on_upload", "expire_backups", *MARKERS}:
        assert _actions_on(function, "BackupsBucket") <= {"s3:ListBucket", "s3:GetObject", "s3:GetObjectVersion"}


MARKERS = {"restore_drill": "drill", "api_handler": "pin"}
"""Functions that say one thing about a backup -> the ending of the objects that they say it in."""


@pytest.mark.parametrize("function", MARKERS)
def test_whoever_says_something_of_a_backup_can_write_nothing_else_of_it(function: str) -> None:
    writing = [one for one in _policy(function) if "s3:PutObject" in strings(one["Action"])]
    of_backups = [one for one in writing if "BackupsBucket" in str(one["Resource"])]
    ending = MARKERS[function]
    assert [one["Resource"] for one in of_backups] == [f"arn:aws:s3:::${{data:BackupsBucket}}/backups/*.{ending}"]
    assert not [action for action in _actions_on(function, "BackupsBucket") if "Delete" in action]


@pytest.mark.parametrize("function", ["migrate", "archive", "end_employments", "close_day"])
def test_what_works_on_rows_alone_touches_no_bucket(function: str) -> None:
    assert not _actions_on(function, "UploadsBucket") | _actions_on(function, "BackupsBucket")


def _handlers() -> set[str]:
    """The functions of app.py that Chalice deploys besides the routes; read, not imported."""
    kinds = {"on_s3_event", "schedule", "lambda_function"}
    found = set()
    for one in ast.parse((ROOT / "app.py").read_text()).body:
        if isinstance(one, ast.FunctionDef):
            called = {each.func.attr for each in one.decorator_list if _is_of_app(each)}  # type: ignore[attr-defined]
            if called & kinds:
                found.add(one.name)
    return found


def _is_of_app(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)


@pytest.mark.skipif(not (ROOT / "app.py").exists() or not _handlers(), reason="app.py has no handlers yet")
def test_every_handler_of_the_app_is_configured() -> None:
    assert _handlers() <= SIZES.keys()
