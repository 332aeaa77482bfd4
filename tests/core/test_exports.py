"""Whole lists as csv and xlsx: every row, as what it is, and nothing that a spreadsheet would run."""

import csv
import io
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
import openpyxl
import pytest
from sqlalchemy import event, text

from chalicelib.core import db, exports
from chalicelib.core.answers import Elsewhere, File
from chalicelib.core.exports import FORMULA, Counts, Share, exported
from chalicelib.core.inputs import ListQuery
from chalicelib.core.openapi import document
from chalicelib.core.storage import EXPORTS, s3
from chalicelib.routes import ALL
from chalicelib.schedules.queries import Schedule
from tests import make
from tests.api import Answer, Api
from tests.backups import stored
from tests.conftest import Site
from tests.core.test_paging import floor

DECLARED = [route for feature in ALL for route in feature.declared]
LISTS = [route for route in DECLARED if route.listed]
DOCUMENT = document(DECLARED)
NOW = datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Odd(msgspec.Struct, frozen=True):
    """One row with a field of every kind."""

    number: int
    words: str
    long_number: int = 2**53 - 1
    share: float = 0.5
    yes: bool = True
    day: date = date(2026, 10, 5)
    old_day: date = date(1899, 12, 31)
    clock: time = time(22, 5)
    moment: datetime = NOW
    nothing: None = None
    options: dict[str, bool] = msgspec.field(default_factory=lambda: {"dry_run": True})
    names: tuple[str, ...] = ("a", "b")


