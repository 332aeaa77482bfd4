"""`opsdb deploy` against an emulated AWS: the order, doing it again, failing half-way, and what it must never show."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opsdb_deploy import pool
from opsdb_deploy.cloud import DeployError
from opsdb_deploy.wanted import PARTS
from tests.deploying.conftest import REGION, Account, Call
from tests.deploying.emulator_facts import MASTER_PASSWORD
from tests.deploying.standin import KEY

PUBLISHED = pool.published
"""The real one; everywhere else here no pool answers."""

STACKS = [f"opsdb-dev-{part}" for part in PARTS]


class Killed(BaseException):
    """The process ends here, and nothing of it is asked any more."""


def failing(name: str, error: Callable[[], BaseException], **given: str) -> Callable[[Call], None]:
    """Ends the request of that name, with those parameters, in the place of AWS."""

    def one(call: Call) -> None:
        if call.name == name and given.items() <= call.given.items():
            raise error()

    return one


def mentioned(account: Account, *names: str) -> list[str]:
    """Which of the names were asked of AWS, in the order of their first time."""
    return list(dict.fromkeys(call.name for call in account.calls if call.name in names))


def created(account: Account) -> list[str]:
    return [call.given["StackName"] for call in account.calls if call.name == "cloudformation.CreateChangeSet"]


# The first time


def test_a_first_deployment_ends_with_an_api_that_answers_and_the_first_key(account: Account) -> None:
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert account.stacks() == dict.fromkeys(STACKS, "CREATE_COMPLETE")
    assert created(account) == STACKS
    assert done.output.count(KEY) == 1
    assert account.output("opsdb-dev-edge", "Address") in done.output
    assert "With the key it answers 200." in done.output


def test_the_database_is_prepared_by_the_master_user_before_there_is_an_api(account: Account) -> None:
    api: list[bool] = []
    account.before.append(
        lambda call: api.append("opsdb-dev-edge" in account.stacks()) if call.name == "lambda.Invoke" else None
    )
    account.deploy()
    assert api == [False, False, True], "only what signs people in comes after it"
    [[_, plan, _], [function, asked, head]] = account.events
    assert (function, plan, head) == ("migrate", {"plan": True}, "0001")
    assert asked == {
        "bootstrap": {"username": "opsdb_admin", "password": MASTER_PASSWORD},
        "admin_key": {"name": "first admin key"},
    }


def test_the_bucket_tells_the_function_and_whom_it_told_before(account: Account) -> None:
    account.deploy()
    s3, bucket = account.client("s3"), account.output("opsdb-dev-data", "UploadsBucket")
    others = {"Id": "theirs", "LambdaFunctionArn": account.output("opsdb-dev-app", "SweepUploadsArn")}
    theirs = others | {"Events": ["s3:ObjectRemoved:*"]}
    there = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    assert [one["Id"] for one in there] == ["on_upload"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [theirs]}
    )
    assert account.deploy().exit_code == 0
    after = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    assert {one["Id"] for one in after} == {"theirs", "on_upload"}


def test_the_bucket_takes_files_from_the_consoles_pages_and_whom_it_took_them_from_before(account: Account) -> None:
    account.deploy()
    s3, bucket = account.client("s3"), account.output("opsdb-dev-data", "UploadsBucket")
    [ours] = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert ours["AllowedOrigins"] == [account.output("opsdb-dev-edge", "Address")]
    assert ours["AllowedMethods"] == ["POST"]
    theirs = {"ID": "theirs", "AllowedOrigins": ["https://theirs.example.com"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [theirs]})
    for _ in range(2):
        assert account.deploy().exit_code == 0
        assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [theirs, ours]


def test_no_secret_is_shown_written_or_sent_where_it_does_not_belong(account: Account) -> None:
    done = account.deploy()
    secret = account.client("secretsmanager").get_secret_value(
        SecretId=account.output("opsdb-dev-data", "SecretKeyArn")
    )["SecretString"]
    told = [json.dumps(call.given, default=str) for call in account.calls if call.name != "lambda.Invoke"]
    records = [
        path.read_text() for path in account.folder.iterdir() if path.suffix == ".json" and path != account.state
    ]
    for text in (done.output, *told, *records):
        assert MASTER_PASSWORD not in text
        assert secret not in text
    assert sum(MASTER_PASSWORD in str(call.given) for call in account.calls) == 1


# Again


def test_nothing_is_touched_when_nothing_changed(account: Account) -> None:
    account.deploy("--set", "PageMail=duty@example.com", "--set", "PageUrl=https://pages.example.com/secret-address")
    account.calls.clear()
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert done.output.count("no changes") == len(PARTS) + 1
    assert set(account.written()) <= {"cloudformation.CreateChangeSet", "cloudformation.DeleteChangeSet"}
    assert KEY not in done.output
    assert "secret-address" not in done.output


def test_a_stage_gets_another_key_when_asked(account: Account) -> None:
    account.deploy()
    done = account.deploy("--new-admin-key")
    assert KEY in done.output
    [function, asked, _] = account.events[-1]
    assert (function, asked["admin_key"]["again"]) == ("migrate", True)


def test_a_new_schema_stands_before_the_traffic_moves_and_after_a_dump(account: Account) -> None:
    account.deploy()
    account.calls.clear()
    done = account.deploy(head="0002")
    assert done.exit_code == 0, done.output
    assert [(function, head) for function, _, head in account.events[2:]] == [
        ("migrate", "0002"),
        ("nightly_backup", "0001"),
        ("migrate", "0002"),
    ]
    order = mentioned(account, "lambda.UpdateFunctionCode", "lambda.Invoke", "cloudformation.ExecuteChangeSet")
    assert order == ["lambda.UpdateFunctionCode", "lambda.Invoke", "cloudformation.ExecuteChangeSet"]
    account.calls.clear()
    older = account.deploy(head="0001")
    assert older.exit_code == 1
    assert "--rollback" in older.output, "its code does not know this schema"
    assert "cloudformation.ExecuteChangeSet" not in account.written()


def test_a_release_with_the_same_schema_needs_no_dump(account: Account) -> None:
    account.deploy()
    done = account.deploy(text="# newer")
    assert done.exit_code == 0, done.output
    assert [event for _, event, _ in account.events[2:]] == [{"plan": True}]


def test_without_a_good_dump_neither_schema_nor_traffic_moves(account: Account) -> None:
    account.deploy()
    for broken in ({"failing": "nightly_backup"}, {"backup": {"state": "already running"}}, {"backup": None}):
        account.database(**({"failing": None} | broken))
        account.calls.clear()
        done = account.deploy(head="0002")
        assert done.exit_code == 1
        assert "nightly_backup failed" in done.output or "no verified dump" in done.output
        assert account.revision == "0001"
        assert "cloudformation.ExecuteChangeSet" not in account.written()
    assert account.deploy("--skip-dump", head="0002").exit_code == 0
    assert account.revision == "0002"


# Stopped half-way


def test_it_goes_on_where_it_was_killed_between_two_stacks(account: Account) -> None:
    account.before.append(failing("cloudformation.CreateChangeSet", Killed, StackName="opsdb-dev-edge"))
    with pytest.raises(Killed):
        account.deploy()
    assert sorted(account.stacks()) == sorted(STACKS[:3])
    account.before.clear()
    account.calls.clear()
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert account.stacks() == dict.fromkeys(STACKS, "CREATE_COMPLETE")
    assert [event for _, event, _ in account.events if "bootstrap" in event] == [account.events[1][1]]


def test_the_first_key_is_shown_even_if_what_follows_fails(account: Account) -> None:
    account.database(status=503)
    done = account.deploy()
    assert done.exit_code == 1
    assert "answers 503" in done.output
    assert done.output.count(KEY) == 1
    account.database(status=None)


def test_a_first_migration_that_failed_is_made_good_by_the_next_run(account: Account) -> None:
    account.database(failing="migrate")
    done = account.deploy()
    assert done.exit_code == 1
    assert "migrate failed" in done.output
    assert MASTER_PASSWORD not in done.output
    account.database(failing=None)
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert KEY in done.output


def test_a_stack_that_could_not_be_made_says_why_and_is_made_again(account: Account) -> None:
    bucket = f"opsdb-dev-releases-{account.number}-{REGION}"

    def lose_the_layer(call: Call) -> None:
        if call.given.get("StackName") == "opsdb-dev-app" and call.name == "cloudformation.CreateChangeSet":
            for one in account.client("s3").list_objects_v2(Bucket=bucket, Prefix="client/")["Contents"]:
                account.client("s3").delete_object(Bucket=bucket, Key=one["Key"])

    account.before.append(lose_the_layer)
    done = account.deploy()
    assert done.exit_code == 1
    assert "opsdb-dev-app failed" in done.output
    assert "ClientLayer (AWS::Lambda::LayerVersion)" in done.output
    assert "cancelled" not in done.output
    assert account.stacks()["opsdb-dev-app"] == "ROLLBACK_COMPLETE"
    account.before.clear()
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert "was never completed" in done.output


def test_an_update_that_failed_leaves_the_release_in_force(account: Account) -> None:
    account.deploy()
    account.before.append(failing("cloudformation.ExecuteChangeSet", Killed))
    with pytest.raises(Killed):
        account.deploy(head="0002")
    account.before.clear()
    done = account.deploy(head="0002")
    assert done.exit_code == 0, done.output
    dumps = [function for function, _, _ in account.events if function == "nightly_backup"]
    assert len(dumps) == 1, "the schema was there already"


# Only looking


def test_looking_first_changes_nothing_and_leaves_nothing_behind(account: Account) -> None:
    done = account.deploy("--dry-run")
    assert done.exit_code == 0, done.output
    assert account.stacks() == {}
    assert "opsdb-dev-app would be created" in done.output
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.events == []


def test_looking_at_an_update_shows_it_and_leaves_it_undone(account: Account) -> None:
    account.deploy()
    before = account.client("s3").list_object_versions(Bucket=account.output("opsdb-dev-data", "ReleasesBucket"))
    done = account.deploy("--dry-run", "--set", "ThrottlingRate=20", head="0002")
    assert done.exit_code == 0, done.output
    assert "change  ApiStage" in done.output
    assert "change  ApiHandler" in done.output
    after = account.client("s3").list_object_versions(Bucket=account.output("opsdb-dev-data", "ReleasesBucket"))
    assert [one["Key"] for one in after["Versions"]] == [one["Key"] for one in before["Versions"]]
    assert account.waiting("opsdb-dev-edge") == []
    assert len(account.events) == 2


# Who agrees


def test_without_a_terminal_it_wants_a_yes_beforehand(account: Account) -> None:
    done = account.opsdb("deploy", "--stage", "dev", "--zip", str(account.zip("0001")), "--layer", str(account.layer()))
    assert done.exit_code == 2
    assert "--yes" in done.output
    assert account.calls == []


def test_what_holds_data_is_not_replaced_by_a_mere_yes(account: Account) -> None:
    account.deploy()
    account.calls.clear()
    done = account.deploy("--set", "SecretsEndpoint=no", "--set", "VpcCidr=10.77.0.0/16")
    assert done.exit_code == 1
    assert "--allow-replacement Vpc" in done.output
    assert "cloudformation.ExecuteChangeSet" not in account.written()
    assert account.waiting("opsdb-dev-network") == []


def test_programs_read_one_document(account: Account) -> None:
    done = account.deploy("--json")
    facts = json.loads(done.stdout)
    assert facts["stacks"] == dict.fromkeys(PARTS, "created")
    assert (facts["revision"], facts["admin_key"]) == ("0001", KEY)
    assert KEY not in done.stderr


# Who signs in


def test_the_functions_are_given_the_user_pool_s_keys_with_a_release_and_when_asked(account: Account) -> None:
    account.deploy()
    issuer = account.output("opsdb-dev-edge", "TokenIssuer")
    delivered = {
        "issuer": issuer,
        "client_id": account.output("opsdb-dev-edge", "UserPoolClient"),
        "address": None,
        "public_keys": [{"kid": "one", "of": issuer}],
    }
    assert account.heard[-1] == ["migrate", {"sign_in": delivered}, "0001"]
    known = len(account.heard)
    account.deploy()
    assert len(account.heard) == known, "nothing changed"
    done = account.opsdb("keys", "refresh", "--stage", "dev")
    assert (done.exit_code, done.output) == (0, "The functions know what the user pool signs with: 1 keys.\n")
    assert account.heard[known:] == [["migrate", {"sign_in": delivered}, "0001"]]


def test_keys_that_cannot_be_had_keep_no_release_back(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(issuer: str) -> list[dict[str, str]]:
        raise DeployError("no keys")

    monkeypatch.setattr(pool, "published", unreachable)
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert "Nobody signs in by the user pool yet: no keys" in done.output
    assert account.opsdb("keys", "refresh", "--stage", "dev").exit_code == 1


def test_what_is_published_is_handed_over_without_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / ".well-known"
    folder.mkdir()
    key = {"kid": "one", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQ", "e": "AQAB"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [{**key, "x5c": ["more"]}]}))
    issuer = tmp_path.as_uri()
    assert PUBLISHED(issuer) == [key]
    (folder / "jwks.json").write_text("<html>")
    with pytest.raises(DeployError, match="opsdb keys refresh"):
        PUBLISHED(issuer)
