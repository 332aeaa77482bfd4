"""The log: one JSON object a line, whatever is in it, and nothing about people."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chalicelib.core import db
from chalicelib.core.log import JsonLines, configure, job, request_id
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.migrations.catalogue import connected


class Lines:
    """What was logged, as somebody reading the stream would see it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(JsonLines())

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    made, root = Lines(), logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [made.handler]
    root.setLevel(logging.DEBUG)
    yield made
    root.handlers[:] = before
    root.setLevel(level)


log = logging.getLogger("tests.log")


def test_a_record_is_one_line_even_when_its_values_have_many(lines: Lines) -> None:
    log.info("a %s", "b\nc\r\n\u2028d", extra={"facts": {"e": "f\ng"}})
    log.warning("second")
    assert lines.text.count("\n") == 2
    first, second = lines.objects
    assert (first["message"], first["facts"]) == ("a b\nc\r\n\u2028d", {"e": "f\ng"})
    assert (second["level"], second["logger"]) == ("WARNING", "tests.log")


def test_a_traceback_is_part_of_its_line(lines: Lines) -> None:
    try:
        raise ValueError("of\nmany lines")
    except ValueError:
        log.exception("failed")
    (only,) = lines.objects
    assert "Traceback" in only["exception"]
    assert "ValueError: of\nmany lines" in only["exception"]


def test_what_json_does_not_know_is_written_as_words(lines: Lines) -> None:
    log.info("x", extra={"kind": object, "raw": b"\xff"})
    assert lines.objects[0]["raw"] == "b'\\xff'"


def test_times_are_utc_to_the_millisecond(lines: Lines) -> None:
    log.info("x")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", lines.objects[0]["time"])


def test_the_request_stands_in_every_line_of_it(lines: Lines) -> None:
    token = request_id.set("abc-1")
    log.info("inside")
    request_id.reset(token)
    log.info("outside")
    inside, outside = lines.objects
    assert inside["request_id"] == "abc-1"
    assert "request_id" not in outside


def test_a_job_has_one_line_at_its_begin_and_one_at_its_end(lines: Lines) -> None:
    with job(log, "backup", tier="daily") as outcome:
        outcome["rows"] = 12
    begin, end = lines.objects
    assert (begin["message"], begin["tier"]) == ("backup begins", "daily")
    assert (end["message"], end["tier"], end["rows"]) == ("backup ends", "daily", 12)
    assert end["seconds"] >= 0


def test_a_job_that_fails_says_so_and_fails(lines: Lines) -> None:
    with pytest.raises(KeyError), job(log, "backup"):
        raise KeyError("secret detail")
    end = lines.objects[-1]
    assert (end["message"], end["level"], end["failure"]) == ("backup failed", "ERROR", "KeyError")
    assert "secret detail" not in lines.text


def test_configuring_twice_does_not_write_twice(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure()
        configure(debug=True)
        assert root.level == logging.DEBUG
        assert len(root.handlers) == 1
        logging.getLogger("botocore").info("chatter")
        log.info("once")
        assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["once"]
    finally:
        root.handlers[:] = before
        root.setLevel(level)


PERSON = {
    "employee_id": 41031748911,
    "first_name": "Zebulina",
    "last_name": "Quackenbush",
    "company_email": "zq@opsdb.example",
}


def test_no_name_and_no_address_is_logged_when_people_are_created_changed_refused_and_removed(
    api: Api, lines: Lines
) -> None:
    assert api.post("/employees", PERSON).status == 201
    assert api.post("/employees", PERSON).status == 409
    assert api.post("/employees", {**PERSON, "company_email": "Quackenbush"}).status == 400
    assert api.put("/employees/41031748911", {"first_name": "Zebulon"}).status == 200
    assert api.get("/employees", search="Quackenbush").body["total"] == 1
    assert api.delete("/employees/41031748911").status == 200
    assert not re.search("quackenbush|zebul|zq@", lines.text, re.IGNORECASE)


def test_no_name_and_no_address_is_logged_when_the_database_refuses_what_nobody_foresaw(
    api: Api, site: Site, lines: Lines
) -> None:
    with make.written() as conn:
        make.employee(conn, employee_id=5)
    with connected(site.url("opsdb_owner")) as cursor:
        cursor.execute("ALTER TABLE employees ADD CONSTRAINT unforeseen CHECK (first_name <> 'Zebulina')")
        cursor.execute("CREATE UNIQUE INDEX nor_this ON employees (last_name)")
    assert api.post("/employees", PERSON).status == 500
    assert api.post("/employees", {**PERSON, "first_name": "Ottoline"}).status == 201
    again = {**PERSON, "employee_id": 41031748912, "first_name": "Ottoline", "company_email": None}
    assert api.post("/employees", again).status == 500
    failures = [line for line in lines.objects if line["level"] == "ERROR"]
    assert len(failures) == 2
    assert ["unforeseen" in failures[0]["exception"], "nor_this" in failures[1]["exception"]] == [True, True]
    assert not re.search("quackenbush|zebul|zq@|ottoline", lines.text, re.IGNORECASE)


def test_no_value_is_logged_with_the_piece_of_a_statement_that_is_amiss(site: Site, lines: Lines) -> None:
    values = {"name": "Quackenbush"}
    try:
        with db.reading() as conn:
            conn.execute(text("SELECT gone(:name)"), values)
    except ProgrammingError:
        log.exception("failed")
    (only,) = lines.objects
    assert "function gone(unknown) does not exist\nLINE (left out)\n" in only["exception"]
    assert "Quackenbush" not in lines.text


def test_no_key_is_logged(api: Api, lines: Lines) -> None:
    assert api.key is not None
    assert Api(api.key[:-1] + "x").get("/employees").status == 401
    assert api.get("/employees").status == 200
    assert api.key.split("_")[2][:20] not in lines.text