def written(kind: str, *rows: msgspec.Struct, total: int | None = None, began: float = float("inf")) -> bytes:
    """The content of a small file; there is time without end unless said otherwise."""
    shape = type(rows[0]) if rows else Odd
    file = exported(kind, iter(rows), shape=shape, total=total or len(rows), name="odd", began=began)
    assert isinstance(file, File)
    assert file.name == f"odd.{kind}"
    return file.content


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def sheet(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


def raw_sheet(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


# Every list


@pytest.fixture
def filled(api: Api, site: Site) -> Api:
    """Something in every list."""
    floor(12)
    with make.written() as conn:
        conn.execute(
            text("INSERT INTO upload_errors (upload_id, finding, reason) VALUES (1, 'error', 'must be, \"x\"')")
        )
        conn.execute(text("INSERT INTO periods (month, closed_by) VALUES ('2026-09-01', 'test')"))
    for _ in range(3):
        stored.put(site.backups, "manual", NOW)
    return api


def path_of(route: Any) -> str:
    path: str = re.sub(r"{\w+}", "1", route.path.replace("{month}", "2026-09"))
    return path


def test_every_list_takes_a_format() -> None:
    assert {"/employees", "/schedules", "/uploads", "/uploads/{upload_id}/errors", "/backups"} <= {
        route.path for route in LISTS
    }
    assert all(issubclass(route.query, ListQuery) for route in LISTS)


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)
def test_the_contract_says_what_a_list_can_be_answered_as(route: Any) -> None:
    operation = DOCUMENT["paths"][f"/api{route.path}"]["get"]
    assert operation["responses"]["200"]["content"].keys() == {"application/json", "text/csv", XLSX}
    assert operation["responses"]["303"]["headers"]["Location"]
    assert "413" in operation["responses"]


def test_every_list_is_answered_whole_whatever_limit_says(filled: Api, subtests: pytest.Subtests) -> None:
    for route in LISTS:
        with subtests.test(route.path):
            is_answered_whole(filled, route)


def is_answered_whole(filled: Api, route: Any) -> None:
    path = path_of(route)
    rows = filled.get(path, limit=1000).data
    as_csv = filled.get(path, format="csv", limit=1, offset=5)
    as_xlsx = filled.get(path, format="xlsx", limit=1)
    fields = list(route.listed.__struct_encode_fields__)
    assert (as_csv.status, as_csv.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert (as_xlsx.status, as_xlsx.headers["Content-Type"]) == (200, XLSX)
    name = path.strip("/").replace("/", "-")
    assert as_csv.headers["Content-Disposition"] == f"attachment; filename=\"{name}.csv\"; filename*=UTF-8''{name}.csv"
    head, *cells = lines(as_csv.body)
    assert head == fields
    assert [[shown(row[field]) for field in fields] for row in rows] == cells
    [head, *cells] = sheet(as_xlsx.body).iter_rows(values_only=True)
    assert list(head) == fields
    assert len(cells) == len(rows)
    assert all(
        (cell is None) == (row[field] is None) or (cell is None and row[field] == "")
        for values, row in zip(cells, rows, strict=True)
        for field, cell in zip(fields, values, strict=True)
    )


def shown(value: Any) -> str:
    """A value of JSON as csv has it."""
    if isinstance(value, (bool, dict, list)):
        return msgspec.json.encode(value).decode()
    return "" if value is None else str(value)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_filter_and_order_hold_for_files_too(filled: Api, kind: str) -> None:
    query = {"employee_id": [3, 9, 5], "sort": "employee_id", "order": "desc", "format": kind}
    for path in ("/employees", "/schedules"):
        answer = filled.get(path, **query)
        table = lines(answer.body) if kind == "csv" else list(sheet(answer.body).iter_rows(values_only=True))
        place = table[0].index("employee_id")
        assert [int(row[place]) for row in table[1:]] == [9, 5, 3], path
    refused = filled.get("/schedules", sort="nonsense", start_date="x", format=kind)
    assert (refused.status, refused.headers["Content-Type"]) == (400, "application/json")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_without_rows_is_its_head(api: Api, kind: str) -> None:
    body = api.get("/schedules", format=kind).body
    table = lines(body) if kind == "csv" else list(sheet(body).iter_rows(values_only=True))
    assert [list(row) for row in table] == [list(Schedule.__struct_fields__)]


def test_a_format_nobody_knows_is_refused(api: Api) -> None:
    assert api.get("/employees", format="pdf").errors == ['format: must be one of: json, csv, xlsx, got "pdf"']


def test_connections_are_given_back_and_read_again_without_a_transaction(filled: Api) -> None:
    for _ in range(3):
        assert filled.get("/schedules", format="csv").status == 200
        assert filled.get("/schedules", format="csv", sort="nonsense").status == 400
        assert filled.get("/employees").status == 200
    assert db.engine().pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/employees", "/schedules", "/uploads"])
def test_the_database_keeps_the_rows_until_they_are_written(api: Api, path: str) -> None:
    floor(2500)
    held: list[str | None] = []

    def note(_conn: Any, cursor: Any, *_: Any) -> None:
        held.append(cursor.name)

    event.listen(db.engine(), "before_cursor_execute", note)
    assert len(lines(api.get(path, format="csv").body)) == 2501
    assert [name is not None for name in held] == [False, True]


def test_a_list_is_as_it_was_when_its_reading_began(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    floor(2500)
    in_time = exports._in_time

    def disturbed(*given: Any) -> Iterator[Any]:
        for number, row in enumerate(in_time(*given)):
            if number == 5:
                with make.written() as conn:
                    conn.execute(text("DELETE FROM schedules WHERE employee_id > 2400"))
            yield row

    monkeypatch.setattr(exports, "_in_time", disturbed)
    assert len(lines(api.get("/schedules", format="csv").body)) == 2501
    assert api.get("/schedules").body["total"] == 2400


# Cells


def test_csv_is_what_spreadsheets_and_the_rfc_want() -> None:
    content = written("csv", Odd(1, 'Zoë says "a, b"\r\nand c'))
    assert content.startswith(b"\xef\xbb\xbfnumber,words,")
    assert content.count(b"\r\n") == 3
    assert content.endswith(b"\r\n")
    [_, cells] = lines(content)
    assert cells == [
        "1",
        'Zoë says "a, b"\r\nand c',
        "9007199254740991",
        "0.5",
        "true",
        "2026-10-05",
        "1899-12-31",
        "22:05:00",
        "2026-11-22T10:30:15Z",
        "",
        '{"dry_run":true}',
        '["a","b"]',
    ]


def test_a_workbook_holds_dates_times_and_numbers_and_not_their_pictures() -> None:
    page = sheet(written("xlsx", Odd(1, "Zoë"), Odd(-2, "")))
    assert [cell.value for cell in page[2]] == [
        1,
        "Zoë",
        "9007199254740991",
        0.5,
        True,
        datetime(2026, 10, 5),
        "1899-12-31",
        time(22, 5),
        datetime(2026, 11, 22, 10, 30, 15),
        None,
        '{"dry_run":true}',
        '["a","b"]',
    ]
    formats = [cell.number_format for cell in page[2]]
    assert [formats[place] for place in (0, 5, 7, 8)] == ["0", "yyyy-mm-dd", "hh:mm:ss", "yyyy-mm-dd hh:mm:ss"]
    assert page["A3"].value == -2


def test_the_head_stays_in_sight_is_bold_and_can_be_filtered_by() -> None:
    page = sheet(written("xlsx", *[Odd(number, "a rather long piece of text" * 9) for number in range(3)]))
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:L4")
    assert all(cell.font.bold for cell in page[1])
    assert not any(cell.font.bold for cell in page[2])
    widths = {letter: page.column_dimensions[letter].width for letter in "ABFI"}
    assert 8 <= widths["A"] < widths["F"] < widths["I"] < widths["B"] <= 51


class Counted(msgspec.Struct, frozen=True):
    """A row of a report."""

    department: str | None
    adherence: Share | None
    headcount: float
    days: Counts


def test_shares_are_shown_in_per_cent_and_other_numbers_are_not() -> None:
    page = sheet(written("xlsx", Counted("Support", 5 / 6, 2.5, {}), Counted(None, None, 0.5, {})))
    assert [(cell.value, cell.number_format) for cell in page[2][1:3]] == [(5 / 6, "0.0%"), (2.5, "0.00")]
    assert [cell.value for cell in page[3][1:3]] == [None, 0.5]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_numbers_by_name_have_a_column_each_where_the_whole_list_is_at_hand(kind: str) -> None:
    rows = [Counted("Support", None, 1.0, {"Sick": 2, "=1+1": 3}), Counted("Sales", None, 1.0, {"Vacation": 1})]
    file = exported(kind, rows, shape=Counted, total=2, name="odd", began=float("inf"))
    assert isinstance(file, File)
    table = lines(file.content) if kind == "csv" else sheet(file.content).iter_rows(values_only=True)
    [head, *cells] = [list(row)[3:] for row in table]
    assert head == ["days: =1+1", "days: Sick", "days: Vacation"]
    assert [[int(one) for one in row] for row in cells] == [[3, 2, 0], [0, 0, 1]]


@pytest.mark.parametrize("begins", FORMULA)
def test_no_text_can_be_run(begins: str) -> None:
    words = f"{begins}cmd|' /C calc'!A0"
    assert lines(written("csv", Odd(1, words)))[1][1] == f"'{words}"
    content = written("xlsx", Odd(1, words), Odd(2, "{=1+1}"), Odd(3, "https://opsdb.example"), Odd(4, "007"))
    assert sheet(content)["B2"].data_type == "s"
    assert sheet(content)["B5"].value == "007"
    assert "<f>" not in raw_sheet(content)
    assert "hyperlink" not in raw_sheet(content)


def test_negative_numbers_stay_numbers() -> None:
    assert lines(written("csv", Odd(-1, "")))[1][0] == "-1"


def test_text_is_cut_where_a_cell_ends() -> None:
    content = written("xlsx", Odd(1, "x" * 40_000), Odd(2, "\x0b\x01 _x0041_ \ud7ff"))
    assert len(sheet(content)["B2"].value) == 32_767
    assert sheet(content)["A3"].value == 2


# Limits


def test_a_workbook_has_an_end_and_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    floor(6)
    monkeypatch.setattr(exports, "MOST_XLSX_ROWS", 5)
    refused = api.get("/employees", format="xlsx")
    assert (refused.status, refused.errors) == (
        413,
        ["format: xlsx holds up to 5 rows, this list has 6; ask for csv or less"],
    )
    assert api.get("/employees", format="csv").status == 200


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_takes_too_long_ends_before_the_gateway_gives_up(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    floor(6)
    monkeypatch.setattr(exports, "MOST_SECONDS", -1)
    refused = api.get("/employees", format=kind)
    assert refused.status == 413
    assert refused.errors[0].startswith("format: after 0 rows there is no time left; ask for less at once")
    assert db.engine().pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_too_large_for_an_answer_can_be_fetched_for_a_while(
    api: Api, site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    floor(30)
    whole: Answer = api.get("/schedules", format=kind)
    monkeypatch.setattr(exports, "LARGEST_ANSWER", 100)
    answer = api.get("/schedules", format=kind)
    assert (answer.status, answer.headers["Content-Type"]) == (303, "application/json")
    assert msgspec.convert(answer.body, Elsewhere) == Elsewhere(answer.headers["Location"], exports.LINK_SECONDS)
    [kept] = s3().list_objects_v2(Bucket=site.uploads)["Contents"]
    assert re.fullmatch(rf"{EXPORTS}[0-9a-f-]{{36}}/schedules\.{kind}", kept["Key"])
    with urllib.request.urlopen(answer.headers["Location"], timeout=10) as got:
        assert got.headers["Content-Type"] == exports.CONTENT_TYPES[kind]
        assert got.headers["Content-Disposition"] == f'attachment; filename="schedules.{kind}"'
        body = got.read()
    assert (body == whole.body) if kind == "csv" else (raw_sheet(body) == raw_sheet(whole.body))


def test_memory_does_not_grow_with_the_list() -> None:
    peak = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"

    def needed(kind: str, rows: int) -> int:
        code = f"""
from time import monotonic
from chalicelib.core import exports
from tests.core.test_exports import Odd
exports._handed_over = lambda file, *_: file.close()
import xlsxwriter
rows = (Odd(number, f"row {{number}}") for number in range({rows}))
exports.exported({kind!r}, rows, shape=Odd, total=1, name="odd", began=monotonic() + 600)
{peak}"""
        return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    for kind, rows in (("csv", 60_000), ("xlsx", 12_000)):
        assert needed(kind, rows) < needed(kind, 10) + 12
