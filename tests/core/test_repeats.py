"""Requests that are sent again under their key: done once, answered alike, whatever goes wrong in between."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text

from chalicelib.core import db, repeats
from chalicelib.core.openapi import document
from chalicelib.rewards import queries
from chalicelib.routes import ALL
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.counting import statements
from tests.rewards.points import balance, caller, given, reason
from tests.test_audit import EXAMPLES, Floor, contents, floor, no_commit

__all__ = ["floor"]

REPEATABLE = [f"{one.method} {one.path}" for feature in ALL for one in feature.declared if one.repeatable]
SECRET = {f"{one.method} {one.path}" for feature in ALL for one in feature.declared if one.secret}


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        reason(conn)
        return make.employee(conn)


def award(api: Api, ada: int, key: str = "k-1", **more: Any) -> Answer:
    return api.post("/rewards/award", {"employee_id": ada, "reason_id": 1, **more}, **{"Idempotency-Key": key})


def kept() -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text("SELECT caller, key, status, answer FROM request_keys ORDER BY caller, key")))


def age(hours: float) -> None:
    """Everything that is kept becomes older by so much."""
    with make.written() as conn:
        older = "UPDATE request_keys SET created_at = created_at - make_interval(secs => 3600 * :hours)"
        conn.execute(text(older), {"hours": hours})


@pytest.mark.parametrize("route", [route for route in REPEATABLE if route in EXAMPLES])
def test_whatever_is_posted_twice_under_a_key_is_done_once_and_answered_alike(floor: Floor, route: str) -> None:
    path, body = EXAMPLES[route](floor)
    sent = {"Idempotency-Key": "once"}
    first = floor.api.post(path, body, **sent)
    assert 200 <= first.status < 300, first.body
    before = contents()
    again = floor.api.post(path, body, **sent)
    assert contents() == before
    if route in SECRET:
        assert (again.status, kept()[0].answer) == (409, None)
        assert again.errors[0].startswith("Idempotency-Key: this was done, and its answer was a secret")
    else:
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Content-Type"] == "application/json"


def test_the_same_is_said_in_any_order_and_with_any_spaces(api: Api, ada: int) -> None:
    bodies = (
        b'{"employee_id": %d, "reason_id": 1, "notes": "\xc3\xa9"}' % ada,
        b'{ "notes":"\\u00e9",\n"reason_id":1,"employee_id":%d}' % ada,
    )
    answers = [api.call("POST", "/rewards/award", body=body, headers={"Idempotency-Key": "k"}).body for body in bodies]
    assert answers[0] == answers[1]
    assert balance(api, ada) == 30


def test_a_key_belongs_to_one_request_of_one_caller(api: Api, ada: int) -> None:
    assert award(api, ada).status == 201
    for refused in (
        award(api, ada, points=31),
        api.post("/rewards/reasons", {"reason": "Praise", "points": 3}, **{"Idempotency-Key": "k-1"}),
    ):
        assert (refused.status, refused.errors) == (
            409,
            ["Idempotency-Key: belongs to another request of the last 24 hours"],
        )
    one, other = (award(api, ada, key).body["reward_id"] for key in ("k-2", "k-3"))
    assert one != other
    assert award(caller("hr"), ada).body["awarded_by"] != award(api, ada).body["awarded_by"]
    assert balance(api, ada) == 4 * 30


def test_the_same_body_to_another_row_is_another_request(api: Api, ada: int) -> None:
    one, other = (award(api, ada, key).body["reward_id"] for key in ("k-1", "k-2"))
    assert api.post(f"/rewards/awards/{one}/reverse", {}, **{"Idempotency-Key": "back"}).status == 200
    assert api.post(f"/rewards/awards/{other}/reverse", {}, **{"Idempotency-Key": "back"}).status == 409
    assert balance(api, ada) == 30


def test_of_fifty_at_once_under_one_key_one_is_done_and_all_are_answered_alike(api: Api, ada: int) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: award(api, ada), range(50)))
    assert Counter(one.status for one in answers) == {201: 50}
    assert {one.body["reward_id"] for one in answers} == {answers[0].body["reward_id"]}
    assert balance(api, ada) == 30


def test_whoever_comes_while_the_first_is_at_work_waits_for_its_answer(
    api: Api, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = Event(), Event()
    insert_award = queries.insert_award

    def slowly(*args: Any, **named: Any) -> int:
        begun.set()
        assert may_end.wait(30)
        return insert_award(*args, **named)

    monkeypatch.setattr(queries, "insert_award", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(award, api, ada)
        assert begun.wait(30)
        second = pool.submit(award, api, ada)
        wait_until_somebody_waits()
        may_end.set()
        assert first.result().body == second.result().body
    assert balance(api, ada) == 30


def wait_until_somebody_waits() -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(3000):
        with db.reading() as conn:
            if conn.execute(text(waiting)).scalar_one():
                return
            conn.execute(text("SELECT pg_sleep(0.01)"))
    raise AssertionError("nobody waits")


def test_what_was_refused_may_be_tried_again_under_its_key(api: Api, ada: int) -> None:
    def redeem() -> Answer:
        wish = {"employee_id": ada, "points_redeemed": 30, "redemption_type": "Donation"}
        return api.post("/rewards/redemptions", wish, **{"Idempotency-Key": "k"})

    assert (redeem().status, kept()) == (409, [])
    with make.written() as conn:
        given(conn, ada, 30)
    assert redeem().status == redeem().status == 201
    assert balance(api, ada) == 0


def test_what_failed_left_nothing_and_may_be_tried_again(api: Api, ada: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("after the row was written")

    before = contents()
    with monkeypatch.context() as patched:
        patched.setattr(queries, "find_award", broken)
        assert award(api, ada).status == 500
    with no_commit():
        assert award(api, ada).status == 500
    assert contents() == before
    assert award(api, ada).status == award(api, ada).status == 201
    assert balance(api, ada) == 30


def test_whoever_tries_until_it_is_done_has_it_done_once_however_often_the_database_hangs_up(
    api: Api, ada: int, site: Site
) -> None:
    over, tries = Event(), Counter[str]()

    def hang_up() -> None:
        end = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = %s AND usename = 'opsdb_app' ORDER BY random() LIMIT 1"""
        with closing(psycopg2.connect(site.server.admin_url)) as admin, admin.cursor() as cursor:
            while not over.wait(0.03):
                cursor.execute(end, (site.database,))
                admin.commit()

    def insist(key: str) -> int:
        while True:
            answer = award(api, ada, key)
            tries[str(answer.status)] += 1
            if answer.status == 201:
                found: int = answer.body["reward_id"]
                return found
            assert answer.status in {500, 503}, answer.body

    keys = [f"k-{number}" for number in range(50)]
    with ThreadPoolExecutor(5) as pool:
        trouble = pool.submit(hang_up)
        try:
            done = list(pool.map(insist, keys))
        finally:
            over.set()
        trouble.result()
    assert tries["503"] > 0, "nothing was in the way"
    assert [award(api, ada, key).body["reward_id"] for key in keys] == done
    assert len(set(done)) == len(keys)
    assert balance(api, ada) == 30 * len(keys)


