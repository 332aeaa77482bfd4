"""Which wheels a package may be made of, and what is said of those that it may not."""

import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from chalicelib.core.errors import Unavailable
from local.files import StackError
from local.vendor.elf import Elf
from opsdb_deploy.package import bytecode, contents, wheels
from opsdb_deploy.package.target import Target
from opsdb_deploy.package.wheels import Pin
from opsdb_deploy.sources import ROOT
from tests.local.vendored import crafted

INTEL, ARM = Target("3.11", "x86_64"), Target("3.11", "arm64")
PIN = Pin("thing", Version("1.0"))
LICENCE = {"thing-1.0.dist-info/licenses/LICENSE": b"yours"}


def silent(step: str, done: int, total: int | None) -> None:
    pass


def wheel(folder: Path, tag: str, files: dict[str, bytes], *, name: str = "thing") -> Path:
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as out:
        for member, content in files.items():
            out.writestr(member, content)
    return path


# Tags


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", {"3.11 x86_64", "3.11 arm64", "3.13 x86_64"}),
        ("cp311-cp311-manylinux_2_17_x86_64", {"3.11 x86_64"}),
        ("cp311-cp311-manylinux2014_aarch64", {"3.11 arm64"}),
        ("cp311-cp311-manylinux_2_27_x86_64.manylinux_2_17_x86_64", {"3.11 x86_64"}),
        ("cp39-abi3-manylinux_2_26_x86_64", {"3.11 x86_64", "3.13 x86_64"}),
        ("cp313-cp313-manylinux_2_34_x86_64", {"3.13 x86_64"}),
        ("cp313-cp313-manylinux_2_35_x86_64", set()),
        ("cp311-cp311-manylinux_2_27_x86_64", set()),
        ("cp311-cp311-linux_x86_64", set()),
        ("cp311-cp311-musllinux_1_2_x86_64", set()),
        ("cp311-cp311-macosx_11_0_arm64", set()),
        ("cp310-cp310-manylinux_2_17_x86_64", set()),
    ],
)
def test_a_wheel_is_taken_by_its_tag(tag: str, fits: set[str]) -> None:
    file = Path(f"thing-1.0-{tag}.whl")
    targets = [INTEL, ARM, Target("3.13", "x86_64")]
    assert {f"{one.python} {one.architecture}" for one in targets if wheels.fitting(one, [file])} == fits


def test_of_two_wheels_the_one_that_was_built_for_the_target_is_taken() -> None:
    files = [Path(f"thing-1.0-{tag}.whl") for tag in ("py3-none-any", "cp311-cp311-manylinux2014_x86_64")]
    assert wheels.fitting(INTEL, files) == {PIN: files[1]}


def test_a_runtime_that_lambda_does_not_have_is_refused_with_those_that_it_has() -> None:
    for python, architecture in (("3.10", "x86_64"), ("3.11", "sparc")):
        with pytest.raises(StackError, match=r"it is 3\.11, 3\.12, 3\.13 on x86_64 or arm64"):
            Target(python, architecture)


# Pins


def test_the_framework_is_pinned_where_its_own_packaging_does_not_look() -> None:
    names = [pin.name for pin in wheels.pins(INTEL)]
    assert {"chalice", "psycopg2-binary", "sqlalchemy"} <= {*names}
    assert not {"pytest", "click", "setuptools"} & {*names}
    assert len(names) == len({*names})


def test_a_marker_is_asked_about_the_target_and_not_about_this_machine(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        'thing==2.0; platform_machine != "aarch64"\nthing==1.0; platform_machine == "aarch64"\n'
    )
    (tmp_path / "requirements-dev.txt").write_text("chalice==1.34.0\nother==1\n")
    found = {target: [str(pin) for pin in wheels.pins(target, tmp_path)] for target in (INTEL, ARM)}
    assert found == {INTEL: ["thing==2.0", "chalice==1.34.0"], ARM: ["thing==1.0", "chalice==1.34.0"]}


@pytest.mark.parametrize("line", ["thing", "thing>=1.0", "thing==1.*", "thing>=1,<2"])
def test_what_is_not_pinned_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"# ours\n{line}\n")
    (tmp_path / "requirements-dev.txt").write_text("")
    with pytest.raises(StackError, match=r"thing.* is not pinned to one version"):
        wheels.pins(INTEL, tmp_path)


# Fetching


def test_what_is_at_hand_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "_download", None)
    here = wheel(tmp_path, "py3-none-any", LICENCE)
    assert wheels.fetch(INTEL, [PIN], tmp_path, silent) == {PIN: here}


def test_without_a_network_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(Unavailable, match=r"wheels for Python 3\.11 on x86_64 cannot be fetched .*there a network"):
        wheels.fetch(INTEL, [PIN], tmp_path, silent)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("tag", ["cp311-cp311-linux_x86_64", "cp312-cp312-manylinux2014_x86_64", None])
