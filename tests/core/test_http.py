"""Every answer, good or bad, as api.md shapes it; and a database that goes and comes back."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from chalicelib.core import auth
from chalicelib.core.constraints import CONFLICTS, INVALID, MISSING
from chalicelib.core.db import psycopg2_url
from chalicelib.core.settings import settings
from chalicelib.people import queries
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site, administer, forget
from tests.core.calls import gateway
from tests.core.test_log import Lines, lines

__all__ = ["lines"]

PERSON = {"employee_id": 41, "first_name": "Ada", "last_name": "Lovelace"}


def key_of(role: str) -> str:
    with make.written() as conn:
        return auth.create_key(conn, name=role, role=role)[1]


def is_a_refusal(answer: Answer, status: int, summary: str, *problems: str) -> None:
    """The answer is exactly what the contract says of refusals."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body == {"error": summary, "errors": list(problems), "request_id": answer.headers["X-Request-Id"]}


def test_refusals_are_all_of_one_shape(api: Api, site: Site) -> None:
    viewer = Api(key_of("viewer"))
    assert api.post("/employees", PERSON).status == 201
    is_a_refusal(
        api.get("/employees", limit="none", sort="x"),
        400,
        "Invalid input",
        'limit: must be a whole number from 1 to 1000, got "none"',
    )
    is_a_refusal(Api(None).get("/employees"), 401, "Sign in, or send a valid X-API-Key")
    is_a_refusal(
        viewer.post("/employees", PERSON), 403, "Not allowed", "this needs one of the roles admin, hr; yours is viewer"
    )
    is_a_refusal(api.get("/employees/42"), 404, "Resource not found", "employee_id: 42 is no employee")
    is_a_refusal(api.get("/employees/ada"), 404, "Resource not found", "employee_id: must be a whole number, got 'ada'")
    is_a_refusal(api.post("/employees", PERSON), 409, "Conflict", "employee_id: is already an employee")
    is_a_refusal(
        api.call("POST", "/employees", body=b"{" + b" " * 1_000_000),
        413,
        "Too large",
        "body: must be at most 1000000 bytes, got 1000001",
    )
    is_a_refusal(
        api.call("POST", "/employees", body=b"a,b", headers={"Content-Type": "text/csv"}),
        415,
        "Wrong file type",
        "Content-Type: must be application/json, got text/csv",
    )
    is_a_refusal(api.call("PATCH", "/employees"), 405, "Unsupported method: PATCH")


def test_a_method_that_is_not_there_says_which_are(api: Api) -> None:
    assert api.call("DELETE", "/employees").headers["Allow"] == "GET, POST"


def test_a_path_that_is_not_there_is_refused_like_everything_else(api: Api) -> None:
    answer = gateway("GET", "/api/nowhere", headers={"x-api-key": api.key or ""})
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/json"
    assert set(answer["json"]) == {"error", "errors", "request_id"}


def test_who_calls_is_asked_before_what_they_want(api: Api) -> None:
    assert Api(None).post("/employees", {"nonsense": True}).status == 401
    assert Api(key_of("viewer")).post("/employees", {"nonsense": True}).status == 403


def test_problems_of_query_and_body_are_told_together(api: Api) -> None:
    answer = api.call("POST", "/employees", query={"reason": "x"}, body={"employee_id": 0})
    assert [problem.partition(":")[0] for problem in answer.errors] == [
        "reason",
        "employee_id",
        "first_name",
        "last_name",
    ]


def test_the_gateways_request_id_is_the_answers(api: Api) -> None:
    answer = gateway("GET", "/api/health", request_id="gateway-77")
    assert answer["headers"]["x-request-id"] == "gateway-77"
    refused = gateway("GET", "/api/employees", request_id="gateway-78")
    assert (refused["statusCode"], refused["json"]["request_id"]) == (401, "gateway-78")


def test_a_change_is_audited_under_the_request_that_made_it(api: Api, site: Site) -> None:
    made = api.post("/employees", PERSON)
    with make.written() as conn:
        rows = conn.execute(
            text("SELECT actor FROM audit_log WHERE request_id = :id"), {"id": made.headers["X-Request-Id"]}
        )
        assert set(rows.scalars()) == {"key:1"}


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_may_come_in_base64(api: Api, encoded: bool) -> None:
    answer = gateway(
        "POST",
        "/api/employees",
        headers={"x-api-key": api.key or "", "content-type": "application/json; charset=utf-8"},
        body=json.dumps({**PERSON, "first_name": "Çağla"}).encode(),
        encoded=encoded,
    )
    assert (answer["statusCode"], answer["json"]["first_name"]) == (201, "Çağla")


