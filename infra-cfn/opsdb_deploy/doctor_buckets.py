"""The buckets: closed, encrypted, versioned; the uploads' one wired to its function; the newest backup."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core.storage import BACKUPS, backup_of
from opsdb_deploy.doctor import Found, each, ok, problem
from opsdb_deploy.doctor_subject import Stage

TOO_OLD = timedelta(hours=26)
AGAIN = "somebody changed it by hand: deploy the data stack again"
NAMES = ("UploadsBucket", "BackupsBucket", "ReleasesBucket")
NOTHING_SET = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
}


def settings(stage: Stage) -> Iterable[Found]:
    """Each bucket by each of its settings."""
    return each(NAMES, lambda output: _judged(stage.client("s3"), stage.needed("data", output)))


def _judged(s3: Any, bucket: str) -> Iterator[Found]:
    found = list(each(RIGHT.items(), lambda one: () if one[1](s3, bucket) else [problem(f"{bucket} {one[0]}", AGAIN)]))
    yield from found
    if not found:
        yield ok(f"{bucket} is closed, encrypted, versioned, TLS only, tidied up")


def _set(ask: Callable[..., Any], bucket: str) -> Mapping[str, Any]:
    """The answer, empty where S3 says that nothing is set."""
    from botocore.exceptions import ClientError

    try:
        answer: Mapping[str, Any] = ask(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOTHING_SET:
            return {}
        raise
    return answer


def _closed(s3: Any, bucket: str) -> bool:
    blocks = _set(s3.get_public_access_block, bucket).get("PublicAccessBlockConfiguration", {})
    return len(blocks) == 4 and all(blocks.values())


def _encrypted(s3: Any, bucket: str) -> bool:
    told = _set(s3.get_bucket_encryption, bucket).get("ServerSideEncryptionConfiguration", {"Rules": []})
    used = [one.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for one in told["Rules"]]
    return used == ["aws:kms"]


def _versioned(s3: Any, bucket: str) -> bool:
    return bool(_set(s3.get_bucket_versioning, bucket).get("Status") == "Enabled")


def _tls_only(s3: Any, bucket: str) -> bool:
    policy = json.loads(_set(s3.get_bucket_policy, bucket).get("Policy", '{"Statement": []}'))
    return any(
        one["Effect"] == "Deny"
        and str(one.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")).lower() == "false"
        for one in policy["Statement"]
    )


def _tidied(s3: Any, bucket: str) -> bool:
    rules = _set(s3.get_bucket_lifecycle_configuration, bucket).get("Rules", [])
    return any(one["Status"] == "Enabled" and "AbortIncompleteMultipartUpload" in one for one in rules)


RIGHT: dict[str, Callable[[Any, str], bool]] = {
    "may be opened to the public": _closed,
    "is not encrypted with our key": _encrypted,
    "does not keep what is overwritten": _versioned,
    "takes plain HTTP": _tls_only,
    "keeps half an upload for ever": _tidied,
}
"""What is wrong with a bucket -> how one sees that it is not."""


def notification(stage: Stage) -> Iterable[Found]:
    """A sheet that arrives starts the function: without it only the sweep would see it, a quarter of an hour late."""
    bucket = stage.needed("data", "UploadsBucket")
    wanted = json.loads(stage.needed("app", "UploadsNotification"))["LambdaFunctionConfigurations"]
    told = stage.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    if list(map(_essence, told.get("LambdaFunctionConfigurations", []))) == list(map(_essence, wanted)):
        yield ok(f"{wanted[0]['LambdaFunctionArn'].rpartition(':')[2]} is told of what arrives in {bucket}")
    else:
        todo = "put it as infra-cfn/README.md does, from the app stack's output UploadsNotification"
        yield problem(f"{bucket} tells nobody of what arrives, or somebody else", todo)


def _essence(one: Mapping[str, Any]) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = sorted((rule["Name"].lower(), rule["Value"]) for rule in rules)
    return one["LambdaFunctionArn"], tuple(sorted(one["Events"])), tuple(filters)


def newest_backup(stage: Stage) -> Iterable[Found]:
    """By the manifests' names, which begin with their time: whoever looks need not be allowed to read them."""
    entry, bucket = "the-newest-backup-is-too-old", stage.needed("data", "BackupsBucket")
    times = sorted(_times(stage.client("s3"), bucket))
    if not times:
        yield problem(f"there is none in {bucket}", "invoke the nightly_backup function, and see what it logs", entry)
        return
    age = stage.now - times[-1]
    said = f"the newest of {len(times)} began {age.total_seconds() / 3600:.0f} hours ago"
    yield ok(said) if age <= TOO_OLD else problem(said, "see why the nightly one failed, and make one now", entry)


def _times(s3: Any, bucket: str) -> Iterator[datetime]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=BACKUPS):
        for one in page.get("Contents", ()):
            backup_id = backup_of(one["Key"])
            if backup_id and one["Key"].endswith(".json") and "-safety-" not in backup_id:
                yield datetime.strptime(backup_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
