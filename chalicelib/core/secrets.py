"""User and password out of Secrets Manager, where a rotation may change both at any moment."""

import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.core.certificates import PROVED
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings

if TYPE_CHECKING:
    from aws_secretsmanager_caching import SecretCache
    from botocore.client import BaseClient

log = logging.getLogger(__name__)

CURRENT = "AWSCURRENT"
AGAIN = ((0.0, CURRENT), (0.0, "AWSPENDING"), (0.0, "AWSPREVIOUS"), (0.5, CURRENT), (1.0, CURRENT))
"""What else may open a database that refused: seconds to wait first, and which version of the secret.

A rotation changes database and secret one after the other. In between, the version that fits is the one about to come,
or the one just gone; where somebody does it by hand, the current one a moment later.
"""


class Secret:
    """A secret as RDS writes them: username and password, and where they lead, as far as the settings do not say."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client = _client()
        self._kept = self._cache()

    def sign_in(self, connect: Callable[..., Any], given: dict[str, Any]) -> Any:
        """What `connect` makes of `given` and the secret, which is looked at again when the database refuses.

        Raises the first refusal, or Unavailable when the secret cannot be read.
        """
        from psycopg2 import OperationalError

        tried = [self._read(self._kept)]
        try:
            return connect(**given, **(tried[0] or {}))
        except OperationalError as error:
            refusal = error
        # A server that does not answer at all may have moved; only one that refuses a password is asked repeatedly.
        for seconds, version in AGAIN if "authentication failed" in str(refusal) else AGAIN[:1]:
            time.sleep(seconds)
            found = self._afresh(version)
            if found is None or (found in tried and not seconds):
                continue
            tried.append(found)
            try:
                opened = connect(**given, **found)
            except OperationalError:
                continue
            log.info("the database refused what was kept of its secret, and took %s", version)
            return opened
        raise refusal

    def _afresh(self, version: str) -> dict[str, Any] | None:
        # The cache's own way to refresh sleeps for seconds first.
        cache = self._cache()
        found = self._read(cache, version)
        self._kept = cache
        return found

    def _cache(self) -> "SecretCache":
        from aws_secretsmanager_caching import SecretCache

        return SecretCache(client=self._client)

    def _read(self, cache: "SecretCache", version: str = CURRENT) -> dict[str, Any] | None:
        """libpq's parameters in that version of the secret, None where there is no such version."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            text = cache.get_secret_string(self._arn, version)
            if text is None and version != CURRENT:
                return None
            return _parameters(json.loads(text))
        except (BotoCoreError, ClientError, ValueError, TypeError, KeyError) as error:
            raise Unavailable(
                "the database's password cannot be read: look at the secret that DB_SECRET_ARN names, at the way to"
                " Secrets Manager, and at the function's rights"
            ) from error


def _client() -> "BaseClient":
    import botocore.session
    from botocore.config import Config

    # Well within the API's 30 seconds, also when nobody answers.
    patience = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    return botocore.session.get_session().create_client("secretsmanager", config=patience)


def _parameters(secret: dict[str, Any]) -> dict[str, Any]:
    return {
        "host": secret.get("host") or settings().require("database_host"),
        "port": int(secret.get("port") or 5432),
        "dbname": secret.get("dbname") or "opsdb",
        "user": secret["username"],
        "password": secret["password"],
        **PROVED,
    }
