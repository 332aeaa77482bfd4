"""What AWS refuses, as a sentence that says what to do."""

import pytest
from botocore import exceptions

from opsdb_deploy import refusals
from tests.deploying.conftest import Account


def refused(code: str, message: str = "") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (exceptions.NoRegionError(), "--region"),
        (exceptions.NoCredentialsError(), "aws configure"),
        (exceptions.UnauthorizedSSOTokenError(), "aws sso login"),
        (refused("ExpiredToken"), "have run out"),
        (refused("InvalidClientTokenId"), "does not know these credentials"),
        (refused("AccessDenied"), "CreateChangeSet is denied"),
        (
            refused("AccessDenied", "User: arn:x is not authorized to perform: ec2:CreateVpc on resource: y"),
            "ec2:CreateVpc is denied",
        ),
        (refused("ValidationError", "Stack is odd"), "AWS refused CreateChangeSet: Stack is odd"),
        (exceptions.EndpointConnectionError(endpoint_url="https://sts.example.com"), "does not answer"),
    ],
)
def test_a_refusal_says_what_to_do(error: Exception, words: str) -> None:
    said = refusals.explained(error)
    assert said
    assert words in said


def test_a_mistake_of_ours_is_not_taken_for_a_refusal() -> None:
    assert refusals.explained(KeyError("x")) is None


def test_without_credentials_one_sentence_says_so(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(account.folder / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(account.folder / "none"))
    done = account.deploy()
    assert done.exit_code == 1
    assert "opsdb: no credentials for AWS were found" in done.output
    assert "Traceback" not in done.output


def test_where_aws_does_not_answer_the_exit_code_says_so(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    done = account.deploy()
    assert done.exit_code == 4
    assert "AWS does not answer" in done.output
