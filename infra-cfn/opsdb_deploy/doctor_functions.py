"""The functions: all there, all of one release; their quota, their logs, and what they lost."""

from collections.abc import Iterable
from typing import Any

from opsdb_deploy.doctor import RUNTIME_ENDS, Found, dated, each, ok, problem, warning
from opsdb_deploy.doctor_subject import Stage

UNRESERVED = 100
"""What AWS keeps back for functions without a reservation."""

DEPLOY = "deploy the app stack again"


def functions(stage: Stage) -> Iterable[Found]:
    wanted = stage.functions()
    there = {one["FunctionName"]: one for one in _all(stage) if one["FunctionName"] in wanted}
    missing = [name for name in wanted if name not in there]
    yield from (problem(f"{name} is not there", DEPLOY) for name in missing)
    resting = [_at_rest(name, one) for name, one in there.items()]
    yield from (found for found in resting if found)
    codes = {one["CodeSha256"] for one in there.values()}
    if len(codes) > 1:
        yield problem(f"they run {len(codes)} releases at once", f"a deploy stopped half-way: {DEPLOY}")
    if not missing and not any(resting) and len(codes) == 1:
        yield ok(f"all {len(there)} are active and of one release ({next(iter(codes))[:8]})")


def _all(stage: Stage) -> Iterable[dict[str, Any]]:
    for page in stage.client("lambda").get_paginator("list_functions").paginate():
        yield from page["Functions"]


def _at_rest(name: str, one: dict[str, Any]) -> Found | None:
    """None when it is. A list of functions says nothing of their state where AWS leaves it out."""
    state, last = one.get("State", "Active"), one.get("LastUpdateStatus", "Successful")
    if state in {"Failed", "Inactive"} or last == "Failed":
        why = one.get("StateReason") or one.get("LastUpdateStatusReason") or ""
        return problem(f"{name} is {state}, its last update {last}: {why}", DEPLOY, "a-function-failed")
    if state == "Pending" or last == "InProgress":
        return warning(f"{name} is being updated", "look again in a minute")
    return None


def runtimes(stage: Stage) -> Iterable[Found]:
    wanted = stage.functions()
    used = sorted({one["Runtime"] for one in _all(stage) if one["FunctionName"] in wanted})
    for runtime in used:
        if runtime in RUNTIME_ENDS:
            todo = "package for a newer one and set the parameter Runtime"
            yield dated(f"support of {runtime}", RUNTIME_ENDS[runtime], stage.now, todo, entry="end-of-support")
        else:
            yield warning(f"{runtime} is not one that opsdb is tested on", "set the parameter Runtime")


def concurrency(stage: Stage) -> Iterable[Found]:
    limit = stage.client("lambda").get_account_settings()["AccountLimit"]
    most, left = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    if most <= UNRESERVED:
        todo = "ask for more under Service Quotas (Lambda, concurrent executions); until then ReserveConcurrency=no"
        yield warning(f"the account may run {most} at once, too few to reserve any", todo, "a-function-was-held-back")
    else:
        yield ok(f"the account may run {most} at once, {left} of them not reserved")


QUEUES = {"DeadLetters": "events-were-lost", "FailedUploads": "uploads-failed-for-good"}
"""Output of the app stack -> its entry of the runbook."""


def queues(stage: Stage) -> Iterable[Found]:
    """Empty unless something was lost."""
    return each(QUEUES, lambda output: [_counted(stage, stage.needed("app", output), QUEUES[output])])


def _counted(stage: Stage, url: str, entry: str) -> Found:
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
    name, count = url.rpartition("/")[2], sum(int(told.get(one, 0)) for one in wanted)
    return problem(f"{count} in {name}", "read them, then send them again", entry) if count else ok(f"{name} is empty")


def logs(stage: Stage) -> Iterable[Found]:
    """Encrypted, and not kept for ever."""
    of_functions = [f"/aws/lambda/{name}" for name in stage.functions()]
    found = [one for one in _groups(stage, f"/aws/lambda/opsdb-{stage.name}") if one["logGroupName"] in of_functions]
    for place in ("rds/instance", "rds/cluster", "vendedlogs"):
        found += _groups(stage, f"/aws/{place}/opsdb-{stage.name}/")
    for one in found:
        lacks = [what for what, key in (("retention", "retentionInDays"), ("our key", "kmsKeyId")) if not one.get(key)]
        if lacks:
            todo = "made by AWS before its stack: delete it, and deploy the stack that has it"
            yield warning(f"{one['logGroupName']} lacks {' and '.join(lacks)}", todo)
    if not found:
        yield problem("there are none", DEPLOY)
    elif all(one.get("retentionInDays") and one.get("kmsKeyId") for one in found):
        yield ok(f"all {len(found)} groups are encrypted and end some day")


def _groups(stage: Stage, prefix: str) -> Iterable[dict[str, Any]]:
    for page in stage.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        yield from page["logGroups"]
