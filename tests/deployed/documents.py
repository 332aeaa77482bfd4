"""The documents that AWS hands to a function, in the shapes it was seen to send."""

import base64
import json
import time
import uuid
from typing import Any
from urllib.parse import quote

from chalicelib.core.storage import s3
from local import events

REGION = "us-east-1"


def request(
    method: str,
    route: str,
    *,
    path: dict[str, Any] | None = None,
    query: dict[str, list[str]] | None = None,
    body: Any = None,
    key: str | None = None,
    encoded: bool = False,
) -> dict[str, Any]:
    """An HTTP API's request in payload format 1.0; `route` with its variables, `path` their values."""
    sent = None if body is None else json.dumps(body)
    headers = {
        "Content-Length": str(len(sent or "")),
        "Host": "api0000000.execute-api.us-east-1.amazonaws.com",
        "User-Agent": "curl/8.5.0",
        "X-Amzn-Trace-Id": "Root=1-68f0a1b2-0123456789abcdef01234567",
        "X-Forwarded-For": "192.168.4.20",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "accept": "*/*",
        **({} if sent is None else {"content-type": "application/json"}),
        **({} if key is None else {"x-api-key": key}),
    }
    values = {name: str(value) for name, value in (path or {}).items()}
    return {
        "version": "1.0",
        "resource": route,
        "path": route.format(**values),
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: given[-1] for name, given in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "requestContext": _context(method, route, route.format(**values)),
        "pathParameters": values or None,
        "stageVariables": None,
        "body": base64.b64encode(sent.encode()).decode() if sent and encoded else sent,
        "isBase64Encoded": encoded,
    }


def _context(method: str, route: str, path: str) -> dict[str, Any]:
    return {
        "accountId": events.ACCOUNT,
        "apiId": "api0000000",
        "domainName": "api0000000.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "api0000000",
        "extendedRequestId": "SHjZ2i5tIAMEVDA=",
        "httpMethod": method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": "192.168.4.20",
            "user": None,
            "userAgent": "curl/8.5.0",
            "userArn": None,
        },
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": f"SHjZ2{uuid.uuid4().hex[:10]}=",
        "requestTime": "22/Nov/2026:10:00:00 +0000",
        "requestTimeEpoch": int(time.time() * 1000),
        "resourceId": f"{method} {route}",
        "resourcePath": route,
        "stage": "$default",
    }


def rest_request(
    method: str,
    route: str,
    *,
    path: dict[str, Any] | None = None,
    query: dict[str, list[str]] | None = None,
    body: Any = None,
    key: str | None = None,
    encoded: bool = True,
) -> dict[str, Any]:
    """The same request from a REST API of the stage v1: no version, the variables as they stood in the address.

    Its bodies come encoded where every type is declared as binary, as ours are.
    """
    http = request(method, route, path=path, query=query, body=body, key=key, encoded=encoded and body is not None)
    values = {name: quote(value, safe="") for name, value in (http["pathParameters"] or {}).items()}
    headers = {
        "Accept": "*/*",
        "CloudFront-Forwarded-Proto": "https",
        "Host": "rest000000.execute-api.us-east-1.amazonaws.com",
        **{name: value for name, value in http["headers"].items() if name not in {"accept", "Host", "Content-Length"}},
    }
    return {
        **{name: value for name, value in http.items() if name != "version"},
        "path": route.format(**values),
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "pathParameters": values or None,
        "requestContext": _rest_context(method, route, route.format(**values)),
    }


def _rest_context(method: str, route: str, path: str) -> dict[str, Any]:
    identity = {"apiKey": None, "apiKeyId": None, "cognitoIdentityPoolId": None, "sourceIp": "192.168.4.20"}
    return {
        **_context(method, route, path),
        "apiId": "rest000000",
        "deploymentId": "d5v3gh",
        "domainName": "rest000000.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "rest000000",
        "identity": {**_context(method, route, path)["identity"], **identity},
        "path": f"/v1{path}",
        "requestId": str(uuid.uuid4()),
        "resourceId": "q1w2e3",
        "stage": "v1",
    }


def put(bucket: str, key: str, body: bytes, **metadata: str) -> dict[str, Any]:
    """Really put an object there; the event that S3 sends for it."""
    s3().put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
    [stored] = s3().list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    etag = stored["ETag"].strip('"')
    version = events.Version(key, stored["VersionId"], etag, stored["Size"], stored["LastModified"])
    return events.object_created(bucket, version, region=REGION, configuration="on_upload")


def s3_test(bucket: str) -> dict[str, Any]:
    """What S3 sends once, when a notification is set up."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-22T10:00:00.000Z",
        "Bucket": bucket,
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
    }
