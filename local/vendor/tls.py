"""A PostgreSQL server that takes nothing but TLS, as RDS does with rds.force_ssl, and a CA of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import psycopg2

from chalicelib.core.clock import now
from local import files, postgres, processes, unprivileged
from local.files import StackError

ONLY_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
DAY = timedelta(days=1)


class NoTls(StackError):
    """There is no server here that does TLS; the text says what is missing."""


@dataclass(frozen=True)
class TlsServer:
    """A running server; its URLs check its certificate against `ca`, and its name in it."""

    server: postgres.Server
    ca: Path

    def url(self, user: str, password: str, database: str) -> str:
        plain = self.server.url(user, password, database)
        return f"{plain}?sslmode=verify-full&sslrootcert={quote(str(self.ca), safe='')}"

    def admin_url(self, database: str = "postgres") -> str:
        return self.url(postgres.ADMIN, self.server.admin_password, database)


@contextmanager
def only_tls(folder: Path) -> Iterator[TlsServer]:
    """A server in `folder` that refuses whoever comes without TLS, for as long as the block runs; NoTls if none can."""
    data = folder / "server"
    try:
        try:
            server = postgres.start(data, durable=False)
        except StackError as error:
            raise NoTls(str(error)) from error
        with server:
            yield TlsServer(server, _secure(server, folder))
    finally:
        unprivileged.remove_away(data)


def _secure(server: postgres.Server, folder: Path) -> Path:
    """Turn TLS on and everything else off; the CA's certificate."""
    ca = folder / "ca.pem"
    authority, key, certificate = _certificates()
    ca.write_bytes(authority)
    _put(server, "server.key", key)
    _put(server, "server.crt", certificate)
    _put(server, "pg_hba.conf", ONLY_TLS.encode())
    try:
        _administer(server, "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    except psycopg2.Error as error:
        raise NoTls(f"the server in {server.bin_dir} does no TLS ({str(error).splitlines()[0]})") from error
    url = TlsServer(server, ca).admin_url()
    if not processes.wait_until(lambda: _answers(url), 10.0):
        raise NoTls(f"the server does not answer with TLS ({files.last_line(server.log)})")
    if _answers(f"{server.admin_url}?sslmode=disable"):
        raise NoTls("the server still answers without TLS")
    return ca


def _put(server: postgres.Server, name: str, content: bytes) -> None:
    file = server.place.cluster / name
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    if server.place.account:
        os.chown(file, server.place.account.uid, server.place.account.gid)


def _administer(server: postgres.Server, *statements: str) -> None:
    conn = psycopg2.connect(server.admin_url)
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        conn.close()


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _certificates() -> tuple[bytes, bytes, bytes]:
    """A CA, then a key and the certificate that the CA gave to this machine's own address; all PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def begun(name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(issuer, named(name), key.public_key(), x509.random_serial_number())
        return made.not_valid_before(now() - DAY).not_valid_after(now() + DAY)

    issuer = named("opsdb trial CA")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = begun("opsdb trial CA", ca_key).add_extension(x509.BasicConstraints(True, 0), critical=True)
    addresses = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address(processes.HOST))],
    )
    own = begun("localhost", key).add_extension(addresses, critical=False)
    pem = serialization.Encoding.PEM
    return (
        ca.sign(ca_key, hashes.SHA256()).public_bytes(pem),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        own.sign(ca_key, hashes.SHA256()).public_bytes(pem),
    )
