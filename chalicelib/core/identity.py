"""Who sent a request: the one of its headers that says so, and what a browser must add before it may write."""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import msgspec
from chalice.app import Request
from sqlalchemy import Connection

from chalicelib.core import auth, sessions, tokens
from chalicelib.core.auth import Caller
from chalicelib.core.errors import Forbidden, Invalid, Unauthenticated
from chalicelib.core.limits import Asking
from chalicelib.core.settings import Settings

OUR_OWN = {"same-origin", "none"}
"""What Sec-Fetch-Site says of our own pages, and of what somebody typed."""


class Sent(msgspec.Struct, frozen=True):
    """What a request says of who sends it; `address` is the gateway's word, never a header's."""

    method: str
    address: str | None
    api_key: str | None
    authorization: str | None
    cookie: str | None
    csrf: str | None
    origin: str | None
    site: str | None
    host: str | None


def sent_with(request: Request) -> Sent:
    headers = request.headers
    return Sent(
        request.method,
        address_of((request.context or {}).get("identity", {}).get("sourceIp")),
        headers.get("x-api-key"),
        headers.get("authorization"),
        sessions.cookie_in(headers.get("cookie")),
        headers.get(sessions.CSRF),
        headers.get("origin"),
        headers.get("sec-fetch-site"),
        headers.get("host"),
    )


def identify(conn: Connection, sent: Sent, ours: Settings) -> Caller:
    """Whoever the request proves to be; Unauthenticated where that is nobody. One round trip, or none.

    Browsers send cookies by themselves, so a key or a token beside one is what counts; both of these are a slip.
    """
    asking = asking_of(sent, ours)
    if sent.api_key is not None and sent.authorization is not None:
        raise Invalid("X-API-Key: stands beside Authorization; send one of them")
    if sent.api_key is not None:
        return auth.authenticate(conn, api_key=sent.api_key, asking=asking)
    if sent.authorization is not None:
        return tokens.authenticate(conn, header=sent.authorization, asking=asking)
    if sent.cookie is None:
        raise Unauthenticated()
    return _signed_in(conn, sent, sent.cookie, ours, asking)


def asking_of(sent: Sent, ours: Settings) -> Asking:
    return Asking(sent.address, ours.key_requests_per_minute, ours.address_requests_per_minute)


def _signed_in(conn: Connection, sent: Sent, cookie: str, ours: Settings, asking: Asking) -> Caller:
    if ours.secret_key is None:
        raise Unauthenticated()
    session_id, secret = sessions.read(ours.secret_key, cookie)
    idle = timedelta(minutes=ours.session_idle_minutes)
    return sessions.authenticate(conn, session_id=session_id, secret=secret, idle=idle, asking=asking)


def check_meant(sent: Sent, caller: Caller, ours: Settings) -> None:
    """Forbidden where a browser may have sent a write of its session without anybody meaning it."""
    if sent.method == "GET" or caller.session_id is None:
        return
    check_origin(sent)
    if not sessions.proves(ours.secret_key or "", caller.session_id, sent.csrf):
        raise Forbidden(f"{sessions.CSRF}: must be the session's, as signing in and /api/auth/me tell it")


def check_origin(sent: Sent) -> None:
    """Forbidden where a browser says that another site's page sends this."""
    foreign = sent.origin is not None and urlsplit(sent.origin).netloc.lower() != (sent.host or "").lower()
    if foreign or (sent.site is not None and sent.site.lower() not in OUR_OWN):
        raise Forbidden("Origin: must be this site's own; a page of another one sent this")


def address_of(source: str | None) -> str | None:
    """An address as requests are counted by it: of IPv6 the network, since one household has that many."""
    try:
        found = ip_address(source or "")
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found.packed[:8] + bytes(8), 64)))
    return str(getattr(found, "ipv4_mapped", None) or found)
