"""The user pool's public keys, handed to the functions: they check tokens with them, and reach no pool."""

import json
import urllib.error
import urllib.request
from typing import Any

from opsdb_deploy import schema, stacks
from opsdb_deploy.cloud import Cloud, DeployError

PUBLIC = ("kid", "kty", "alg", "use", "n", "e")
WITHIN_SECONDS = 10


def deliver(cloud: Cloud) -> str:
    """Hand over what the stage's pool signs with now; what was done, in words. DeployError where it cannot be."""
    found = stacks.outputs(cloud, cloud.stack("edge"))
    if "TokenIssuer" not in found:
        raise DeployError(f"{cloud.stage} has no user pool: deploy it first, and not by Chalice")
    keys = published(found["TokenIssuer"])
    pool = {
        "issuer": found["TokenIssuer"],
        "client_id": found["UserPoolClient"],
        "address": found.get("SignInAddress"),
        "public_keys": keys,
    }
    schema.called(cloud, schema.MIGRATE, {"sign_in": pool})
    return f"The functions know what the user pool signs with: {len(keys)} keys."


def published(issuer: str) -> list[dict[str, Any]]:
    """The keys that an issuer publishes; nothing of them is secret."""
    address = f"{issuer}/.well-known/jwks.json"
    try:
        with urllib.request.urlopen(address, timeout=WITHIN_SECONDS) as answer:  # noqa: S310  # nosec B310  # an output of our stack
            keys = json.load(answer)["keys"]
        return [{name: one[name] for name in PUBLIC if name in one} for one in keys if one["kid"]]
    except (urllib.error.URLError, TimeoutError, ValueError, KeyError, TypeError) as error:
        raise DeployError(f"{address} gave no keys ({error}): try `opsdb keys refresh` when it does") from None
