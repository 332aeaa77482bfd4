"""Whom a deployed function believes: Amazon's roots as they were taken over, and nobody else."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chalicelib.core import certificates, db, signin
from chalicelib.core.certificates import PROVED
from opsdb_deploy.sources import skeleton
from tests.api import Api
from tests.conftest import PASSWORDS, forget
from tests.core.conftest import Away, Kept
from tests.core.test_log import Lines, lines
from tests.infra.effective import at

__all__ = ["lines"]

MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
BUNDLE = certificates.RDS.read_bytes()
ROOTS = x509.load_pem_x509_certificates(BUNDLE)


def test_the_bundle_is_the_one_that_was_checked() -> None:
    assert hashlib.sha256(BUNDLE).hexdigest() == certificates.SHA256
    assert certificates.RDS.is_absolute()


def test_the_bundle_has_one_root_for_each_region() -> None:
    names = [str(one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for one in ROOTS]
    regions = [re.fullmatch(r"Amazon RDS ([a-z]+-[a-z]+-\d) Root CA RSA2048 G1", name) for name in names]
    assert None not in regions
    found = [one[1] for one in regions if one]
    assert sorted(set(found)) == found
    assert {"eu-central-1", "us-east-1"} <= set(found)
    assert len(found) >= 27


@pytest.mark.parametrize("root", ROOTS, ids=lambda one: one.subject.rfc4514_string()[:40])
def test_a_root_signs_itself_and_lasts(root: x509.Certificate) -> None:
    root.verify_directly_issued_by(root)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = root.public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 2048
    assert root.not_valid_before_utc < datetime.now(UTC) < root.not_valid_after_utc - timedelta(days=3650)


def test_the_database_has_a_certificate_of_these_roots() -> None:
    asked = {at(one, "Properties.CACertificateIdentifier") for one in skeleton("data")["Resources"].values()}
    assert asked - {None} == {"rds-ca-rsa2048-g1"}


# A server that takes only TLS


def is_encrypted() -> bool:
    with db.reading() as conn:
        return bool(conn.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar_one())


def token_url(away: Away, role: str = "opsdb_app") -> str:
    """As the settings derive it from OPSDB_DATABASE_HOST; only the port is another."""
    return f"postgresql://{role}@{away.host}:{away.port}/opsdb?sslmode=verify-full&sslrootcert={away.ca}"


def by_url(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", away.url("opsdb_app"))


def by_secret(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture has told of it."""


def by_token(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", token_url(away))
    monkeypatch.setattr(signin, "now", lambda: MOMENT)
    token = signin.token(host=away.host, port=away.port, user="opsdb_app", now=MOMENT)
    away.administer(f"ALTER ROLE opsdb_app PASSWORD '{token}'")


@pytest.mark.parametrize("way", [by_url, by_secret, by_token])
def test_each_way_of_signing_in_works_where_only_tls_is_taken(
    away: Away, kept: Kept, monkeypatch: pytest.MonkeyPatch, way: Any
) -> None:
    way(away, monkeypatch)
    forget()
    assert is_encrypted()


@pytest.mark.parametrize("way", [by_secret, by_token])
def test_a_server_of_another_authority_is_not_believed(
    caller: Api, away: Away, lines: Lines, monkeypatch: pytest.MonkeyPatch, way: Any
) -> None:
    way(away, monkeypatch)
    if way is by_token:
        monkeypatch.setenv("DATABASE_URL", token_url(away).replace(str(away.ca), str(certificates.RDS)))
    monkeypatch.setitem(PROVED, "sslrootcert", str(certificates.RDS))
    is_refused(caller, lines, "bring chalicelib/core/certificates/rds.pem up to date")


def test_a_server_of_another_name_is_not_believed(caller: Api, kept: Kept, lines: Lines) -> None:
    # An address that the server answers at, and that its certificate does not name.
    kept.put(host="0.0.0.0")
    is_refused(caller, lines, "connect by the name that the server itself goes by")


def is_refused(caller: Api, lines: Lines, advice: str) -> None:
    db.engine().dispose()
    forget()
    with pytest.raises(OperationalError, match=advice):
        db.engine().connect()
    answer = caller.get("/employees")
    assert (answer.status, answer.errors) == (503, ["the database does not answer"])
    assert advice in lines.text
    assert PASSWORDS["opsdb_app"] not in lines.text


def test_without_tls_nobody_gets_in(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", away.url("opsdb_app").replace("verify-full", "disable"))
    forget()
    with pytest.raises(OperationalError, match="no encryption"):
        db.engine().connect()
