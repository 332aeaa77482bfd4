"""One handler called as Lambda does it: by its string, in a process of its own, from the deployed files alone."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNER = """
import importlib, json, os, sys

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the handler prints is its log
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
module, _, name = os.environ["_HANDLER"].rpartition(".")
handler = getattr(importlib.import_module(module), name)


class Context:
    aws_request_id = "8f5d7c1e-0000-4000-8000-000000000000"
    function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    memory_limit_in_mb = "512"
    get_remaining_time_in_millis = staticmethod(lambda: 30_000)


for event in json.load(sys.stdin):
    try:
        answer = {"answer": handler(event, Context())}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), file=answers, flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one event: the handler's answer, or the error that Lambda would count."""

    answer: Any = None
    error: str | None = None

    @property
    def body(self) -> Any:
        """The body of an HTTP answer."""
        return json.loads(self.answer["body"])


@dataclass(frozen=True)
class Function:
    """One deployed function; every call is a cold start."""

    code: Path
    handler: str
    environment: dict[str, str]
    python: tuple[str, ...] = (sys.executable, "-I")

    def __call__(self, event: dict[str, Any]) -> Outcome:
        return self.each(event)[0]

    def each(self, *events: dict[str, Any]) -> list[Outcome]:
        """The outcomes of events that reach one container one after the other."""
        ran = subprocess.run(
            [*self.python, "-c", RUNNER],
            input=json.dumps(events),
            env={**self.environment, **self._lambda(), "PATH": os.environ["PATH"]},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        outcomes = [Outcome(**json.loads(line)) for line in ran.stdout.splitlines()]
        assert len(outcomes) == len(events), ran.stderr
        return outcomes

    def _lambda(self) -> dict[str, str]:
        name = f"opsdb-dev-{self.handler.rpartition('.')[2]}"
        return {"LAMBDA_TASK_ROOT": str(self.code), "_HANDLER": self.handler, "AWS_LAMBDA_FUNCTION_NAME": name}
