"""What the functions may do in AWS is what they do: seen by running them, judged against roles, buckets and key."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core import storage
from chalicelib.migrations import steps
from local import postgres
from local import s3 as local_s3
from opsdb_deploy.declared import Function
from tests.backups.place import Place
from tests.conftest import administer
from tests.infra import flows, needs
from tests.infra.effective import strings
from tests.infra.evaluation import Request, Statement, allows, applies
from tests.infra.grants import (
    ACCOUNT,
    BUCKETS,
    FUNCTIONS,
    KEY,
    REGION,
    WAYS,
    arn,
    by_chalice,
    by_cloudformation,
    excuses,
    lets_pass,
)
from tests.infra.recording import Recorder, sites

PREFIXES = [one for one in vars(storage).values() if isinstance(one, str) and one.endswith("/")]
"""Every prefix of the key layout."""

OPERATORS = {
    ("backups/archive.py", "_body", "get_object"),
    ("backups/glacier.py", "asked_for", "head_object"),
    ("backups/glacier.py", "_ask", "restore_object"),
    ("imports/arrivals.py", "import_file", "put_object"),
}
"""Calls that only the command line makes, with the rights of whoever runs it."""

BY_TEMPLATE = {"OpenItsEnvironment", "KeepWhatFailed", "Trace", "ReadThePassword", "OpenIt"}
"""Statements that opsdb_deploy and app.yaml add to those of the policy files."""

WITHOUT = {"Chalice": {"secretsmanager"}}
"""What a way of deploying does not offer: config.json names no secret with the database's password."""

