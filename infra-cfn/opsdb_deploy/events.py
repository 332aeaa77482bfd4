"""What happens in a stack while it happens, and why it failed."""

import time
from typing import Any

from opsdb_deploy import cloud as clouds
from opsdb_deploy.cloud import Cloud

CASCADE = ("cancelled", "The following resource(s) failed")
"""In the reason of a failure that only follows from another."""

WORDS = {
    "CREATE_COMPLETE": "created",
    "UPDATE_COMPLETE": "changed",
    "DELETE_COMPLETE": "removed",
    "DELETE_SKIPPED": "kept",
    "IMPORT_COMPLETE": "taken over",
}

SHOWN_REASONS = 5


def newest(cloud: Cloud, stack_id: str) -> str | None:
    """The id of the last event so far."""
    found = cloud.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    return found[0]["EventId"] if found else None


def since_then(cloud: Cloud, stack_id: str, since: str | None) -> list[dict[str, Any]]:
    """The events after the one with that id, oldest first; all of them without one."""
    found: list[dict[str, Any]] = []
    for page in cloud.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == since:
                return found[::-1]
            found.append(event)
    return found[::-1]


def follow(cloud: Cloud, stack_id: str, *, since: str | None = None, total: int | None = None) -> dict[str, Any]:
    """The stack once it has come to rest; what is done is told as it is, and with `total` how much of all that is.

    With `since`, the event before something was asked for, it rests only when an event of its own says so: right after
    asking, AWS may still show the state before.
    """
    told = since is None
    since = since or newest(cloud, stack_id)
    done = 0
    while True:
        [stack] = cloud.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
        for event in since_then(cloud, stack_id, since):
            since = event["EventId"]
            if _is_its_own(event):
                told = told or not event["ResourceStatus"].endswith("_IN_PROGRESS")
            elif word := _word(event):
                done += 1
                share = f"{done}/{max(total, done)}  " if total else ""
                cloud.talk.say(f"  {share}{event['LogicalResourceId']} {word}")
        if told and not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return dict(stack)
        time.sleep(clouds.POLL_SECONDS)


def _is_its_own(event: dict[str, Any]) -> bool:
    return bool(event.get("PhysicalResourceId") == event["StackId"])


def _word(event: dict[str, Any]) -> str | None:
    """What became of a resource; nothing of one that merely follows from another's failure."""
    status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
    if status.endswith("_FAILED"):
        return None if any(one in reason for one in CASCADE) else f"failed: {reason}"
    return WORDS.get(status)


def first_failures(cloud: Cloud, stack_id: str, *, since: str | None) -> list[str]:
    """The failures that others followed from, each with AWS's reason; the first ones."""
    failed = [one for one in since_then(cloud, stack_id, since) if one["ResourceStatus"].endswith("_FAILED")]
    causes = [one for one in failed if not any(word in one.get("ResourceStatusReason", "") for word in CASCADE)]
    reasons = [
        f"  {one['LogicalResourceId']} ({one['ResourceType']}): {one.get('ResourceStatusReason', 'no reason given')}"
        for one in causes or failed
    ]
    return reasons[:SHOWN_REASONS] or ["  AWS gives no reason."]