def test_an_answer_is_kept_for_a_day_and_forgotten_by_the_sweep(api: Api, ada: int) -> None:
    first = award(api, ada).body["reward_id"]
    age(23.9)
    repeats.sweep()
    assert award(api, ada).body["reward_id"] == first
    age(0.2)
    second = award(api, ada, points=31).body["reward_id"]
    assert second != first
    assert award(api, ada, points=31).body["reward_id"] == second
    age(24.1)
    repeats.sweep()
    assert kept() == []


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 201, "h\u00e9", "tab\t"])
def test_a_key_that_is_none_is_named_beside_what_else_is_wrong(api: Api, ada: int, key: str) -> None:
    refused = award(api, ada, key, points=0)
    assert (refused.status, [one.partition(":")[0] for one in refused.errors]) == (400, ["points", "Idempotency-Key"])
    assert refused.errors[1] == "Idempotency-Key: must be 1 to 200 visible ASCII characters"
    assert award(api, ada, "x" * 200).status == 201


def test_a_request_without_a_key_costs_nothing_more(api: Api, ada: int) -> None:
    asked = {"employee_id": ada, "reason_id": 1}
    sent: list[list[str]] = []
    for headers in ({}, {"Idempotency-Key": "k"}):
        with statements() as noted:
            assert api.post("/rewards/award", asked, **headers).status == 201
        sent.append(noted)
    extra = [one for one in sent[1] if "request_keys" in one or "SAVEPOINT" in one]
    assert [one for one in sent[1] if one not in extra] == sent[0]
    assert len(extra) == 4


def test_only_what_posts_has_keys_and_nobody_has_any(api: Api, ada: int) -> None:
    identified = {
        f"{one.method} {one.path}" for feature in ALL for one in feature.declared if one.method == "POST" and one.roles
    }
    assert set(REPEATABLE) == identified
    for method, path, body in (("PUT", "/rewards/reasons/1", {"points": 5}), ("GET", "/rewards/reasons", None)):
        assert api.call(method, path, body=body, headers={"Idempotency-Key": "not one"}).status == 200
    assert kept() == []


def test_who_may_not_ask_is_told_nothing_of_earlier_answers(api: Api, ada: int) -> None:
    lead = caller("hr")
    assert award(lead, ada).status == 201
    with make.written() as conn:
        conn.execute(text("UPDATE api_keys SET role = 'viewer' WHERE name = 'hr'"))
    assert award(lead, ada).status == 403


def test_of_many_at_once_each_that_fails_takes_only_itself_back(api: Api, site: Site) -> None:
    with make.written() as conn:
        make.employee(conn, employee_id=77)
        waiting = "INSERT INTO new_employee_reviews (first_name, last_name) VALUES ('Cy', 'New') RETURNING review_id"
        first, second = (conn.execute(text(waiting)).scalar_one() for _ in range(2))
    wanted = [{"review_id": one, "employee_id": number} for one, number in ((first, 77), (second, 78))]
    answers = [
        api.post("/employees/reviews/approve", {"reviews": wanted}, **{"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert answers[0].status == 200, answers[0].body
    assert answers[0].body == answers[1].body
    assert (api.get("/employees/78").status, len(kept())) == (200, 1)


def test_the_document_names_the_header_wherever_it_is_understood() -> None:
    made = document(one for feature in ALL for one in feature.declared)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            named = [one for one in operation["parameters"] if one["in"] == "header"]
            assert [one["name"] for one in named] == ["Idempotency-Key"] * (
                f"{method.upper()} {path.removeprefix('/api')}" in REPEATABLE
            )