def test_headers_are_found_however_they_are_written(api: Api) -> None:
    for name in ("x-api-key", "X-API-Key", "X-Api-KEY"):
        assert gateway("GET", "/api/employees", headers={name: api.key or ""})["statusCode"] == 200


def test_a_bug_tells_the_caller_nothing_and_the_log_everything(
    api: Api, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SELECT secret FROM inside")

    monkeypatch.setattr(queries, "list_employees", broken)
    answer = api.get("/employees")
    is_a_refusal(answer, 500, "Internal error: the request id finds it in the log")
    (line,) = [line for line in lines.objects if line["request_id"] == answer.body["request_id"]]
    assert (line["level"], line["message"]) == ("ERROR", "GET /employees failed")
    assert "RuntimeError: SELECT secret FROM inside" in line["exception"]


def unreachable(site: Site, reachable: bool) -> None:
    administer(site.server, f"ALTER DATABASE {site.database} ALLOW_CONNECTIONS {str(reachable).lower()}")
    if not reachable:
        end_sessions(site)


def end_sessions(site: Site) -> None:
    administer(
        site.server,
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{site.database}'",
    )


def test_a_database_that_is_down_is_a_503_and_nothing_need_be_restarted_when_it_is_back(
    api: Api, site: Site, lines: Lines
) -> None:
    assert api.get("/employees").status == 200
    unreachable(site, False)
    for path in ("/employees", "/health/ready"):
        down = api.get(path)
        is_a_refusal(down, 503, "Not available right now; try again", "the database does not answer")
        assert down.headers["Retry-After"] == "5"
    assert api.get("/health").status == 200
    assert [line["message"] for line in lines.objects if line["level"] == "ERROR"] == [
        "GET /employees refused: the database does not answer",
        "GET /health/ready refused: the database does not answer",
    ]
    unreachable(site, True)
    assert api.get("/employees").status == 200
    assert api.get("/health/ready").status == 200


def test_a_server_that_is_not_there_is_a_503_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of("viewer")
    monkeypatch.setenv("DATABASE_URL", "postgresql://opsdb_app:x@127.0.0.1:9/opsdb")
    forget()
    began = time.monotonic()
    answer = Api(key).get("/employees")
    is_a_refusal(answer, 503, "Not available right now; try again", "the database does not answer")
    assert time.monotonic() - began < 10


def test_connections_that_died_while_nobody_called_are_not_noticed(api: Api, site: Site) -> None:
    assert api.get("/employees").status == 200
    for path in ("/employees", "/health/ready", "/schedules"):
        end_sessions(site)
        assert api.get(path).status == 200
    end_sessions(site)
    assert api.post("/employees", PERSON).status == 201


@pytest.fixture
def locked(site: Site) -> Iterator[Any]:
    """The employees table, held by somebody else."""
    engine = create_engine(psycopg2_url(site.url("opsdb_owner")), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(text("LOCK TABLE employees IN ACCESS EXCLUSIVE MODE"))
        yield conn


def test_a_statement_that_takes_too_long_ends_before_the_function_does(
    site: Site, locked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of("viewer")
    monkeypatch.setenv("OPSDB_STATEMENT_TIMEOUT_SECONDS", "1")
    forget()
    # Read now: while it calls, Chalice's test client lays the environment of the stage `dev` over ours.
    assert settings().statement_timeout_seconds == 1
    answer = Api(key).get("/employees")
    is_a_refusal(answer, 503, "Not available right now; try again", "the database took too long: ask for less at once")


def test_every_refusal_of_a_known_constraint_names_one_that_exists(site: Site) -> None:
    with make.written() as conn:
        constraints = set(conn.execute(text("SELECT conname FROM pg_constraint")).scalars())
        indexes = set(conn.execute(text("SELECT indexname FROM pg_indexes")).scalars())
        triggers = conn.execute(text("SELECT string_agg(prosrc, '') FROM pg_proc WHERE prosrc LIKE '%CONSTRAINT =%'"))
        raised = triggers.scalar_one()
    by_trigger = {"schedules_archived", "attendances_archived", "month_closed"}
    by_trigger |= {"points_never_below_zero", "users_last_admin", "erased_when_gone"}
    assert (CONFLICTS.keys() | INVALID.keys() | MISSING.keys()) - constraints - indexes == by_trigger
    assert "'points_never_below_zero'" in raised
    assert "'_archived'" in raised
    assert "'month_closed'" in raised
