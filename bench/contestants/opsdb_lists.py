"""opsdb: GET requests as Lambda gets them, an HTTP API event (1.0) into the handler. Tells the key it made at first."""

import time
from types import SimpleNamespace
from typing import Any

from app import app
from bench.contestants.telling import asked, peak_mb, tell
from chalicelib.core import auth, db

CONTEXT = SimpleNamespace(aws_request_id="bench", function_name="api", get_remaining_time_in_millis=lambda: 30_000)


def event(path: str, query: dict[str, str], key: str) -> dict[str, Any]:
    headers = {"accept": "application/json", "host": "bench.example", "x-api-key": key}
    return {
        "version": "1.0",
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "requestContext": {
            "resourcePath": path,
            "path": path,
            "httpMethod": "GET",
            "requestId": "bench",
            "stage": "$default",
        },
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }


def get(path: str, query: dict[str, str], key: str) -> str:
    answer = app(event(path, query, key), CONTEXT)
    assert answer["statusCode"] == 200, answer
    body: str = answer["body"]
    return body


if __name__ == "__main__":
    with db.writing(db.Actor("bench")) as conn:
        _, key = auth.create_key(conn, name="bench", role="viewer")
    tell(key=key)
    for question in asked():
        seconds, body = [], ""
        for _ in range(question["calls"]):
            began = time.perf_counter()
            body = get(question["path"], question["query"], key)
            seconds.append(time.perf_counter() - began)
        tell(ms=[1000 * one for one in seconds], peak_mb=peak_mb(), body=body if question.get("show") else None)
