"""Going back to the release before, and taking a stage away with or without its data."""

import json
from typing import Any

import pytest

from tests.deploying.conftest import REGION, Account

GOING = ["opsdb-dev-watch", "opsdb-dev-edge", "opsdb-dev-app", "opsdb-dev-data", "opsdb-dev-network"]


def rollback(account: Account) -> Any:
    return account.opsdb("deploy", "--stage", "dev", "--rollback", "--yes")


def code(account: Account) -> str:
    """The key of the code that answers requests."""
    [app] = account.client("cloudformation").describe_stacks(StackName="opsdb-dev-app")["Stacks"]
    return next(one["ParameterValue"] for one in app["Parameters"] if one["ParameterKey"] == "CodeKey")


def destroy(account: Account, *arguments: str, stage: str = "dev") -> Any:
    return account.opsdb("destroy", "--stage", stage, "--yes", *arguments)


def buckets(account: Account) -> list[str]:
    return [one["Name"] for one in account.client("s3").list_buckets()["Buckets"]]


def test_going_back_takes_the_code_and_leaves_schema_and_parameters(account: Account) -> None:
    account.deploy()
    assert "no release of dev before this one" in rollback(account).output
    first = code(account)
    account.deploy("--set", "ThrottlingRate=20", head="0002")
    second = code(account)
    account.calls.clear()
    done = rollback(account)
    assert done.exit_code == 0, done.output
    assert code(account) == first != second
    assert "The schema stays at 0002" in done.output
    assert [function for function, _, _ in account.events[5:]] == [], "no function was called"
    [edge] = account.client("cloudformation").describe_stacks(StackName="opsdb-dev-edge")["Stacks"]
    assert {"ParameterKey": "ThrottlingRate", "ParameterValue": "20"} in edge["Parameters"]
    assert rollback(account).exit_code == 1, "there is nothing before the first"
    assert code(account) == first
    assert account.deploy(head="0002").exit_code == 0
    assert code(account) == second


def test_every_finished_release_is_written_down(account: Account) -> None:
    account.deploy("--set", "PageUrl=https://pages.example.com/its-own-password")
    bucket = account.output("opsdb-dev-data", "ReleasesBucket")
    [kept] = account.client("s3").list_objects_v2(Bucket=bucket, Prefix="releases/")["Contents"]
    text = account.client("s3").get_object(Bucket=bucket, Key=kept["Key"])["Body"].read().decode()
    record = json.loads(text)
    assert (record["version"], record["revision"], record["code"]) == ("0001", "0001", code(account))
    assert record["templates"].keys() == {"app", "edge", "watch"}
    assert record["by"].startswith("arn:aws:iam::")
    assert "its-own-password" not in text


def test_a_stage_goes_and_its_data_stays_and_is_taken_over_by_the_next(account: Account) -> None:
    account.deploy()
    s3, uploads = account.client("s3"), account.output("opsdb-dev-data", "UploadsBucket")
    s3.put_object(Bucket=uploads, Key="direct/sheet.xlsx", Body=b"rows")
    account.calls.clear()
    done = destroy(account)
    assert done.exit_code == 0, done.output
    removed = [call.given["StackName"] for call in account.calls if call.name == "cloudformation.DeleteStack"]
    assert removed == GOING
    assert account.stacks() == {}
    for words in ("final snapshot", "automated backup", uploads, "secret", "1 USD a month"):
        assert words in done.output
    assert len(buckets(account)) == 4
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket=uploads)
    again = account.deploy()
    assert again.exit_code == 0, again.output
    assert "take over  UploadsBucket" in again.output
    assert s3.get_object(Bucket=uploads, Key="direct/sheet.xlsx")["Body"].read() == b"rows"


@pytest.mark.proof
def test_data_goes_only_when_it_is_named(account: Account) -> None:
    account.deploy()
    wrong = destroy(account, "--delete-data", "opsdb-prod")
    assert wrong.exit_code == 2
    assert len(account.stacks()) == 5
    s3, bucket = account.client("s3"), account.output("opsdb-dev-data", "BackupsBucket")
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="backups/dump", Body=body)
    s3.create_multipart_upload(Bucket=bucket, Key="backups/half")
    secret = account.output("opsdb-dev-data", "SecretKeyArn")
    done = destroy(account, "--delete-data", "opsdb-dev")
    assert done.exit_code == 0, done.output
    assert "nothing stays" in done.output
    assert buckets(account) == []
    assert account.client("rds").describe_db_snapshots()["DBSnapshots"] == []
    assert account.client("secretsmanager").describe_secret(SecretId=secret)["DeletedDate"]
    keys = account.client("kms")
    states = [keys.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"] for one in keys.list_keys()["Keys"]]
    assert set(states) == {"PendingDeletion"}


@pytest.mark.proof
def test_locked_dumps_are_left_alone_and_so_is_their_key(account: Account) -> None:
    account.deploy("--set", "BackupsLockDays=7")
    s3, bucket = account.client("s3"), account.output("opsdb-dev-data", "BackupsBucket")
    s3.put_object(Bucket=bucket, Key="backups/dump", Body=b"dump")
    refused = {"Errors": [{"Key": "backups/dump", "Code": "AccessDenied"}]}
    deleting = "s3.DeleteObjects"
    account.before.append(lambda call: refused if call.name == deleting and call.given["Bucket"] == bucket else None)
    done = destroy(account, "--delete-data", "opsdb-dev")
    assert done.exit_code == 0, done.output
    assert "object lock" in done.output
    assert buckets(account) == [bucket]
    assert "bypass" not in str(account.calls).lower()
    keys = account.client("kms")
    states = [keys.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"] for one in keys.list_keys()["Keys"]]
    assert "PendingDeletion" not in states


@pytest.mark.proof
def test_a_protected_database_keeps_everything_where_it_is(account: Account) -> None:
    account.deploy("--set", "CustomerGatewayIp=192.0.2.10", stage="prod")
    done = destroy(account, "--delete-data", "opsdb-prod", stage="prod")
    assert done.exit_code == 1
    assert "--no-deletion-protection" in done.output
    assert len(account.stacks()) == 5
    assert REGION in buckets(account)[0]
