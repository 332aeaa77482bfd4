"""The packages for Lambda's later runtimes, under the Pythons of these where they are at hand."""

from pathlib import Path

import pytest

from chalicelib.core import auth
from opsdb_deploy.package import bytecode
from opsdb_deploy.package.target import Target
from tests import make
from tests.conftest import Site
from tests.deployed import functions
from tests.deployed.conftest import packaged, unpacked
from tests.deployed.documents import request
from tests.deployed.invoke import Function


def interpreter(version: str) -> str:
    """A Python of that version, on the PATH, named by PYTHON or where pyenv keeps them."""
    if found := bytecode.interpreter(Target(version, "x86_64")):
        return found
    kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    return str(kept[-1]) if kept else pytest.skip(f"there is no Python {version} here")


@pytest.mark.parametrize("version", [pytest.param("3.12", marks=pytest.mark.proof), "3.13"])
def test_the_api_answers_on_a_later_python(version: str, clone: Path, site: Site, tmp_path: Path) -> None:
    python = interpreter(version)
    made = packaged(clone, tmp_path, "--python", version, PYTHON=python)
    assert made.said["bytecode"]
    with make.written() as conn:
        person = make.employee(conn, first_name="Zoë")
        _, key = auth.create_key(conn, name="test", role="admin")
    with unpacked(made, tmp_path / "task") as task_root:
        environment = functions.environment(site, "app.app")
        api = Function(task_root, "app.app", environment, python=(python, "-I", "-S"))
        ready, one = api.each(
            request("GET", "/api/health/ready"),
            request("GET", "/api/employees/{employee_id}", path={"employee_id": person}, key=key),
        )
    assert ready.body["status"] == "ok"
    assert (one.answer["statusCode"], one.body["first_name"]) == (200, "Zoë")
