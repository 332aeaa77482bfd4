"""Change sets of one stack: made, shown, applied or thrown away, from whatever state the stack is in."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsdb_deploy import cloud as clouds
from opsdb_deploy import events
from opsdb_deploy.changes import Change, changes
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.parameters import Values
from opsdb_deploy.refusals import message

LONGEST_INLINE = 51_200
"""Bytes of a template that CloudFormation takes in the request; a longer one must lie in S3."""

NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
NEVER_MADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
STUCK = {"UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED", "IMPORT_ROLLBACK_FAILED"}


@dataclass(frozen=True)
class Plan:
    """A change set that waits for a decision."""

    stack: str
    id: str
    stack_id: str
    creates: bool
    changes: list[Change]


def described(cloud: Cloud, stack: str) -> dict[str, Any] | None:
    """The stack as it is, by name or id; None when there is none."""
    cloudformation = cloud.client("cloudformation")
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in message(error):
            return None
        raise
    one: dict[str, Any] = found
    return None if one["StackStatus"] == "DELETE_COMPLETE" else one


def is_made(found: Mapping[str, Any] | None) -> bool:
    """Whether the stack holds anything that counts: it was created once."""
    return bool(found) and found["StackStatus"] not in {"REVIEW_IN_PROGRESS", *NEVER_MADE}  # type: ignore[index]


def outputs(cloud: Cloud, stack: str) -> dict[str, str]:
    """The stack's outputs by name; empty where there is no stack."""
    found = described(cloud, stack) or {}
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def parameters(found: Mapping[str, Any] | None) -> dict[str, str]:
    """What the stack was given. A value that AWS does not show is asterisks."""
    if not is_made(found):
        return {}
    assert found
    return {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}


def body(template: Mapping[str, Any]) -> str:
    """A template without a blank too many: the same text for the same template."""
    return json.dumps(template, separators=(",", ":"))


def settled(cloud: Cloud, stack: str) -> dict[str, Any] | None:
    """The stack once nothing moves in it any more; DeployError where only a person can get it out."""
    found = described(cloud, stack)
    if found and _moves(found):
        cloud.talk.say(f"{stack} is at work ({found['StackStatus']}); waiting.")
        found = events.follow(cloud, found["StackId"])
        found = None if found["StackStatus"] == "DELETE_COMPLETE" else found
    if found and found["StackStatus"] in STUCK:
        raise DeployError(
            f"{stack} is stuck ({found['StackStatus']}): a change failed, and so did going back. Repair what its events"
            f" name, run `aws cloudformation continue-update-rollback --stack-name {stack}`, then this command again."
        )
    return found


def _moves(found: Mapping[str, Any]) -> bool:
    status: str = found["StackStatus"]
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def plan(cloud: Cloud, stack: str, *, template: str, values: Values) -> Plan | None:
    """A change set that makes the stack so, or None when it is so already. `template` is its text, or its URL.

    What is left of a creation that failed is removed first: it holds nothing.
    """
    found = settled(cloud, stack)
    if found and found["StackStatus"] in NEVER_MADE:
        cloud.talk.say(f"{stack} was never completed ({found['StackStatus']}); it is removed and made again.")
        remove(cloud, stack)
        found = None
    creates = not is_made(found)
    made = cloud.client("cloudformation").create_change_set(
        StackName=stack,
        ChangeSetName=f"opsdb-{datetime.now(UTC):%Y%m%dT%H%M%S%f}",
        ChangeSetType="CREATE" if creates else "UPDATE",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=values.request(),
        # What is there already under a name that the template spells out is taken over; see adoption.py.
        **({"ImportExistingResources": True} if creates else {}),
        **({"TemplateURL": template} if template.startswith("https://") else {"TemplateBody": template}),
    )
    return _ready(cloud, Plan(stack, made["Id"], made["StackId"], creates, []))


def _ready(cloud: Cloud, made: Plan) -> Plan | None:
    cloudformation = cloud.client("cloudformation")
    while (found := cloudformation.describe_change_set(ChangeSetName=made.id))["Status"] in {
        "CREATE_PENDING",
        "CREATE_IN_PROGRESS",
    }:
        time.sleep(clouds.POLL_SECONDS)
    if found["Status"] == "FAILED":
        discard(cloud, made)
        reason = found.get("StatusReason", "no reason given")
        if any(one in reason for one in NO_CHANGES):
            return None
        raise DeployError(f"{made.stack} cannot be changed so: {reason}")
    listed = list(found["Changes"])
    while token := found.get("NextToken"):
        found = cloudformation.describe_change_set(ChangeSetName=made.id, NextToken=token)
        listed += found["Changes"]
    return Plan(made.stack, made.id, made.stack_id, made.creates, changes(listed))


def apply(cloud: Cloud, made: Plan) -> None:
    """Do it, telling each resource as it is done; DeployError with AWS's first reasons when it fails."""
    since = events.newest(cloud, made.stack_id)
    cloud.client("cloudformation").execute_change_set(
        ChangeSetName=made.id,
        # A creation that fails leaves nothing behind, not even what is kept otherwise: it would be in its own way.
        # Not so where something was taken over.
        RetainExceptOnCreate=made.creates and not any(one.action == "Import" for one in made.changes),
    )
    found = events.follow(cloud, made.stack_id, since=since, total=len(made.changes))
    if found["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}:
        reasons = events.first_failures(cloud, made.stack_id, since=since)
        raise DeployError(
            "\n".join([f"{made.stack} failed and went back to what it was ({found['StackStatus']}):", *reasons])
        )


def discard(cloud: Cloud, made: Plan) -> None:
    """Throw the change set away, and the empty stack that planning a new one leaves."""
    cloudformation = cloud.client("cloudformation")
    cloudformation.delete_change_set(ChangeSetName=made.id)
    found = described(cloud, made.stack_id)
    if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":
        cloudformation.delete_stack(StackName=made.stack_id)


def remove(cloud: Cloud, stack: str) -> None:
    """Delete the stack and wait; DeployError with AWS's reasons when something holds on."""
    found = described(cloud, stack)
    if not found:
        return
    since = events.newest(cloud, found["StackId"])
    cloud.client("cloudformation").delete_stack(StackName=stack)
    gone = events.follow(cloud, found["StackId"], since=since)
    if gone["StackStatus"] != "DELETE_COMPLETE":
        reasons = events.first_failures(cloud, found["StackId"], since=since)
        raise DeployError("\n".join([f"{stack} could not be removed ({gone['StackStatus']}):", *reasons]))
