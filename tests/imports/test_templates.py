"""Empty sheets: what they offer, and that they can be filled in and uploaded."""

import io
from typing import Any

import openpyxl
import pytest

from chalicelib.imports import header
from chalicelib.imports.readers import Limits, open_rows
from chalicelib.imports.sheets import KINDS
from tests import make
from tests.api import Api


def opened(api: Api, file: str) -> Any:
    answer = api.get(f"/templates/{file}")
    assert answer.status == 200, answer.body
    return openpyxl.load_workbook(io.BytesIO(answer.body))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sheet_whose_header_is_understood_and_that_has_no_rows(
    api: Api, kind: str, tmp_path: Any
) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(api.get(f"/templates/{kind}.xlsx").body)
    with open_rows(path, Limits(bytes=10**6, unpacked_bytes=10**7, columns=100, rows=100)) as sheet:
        [row] = list(sheet)
    assert not header.find([row], KINDS[kind].columns).missing


def test_dropdowns_have_what_may_be_chosen_today(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    book = opened(api, "employees.xlsx")
    headers = [cell.value for cell in book["Sheet"][1]]
    letter = openpyxl.utils.get_column_letter(headers.index("Department") + 1)
    [rule] = [one for one in book["Sheet"].data_validations.dataValidation if str(one.sqref).startswith(letter)]
    assert rule.formula1 == f"Choices!${letter}$1:${letter}$2"
    assert [cell.value for cell in book["Choices"][letter]][:2] == ["Sales", "Support"]
    assert book["Choices"].sheet_state == "hidden"


def test_the_example_stands_beside_its_column_and_not_among_the_rows(api: Api) -> None:
    notes = {row[0]: row[1:3] for row in opened(api, "employees.xlsx")["Notes"].iter_rows(values_only=True)}
    assert notes["Hire Date"] == ("yes", "2026-10-05")
    assert notes["Tier"][0] == "no"


@pytest.mark.parametrize("file", ["nonsense.xlsx", "employees", "employees.csv"])
def test_there_is_no_other_file(api: Api, file: str) -> None:
    assert api.get(f"/templates/{file}").status == 404
