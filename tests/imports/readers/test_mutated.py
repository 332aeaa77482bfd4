"""Files that were mutated at random: each is read, or refused with one sentence; nothing else ever comes of it."""

import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from chalicelib.core.errors import OpsdbError
from chalicelib.imports import header
from chalicelib.imports.readers import Row, cells
from chalicelib.imports.readers.cells import BadCell
from chalicelib.imports.sheets.sheet import Column
from tests.imports.readers.books import LIMITS, rows_of
from tests.imports.readers.kinds import as_text, with_xlsxwriter

WRITTEN = Path(__file__).with_name("data")
READERS: tuple[Callable[..., object], ...] = (
    *(
        cells.text,
        cells.whole_number,
        cells.employee_id,
        cells.date,
        cells.time,
        cells.boolean,
        cells.email,
        cells.name,
    ),
)
NASTY = (
    *(b"", b"0", b"-1", b"1e999", b"99999999999999999999", b"1048577", b"XFD1048576", b"nan", b"\xff\xfe", b"\0", b'"'),
    *(b"<", b"&", b"]]>", b"&#0;", b"&#xD800;", b"&e;", b"<!DOCTYPE x []>", b"_x0000_", b"..", b"../" * 9, b"#N/A"),
    *("\u202e".encode(), "²".encode(), b"PT9999999H", b"9999-99-99T99:99:99", b"=1+1", b"A" * 40_000, b"<c/>" * 300),
)
_WORDS = re.compile(rb"[A-Za-z0-9:._-]+")


def bent(rng: random.Random, content: bytes) -> bytes:
    """`content` with a few bytes changed, cut, moved, doubled, or words of it replaced."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 20))):
        at = rng.randrange(len(found) + 1)
        way = rng.randrange(6)
        if way == 0 and found:
            found[min(at, len(found) - 1)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        elif way == 1:
            del found[at : at + rng.choice((1, 4, 64, 2_000))]
        elif way == 2:
            found[at:at] = found[rng.randrange(len(found) + 1) :][: rng.choice((1, 8, 512, 4_096))]
        elif way == 3:
            found[at:at] = rng.choice(NASTY)
        elif way == 4:
            found[at : at + 4] = rng.randbytes(4)
        elif words := list(_WORDS.finditer(found, at, at + 2_000)):
            word = rng.choice(words)
            found[word.start() : word.end()] = rng.choice((*NASTY, rng.choice(words)[0]))
    return bytes(found)


def repacked(rng: random.Random, content: bytes) -> bytes:
    """The zip with a part bent, left out or named otherwise, and itself sound."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        chosen = rng.choice([name for name in before.namelist() if name.endswith((".xml", ".rels", "mimetype"))])
        for name in before.namelist():
            part = before.read(name)
            if name == chosen:
                way = rng.randrange(12)
                if way == 0:
                    continue
                name, part = (name.upper(), part) if way == 1 else (name, bent(rng, part))
            after.writestr(name, part)
    return packed.getvalue()


SHEET = tuple(
    Column(name, name.lower(), read)
    for name, read in (("Text", cells.text), ("Id", cells.employee_id), ("Date", cells.date), ("Time", cells.time))
)


def judge(path: Path) -> str:
    """What became of the file; fails where that is neither rows nor a reason."""
    try:
        rows = rows_of(path, LIMITS)
        found = header.find(rows[: header.LOOK_AT], SHEET)
    except OpsdbError as refusal:
        (sentence,) = refusal.problems
        assert sentence.endswith("."), sentence
        return "refused"
    for row in rows:
        judge_row(row)
        values, problems = found.values(row)
        assert all(problem.reason for problem in problems)
        assert values.keys().isdisjoint(str(problem.column).lower() for problem in problems)
    return "read"


def judge_row(row: Row) -> None:
    assert row.cells[-1] is not None
    assert 1 <= row.number <= LIMITS.rows
    assert len(row.cells) <= LIMITS.columns
    for cell in row.cells:
        assert not isinstance(cell, str) or len(cell) <= LIMITS.cell_chars
        for read in READERS:
            with suppress(BadCell):
                read(cell)


def originals(folder: Path) -> dict[str, bytes]:
    text = as_text(folder / "a.csv", encoding="utf-8", delimiter=";").read_bytes()
    wide = as_text(folder / "b.csv", encoding="utf-16", delimiter="\t").read_bytes()
    book = with_xlsxwriter(folder / "a.xlsx").read_bytes()
    written = {one.name: one.read_bytes() for one in sorted(WRITTEN.iterdir())}
    return {"text.csv": text, "wide.csv": wide, "xlsxwriter.xlsx": book, **written}


ORIGINALS = (
    *("text.csv", "wide.csv", "libreoffice.csv", "xlsxwriter.xlsx", "libreoffice.xlsx", "pandas.xlsx"),
    *("libreoffice.ods", "libreoffice.xls"),
)


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("count", [40, pytest.param(2_000, marks=pytest.mark.proof)])
def test_a_mutated_file_is_read_or_refused(
    name: str, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = originals(tmp_path)[name]
    path = tmp_path / name
    path.write_bytes(original)
    assert judge(path) == "read"
    outcomes: Counter[str] = Counter()
    for number in range(count):
        # The number is in a failure's message, and makes the same file again.
        rng = random.Random(f"{name} {number}")
        zipped = original.startswith(b"PK") and number % 4
        path.write_bytes(repacked(rng, original) if zipped else bent(rng, original))
        try:
            outcomes[judge(path)] += 1
        except Exception as error:
            raise AssertionError(f"{name} number {number}: {error!r}") from error
    if count > 40:
        with capsys.disabled():
            print(f"\n{name}: of {count:,} {outcomes['read']:,} read, {outcomes['refused']:,} refused")  # noqa: T201
    assert outcomes["refused"] >= count // 40
    assert outcomes["read"] >= count // 40
