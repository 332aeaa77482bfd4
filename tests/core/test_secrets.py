"""A password out of Secrets Manager: read when it is needed, and read again when the database has another."""

import ast
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.core.settings import Settings
from opsdb_deploy.sources import ROOT
from tests.api import Answer, Api
from tests.conftest import PASSWORDS, Site, forget
from tests.core.conftest import Away, Kept
from tests.core.test_log import Lines, lines

__all__ = ["lines"]


def signed_in() -> str:
    with db.reading() as conn:
        return str(conn.execute(text("SELECT session_user")).scalar_one())


def test_the_secret_says_who_where_and_what(kept: Kept) -> None:
    assert signed_in() == "opsdb_app"


def test_a_url_wins_over_the_secret_and_the_secret_over_a_token() -> None:
    host, secret, url = {"OPSDB_DATABASE_HOST": "db"}, {"DB_SECRET_ARN": "arn:x"}, {"DATABASE_URL": "postgresql://u"}
    assert Settings.read(host | secret | url).database_url == "postgresql://u"
    assert Settings.read(host | secret).database_url is None
    assert (Settings.read(host).database_url or "").startswith("postgresql://opsdb_app@db:5432/")
    # The secret is the application's: the others go on by token.
    assert (Settings.read(host | secret).backup_database_url or "").startswith("postgresql://opsdb_backup@db:5432/")


def test_a_url_needs_no_secret_at_all(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none")
    monkeypatch.setenv("DATABASE_URL", away.url("opsdb_app"))
    forget()
    assert signed_in() == "opsdb_app"


def test_connections_share_what_was_read(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    assert signed_in() == "opsdb_app"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    kept.client.delete_secret(SecretId=kept.arn, ForceDeleteWithoutRecovery=True)
    db.engine().dispose()
    assert signed_in() == "opsdb_app"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("nobody answers", "http://127.0.0.1:9/"),
        ("no such secret", "ResourceNotFoundException"),
        ("no secret of a database", "KeyError: 'username'"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_503_and_the_log_says_why(
    caller: Api, kept: Kept, lines: Lines, broken: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken == "nobody answers":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    elif broken == "no such secret":
        kept.client.delete_secret(SecretId=kept.arn, ForceDeleteWithoutRecovery=True)
    else:
        kept.client.put_secret_value(SecretId=kept.arn, SecretString='{"api_key": "not-to-be-seen"}')
    db.engine().dispose()
    forget()
    answer = caller.get("/employees")
    assert answer.status == 503
    [problem] = answer.errors
    assert problem.startswith("the database's password cannot be read: look at the secret that DB_SECRET_ARN names")
    assert why in lines.text
    assert "not-to-be-seen" not in lines.text + str(answer)


def test_a_database_that_moved_is_found_again(kept: Kept, away: Away) -> None:
    kept.put(port=9)
    forget()
    with pytest.raises(Exception, match="Connection refused"):
        signed_in()
    kept.put(port=away.port)
    assert signed_in() == "opsdb_app"


def test_a_password_that_is_nowhere_is_refused_as_itself(caller: Api, kept: Kept, lines: Lines) -> None:
    kept.put(password="wrong-one")
    kept.put(password="wrong-two")
    forget()
    answer = caller.get("/employees")
    assert (answer.status, answer.errors) == (503, ["the database does not answer"])
    assert "password authentication failed" in lines.text
    assert "wrong-one" not in lines.text
    assert "wrong-two" not in lines.text


# Rotation, while somebody calls


def database_first(away: Away, kept: Kept, fresh: str) -> None:
    """As AWS's own functions rotate: the new password is pending, then the database's, then current."""
    version = kept.put(["AWSPENDING"], password=fresh)
    away.administer(f"ALTER ROLE opsdb_app PASSWORD '{fresh}'")
    away.end_sessions()
    kept.finish(version)


def database_first_by_hand(away: Away, kept: Kept, fresh: str) -> None:
    away.administer(f"ALTER ROLE opsdb_app PASSWORD '{fresh}'")
    away.end_sessions()
    kept.put(password=fresh)


def secret_first(away: Away, kept: Kept, fresh: str) -> None:
    kept.put(password=fresh)
    forget()
    away.end_sessions()
    away.administer(f"ALTER ROLE opsdb_app PASSWORD '{fresh}'")


def another_user(away: Away, kept: Kept, fresh: str) -> None:
    """Two users take turns: the one at rest gets a new password, and the secret names it."""
    other = "opsdb_app_clone" if kept.now()["username"] == "opsdb_app" else "opsdb_app"
    away.administer(f"ALTER ROLE {other} PASSWORD '{fresh}'")
    kept.put(username=other, password=fresh)


@pytest.fixture
def clone(away: Away) -> Iterator[None]:
    away.administer("CREATE ROLE opsdb_app_clone LOGIN IN ROLE opsdb_app")
    yield
    away.administer("DROP ROLE opsdb_app_clone")


@contextmanager
def traffic(caller: Api, callers: int = 4) -> Iterator[list[Answer]]:
    """Threads that call the API one request after the other, all the while the block runs."""
    answers: list[Answer] = []
    enough = threading.Event()

    def call() -> None:
        while not enough.is_set():
            answers.append(caller.get("/employees"))

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for one in threads:
        one.start()
    try:
        yield answers
    finally:
        enough.set()
        for one in threads:
            one.join()


def more(answers: list[Answer]) -> None:
    """Wait for as many as every caller has a part in."""
    seen = len(answers)
    while len(answers) < seen + 20:
        threading.Event().wait(0.01)


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("rotate", [database_first, database_first_by_hand, secret_first, another_user])
def test_no_request_fails_while_the_password_changes(
    caller: Api, kept: Kept, away: Away, rotate: Callable[[Away, Kept, str], None]
) -> None:
    with traffic(caller) as answers:
        for turn in range(3):
            rotate(away, kept, f"fresh-{turn}")
            more(answers)
            # Not at once: a request is asked once more, and no session ends twice within one.
            away.end_sessions()
            more(answers)
    assert {(one.status, str(one.body.get("errors"))) for one in answers} == {(200, "None")}
    assert PASSWORDS["opsdb_app"] != kept.now()["password"] == "fresh-2"
    db.engine().dispose()
    forget()
    assert signed_in() == kept.now()["username"]


FIRST_ANSWER = """
import sys
from tests.core.calls import gateway
print(gateway("GET", "/api/employees", headers={"x-api-key": sys.argv[1]})["statusCode"])
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_without_a_secret_nothing_of_aws_is_loaded_to_answer(site: Site, api: Api) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER, str(api.key)],
        env={"PATH": os.environ["PATH"], **site.environment},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    status, modules = done.stdout.splitlines()[-2:]
    loaded = set(ast.literal_eval(modules))
    assert (status, "psycopg2" in loaded) == ("200", True)
    assert loaded & {"aws_secretsmanager_caching", "botocore", "boto3"} == set()
