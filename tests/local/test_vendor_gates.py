"""What an ELF file says of itself, and every fault for which a layer is refused."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from local.files import StackError
from local.vendor import gates, layer, licences
from local.vendor.elf import Elf, NotElf
from local.vendor.layer import Layer, Member
from tests.local.vendored import HERE, crafted, fine, program


def test_a_crafted_file_is_read_field_by_field() -> None:
    elf = Elf(crafted(needed=("libc.so.6", "libz.so.1"), versions=("GLIBC_2.2.5", "GLIBC_2.28"), machine=183))
    assert elf.machine == "aarch64"
    assert elf.needed == ("libc.so.6", "libz.so.1")
    assert elf.versions == {"GLIBC_2.2.5", "GLIBC_2.28"}
    assert elf.search_path == "$ORIGIN/../lib"


def test_a_runpath_is_no_rpath_since_it_holds_for_the_file_alone() -> None:
    assert Elf(crafted(search=(29, "$ORIGIN/../lib"))).search_path is None


def test_a_file_that_is_cut_short_anywhere_is_called_damaged() -> None:
    whole = crafted(needed=("libc.so.6", "libz.so.1"), versions=("GLIBC_2.17", "GLIBC_2.2.5"))
    for length in range(len(whole) - 1 - 16):  # the last tag only says that there are no more
        with pytest.raises(NotElf):
            Elf(whole[:length])


def test_names_change_in_place_and_nothing_else_does() -> None:
    before = crafted(needed=("libpq-1a9b8ca9.so.5.16", "libc.so.6"))
    after = Elf(before).renamed({"libpq-1a9b8ca9.so.5.16": "libpq.so.5", "$ORIGIN/../lib": "$ORIGIN"})
    assert (after.needed, after.search_path) == (("libpq.so.5", "libc.so.6"), "$ORIGIN")
    assert after.versions == {"GLIBC_2.17"}
    expected = before.replace(b"libpq-1a9b8ca9.so.5.16", b"libpq.so.5".ljust(22, b"\0"))
    assert after.data == expected.replace(b"$ORIGIN/../lib", b"$ORIGIN".ljust(14, b"\0"))


@pytest.mark.skipif(not shutil.which("readelf"), reason="there is no readelf to compare with")
@pytest.mark.parametrize("file", [sys.executable, psycopg2._psycopg.__file__, shutil.which("sh")], ids=os.path.basename)
def test_real_files_are_read_as_readelf_reads_them(file: str) -> None:
    said = subprocess.run(["readelf", "-dVW", os.path.realpath(file)], capture_output=True, text=True).stdout
    elf = Elf(Path(file).read_bytes())
    assert list(elf.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    assert elf.versions == set(
        re.findall(r"Name: (\S+)  Flags: \S+  Version: \d+$", said.split("needs section")[1], re.M)
    )
    assert elf.versions
    assert elf.machine == HERE


def test_a_layer_with_nothing_wrong_passes() -> None:
    assert list(gates.check(Layer("x86_64", fine()))) == list(gates.GATES)


FAULTS: dict[str, tuple[dict[str, Member | None], str]] = {
    "another architecture": (
        {"lib/libz.so.1": Member(crafted(machine=183), 0o755)},
        r"lib/libz.so.1 is for aarch64, and the layer for x86_64",
    ),
    "a glibc that the runtime lacks": (
        {"lib/libz.so.1": Member(crafted(versions=("GLIBC_2.17", "GLIBC_2.27")), 0o755)},
        r"lib/libz.so.1 needs GLIBC_2.27, and the runtime has glibc 2.26",
    ),
    "a glibc of one build only": (
        {"bin/psql": program("psql", versions=("GLIBC_PRIVATE",))},
        r"bin/psql needs GLIBC_PRIVATE",
    ),
    "a library that nobody has": (
        {"lib/libz.so.1": Member(crafted(needed=("libc.so.6", "libssl.so.3")), 0o755)},
        r"lib/libz.so.1 needs libssl.so.3, which neither the layer nor the runtime has",
    ),
    "a program that looks elsewhere": (
        {"bin/pg_dump": program("pg_dump", search=(15, "$ORIGIN/../../lib"))},
        r"bin/pg_dump looks for its libraries in \$ORIGIN/../../lib",
    ),
    "a program that LD_LIBRARY_PATH can mislead": (
        {"bin/pg_dump": program("pg_dump", search=(29, layer.LIBRARIES))},
        r"bin/pg_dump looks for its libraries in no place of its own",
    ),
    "a library that looks elsewhere": (
        {"lib/libz.so.1": Member(crafted(search=(29, "$ORIGIN/deep")), 0o755)},
        r"lib/libz.so.1 looks for its libraries in \$ORIGIN/deep, and nowhere else",
    ),
    "a program that cannot be run": (
        {"bin/pg_restore": replace(program("pg_restore"), mode=0o644)},
        r"bin/pg_restore cannot be run by everybody: its mode is 644",
    ),
    "a library that only its owner can read": (
        {"lib/libz.so.1": Member(crafted(), 0o600)},
        r"lib/libz.so.1 cannot be read by everybody: its mode is 600",
    ),
    "a program that is missing": ({"bin/psql": None}, r"the layer has no bin/psql"),
    "no licences": ({"LICENSES": None}, r"the layer has no file LICENSES"),
    "a file without a licence": ({"LICENSES": Member(b"bin/pg_dump  theirs", 0o644)}, r"LICENSES says nothing of bin/"),
    "major 18": (
        {f"bin/{name}": program(name, "18.4") for name in layer.PROGRAMS},
        r"bin/pg_dump is PostgreSQL 18.4, and only 15 or 16 will do",
    ),
    "major 14": (
        {f"bin/{name}": program(name, "14.20") for name in layer.PROGRAMS},
        r"bin/pg_dump is PostgreSQL 14.20, and only 15 or 16 will do",
    ),
    "two versions": ({"bin/psql": program("psql", "15.18")}, r"several versions: 16.14, 16.14, 15.18"),
    "no version": ({"bin/psql": program("psq")}, r"bin/psql does not say which version"),
    "a file that is damaged": (
        {"lib/libz.so.1": Member(crafted()[:300], 0o755)},
        r"lib/libz.so.1 cannot be used: .*cut",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_refused_in_one_sentence(fault: str) -> None:
    changes, sentence = FAULTS[fault]
    members = {path: member for path, member in {**fine(), **changes}.items() if member}
    with pytest.raises(StackError, match=sentence) as refused:
        gates.check(Layer("x86_64", members))
    assert "\n" not in str(refused.value)


def test_a_library_whose_licence_nobody_knows_is_refused() -> None:
    with pytest.raises(StackError, match=r"nobody has said under which licence libfoo\.so\.1 of parts comes"):
        licences.notice("x86_64", {}, {"lib/libfoo.so.1": "parts"})
