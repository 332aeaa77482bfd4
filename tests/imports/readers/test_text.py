"""Delimited text in whatever encoding and with whatever delimiter it comes."""

from pathlib import Path

import pytest

from chalicelib.imports.readers import Row, open_rows
from tests.imports.readers.books import LIMITS, rows_of


def rows_of_text(tmp_path: Path, content: str, encoding: str = "utf-8") -> list[Row]:
    (tmp_path / "a.csv").write_bytes(content.encode(encoding))
    return rows_of(tmp_path / "a.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_encoding_is_told_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    assert rows_of_text(tmp_path, "id,name\n1,José Núñez\n", encoding)[1] == Row(2, ["1", "José Núñez"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_line_end_are_told_from_the_first_lines(tmp_path: Path, delimiter: str, end: str) -> None:
    lines = ["id{0}name{0}day", '1{0}"Cruz, Ana; the | first"{0}05/10/2026', "2{0}Lee{0}06/10/2026"]
    rows = rows_of_text(tmp_path, end.join(lines).format(delimiter))
    assert rows[1:] == [Row(2, ["1", "Cruz, Ana; the | first", "05/10/2026"]), Row(3, ["2", "Lee", "06/10/2026"])]


def test_a_comma_in_every_name_does_not_make_it_the_delimiter(tmp_path: Path) -> None:
    rows = rows_of_text(tmp_path, "Roster\nid;name;batch\n1;Cruz, Ana;A\n2;Lee, Bo;B\n")
    assert rows[2].cells == ["1", "Cruz, Ana", "A"]


def test_a_single_column_is_a_sheet(tmp_path: Path) -> None:
    assert rows_of_text(tmp_path, "id\n1\n") == [Row(1, ["id"]), Row(2, ["1"])]


def test_the_line_that_states_the_delimiter_is_no_row(tmp_path: Path) -> None:
    assert rows_of_text(tmp_path, "sep=;\nid;name\n1;a,b\n") == [Row(1, ["id", "name"]), Row(2, ["1", "a,b"])]


def test_rows_are_numbered_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    rows = rows_of_text(tmp_path, 'id,note\n\n1,"two\nlines"\n,,\n2,"a ""b"""\n')
    assert rows == [Row(1, ["id", "note"]), Row(3, ["1", "two\nlines"]), Row(5, ["2", 'a "b"'])]


def test_odd_line_ends_inside_a_line_end_nothing(tmp_path: Path) -> None:
    assert rows_of_text(tmp_path, "a\u2028b\x0cc,d\n") == [Row(1, ["a\u2028b\x0cc", "d"])]


def test_trailing_blank_columns_are_dropped(tmp_path: Path) -> None:
    assert rows_of_text(tmp_path, "a,,b,,,\n") == [Row(1, ["a", None, "b"])]


def test_a_letter_cut_by_a_piece_is_whole(tmp_path: Path) -> None:
    rows = rows_of_text(tmp_path, "id,name\n" + "".join(f"{n},é{'é' * (n % 7)}\n" for n in range(40_000)))
    assert len(rows) == 40_001
    assert all(set(str(row.cells[1])) == {"é"} for row in rows[1:])


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" * 100_000)
    with open_rows(tmp_path / "a.csv", LIMITS) as sheet:
        seen = [sheet.progress for _ in sheet]
    assert seen == sorted(seen)
    assert seen[0] < 0.5
    assert seen[-1] == 1.0
