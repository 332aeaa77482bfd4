"""Tokens of the user pool: verified here, with keys that were delivered, so that nobody else is asked meanwhile."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from chalicelib.core import limits
from chalicelib.core.auth import Caller
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.limits import Asking
from chalicelib.core.tables import token_issuers

LONGEST = 8_192
"""Characters; the pool's tokens have a fifth of that."""

LEEWAY = timedelta(seconds=30)
"""By which clocks may differ."""

KEPT, LOOKED_AGAIN = 600.0, 60.0
"""Seconds for which the delivered keys are remembered, and after which one that is not among them is looked for."""

NOTED = timedelta(minutes=5)

PRECEDENCE = ("admin", "hr", "planner", "duty_lead", "supervisor", "viewer")
"""Roles, the first of which counts where somebody is in several groups, as in the pool."""

WANTED_USE = "id"
"""The kind that tells who somebody is: address and groups are in no other."""

SAID = ("exp", "iat", "iss", "aud", "sub", "token_use")

_FIND = limits.counting(
    """SELECT u.user_id, u.departments, coalesce(u.employee_id, max(e.employee_id)) AS employee_id, true AS good,
              'cognito:' || CAST(:subject AS text) AS rated, 'cognito:' || CAST(:subject AS text) AS used
       FROM (VALUES (1)) AS one LEFT JOIN users u ON lower(u.email) = :email
       LEFT JOIN employees e ON lower(e.company_email) = :email OR e.employee_id = u.employee_id
       GROUP BY u.user_id HAVING u.is_active IS NOT FALSE AND count(*) FILTER (WHERE e.status = 'Inactive') = 0"""
)


class Pool(msgspec.Struct, frozen=True):
    """The pool that is trusted, the console's client of it, its hosted sign-in, and its public keys by id."""

    issuer: str
    client_id: str
    address: str | None
    keys: dict[str, dict[str, Any]]


class Claims(msgspec.Struct, frozen=True):
    """What a token says of somebody, once it is proved; the address is verified, and in lower case."""

    subject: str
    email: str
    role: str
    expires_at: datetime


_remembered: tuple[float, Pool | None] | None = None


def authenticate(conn: Connection, *, header: str, asking: Asking) -> Caller:
    """The person whom an Authorization header proves; Unauthenticated where that is nobody, or somebody who has left.

    One round trip, which counts them too, and now and then one for the keys.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("Authorization: must be Bearer and a token; keys go into X-API-Key")
    try:
        claims = proved(conn, token.strip())
    except (Unauthenticated, Forbidden):
        limits.count_address(conn, asking)
        raise
    row = limits.ask(conn, _FIND, asking, noted=NOTED, email=claims.email, subject=claims.subject)
    if row.rated is None:
        raise Unauthenticated("Authorization: whoever this is has left, or was shut out")
    return Caller(
        name=f"user:{row.user_id}" if row.user_id else f"cognito:{claims.subject}",
        role=claims.role,
        employee_id=row.employee_id,
        departments=frozenset(row.departments or ()),
        called=claims.email,
        expires_at=claims.expires_at,
    )


def proved(conn: Connection, token: str) -> Claims:
    """What a token says, if the pool that is trusted has signed it for us; else Unauthenticated.

    Forbidden where it proves somebody who is in no group.
    """
    key_id = _key_id(token)
    pool = _trusted(conn, key_id)
    if pool is None or key_id not in pool.keys:
        raise Unauthenticated(UNKNOWN)
    return read(token, pool, pool.keys[key_id])


def _trusted(conn: Connection, key_id: str) -> Pool | None:
    """The pool as it is remembered, looked up again for a key that is new."""
    global _remembered
    at = time.monotonic()
    since, known = _remembered or (at - KEPT, None)
    lacks = known is None or key_id not in known.keys
    if at - since >= (LOOKED_AGAIN if lacks else KEPT):
        known = delivered(conn)
        _remembered = at, known
    return known


def delivered(conn: Connection) -> Pool | None:
    """The pool whose tokens are taken, if there is one."""
    t = token_issuers.c
    row = conn.execute(select(t.issuer, t.client_id, t.address, t.public_keys)).one_or_none()
    if row is None:
        return None
    at = time.time()
    return Pool(row[0], row[1], row[2], {one["kid"]: one for one in row[3] if one.get("until", at) >= at})


def forget() -> None:
    """Look the pool up with the next token."""
    global _remembered
    _remembered = None


UNKNOWN = "Authorization: is no token of this site's user pool"


def _key_id(token: str) -> str:
    """Which key is said to have signed it. Whatever else a header names, a key or where to fetch one, is not read."""
    import jwt

    if len(token) > LONGEST or not token.isascii():
        raise Unauthenticated(UNKNOWN)
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise Unauthenticated(UNKNOWN) from None
    if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
        raise Unauthenticated(UNKNOWN)
    return str(header["kid"])


def read(token: str, pool: Pool, key: dict[str, Any]) -> Claims:
    """The claims of a token that `key` has signed: an ID token of this pool for this client, of now.

    Follows AWS, "Verifying JSON web tokens" of the Amazon Cognito developer guide.
    """
    import jwt

    try:
        said = jwt.decode(
            token,
            jwt.PyJWK(key, algorithm="RS256").key,
            algorithms=["RS256"],
            audience=pool.client_id,
            issuer=pool.issuer,
            leeway=LEEWAY,
            options={"require": [*SAID]},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("Authorization: the token has expired; sign in again") from None
    except jwt.MissingRequiredClaimError as error:
        # An access token names its client elsewhere.
        words = "send the ID token, not the access token" if error.claim == "aud" else UNKNOWN.partition(": ")[2]
        raise Unauthenticated(f"Authorization: {words}") from None
    except (jwt.PyJWTError, ValueError):
        raise Unauthenticated(UNKNOWN) from None
    if said["token_use"] != WANTED_USE:
        raise Unauthenticated("Authorization: send the ID token, not the access token")
    email = said.get("email")
    if not isinstance(email, str) or said.get("email_verified") not in (True, "true"):
        raise Unauthenticated("Authorization: the token has no e-mail address that is verified")
    return Claims(str(said["sub"]), email.lower(), _role(said), datetime.fromtimestamp(said["exp"], UTC))


def _role(said: dict[str, Any]) -> str:
    groups = said.get("cognito:groups")
    for role in PRECEDENCE:
        if isinstance(groups, list) and role in groups:
            return role
    raise Forbidden(
        f"Authorization: the user is in none of the groups {', '.join(PRECEDENCE)}; an admin of the pool adds them"
    )
