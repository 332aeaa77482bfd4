"""A browser at the console: it keeps its cookie, and sends what it was told to."""

from typing import Any

from chalicelib.admin import passwords
from chalicelib.core.sessions import COOKIE
from chalicelib.core.tables import users
from tests import make
from tests.api import Answer, Api

PASSWORD = "a barge of brittle tangerines"
KEY = "a-key-that-only-tests-have"

_hashes: dict[str, str] = {}


def user(username: str = "ann", *, role: str = "admin", password: str | None = PASSWORD, **facts: Any) -> int:
    """Somebody who may sign in; their id."""
    made = None if password is None else _hashes.setdefault(password, passwords.hashed(password))
    with make.written() as conn:
        new = users.insert().values(username=username, role=role, password_hash=made, **facts)
        return conn.execute(new.returning(users.c.user_id)).scalar_one()


class Browser(Api):
    """A client with a cookie; `sent` goes with every request."""

    def __init__(self) -> None:
        super().__init__(None)
        self.cookie: str | None = None
        self.token: str | None = None
        self.sent: dict[str, str] = {}

    def sign_in(self, username: str = "ann", password: str = PASSWORD) -> Answer:
        return self.post("/auth/login", {"username": username, "password": password})

    def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        cookie = {"Cookie": f"theme=dark; {COOKIE}={self.cookie}"} if self.cookie else {}
        token = {"X-CSRF-Token": self.token} if self.token else {}
        got = super().call(method, path, headers={**cookie, **token, **self.sent, **(headers or {})}, **more)
        if "Set-Cookie" in got.headers:
            self.cookie = got.headers["Set-Cookie"].partition(";")[0].partition("=")[2] or None
            self.token = (got.body or {}).get("csrf_token")
        return got
