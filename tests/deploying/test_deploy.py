"""`opsdb deploy` against an emulated AWS: the order, doing it again, failing half-way, and what it must never show."""

from tests.deploying.conftest import Account


def test_a_first_deployment_ends_with_an_api_that_answers_and_the_first_key(account: Account) -> None:
    done = account.deploy()
    print(done.output)
    assert done.exit_code == 0, done.output
