"""What outlives the stacks of a stage: found, told with what it costs, and, when that is asked for by name, deleted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from opsdb_deploy import buckets
from opsdb_deploy.cloud import Cloud
from opsdb_deploy.refusals import code

KEY_WINDOW_DAYS = 30
SECRET_WINDOW_DAYS = 7
"""For so long AWS can take a deletion back."""

STORED = "0.023 USD per GB and month, less in Glacier"
SNAPSHOT = "0.095 USD per GB and month"


@dataclass(frozen=True)
class Left:
    """One thing that stayed: what it is in words, its AWS type, its id, and what it costs to forget it."""

    what: str
    type: str
    id: str
    costs: str


KINDS = {
    "AWS::S3::Bucket": ("bucket", STORED),
    "AWS::KMS::Key": ("key", "1 USD a month"),
    "AWS::SecretsManager::Secret": ("secret", "0.40 USD a month"),
    "AWS::SQS::Queue": ("queue", "nothing; its messages go after 14 days"),
    "AWS::Cognito::UserPool": ("user pool", "nothing while nobody signs in"),
}
"""Types that the templates keep -> what they are called, what they cost."""


GONE = {
    "NotFoundException",
    "ResourceNotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}
"""What services answer who asks for something that is no more."""


def found(cloud: Cloud) -> list[Left]:
    """Everything of the stage that is still there, once its stacks are gone. Nothing remembers it after 90 days."""
    kept = {one.id: one for one in _skipped(cloud) if _is_there(cloud, one)}
    return [*kept.values(), *_snapshots(cloud), *_automated(cloud)]


def _skipped(cloud: Cloud) -> Iterator[Left]:
    """What deleted stacks left in place, as their events say."""
    cloudformation = cloud.client("cloudformation")
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    stacks = [one for page in pages for one in page["StackSummaries"] if one["StackName"].startswith(cloud.stack(""))]
    for stack in stacks:
        for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"]):
            for event in page["StackEvents"]:
                if event["ResourceStatus"] == "DELETE_SKIPPED" and event["ResourceType"] in KINDS:
                    what, costs = KINDS[event["ResourceType"]]
                    yield Left(what, event["ResourceType"], event["PhysicalResourceId"], costs)


def _is_there(cloud: Cloud, one: Left) -> bool:
    service, look = LOOKS[one.type]
    client = cloud.client(service)
    try:
        return look(cloud, client, one.id)
    except client.exceptions.ClientError as error:
        if code(error) in GONE:
            return False
        raise


def _queue_exists(cloud: Cloud, client: Any, id: str) -> bool:
    return bool(client.get_queue_attributes(QueueUrl=id, AttributeNames=["QueueArn"]))


LOOKS: dict[str, tuple[str, Callable[[Cloud, Any, str], bool]]] = {
    "AWS::S3::Bucket": ("s3", lambda cloud, client, id: buckets.is_there(cloud, id)),
    "AWS::KMS::Key": (
        "kms",
        lambda cloud, client, id: client.describe_key(KeyId=id)["KeyMetadata"]["KeyState"] != "PendingDeletion",
    ),
    "AWS::SecretsManager::Secret": (
        "secretsmanager",
        lambda cloud, client, id: not client.describe_secret(SecretId=id).get("DeletedDate"),
    ),
    "AWS::SQS::Queue": ("sqs", _queue_exists),
    "AWS::Cognito::UserPool": (
        "cognito-idp",
        lambda cloud, client, id: bool(client.describe_user_pool(UserPoolId=id)),
    ),
}


def _snapshots(cloud: Cloud) -> Iterator[Left]:
    rds, name = cloud.client("rds"), cloud.stack("").rstrip("-")
    for one in rds.describe_db_snapshots(DBInstanceIdentifier=name, SnapshotType="manual")["DBSnapshots"]:
        yield Left("final snapshot", "snapshot", one["DBSnapshotIdentifier"], SNAPSHOT)
    for one in rds.describe_db_cluster_snapshots(DBClusterIdentifier=name, SnapshotType="manual")["DBClusterSnapshots"]:
        yield Left("final snapshot", "cluster snapshot", one["DBClusterSnapshotIdentifier"], SNAPSHOT)


def _automated(cloud: Cloud) -> Iterator[Left]:
    rds, name = cloud.client("rds"), cloud.stack("").rstrip("-")
    costs = f"{SNAPSHOT}, until its days are over"
    try:
        there = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=name)["DBInstanceAutomatedBackups"]
    except rds.exceptions.DBInstanceAutomatedBackupNotFoundFault:
        there = []
    for one in there:
        yield Left("automated backup", "automated backup", one["DbiResourceId"], costs)
    try:
        there = rds.describe_db_cluster_automated_backups(DBClusterIdentifier=name)["DBClusterAutomatedBackups"]
    except rds.exceptions.DBClusterAutomatedBackupNotFoundFault:
        there = []
    for one in there:
        yield Left("automated backup", "cluster automated backup", one["DbClusterResourceId"], costs)


# --- deleting


def without_empty_queues(cloud: Cloud, left: list[Left]) -> list[Left]:
    """What is left once queues that hold nothing are deleted: they would only be in the way of a stage made anew."""
    sqs = cloud.client("sqs")
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    kept = []
    for one in left:
        if one.type == "AWS::SQS::Queue":
            held = sqs.get_queue_attributes(QueueUrl=one.id, AttributeNames=counts)["Attributes"]
            if not any(int(held[count]) for count in counts):
                sqs.delete_queue(QueueUrl=one.id)
                continue
        kept.append(one)
    return kept


def deleted(cloud: Cloud, left: list[Left]) -> list[Left]:
    """Delete it all for good; what could not be, being locked, and the keys that it needs."""
    locked: list[Left] = []
    # Keys last: what could not be deleted stays readable.
    for one in sorted(left, key=lambda each: each.type == "AWS::KMS::Key"):
        if (one.type == "AWS::KMS::Key" and locked) or not _gone(cloud, one):
            locked.append(one)
        else:
            cloud.talk.say(f"  {one.what} {one.id} {WORDS.get(one.type, 'deleted')}")
    return locked


WORDS = {
    "AWS::KMS::Key": f"goes in {KEY_WINDOW_DAYS} days, unless somebody cancels that",
    "AWS::SecretsManager::Secret": f"goes in {SECRET_WINDOW_DAYS} days, unless somebody cancels that",
}


def _gone(cloud: Cloud, one: Left) -> bool:
    if one.type == "AWS::S3::Bucket":
        return _bucket_gone(cloud, one.id)
    service, request = DELETES[one.type]
    request(cloud.client(service), one.id)
    return True


def _bucket_gone(cloud: Cloud, bucket: str) -> bool:
    refused = buckets.emptied(cloud, bucket)
    if refused:
        cloud.talk.say(f"  bucket {bucket} keeps {refused} objects: object lock holds them until their time is over")
        return False
    cloud.client("s3").delete_bucket(Bucket=bucket)
    return True


def _pool_gone(client: Any, id: str) -> None:
    client.update_user_pool(UserPoolId=id, DeletionProtection="INACTIVE")
    client.delete_user_pool(UserPoolId=id)


DELETES: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "AWS::KMS::Key": (
        "kms",
        lambda client, id: client.schedule_key_deletion(KeyId=id, PendingWindowInDays=KEY_WINDOW_DAYS),
    ),
    "AWS::SecretsManager::Secret": (
        "secretsmanager",
        lambda client, id: client.delete_secret(SecretId=id, RecoveryWindowInDays=SECRET_WINDOW_DAYS),
    ),
    "AWS::SQS::Queue": ("sqs", lambda client, id: client.delete_queue(QueueUrl=id)),
    "AWS::Cognito::UserPool": ("cognito-idp", _pool_gone),
    "snapshot": ("rds", lambda client, id: client.delete_db_snapshot(DBSnapshotIdentifier=id)),
    "cluster snapshot": ("rds", lambda client, id: client.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=id)),
    "cluster automated backup": (
        "rds",
        lambda client, id: client.delete_db_cluster_automated_backup(DbClusterResourceId=id),
    ),
    "automated backup": ("rds", lambda client, id: client.delete_db_instance_automated_backup(DbiResourceId=id)),
}
