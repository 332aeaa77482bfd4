"""The user pool: do the functions know the keys that it signs with?"""

import json
from collections.abc import Iterable

from opsdb_deploy import pool
from opsdb_deploy.doctor import Found, ok, problem, warning
from opsdb_deploy.doctor_subject import Stage


def keys(stage: Stage) -> Iterable[Found]:
    """Those that it publishes are those that were delivered; whoever comes with a token of another is turned away."""
    published = {one["kid"] for one in pool.published(stage.needed("edge", "TokenIssuer"))}
    delivered = _delivered(stage)
    todo = f"opsdb keys refresh --stage {stage.name}"
    if new := published - delivered:
        yield problem(f"{len(new)} of its {len(published)} keys are unknown to the functions", todo)
    if gone := delivered - published:
        yield warning(f"the functions believe {len(gone)} that it publishes no more", todo)
    if published == delivered:
        yield ok(f"the functions know its {len(published)} keys")


def _delivered(stage: Stage) -> set[str]:
    """Their ids, as the function in the VPC finds them; RuntimeError when it fails, in its words."""
    asked = {"FunctionName": f"opsdb-{stage.name}-migrate", "Payload": b'{"plan": true}'}
    answer = stage.client("lambda").invoke(**asked)
    told = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise RuntimeError(f"{asked['FunctionName']} failed: {told.get('errorMessage', 'its log says why')}")
    return set(told.get("keys", ()))
