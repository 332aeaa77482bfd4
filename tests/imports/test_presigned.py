"""Forms that go to the bucket, sent for real; trying again, and calling off."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import text

from chalicelib.core import auth, continuation, db, storage
from chalicelib.imports import arrivals, presigned
from chalicelib.imports import run as running
from tests import make
from tests.api import Api
from tests.conftest import Site

MONDAY = date(2027, 3, 1)
EDGE = "a-boundary"
IN_THREE_HOURS = timedelta(hours=3)


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


def caller(role: str) -> Api:
    with db.writing(db.Actor("test")) as conn:
        return Api(auth.create_key(conn, name=role, role=role)[1])


@pytest.fixture
def week(api: Api) -> bytes:
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(4)]
    days = [(one, MONDAY + timedelta(day), time(9), time(17), "REG") for one in people for day in range(5)]
    return make.workbook(days, headers=make.SCHEDULE_HEADERS)


def asked(api: Api, sheet: bytes, **more: Any) -> dict[str, Any]:
    answer = api.post("/uploads", {"kind": "schedules", "filename": "week 1.xlsx", "size": len(sheet), **more})
    assert answer.status == 201, answer.body
    form: dict[str, Any] = answer.body
    return form


def send(form: dict[str, Any], sheet: bytes, **changed: str) -> int:
    """What S3 answers to the form."""
    body = b"".join(
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**form["fields"], **changed}.items()
    )
    body += f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'.encode()
    body += sheet + f"\r\n--{EDGE}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    try:
        with urlopen(Request(form["url"], data=body, headers=headers), timeout=20) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def arrived(site: Site, key: str) -> dict[str, Any]:
    """The event of the newest version of a key."""
    from urllib.parse import quote_plus

    head = storage.s3().head_object(Bucket=site.uploads, Key=key)
    thing = {"key": quote_plus(key, safe="/"), "versionId": head["VersionId"]}
    record = {"userIdentity": {"principalId": "AIDA1"}, "s3": {"bucket": {"name": site.uploads}, "object": thing}}
    return {"Records": [record]}


def test_a_file_that_is_sent_by_its_form_becomes_the_upload_that_waits(site: Site, api: Api, week: bytes) -> None:
    planner = caller("planner")
    form = asked(planner, week)
    assert planner.get(f"/uploads/{form['upload_id']}").body["state"] == "waiting"
    assert send(form, week) == 204
    event = arrived(site, form["fields"]["key"])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(arrivals.on_event, [event] * 4))
    [upload] = rows("SELECT * FROM uploads")
    assert (upload.upload_id, upload.state, upload.success_count) == (form["upload_id"], "done", 20)
    assert (upload.uploaded_by, upload.role) == ("key:2", "planner")
    assert upload.version_id == event["Records"][0]["s3"]["object"]["versionId"]


def test_options_are_those_that_were_asked_for(site: Site, api: Api, week: bytes) -> None:
    form = asked(api, week, dry_run=True, options={"replace_period": True})
    head = {name: value for name, value in form["fields"].items() if name.startswith("x-amz-meta-")}
    assert (head["x-amz-meta-dry-run"], head["x-amz-meta-replace-period"]) == ("true", "true")
    assert send(form, week) == 204
    arrivals.on_event(arrived(site, form["fields"]["key"]))
    [upload] = rows("SELECT state, dry_run, options FROM uploads")
    assert (upload.state, upload.dry_run, upload.options["replace_period"]) == ("done", True, True)
    assert not rows("SELECT 1 FROM schedules")


@pytest.mark.parametrize(
    "changed",
    [{"key": "incoming/schedules/other.xlsx"}, {"x-amz-meta-dry-run": "true"}, {"x-amz-meta-confirm": "true"}],
)
def test_a_form_that_was_altered_is_refused_by_the_bucket(site: Site, api: Api, week: bytes, changed: Any) -> None:
    assert send(asked(api, week), week, **changed) == 403


def test_a_file_of_another_length_is_refused_by_the_bucket(site: Site, api: Api, week: bytes) -> None:
    form = asked(api, week)
    assert {send(form, week + b"x"), send(form, week[:-1])} <= {400, 403}


def test_a_form_that_is_sent_twice_gives_nobody_more_rights(site: Site, api: Api, week: bytes) -> None:
    form = asked(caller("planner"), week)
    for _ in range(2):
        assert send(form, week) == 204
        arrivals.on_event(arrived(site, form["fields"]["key"]))
    found = rows("SELECT role, uploaded_by FROM uploads")
    assert [(one.role, one.uploaded_by) for one in found] == [("planner", "key:2")] * 2


def test_forms_are_signed_by_version_4_for_the_regions_own_endpoint(
    site: Site, api: Api, week: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    storage.s3.cache_clear()
    form = asked(api, week)
    assert form["url"] == f"https://{site.uploads}.s3.us-east-1.amazonaws.com/"
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "shedules", "filename": "a.xlsx", "size": 1}, 400),
        ({"kind": "schedules", "filename": "../a.xlsx", "size": 1}, 400),
        ({"kind": "schedules", "filename": "a.xlsx", "size": 0}, 400),
        ({"kind": "schedules", "filename": "a.xlsx", "size": 10**12}, 413),
        ({"kind": "schedules", "filename": "a.xlsx", "size": 1, "options": {"dry": True}}, 400),
    ],
)
def test_a_form_for_what_would_not_be_taken_is_refused(api: Api, body: Any, status: int) -> None:
    assert api.post("/uploads", body).status == status
    assert not rows("SELECT 1 FROM uploads")


def test_who_may_not_bring_a_kind_gets_no_form_for_it(api: Api, week: bytes) -> None:
    body = {"kind": "schedules", "filename": "a.xlsx", "size": 1}
    assert [caller(role).post("/uploads", body).status for role in ("viewer", "hr", "planner")] == [403, 403, 201]


def test_a_file_that_never_comes_fails_when_it_can_come_no_more_and_hinders_no_sweep(api: Api, week: bytes) -> None:
    form = asked(api, week)
    arrivals.sweep(now=datetime.now(UTC) + timedelta(minutes=30))
    assert rows("SELECT state FROM uploads")[0].state == "waiting"
    arrivals.sweep(now=datetime.now(UTC) + IN_THREE_HOURS)
    assert rows("SELECT state FROM uploads")[0].state == "failed"
    assert api.post(f"/uploads/{form['upload_id']}/retry").status == 409


def test_a_file_whose_event_was_lost_is_found_by_the_sweep(site: Site, api: Api, week: bytes) -> None:
    form = asked(api, week)
    assert send(form, week) == 204
    arrivals.sweep(now=datetime.now(UTC) + IN_THREE_HOURS)
    [upload] = rows("SELECT upload_id, state FROM uploads")
    assert (upload.upload_id, upload.state) == (form["upload_id"], "done")


def test_what_was_called_off_before_it_came_is_not_run(site: Site, api: Api, week: bytes) -> None:
    form = asked(api, week)
    path = f"/uploads/{form['upload_id']}/cancel"
    assert api.post(path).body["state"] == "cancelled"
    assert send(form, week) == 204
    arrivals.on_event(arrived(site, form["fields"]["key"]))
    assert not rows("SELECT 1 FROM schedules")
    assert api.post(path).status == 409
    assert api.post(f"/uploads/{form['upload_id']}/retry").status == 409


def test_a_run_that_is_called_off_stops_between_chunks(
    site: Site, api: Api, week: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 5)
    form = asked(api, week)
    assert send(form, week) == 204
    document = arrived(site, form["fields"]["key"])
    read: list[int] = []

    def stop(rows_read: int, share: float) -> None:
        read.append(rows_read)
        if rows_read == 10:
            assert api.get(f"/uploads/{form['upload_id']}").body["rows_read"] == 10
            assert api.post(f"/uploads/{form['upload_id']}/cancel").status == 200

    described = document["Records"][0]["s3"]
    upload_id = arrivals.register(
        bucket=site.uploads,
        key=form["fields"]["key"],
        version_id=described["object"]["versionId"],
        uploaded_by="s3:AIDA1",
    )
    assert upload_id is not None
    done = running.run(upload_id, progress=stop)
    assert done is not None
    assert (done.state, read) == ("cancelled", [5, 10])
    assert not rows("SELECT 1 FROM schedules")
    assert not rows("SELECT 1 FROM upload_rows")


def test_what_failed_as_a_whole_is_read_again_when_that_is_asked_for(site: Site, api: Api) -> None:
    with make.written() as conn:
        one = make.employee(conn)
    sheet = make.workbook(
        [(one, MONDAY, time(9), time(17), "REG"), (999, MONDAY, time(9), time(17), "REG")],
        headers=make.SCHEDULE_HEADERS,
    )
    form = asked(api, sheet, options={"all_or_nothing": True})
    path = f"/uploads/{form['upload_id']}"
    assert send(form, sheet) == 204
    arrivals.on_event(arrived(site, form["fields"]["key"]))
    assert api.get(path).body["state"] == "failed"
    with make.written() as conn:
        make.employee(conn, employee_id=999)
    again = api.post(f"{path}/retry")
    assert (again.status, again.body["state"], again.body["error_count"]) == (202, "waiting", 0)
    [marker] = storage.s3().list_objects_v2(Bucket=site.uploads, Prefix=storage.DO)["Contents"]
    thing = {"key": marker["Key"]}
    record = {"s3": {"bucket": {"name": site.uploads}, "object": thing}}
    left = continuation.carried_on({"Records": [record]}, presigned.WORK)
    assert left["Records"] == []
    assert api.get(path).body["state"] == "done"
    assert rows("SELECT count(*) FROM schedules")[0][0] == 2
    assert rows("SELECT count(*) FROM upload_errors")[0][0] == 0
    assert api.post(f"{path}/retry").status == 409


def test_a_marker_that_names_no_upload_is_done_with(site: Site) -> None:
    for said in ("7", "x", "9" * 30):
        presigned.carry_on(continuation.Marker(asked_by="test", at=datetime.now(UTC), facts={"upload_id": said}))
    assert not rows("SELECT 1 FROM uploads")
