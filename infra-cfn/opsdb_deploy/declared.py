"""What app.py declares, read from Chalice's own registry: the functions and the routes. Connects to nothing."""

from dataclasses import dataclass
from typing import Any

API = "api_handler"
"""Chalice's name of the one function that answers every route."""


@dataclass(frozen=True)
class Notification:
    """The objects whose arrival starts a function."""

    prefix: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """One Lambda function: `name` is its key in .chalice/config.json, `handler` what Lambda imports and calls."""

    name: str
    handler: str
    schedule: str | None = None
    notification: Notification | None = None

    @property
    def logical(self) -> str:
        """Its logical name in a template: `on_upload` is OnUpload."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def physical(self) -> str:
        """Its name in AWS, for Fn::Sub. The same names as Chalice gives, so that one policy file serves both ways."""
        return "opsdb-${Stage}" if self.name == API else f"opsdb-${{Stage}}-{self.name}"


@dataclass(frozen=True)
class Route:
    """One method of one path, as API Gateway writes it: `GET /api/employees/{employee_id}`."""

    method: str
    path: str

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def logical(self) -> str:
        """`GET /api/employees/{employee_id}` is GetApiEmployeesByEmployeeId."""
        words = [f"by_{step[1:-1]}" if step.startswith("{") else step for step in self.path.split("/") if step]
        letters = "_".join([self.method.lower(), *words]).replace(".", "_dot_").replace("-", "_")
        return "".join(word[:1].upper() + word[1:] for word in letters.split("_"))


def functions(app: Any) -> list[Function]:
    """Every function that `app` (a Chalice application) makes; a kind that nothing here deploys is an error."""
    found = [Function(API, "app.app")]
    for source in app.event_sources:
        kind = type(source).__name__
        if kind == "ScheduledEventConfig":
            found.append(Function(source.name, source.handler_string, schedule=str(source.schedule_expression)))
        elif kind == "S3EventConfig":
            notification = Notification(source.prefix or "", tuple(source.events))
            found.append(Function(source.name, source.handler_string, notification=notification))
        else:
            raise TypeError(f"{source.name}: nothing here deploys a {kind}")
    found += [Function(one.name, one.handler_string) for one in app.pure_lambda_functions]
    return found


def routes(app: Any) -> list[Route]:
    """Every route of `app`, in the order of their paths."""
    return [Route(method, path) for path in sorted(app.routes) for method in sorted(app.routes[path])]
