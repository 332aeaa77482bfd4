"""One stage in one account and region: the clients that reach it, and whoever is told what happens there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import boto3

POLL_SECONDS = 3.0

LONGEST_CALL_SECONDS = 930
"""A function may take fifteen minutes, and its answer a little longer."""


class DeployError(Exception):
    """It cannot go on; the text is one sentence, or a few lines, that say what to do."""


class Talk(Protocol):
    """Whoever deploys: told what happens, and asked before something does."""

    def say(self, line: str) -> None: ...

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None: ...

    def agree(self, question: str) -> bool:
        """Whether it may be done."""

    def named(self, what: str, name: str) -> bool:
        """Whether the loss of `name`, which `what` describes, was agreed to by its name; nothing general counts."""


@dataclass(frozen=True)
class Cloud:
    """AWS as this deployment sees it."""

    stage: str
    session: "boto3.Session"
    talk: Talk
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.session.client(service)
        return self.clients[service]

    @cached_property
    def functions(self) -> Any:
        """Lambda, for calling functions: patient, and never a second time by itself, since a call is a deed."""
        from botocore.config import Config

        config = Config(read_timeout=LONGEST_CALL_SECONDS, retries={"total_max_attempts": 1}, tcp_keepalive=True)
        return self.session.client("lambda", config=config)

    @cached_property
    def identity(self) -> dict[str, str]:
        """Who asks: Account and Arn."""
        found: dict[str, str] = self.client("sts").get_caller_identity()
        return found

    @property
    def region(self) -> str:
        name: str = self.client("cloudformation").meta.region_name
        return name

    def stack(self, part: str) -> str:
        """The name of one of the stage's stacks."""
        return f"opsdb-{self.stage}-{part}"

    def function(self, name: str) -> str:
        """The name in AWS of a function of app.py that is no route."""
        return f"opsdb-{self.stage}-{name}"


def opened(stage: str, *, region: str | None, profile: str | None, talk: Talk) -> Cloud:
    """The stage as the environment's credentials, or those of a profile, reach it."""
    import boto3

    return Cloud(stage, boto3.Session(profile_name=profile, region_name=region), talk)
