"""Rows that failed come back in the layout of their sheet, and can be uploaded again as they are."""

import io
from datetime import date, time
from typing import Any
from urllib.request import urlopen

import openpyxl
import pytest
import xlsxwriter

from tests import make
from tests.api import Answer, Api
from tests.imports.test_posted import form, post, rows

MONDAY = date(2027, 3, 1)


def given_back(api: Api, answer: Answer) -> bytes:
    where = api.get(f"/uploads/{answer.body['upload_id']}/errors", format="xlsx")
    assert where.status == 303, where.body
    with urlopen(where.headers["Location"], timeout=20) as got:
        content: bytes = got.read()
    return content


@pytest.fixture
def answer(api: Api) -> Answer:
    """Of three rows one has somebody whom nobody knows, and one a formula for a code."""
    with make.written() as conn:
        one = make.employee(conn)
    days: list[Any] = [(one, MONDAY, time(9), time(17), "REG"), (999, MONDAY, time(9), time(17), "REG")]
    days.append((one, date(2027, 3, 2), time(9), time(17), "=1+1 "))
    got = post(api, "/schedules/batch", form(make.workbook(days, headers=make.SCHEDULE_HEADERS)))
    assert (got.status, got.body["error_count"]) == (200, 2), got.body
    return got


def test_rows_that_failed_come_back_with_their_reason_their_upload_and_their_number(api: Api, answer: Answer) -> None:
    page = openpyxl.load_workbook(io.BytesIO(given_back(api, answer))).active
    head, *below = page.iter_rows(values_only=True)
    assert head == (*make.SCHEDULE_HEADERS, "Reason", "Upload", "Row")
    assert (below[0][0], *below[0][-2:]) == (999, answer.body["upload_id"], 3)
    assert [row[-1] for row in below] == [3, 4]
    assert "Employee - ID" in below[0][-3]
    assert {cell.data_type for row in page.iter_rows() for cell in row}.isdisjoint({"f"})


def test_what_was_corrected_is_taken_as_it_was_given_back(api: Api, answer: Answer) -> None:
    book = openpyxl.load_workbook(io.BytesIO(given_back(api, answer)))
    with make.written() as conn:
        make.employee(conn, employee_id=999)
    assert book.active is not None
    book.active.delete_rows(3)
    file = io.BytesIO()
    book.save(file)
    again = post(api, "/schedules/batch", form(file.getvalue()))
    assert (again.body["success_count"], again.body["error_count"]) == (1, 0), again.body
    assert rows("SELECT count(*) FROM schedules")[0][0] == 2


def test_where_no_row_failed_the_workbook_is_the_empty_list(api: Api) -> None:
    with make.written() as conn:
        one = make.employee(conn)
    sheet = make.workbook([(one, MONDAY, time(9), time(17), "REG")], headers=make.SCHEDULE_HEADERS)
    done = post(api, "/schedules/batch", form(sheet))
    assert api.get(f"/uploads/{done.body['upload_id']}/errors", format="xlsx").status == 200


def test_a_day_in_doubt_comes_back_as_a_question_and_not_as_another_day(api: Api) -> None:
    with make.written() as conn:
        one = make.employee(conn)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "date_1904": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, make.SCHEDULE_HEADERS)
        page.write_row(1, 0, (one, 46300, "09:00", "17:00", "REG"))
    first = post(api, "/schedules/batch", form(file.getvalue()))
    assert first.body["error_count"] == 1
    book = given_back(api, first)
    row = openpyxl.load_workbook(io.BytesIO(book)).active[2]
    assert (row[0].value, row[1].value) == (one, "46300?")
    again = post(api, "/schedules/batch", form(book))
    assert (again.body["success_count"], again.body["error_count"]) == (0, 1), "nobody has said which day it is"
