"""The API as a caller finds it right after a release."""

import socket
import time
import urllib.error
import urllib.request

from opsdb_deploy import cloud as clouds
from opsdb_deploy.cloud import DeployError

READY_WITHIN_SECONDS = 180.0
"""A first start makes the network interfaces, which takes its time."""

ANSWER_WITHIN_SECONDS = 35

UNNAMED = "nothing (its name is not known)"


class NoSuchName(Exception):
    """The address does not resolve: its owner has still to make it."""


def check(address: str, *, key: str | None, within: float | None = None) -> list[str]:
    """What was seen, one sentence each: alive, ready, closed to strangers, open to the key; DeployError when not.

    Waits so many seconds for the first two. Raises NoSuchName where the name is not there to be asked.
    """
    until = time.monotonic() + (READY_WITHIN_SECONDS if within is None else within)
    for path in ("/api/health", "/api/health/ready"):
        while (status := _status(address + path)) != 200:
            if time.monotonic() > until:
                raise _not_ready(address, path, status)
            time.sleep(clouds.POLL_SECONDS)
    seen = ["It is alive, and reaches its database."]
    _expect(address, 401, key=None)
    seen.append("Without a key it answers 401.")
    if key:
        _expect(address, 200, key=key)
        seen.append("With the key it answers 200.")
    return seen


def _not_ready(address: str, path: str, status: int | str) -> Exception:
    if status == UNNAMED:
        return NoSuchName(address)
    return DeployError(f"{address}{path} answers {status}; the function's log says why")


def _expect(address: str, wanted: int, *, key: str | None) -> None:
    status = _status(f"{address}/api/employees?limit=1", key)
    if status != wanted:
        with_key = "with the key" if key else "without a key"
        raise DeployError(f"{address}/api/employees answers {status} {with_key}, not {wanted}")


def _status(url: str, key: str | None = None) -> int | str:
    """The status of the answer, or why there was none."""
    request = urllib.request.Request(url, headers={"X-API-Key": key} if key else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_SECONDS) as answer:  # noqa: S310  # nosec B310  # our own stack's
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError as error:
        if isinstance(error.reason, socket.gaierror):
            return UNNAMED
        return f"nothing ({error.reason})"
    except OSError as error:
        return f"nothing ({error})"
