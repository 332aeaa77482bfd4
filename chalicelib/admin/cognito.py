"""Signing in at the console by the user pool: its page says who somebody is, and a session of ours begins."""

from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.admin import sign_in_queries as queries
from chalicelib.admin.signing_in import SignedIn, begun, caller_of, secret_key
from chalicelib.core import events, limits, tokens
from chalicelib.core.answers import Headed
from chalicelib.core.clock import now
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.http import NOBODY, Call, Routes
from chalicelib.core.identity import asking_of, check_origin
from chalicelib.core.inputs import Input
from chalicelib.core.settings import settings

routes = Routes(__name__, tag="auth")


class Token(Input, frozen=True, kw_only=True):
    """What the pool's page gave the browser."""

    id_token: Annotated[str, Meta(min_length=1, max_length=tokens.LONGEST)]


class Hosted(msgspec.Struct, frozen=True):
    """The pool's own sign-in page, and the console's name there (OAuth 2.0, code flow with PKCE)."""

    address: str
    client_id: str


class Ways(msgspec.Struct, frozen=True):
    """How people sign in here."""

    password: bool
    cognito: Hosted | None


@routes.get("/auth/ways", answer=Ways, roles=NOBODY)
def list_ways(call: Call) -> Ways:
    """How people sign in here: by password, by the user pool's page, or both."""
    with call.reading() as conn:
        pool = tokens.delivered(conn)
    hosted = Hosted(pool.address, pool.client_id) if pool and pool.address else None
    signs = settings().secret_key is not None
    return Ways(password=signs, cognito=hosted if signs else None)


@routes.post(
    "/auth/token", body=Token, answer=SignedIn, status=200, roles=NOBODY, errors=(401, 403, 409, 429, 503), secret=True
)
def sign_in_by_token(call: Call) -> Headed:
    """Sign in at the console with an ID token of the user pool; role and groups are the token's, of this moment."""
    key, at = secret_key(), now()
    check_origin(call.sent)
    with call.reading() as conn:
        limits.count_address(conn, asking_of(call.sent, settings()))
        claims = tokens.proved(conn, call.body.id_token)
    with call.writing() as conn:
        account = queries.account_of_email(conn, email=claims.email, role=claims.role)
        if not account.is_active or queries.has_left(conn, employee_id=account.employee_id):
            raise Unauthenticated("id_token: whoever this is has left, or was shut out")
    with replace(call, caller=caller_of(account)).writing() as conn:
        events.note(conn, "sign_in", username=account.username, address=call.sent.address)
        return begun(conn, account, key, at)
