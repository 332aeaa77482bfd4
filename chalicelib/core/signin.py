"""Signing in to RDS with an IAM token instead of a password: made on the spot, kept nowhere, good for 15 minutes.

A token is a request to connect, presigned with AWS's Signature Version 4. It is made here with hmac alone: importing
botocore for it would cost a cold start 130 ms.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.core.clock import now
from chalicelib.core.settings import settings

SECONDS = 900
"""How long a token can open a connection; one that is open stays."""

UNPROVED = {
    "certificate verify failed": "the database's certificate is signed by nobody whom its sslrootcert names: if Amazon"
    " has a new authority, bring chalicelib/core/certificates/rds.pem up to date (docs/settings.md); if not, somebody"
    " else answers in its place",
    "does not match host name": "the database's certificate is for another host: connect by the name that the server"
    " itself goes by (OPSDB_DATABASE_HOST, the host of a URL or secret), not by an alias or an address",
}
"""What libpq says of a server that cannot prove who it is -> what to do."""


def by_token(connect: Callable[..., Any], given: dict[str, Any]) -> Any:
    """What `connect` makes of libpq's parameters, with a token where `with_token` puts one."""
    return connect(**with_token(given))


@contextmanager
def explained() -> Iterator[None]:
    """Connecting; a server that cannot prove who it is, is refused with what to do about it."""
    from psycopg2 import OperationalError

    try:
        yield
    except OperationalError as error:
        for said, advice in UNPROVED.items():
            if said in str(error):
                raise OperationalError(f"{advice} ({str(error).strip()})") from error
        raise


def with_token(connection: dict[str, Any]) -> dict[str, Any]:
    """libpq's parameters, with a fresh token as the password where they go to our RDS instance without one."""
    ours = settings().database_host
    if connection.get("password") or ours is None or connection.get("host") != ours:
        return connection
    host, port, user = connection["host"], int(connection.get("port") or 5432), connection["user"]
    return {**connection, "password": token(host=host, port=port, user=user, now=now())}


def token(*, host: str, port: int, user: str, now: datetime) -> str:
    """The token that lets the database role `user` in, signed as whom the `AWS_*` variables say this process is."""
    region, stamp = os.environ["AWS_DEFAULT_REGION"], now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/rds-db/aws4_request"
    query = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if session := os.environ.get("AWS_SESSION_TOKEN"):
        query["X-Amz-Security-Token"] = session
    asked = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    request = f"GET\n/\n{asked}\nhost:{host}:{port}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for part in (*scope.split("/"), to_sign):
        signed = hmac.new(key, part.encode(), hashlib.sha256)
        key = signed.digest()
    return f"{host}:{port}/?{asked}&X-Amz-Signature={signed.hexdigest()}"
