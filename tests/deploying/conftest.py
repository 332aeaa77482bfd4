"""An AWS account for each test, in an emulator that all of them share, and an opsdb of a few lines to deploy there."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from click.testing import CliRunner, Result

from local.cli import main
from opsdb_deploy import cloud, pool, smoke, wanted

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REGION = "eu-central-1"
READS = re.compile(r"Get|Describe|List|Head|Invoke")

accounts = count(100_000_000_000 + os.getpid() * 1000)


@dataclass(frozen=True)
class Call:
    """One request to AWS: `cloudformation.ExecuteChangeSet`, and with what."""

    name: str
    given: dict[str, Any]


@dataclass
class Account:
    """One test's AWS: what was asked of it, and how `opsdb` is run against it.

    `before` are called with each request before it is made: to answer, to fail or to be killed in its place.
    """

    folder: Path
    calls: list[Call] = field(default_factory=list)
    before: list[Callable[[Call], Any]] = field(default_factory=list)

    def opsdb(self, *arguments: str, input: str | None = None) -> Result:
        """What the command line does with it."""
        return CliRunner().invoke(main, arguments, input=input)

    def deploy(self, *arguments: str, head: str = "0001", text: str = "", stage: str = "dev") -> Result:
        """Deploy the stand-in whose schema is at `head`, asking nothing."""
        given = ("--zip", str(self.zip(head, text)), "--layer", str(self.layer()), "--yes")
        return self.opsdb("deploy", "--stage", stage, *given, *arguments)

    def zip(self, head: str, text: str = "") -> Path:
        """The stand-in for that revision of the schema; `text` makes it another release."""
        code = (HERE / "standin.py").read_text().replace("@state@", str(self.state)).replace("@head@", head)
        files = {"app.py": f"{code}\n{text}\n", "chalicelib/__init__.py": f'__version__ = "{head}"\n'}
        return self._zipped(f"opsdb-{head}.zip", files)

    def layer(self) -> Path:
        return self._zipped("client.zip", {"bin/pg_dump": "a program"})

    def _zipped(self, name: str, files: dict[str, str]) -> Path:
        path = self.folder / name
        with zipfile.ZipFile(path, "w") as packed:
            for file, text in files.items():
                packed.writestr(zipfile.ZipInfo(file), text)
        return path

    @property
    def number(self) -> str:
        found: str = self.client("sts").get_caller_identity()["Account"]
        return found

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def events(self) -> list[list[Any]]:
        """What the functions were called with, but for keys: name, event, head of the code that heard it."""
        return [one for one in self.heard if "sign_in" not in one[1]]

    @property
    def heard(self) -> list[list[Any]]:
        return json.loads(self.state.read_text())["events"] if self.state.exists() else []

    def database(self, **changed: Any) -> None:
        """Have the stand-in's database be so."""
        now = (
            json.loads(self.state.read_text()) if self.state.exists() else {"revision": None, "keys": [], "events": []}
        )
        self.state.write_text(json.dumps({**now, **changed}))

    def client(self, service: str) -> Any:
        return boto3.Session().client(service)

    def stacks(self) -> dict[str, str]:
        """Status by the stack's name, of those that are there."""
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {one["StackName"]: one["StackStatus"] for one in found}

    def output(self, stack: str, name: str) -> str:
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == name)

    def waiting(self, stack: str) -> list[str]:
        """The change sets of the stack that nobody has decided about."""
        found = self.client("cloudformation").list_change_sets(StackName=stack)["Summaries"]
        return [one["ChangeSetName"] for one in found if one["ExecutionStatus"] == "AVAILABLE"]

    @property
    def revision(self) -> str | None:
        """The schema of the stand-in's database."""
        found: str | None = json.loads(self.state.read_text())["revision"]
        return found

    def written(self) -> list[str]:
        """The requests so far that could have changed something."""
        return [one.name for one in self.calls if not READS.match(one.name.split(".")[1])]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the emulator."""
    folder = tmp_path_factory.mktemp("emulator")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": str(folder),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.deploying.emulator"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        _wait_for(port, running)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)


def _wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while running.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5).read()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the emulator did not start")


@pytest.fixture(scope="session")
def templates() -> Callable[[str], dict[str, Any]]:
    """The templates of a stage, made once by the real maker; each caller gets its own."""
    made = cache(wanted.made)
    return lambda stage: deepcopy(made(stage))


@pytest.fixture
def account(
    emulator: str, templates: Callable[[str], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Account:
    for name in [name for name in os.environ if name.startswith(("AWS_", "OPSDB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(next(accounts)))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(cloud, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(wanted, "made", templates)
    monkeypatch.setattr(smoke, "READY_WITHIN_SECONDS", 2.0)
    monkeypatch.setattr(pool, "published", lambda issuer: [{"kid": "one", "of": issuer}])
    made = Account(tmp_path)
    _listen(made, monkeypatch)
    _find_names(monkeypatch)
    _share_clients(monkeypatch)
    return made


def _share_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """One client of a kind for the whole test: making them is most of what a command costs here."""
    made: dict[tuple[str, bool], Any] = {}
    new = boto3.Session.client

    def client(self: boto3.Session, service: str, **given: Any) -> Any:
        kind = (service, bool(given))
        if kind not in made:
            made[kind] = new(self, service, **given)
        return made[kind]

    monkeypatch.setattr(boto3.Session, "client", client)


def _listen(made: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = BaseClient._make_api_call

    def heard(self: Any, operation: str, given: dict[str, Any]) -> Any:
        call = Call(f"{self.meta.service_model.service_name}.{operation}", given)
        answers = [answer for answer in (one(call) for one in made.before) if answer is not None]
        made.calls.append(call)
        return answers[0] if answers else asked(self, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", heard)


def _find_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's API has a name below localhost, which not every machine resolves."""
    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: known("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **more),
    )
