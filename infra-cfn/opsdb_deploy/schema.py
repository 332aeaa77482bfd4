"""The schema, by the functions in the VPC: what stands, the first steps, a dump before it changes, the change."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.refusals import code
from opsdb_deploy.release import Artifact

MIGRATE, BACKUP = "migrate", "nightly_backup"

Key = dict[str, str | bool]

FIRST_KEY: Key = {"name": "first admin key"}
"""For a stage where no admin has a key that lives; none is made where one has."""

PROVEN = {"backup_id", "sha256", "tables"}
"""What the answer of the backup function has when it made a dump and read it back."""


@dataclass(frozen=True)
class Standing:
    """The revision that the schema is at, where there is one, and the one that the release is made for."""

    current: str | None
    head: str


def offer(cloud: Cloud, zipped: Artifact, bucket: str) -> None:
    """Give the migrate function the release's code, unless it has it; nothing else runs it yet."""
    name = cloud.function(MIGRATE)
    functions = cloud.client("lambda")
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    if functions.get_function_configuration(FunctionName=name)["CodeSha256"] == zipped.as_lambda_has_it:
        return
    functions.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key=zipped.key)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def standing(cloud: Cloud) -> Standing:
    found = called(cloud, MIGRATE, {"plan": True})
    return Standing(found["current"], found["head"])


def bootstrapped(cloud: Cloud, master_secret: str) -> dict[str, Any]:
    """Make the roles, the database, the schema and the first key, as the master user.

    The master user's password is read here, goes into this one call and nowhere else.
    """
    found = cloud.client("secretsmanager").get_secret_value(SecretId=master_secret)
    secret = json.loads(found["SecretString"])
    administrator = {"username": secret["username"], "password": secret["password"]}
    asked = {"bootstrap": administrator, "admin_key": FIRST_KEY}
    answer: dict[str, Any] = called(cloud, MIGRATE, asked, unsaid=secret["password"])
    return answer


def another_key() -> Key:
    return {"name": f"admin key of {datetime.now(UTC):%Y-%m-%d %H:%M}", "again": True}


def migrated(cloud: Cloud, *, key: Key | None) -> dict[str, Any]:
    """Bring the schema to the release's revision, and make an admin's key where one is asked for."""
    answer: dict[str, Any] = called(cloud, MIGRATE, {"admin_key": key} if key else {})
    return answer


def dumped(cloud: Cloud) -> str:
    """The id of a dump made now and read back; DeployError when there is none."""
    found = called(cloud, BACKUP, _as_scheduled(cloud))
    if not isinstance(found, dict) or not found.keys() >= PROVEN:
        said = found.get("state") if isinstance(found, dict) else None
        raise DeployError(
            f"there is no verified dump ({said or 'the function does not say that it made one'}), and the schema will"
            " change: try again when one can be made, or go without with --skip-dump"
        )
    return str(found["backup_id"])


def _as_scheduled(cloud: Cloud) -> dict[str, Any]:
    """What its schedule would send."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": cloud.identity["Account"],
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": cloud.region,
        "resources": [],
        "detail": {},
    }


def called(cloud: Cloud, function: str, event: dict[str, Any], *, unsaid: str | None = None) -> Any:
    """The function's answer; DeployError when it failed, in its words but for `unsaid`."""
    from botocore.exceptions import ClientError, ReadTimeoutError

    name = cloud.function(function)
    try:
        answer = cloud.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    except ReadTimeoutError:
        raise DeployError(f"{name} was not heard of for fifteen minutes; its log says why") from None
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            raise DeployError(f"there is no function {name}: the app stack was changed by hand") from None
        raise
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        said = f"{payload.get('errorType', 'failed')}: {payload.get('errorMessage', 'no reason given')}"
        raise DeployError(f"{name} failed ({said.replace(unsaid, '***') if unsaid else said})")
    return payload
