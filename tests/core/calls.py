"""Requests as API Gateway hands them over (HTTP API, payload format 1.0), straight to the deployed handler."""

import base64
import json
from typing import Any

from app import app


class Context:
    """What Lambda gives beside the event."""

    aws_request_id = "lambda-1"
    function_name = "api_handler"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def gateway(
    method: str,
    resource: str,
    *,
    variables: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    encoded: bool = False,
    request_id: str = "gateway-1",
) -> dict[str, Any]:
    """The handler's whole answer; `encoded` sends the body in base64, as the gateway may."""
    text = None if body is None else base64.b64encode(body).decode() if encoded else body.decode()
    event = {
        "version": "1.0",
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": variables,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "requestId": request_id},
        "body": text,
        "isBase64Encoded": encoded,
    }
    answer: dict[str, Any] = app(event, Context())
    answer["headers"] = {name.lower(): value for name, value in answer["headers"].items()}
    answer["json"] = json.loads(answer["body"]) if answer["body"] else None
    return answer
