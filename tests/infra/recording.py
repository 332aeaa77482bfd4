"""Every call of AWS that code makes while it runs as one of the functions, and by which line of ours."""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from chalicelib.core import db, signin
from tests.conftest import PASSWORDS, forget

ROOT = Path(__file__).parents[2]
CODE = ROOT / "chalicelib"
SIGN_IN = "connect"

Site = tuple[str, str, str]
"""A file, a function of it, and the operation that it calls."""


@dataclass(frozen=True)
class Call:
    """One call; `missing` when AWS said that there is no such thing, `caller` is the file and function it came from."""

    function: str
    service: str
    operation: str
    parameters: Mapping[str, str]
    caller: tuple[str, str] = ("", "")
    missing: bool = False

    @property
    def site(self) -> Site:
        return (*self.caller, xform_name(self.operation))


@dataclass
class Recorder:
    """Notes calls while a function runs; signing in with a token is one, and gets the password of the tests' roles."""

    calls: list[Call] = field(default_factory=list)
    _function: str | None = None

    @contextmanager
    def running(self, function: str) -> Iterator[None]:
        """As Lambda starts it: no connection, no client, no setting is left from before."""
        db.engine().dispose()
        forget()
        self._function = function
        try:
            yield
        finally:
            self._function = None

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Watch every client that is made from now on, whoever makes it; and who asks for a token to sign in with.

        A connection that brings neither token nor password is refused here as it is on RDS.
        """
        create = botocore.session.Session.create_client

        def create_client(*given: Any, **named: Any) -> Any:
            client = create(*given, **named)
            self._watch(client)
            return client

        patch.setattr(botocore.session.Session, "create_client", create_client)
        patch.setattr(signin, "token", self._signed_in)

    def _watch(self, client: Any) -> None:
        client.meta.events.register("provide-client-params", self._on_call)
        client.meta.events.register("after-call", self._on_answer)
        if client.meta.service_model.service_name == "s3":
            client.generate_presigned_post = self._noting(client.generate_presigned_post)

    def _noting(self, presign: Callable[..., Any]) -> Callable[..., Any]:
        """A signed form lets its holder put an object with the signer's rights; no event of the client tells of it."""

        def presigned(Bucket: str, Key: str, *given: Any, **named: Any) -> Any:
            self._note("s3", "PutObject", {"Bucket": Bucket, "Key": Key})
            return presign(Bucket, Key, *given, **named)

        return presigned

    def _on_call(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        told = {name: value for name, value in params.items() if isinstance(value, str)}
        context["noted"] = self._note(model.service_model.service_name, model.name, told)

    def _on_answer(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if context.get("noted") and http_response.status_code == 404:
            self.calls.append(replace(context["noted"], missing=True))

    def _signed_in(self, *, user: str, **_: Any) -> str:
        self._note("rds-db", SIGN_IN, {"DBUser": user})
        return PASSWORDS[user]

    def _note(self, service: str, operation: str, told: Mapping[str, str]) -> Call | None:
        if self._function is None:
            return None
        made = Call(self._function, service, operation, told, _caller())
        self.calls.append(made)
        return made


def _caller() -> tuple[str, str]:
    """The innermost function of ours that is at work."""
    frame = sys._getframe()
    while frame and not Path(frame.f_code.co_filename).is_relative_to(CODE):
        frame = frame.f_back  # type: ignore[assignment]
    return (str(Path(frame.f_code.co_filename).relative_to(CODE)), frame.f_code.co_name) if frame else ("", "")


def sites() -> set[Site]:
    """Every place of the code that calls S3, as the source has it."""
    found = set()
    for path in CODE.rglob("*.py"):
        for function in (one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.FunctionDef)):
            for operation in _operations(ast.unparse(function)):
                found.add((str(path.relative_to(CODE)), function.name, operation))
    return found


_CALL = re.compile(r"\bs3\(\)\.(\w+)\((?:['\"](\w+)['\"])?")
_PASSED_ON = {"get_paginator", "generate_presigned_url"}
"""Methods whose first argument is the operation."""


def _operations(source: str) -> Iterator[str]:
    for method, argument in _CALL.findall(source):
        yield argument if method in _PASSED_ON else "put_object" if method == "generate_presigned_post" else method