each_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
each_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def place(server: postgres.Server, store: local_s3.Server, migrated: str) -> Iterator[Place]:
    name = f"permissions_{secrets.token_hex(4)}"
    administer(server, f"CREATE DATABASE {name} OWNER opsdb_owner TEMPLATE {migrated}")
    steps.bootstrap(server.admin_url, database=name, passwords={})
    yield Place(server, store, name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def seen(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    """Every call of every flow."""
    with pytest.MonkeyPatch.context() as patch, flows.stage(place, patch) as stage:
        flows.all_of(stage, tmp_path_factory.mktemp("flows"))
        return stage.recorder


def asked_by(function: Function, seen: Recorder, way: str = "CloudFormation") -> list[Request]:
    """What AWS was asked for on behalf of the function, each once."""
    calls = [one for one in seen.calls if one.function == function.name and one.service not in WITHOUT.get(way, ())]
    requests = (one for call in calls for one in needs.of(call))
    return list({(one.action, one.resource, *one.context.items()): one for one in requests}.values())


def problems(function: Function, way: str, statements: Sequence[Statement], asked: Sequence[Request]) -> set[str]:
    """What is missing, too much or without a reason."""
    excused = {(one.sid, action) for one in excuses() if one.covers(function, way) for action in one.actions}
    held = {(one["Sid"], action) for one in statements for action in strings(one["Action"])}
    own = {"lambda:SourceFunctionArn": arn(function)}
    return {
        *(f"{one.action} on {one.resource} is asked for" for one in asked if not allows(statements, one)),
        *(why for one in statements if one["Effect"] == "Allow" for why in _unused(one, asked, excused)),
        *(f"{sid} lacks {action}, which has its reason" for sid, action in excused - held),
        *(
            f"{action} is open to the function's own code"
            for _, action in excused
            if action.startswith("ec2:") and allows(statements, Request(action, "*", own))
        ),
    }


def _unused(statement: Statement, asked: Sequence[Request], excused: set[tuple[str, str]]) -> Iterator[str]:
    for action in strings(statement["Action"]):
        for resource in strings(statement["Resource"]):
            uses = [one for one in asked if applies({**statement, "Action": action, "Resource": resource}, one)]
            said = f"{statement['Sid']}: {action} on {resource}"
            if bool(uses) is ((statement["Sid"], action) in excused):
                yield f"{said} is used and excused" if uses else f"{said} is used by no flow"
            elif uses and action.startswith("s3:") and not _is_narrow(resource, uses):
                yield f"{said} is wider than what is used"


def _is_narrow(pattern: str, uses: Sequence[Request]) -> bool:
    """Whether no longer prefix of the layout would do; a bucket by itself is as narrow as can be."""
    bucket, _, keys = pattern.partition("/")
    fitting = [f"{bucket}/{one}" for one in PREFIXES if all(use.resource.startswith(f"{bucket}/{one}") for use in uses)]
    return (not keys and pattern != "*") or (bool(fitting) and pattern.startswith(max(fitting, key=len)))


@each_way
@each_function
def test_a_function_may_do_what_it_does_and_nothing_else(function: Function, way: str, seen: Recorder) -> None:
    asked = asked_by(function, seen, way)
    assert asked
    assert problems(function, way, WAYS[way](function), asked) == set()


@each_way
@each_function
def test_no_statement_and_no_action_could_be_left_out(function: Function, way: str, seen: Recorder) -> None:
    statements, asked = WAYS[way](function), asked_by(function, seen, way)
    for number, one in enumerate(statements):
        others = [*statements[:number], *statements[number + 1 :]]
        assert problems(function, way, others, asked), one["Sid"]
        for action in strings(one["Action"]):
            fewer = {**one, "Action": [each for each in strings(one["Action"]) if each != action]}
            assert problems(function, way, [*others, fewer], asked), (one["Sid"], action)


@each_function
def test_nothing_could_be_added_or_widened_unnoticed(function: Function, seen: Recorder) -> None:
    statements, asked = by_chalice(function), asked_by(function, seen, "Chalice")
    for more in ("s3:DeleteObjectVersion", "kms:Encrypt", "lambda:InvokeFunction"):
        added = {"Sid": "More", "Effect": "Allow", "Action": more, "Resource": "*"}
        assert problems(function, "Chalice", [*statements, added], asked)
    for number, one in enumerate(statements):
        wider = [resource.partition("/")[0] + "/*" for resource in strings(one["Resource"]) if ":s3:::" in resource]
        if wider != [] and any("/" in resource for resource in strings(one["Resource"])):
            widened = [*statements[:number], {**one, "Resource": wider}, *statements[number + 1 :]]
            assert problems(function, "Chalice", widened, asked), one["Sid"]


@each_function
def test_both_ways_of_deploying_give_the_same_rights(function: Function) -> None:
    def shown(statements: list[Statement]) -> list[tuple[Any, ...]]:
        return [
            (
                one["Sid"],
                one["Effect"],
                set(strings(one["Action"])) - {"logs:CreateLogGroup"},
                set(strings(one["Resource"])),
                one.get("Condition"),
            )
            for one in statements
            if one["Sid"] not in BY_TEMPLATE
        ]

    assert shown(by_cloudformation(function)) == shown(by_chalice(function))


@each_function
def test_endpoint_buckets_and_key_let_pass_what_the_role_allows(function: Function, seen: Recorder) -> None:
    assert [one for one in asked_by(function, seen) if not lets_pass(one)] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"aws:SecureTransport": "false"},
        {"s3:TlsVersion": "1.1"},
        {"aws:PrincipalAccount": "999999999999"},
        {"aws:ResourceAccount": "999999999999"},
    ],
    ids=str,
)
def test_endpoint_and_buckets_stop_what_comes_in_another_way(changed: dict[str, str], seen: Recorder) -> None:
    for bucket in BUCKETS.values():
        of_bucket = [one for name in FUNCTIONS for one in asked_by(FUNCTIONS[name], seen) if bucket in one.resource]
        assert of_bucket
        assert not [one for one in of_bucket if lets_pass(replace(one, context={**one.context, **changed}))]


def test_the_key_opens_nothing_that_a_role_brings_by_itself(seen: Recorder) -> None:
    of_key = [one for name in FUNCTIONS for one in asked_by(FUNCTIONS[name], seen) if one.resource == KEY]
    assert {one.action for one in of_key} == {"kms:Decrypt", "kms:GenerateDataKey"}
    for one in of_key:
        by_itself = {name: value for name, value in one.context.items() if name != "kms:ViaService"}
        assert not lets_pass(replace(one, context=by_itself))


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_lambda_can_put_what_failed_into_the_encrypted_queues(action: str) -> None:
    through = {"kms:CallerAccount": ACCOUNT, "kms:ViaService": f"sqs.{REGION}.amazonaws.com"}
    request = Request(action, KEY, through)
    assert allows(by_cloudformation(FUNCTIONS["on_upload"]), request)
    assert lets_pass(request)


def test_every_function_was_seen_at_work(seen: Recorder) -> None:
    assert {one.function for one in seen.calls} == FUNCTIONS.keys()


def test_every_call_of_the_code_was_seen_or_is_an_operators_own(seen: Recorder) -> None:
    made = {one.site for one in seen.calls}
    assert sites() - made == OPERATORS


def test_every_excuse_says_whose_it_is_and_why() -> None:
    assert excuses()
    for one in excuses():
        assert one.actions
        assert len(one.why) > 20
        assert any(one.covers(function, way) for function in FUNCTIONS.values() for way in WAYS), one
