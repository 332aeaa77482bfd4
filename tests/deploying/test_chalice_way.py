"""`opsdb deploy --with chalice`: what Chalice is given, and what is done around it."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from chalice.cli.factory import CLIFactory
from chalice.deploy.validate import validate_configuration

from opsdb_deploy import chalice_rendering, chalice_way, smoke
from opsdb_deploy.chalice_rendering import Filling
from opsdb_deploy.functions import CLIENT_USERS
from tests.deploying.conftest import Account
from tests.deploying.standin import KEY

OUTPUTS = {
    "network:FirstPrivateSubnet": "subnet-1",
    "network:SecondPrivateSubnet": "subnet-2",
    "network:FunctionsSecurityGroup": "sg-1",
    "data:UploadsBucket": "the-uploads",
    "data:BackupsBucket": "the-backups",
    "data:KeyArn": "arn:aws:kms:eu-central-1:111122223333:key/1",
    "data:DatabaseUsersArn": "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-1",
    "stage": "dev",
    "region": "eu-central-1",
    "account": "111122223333",
}
SECRET = "what-signs-sessions"


def filling(**changed: Any) -> Filling:
    given: dict[str, Any] = {
        "markers": OUTPUTS,
        "environment": {"OPSDB_DATABASE_HOST": "db.example.com"},
        "secret_key": SECRET,
        "layer": "arn:aws:lambda:eu-central-1:111122223333:layer:client:1",
        "reserves": True,
    }
    return Filling(**{**given, **changed})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return chalice_rendering.rendered("dev", tmp_path / "rendered", filling())


def test_what_chalice_is_given_is_whole_and_it_takes_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    factory = CLIFactory(str(folder), environ={})
    config = factory.create_config_obj(chalice_stage_name="dev", autogen_policy=False)
    validate_configuration(config)
    texts = [path.read_text() for path in (folder / ".chalice").rglob("*.json")]
    assert not [text for text in texts if "${" in text]
    function = config.scope("dev", "nightly_backup")
    assert function.subnet_ids == ["subnet-1", "subnet-2"]
    assert function.environment_variables["OPSDB_DATABASE_HOST"] == "db.example.com"


def test_the_secret_is_the_apis_alone_and_nobody_else_can_read_the_file(folder: Path) -> None:
    file = folder / ".chalice" / "config.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    of_stage = json.loads(file.read_text())["stages"]["dev"]
    assert file.read_text().count(SECRET) == 1
    assert of_stage["lambda_functions"]["api_handler"]["environment_variables"]["SECRET_KEY"] == SECRET


def test_functions_that_dump_have_the_layer_and_no_others(folder: Path) -> None:
    functions = json.loads((folder / ".chalice" / "config.json").read_text())["stages"]["dev"]["lambda_functions"]
    assert {name for name, one in functions.items() if "layers" in one} == CLIENT_USERS


def test_an_account_with_a_small_quota_reserves_nothing() -> None:
    of_stage = chalice_rendering.configuration("dev", filling(reserves=False))["stages"]["dev"]
    assert not [one for one in of_stage["lambda_functions"].values() if "reserved_concurrency" in one]


def test_a_marker_that_nothing_fills_is_no_deployment() -> None:
    with pytest.raises(KeyError, match="data:KeyArn"):
        chalice_rendering.filled(["${data:KeyArn}"], {})


# Around it


@pytest.fixture
def chalice(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A Chalice that makes the functions of the stand-in and remembers an API; the commands that it was given."""
    given: list[str] = []

    def told(cloud: Any, command: str, folder: Path) -> int:
        given.append(command)
        memory = folder / ".chalice" / "deployed" / f"{cloud.stage}.json"
        if command == "delete":
            memory.unlink()
            return 0
        config = json.loads((folder / ".chalice" / "config.json").read_text())["stages"][cloud.stage]
        for name in config["lambda_functions"]:
            _function(account, "opsdb-dev" if name == "api_handler" else f"opsdb-dev-{name}", name)
        memory.parent.mkdir(exist_ok=True)
        api = {"name": "rest_api", "resource_type": "rest_api", "rest_api_url": f"http://{cloud.stage}.localhost/v1/"}
        memory.write_text(json.dumps({"schema_version": "2.0", "resources": [api]}))
        return 0

    monkeypatch.setattr(chalice_way, "FOLDER", tmp_path / "chalice")
    monkeypatch.setattr(chalice_way, "_told", told)
    monkeypatch.setattr(smoke, "check", lambda address, **given: [f"{address} answers."])
    return given


def _function(account: Account, name: str, handler: str) -> None:
    client = account.client("lambda")
    if name not in {one["FunctionName"] for one in client.list_functions()["Functions"]}:
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=f"arn:aws:iam::{account.number}:role/any",
            Handler=f"app.{handler}",
            Code={"ZipFile": account.zip("0001").read_bytes()},
        )


def test_chalice_deploys_between_the_stacks_and_remembers_elsewhere(account: Account, chalice: list[str]) -> None:
    done = account.deploy("--with", "chalice")
    assert done.exit_code == 0, done.output
    assert sorted(account.stacks()) == ["opsdb-dev-data", "opsdb-dev-network", "opsdb-dev-watch"]
    assert chalice == ["deploy"]
    assert KEY in done.output
    shutil.rmtree(chalice_way.FOLDER)
    again = account.deploy("--with", "chalice", head="0002")
    assert again.exit_code == 0, again.output
    assert [(function, head) for function, _, head in account.events[2:]] == [
        ("migrate", "0002"),
        ("nightly_backup", "0001"),
        ("migrate", "0002"),
    ]
    layers = account.client("lambda").list_layer_versions(LayerName="opsdb-dev-postgresql-client")
    assert len(layers["LayerVersions"]) == 1, "the layer is the same"
    other = account.deploy(head="0002")
    assert other.exit_code == 1
    assert "--with chalice" in other.output
    gone = account.opsdb("destroy", "--stage", "dev", "--yes")
    assert gone.exit_code == 0, gone.output
    assert chalice == ["deploy", "deploy", "delete"]
    assert account.stacks() == {}