def test_neither_a_wheel_of_another_platform_nor_an_sdist_is_fetched(
    tag: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, kept = tmp_path / "index", tmp_path / "kept"
    index.mkdir()
    if tag:
        wheel(index, tag, LICENCE)
    else:
        (index / "thing-1.0.tar.gz").write_bytes(b"x")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(StackError, match=r"no wheel of thing==1\.0 for Python 3\.11 on x86_64"):
        wheels.fetch(INTEL, [PIN], kept, silent)
    assert [*kept.iterdir()] == []


# What is in them


@pytest.mark.parametrize(
    ("library", "said"),
    [
        (crafted(machine=183), r"thing/fast\.so of thing-1\.0-.* is for aarch64, and the package for x86_64"),
        (crafted(versions=("GLIBC_2.17", "GLIBC_2.27")), r"needs GLIBC_2\.27, and Python 3\.11 .* has glibc 2\.26"),
        (crafted(versions=("GLIBC_PRIVATE",)), "needs GLIBC_PRIVATE"),
        (crafted()[:100], "cannot be used: .* damaged"),
    ],
)
def test_a_library_that_is_not_what_its_tag_promises_is_refused(library: bytes, said: str, tmp_path: Path) -> None:
    doctored = wheel(tmp_path, "cp311-cp311-manylinux_2_17_x86_64", {"thing/fast.so": library, **LICENCE})
    assert wheels.fitting(INTEL, [doctored])
    with pytest.raises(StackError, match=said):
        contents.of_wheels(INTEL, {PIN: doctored})


def test_a_library_is_judged_by_what_it_is_and_not_by_its_name(tmp_path: Path) -> None:
    odd = wheel(tmp_path, "py3-none-any", {"thing/data.bin": crafted(machine=183), **LICENCE})
    with pytest.raises(StackError, match="is for aarch64"):
        contents.of_wheels(INTEL, {PIN: odd})
    assert "thing/data.bin" in contents.of_wheels(ARM, {PIN: odd})


def test_a_newer_runtime_takes_what_an_older_one_cannot(tmp_path: Path) -> None:
    newer = wheel(tmp_path, "py3-none-any", {"thing/fast.so": crafted(versions=("GLIBC_2.34",)), **LICENCE})
    assert "thing/fast.so" in contents.of_wheels(Target("3.12", "x86_64"), {PIN: newer})


def test_two_packages_may_not_bring_the_same_file(tmp_path: Path) -> None:
    other = Pin("other", Version("1.0"))
    files = {"thing.py": b""}
    both = {
        PIN: wheel(tmp_path, "py3-none-any", files | LICENCE),
        other: wheel(tmp_path, "py3-none-any", files | {"other-1.0.dist-info/LICENSE": b"x"}, name="other"),
    }
    with pytest.raises(StackError, match=r"other==1\.0 brings thing\.py, and so does another package"):
        contents.of_wheels(INTEL, both)


def test_a_package_without_its_licence_is_refused(tmp_path: Path) -> None:
    bare = wheel(tmp_path, "py3-none-any", {"thing.py": b"", "thing-1.0.dist-info/METADATA": b""})
    with pytest.raises(StackError, match="comes without a licence file"):
        contents.of_wheels(INTEL, {PIN: bare})


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    file = tmp_path / "thing-1.0-py3-none-any.whl"
    file.write_bytes(b"PK nothing")
    with pytest.raises(StackError, match=r"thing-1\.0-py3-none-any\.whl is damaged .* delete it"):
        contents.of_wheels(INTEL, {PIN: file})


def test_what_a_wheel_wants_installed_elsewhere_stays_away(tmp_path: Path) -> None:
    files = {
        "thing-1.0.data/purelib/thing/__init__.py": b"",
        "thing-1.0.data/scripts/thing": b"",
        "thing/tests/test_thing.py": b"",
        "thing/types.pyi": b"",
    }
    found = contents.of_wheels(INTEL, {PIN: wheel(tmp_path, "py3-none-any", files | LICENCE)})
    assert found.keys() == {"thing/__init__.py", *LICENCE}


def test_the_libraries_for_arm_are_its_own_and_everything_else_is_the_same() -> None:
    names: dict[Target, set[str]] = {}
    for target in (INTEL, ARM):
        found = unpacked(target)
        libraries = {path: Elf(content) for path, content in found.items() if contents.mode(content) == 0o755}
        assert {elf.machine for elf in libraries.values()} == {target.machine}
        assert [path for path, elf in libraries.items() if elf.beyond(target.glibc)] == []
        # What psycopg2 bundles is named after its content, and its version may differ with the platform.
        same = {path for path in found if not path.startswith("psycopg2_binary") and ".dist-info/" not in path}
        names[target] = {path.replace(f"-{target.machine}-", "-") for path in same}
    assert names[INTEL] == names[ARM]


def unpacked(target: Target) -> dict[str, bytes]:
    """The files of the true wheels."""
    kept = ROOT / "build" / "wheels" / f"{target.python}-{target.architecture}"
    try:
        return contents.of_wheels(target, wheels.fetch(target, wheels.pins(target), kept, silent))
    except Unavailable as error:
        pytest.skip(f"the package index cannot be reached: {error}")


# Bytecode


def test_a_python_of_another_version_is_not_taken_for_the_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar, true = tmp_path / "python3.13", tmp_path / "other"
    liar.write_text("#!/bin/sh\necho cpython 3.12\n")
    true.write_text("#!/bin/sh\necho cpython 3.13\n")
    for one in (liar, true):
        one.chmod(0o755)
    monkeypatch.setattr(bytecode.sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PYTHON", raising=False)
    assert bytecode.interpreter(Target("3.13", "x86_64")) is None
    monkeypatch.setenv("PYTHON", str(true))
    assert bytecode.interpreter(Target("3.13", "x86_64")) == str(true)
    assert bytecode.interpreter(Target("3.12", "x86_64")) is None


def test_what_is_no_python_is_said_to_be_none() -> None:
    with pytest.raises(StackError, match="cannot compile"):
        bytecode.compiled(bytecode.sys.executable, {"fine.py": b"x = 1", "odd/odd.py": b"x = ="}, silent)
