"""The last gate: the layer unpacked into an empty folder dumps a TLS-only server and restores what it dumped."""

import platform
import subprocess
import tempfile
from pathlib import Path

import psycopg2

from chalicelib.backups import client
from local.vendor import gates, tls
from local.vendor.gates import Refused
from local.vendor.layer import PROGRAMS, Layer
from local.vendor.tls import NoTls

SAMPLE = """
CREATE TABLE shifts (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, said text NOT NULL, at timestamptz NOT NULL);
INSERT INTO shifts (said, at) SELECT md5(n::text) || ' ü', timestamptz '2026-11-01' + n * interval '1 s'
FROM generate_series(1, 20000) n;
CREATE VIEW late AS SELECT * FROM shifts WHERE at > '2026-11-02';
"""
FINGERPRINT = "SELECT count(*), md5(string_agg(s::text, '' ORDER BY id)), (SELECT count(*) FROM late) FROM shifts s"

PATIENCE = 120
"""Seconds for one program."""


class NotTried(Exception):
    """The trial cannot be held on this machine; the text says why."""


def hold(layer: Layer) -> str:
    """What was tried; NotTried where it cannot be, Refused when the layer did not do it."""
    machine = platform.machine() if platform.system() == "Linux" else platform.system()
    if machine != layer.arch:
        raise NotTried(f"this machine is {machine}")
    with tempfile.TemporaryDirectory() as folder:
        layer.unpack(Path(folder) / "opt")
        try:
            with tls.only_tls(Path(folder)) as server:
                return _round_trip(layer, Path(folder), server)
        except NoTls as error:
            raise NotTried(str(error)) from error


def _round_trip(layer: Layer, folder: Path, server: tls.TlsServer) -> str:
    version, major = gates.version_of(layer, "pg_dump"), server.server.major
    if int(version.split(".")[0]) < major:
        raise NotTried(f"the server here is PostgreSQL {major}, and the client {version}")
    for name in PROGRAMS:
        if version not in _run(folder, name, "--version"):
            raise Refused(f"{name} does not say that it is {version}")
    _execute(server.admin_url(), "CREATE DATABASE before", "CREATE DATABASE after")
    before, after = server.admin_url("before"), server.admin_url("after")
    _execute(before, SAMPLE)
    dump = str(folder / "dump")
    _run(folder, "pg_dump", "-Fc", "-w", "-f", dump, url=before)
    _run(folder, "pg_restore", "-w", "-1", "--exit-on-error", "-d", "after", dump, url=after)
    was, became = (_run(folder, "psql", "-XAtw", "-c", FINGERPRINT, url=url) for url in (before, after))
    if was != became:
        raise Refused("what was restored is not what was dumped")
    return (
        f"{was.split('|')[0]} rows out of a PostgreSQL {major} that takes TLS only, and back, with sslmode=verify-full"
    )


def _run(folder: Path, name: str, *words: str, url: str | None = None) -> str:
    """The program's answer; it has to find its libraries by itself."""
    given = client.environment(url) if url else {}
    env = {key: value for key, value in given.items() if not key.startswith("LD_")}
    command = [str(folder / "opt" / "bin" / name), *words]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, env=env, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"{name} does not run here ({error})") from error
    if ran.returncode:
        raise Refused(f"{name} ended with {ran.returncode}: {' / '.join(ran.stderr.split(chr(10))).strip(' /')[-500:]}")
    return ran.stdout


def _execute(url: str, *statements: str) -> None:
    conn = psycopg2.connect(url)
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        conn.close()
