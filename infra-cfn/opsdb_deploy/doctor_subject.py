"""The stage that is looked at: its name, what its stacks put out, and clients to ask with."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opsdb_deploy.sources import ROOT

STACKS = ("network", "data", "app", "edge", "watch")


@dataclass(frozen=True)
class Stage:
    """`session` is boto3's. What was asked once is kept, an answer of "no" excepted."""

    name: str
    session: Any
    now: datetime
    kept: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        from botocore.config import Config

        quick = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})
        if service not in self.kept:
            self.kept[service] = self.session.client(service, config=quick)
        return self.kept[service]

    def stack(self, name: str) -> dict[str, Any]:
        """What CloudFormation says of a stack; its own error when there is none."""
        key = f"stack {name}"
        if key not in self.kept:
            asked = self.client("cloudformation").describe_stacks(StackName=f"opsdb-{self.name}-{name}")
            self.kept[key] = asked["Stacks"][0]
        found: dict[str, Any] = self.kept[key]
        return found

    def output(self, stack: str, name: str) -> str | None:
        """An output of a stack; None where it has none."""
        outputs = {one["OutputKey"]: one["OutputValue"] for one in self.stack(stack).get("Outputs", [])}
        return outputs.get(name)

    def needed(self, stack: str, name: str) -> str:
        """An output that every stage has; LookupError says which is missing."""
        found = self.output(stack, name)
        if found is None:
            raise LookupError(f"the stack opsdb-{self.name}-{stack} has no output {name}")
        return found

    def functions(self) -> list[str]:
        """The names of all its functions, as .chalice/config.json has them."""
        stages = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
        named = stages[self.name]["lambda_functions"]
        return [f"opsdb-{self.name}" if one == "api_handler" else f"opsdb-{self.name}-{one}" for one in named]
