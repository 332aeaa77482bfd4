"""Calling the API in this process, through Chalice's own routing."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.test import TestHTTPClient


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def data(self) -> list[dict[str, Any]]:
        return self.body["data"]

    @property
    def errors(self) -> list[str]:
        return self.body["errors"]


class Api:
    """A client with one API key; `None` for nobody's."""

    def __init__(self, key: str | None) -> None:
        self.key = key

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body=body, headers=headers)

    def put(self, path: str, body: Any) -> Answer:
        return self.call("PUT", path, body=body)

    def delete(self, path: str, **query: Any) -> Answer:
        return self.call("DELETE", path, query=query)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        from app import app

        target = f"/api{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        sent = {"Content-Type": "application/json", **({"X-API-Key": self.key} if self.key else {}), **(headers or {})}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        got = Client(app, _config()).request(method, target, headers=sent, body=raw)
        return Answer(got.status_code, dict(got.headers), _read(got.headers, got.body))


class Client(TestHTTPClient):
    """Chalice's, which has another `os.environ` put in place while it calls: of two threads' the second would stay."""

    def _patched_env_vars(self, environment_variables: Mapping[str, str]) -> nullcontext[None]:
        return nullcontext()


@cache
def _config() -> Config:
    return CLIFactory(str(Path(__file__).parents[1])).create_config_obj(chalice_stage_name="test")


def _read(headers: Mapping[str, str], body: bytes) -> Any:
    """JSON as what it says, anything else as its bytes."""
    return (json.loads(body) if body else None) if headers["Content-Type"] == "application/json" else body
