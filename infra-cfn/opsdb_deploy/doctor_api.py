"""The API as users reach it: over HTTPS, by its own address."""

import json
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from opsdb_deploy.doctor import Found, dated, ok, problem
from opsdb_deploy.doctor_subject import Stage

SECONDS = 35
"""Longer than the API itself takes at most."""

FAILING = "the-api-is-failing"


def answers(stage: Stage) -> Iterable[Found]:
    """Alive, and ready with database and bucket."""
    address = stage.needed("edge", "Address")
    for path in ("/api/health", "/api/health/ready"):
        try:
            told = _asked(address + path)
        except HTTPError as error:
            said = error.read(2000).decode(errors="replace")
            yield problem(f"{path} answers {error.code}: {said}", "see what the function logs", FAILING)
        except OSError as error:
            yield problem(f"{path} does not answer: {error}", f"does {address} resolve, and is it deployed?", FAILING)
        else:
            yield ok(f"{path}: {', '.join(f'{name} {value}' for name, value in told.items())}")


def _asked(url: str) -> dict[str, Any]:
    if not url.startswith("https://"):
        raise OSError(f"{url} is not https")
    with urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  # nosec B310  # https, as was seen
        told: dict[str, Any] = json.load(answer)
    return told


def served_certificate(stage: Stage) -> Iterable[Found]:
    """What the address shows to every client, which verifies it as clients do."""
    host, _, port = stage.needed("edge", "Address").removeprefix("https://").partition(":")
    with (
        socket.create_connection((host, int(port or 443)), timeout=SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as proved,
    ):
        shown = proved.getpeercert() or {}
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    yield dated(f"the certificate of {host}", ends, stage.now, RENEW, days=30, entry="tls-certificates")


RENEW = "ACM renews its own while their proof in DNS is there: aws acm describe-certificate says what is missing"


def own_certificates(stage: Stage) -> Iterable[Found]:
    """Those in ACM for the API's own name; the address that AWS gives needs none."""
    host = stage.needed("edge", "Address").removeprefix("https://")
    pages = stage.client("acm").get_paginator("list_certificates").paginate()
    named = [one for page in pages for one in page["CertificateSummaryList"] if one["DomainName"] == host]
    for one in named:
        told = stage.client("acm").describe_certificate(CertificateArn=one["CertificateArn"])["Certificate"]
        if told["Status"] != "ISSUED":
            yield problem(f"{host}: {told['Status']}", RENEW, "tls-certificates")
        else:
            yield dated(f"{host} in ACM", told["NotAfter"], stage.now, RENEW, days=30, entry="tls-certificates")
    if not named:
        yield ok("no name of its own in this region's ACM")
