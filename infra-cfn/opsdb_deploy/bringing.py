"""One stack from its plan to its end: shown, agreed to, applied; or only shown."""

from opsdb_deploy import release, stacks
from opsdb_deploy.changes import HEAD
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.outcome import UNCHANGED, Outcome
from opsdb_deploy.parameters import Values, present
from opsdb_deploy.stacks import Plan
from opsdb_deploy.wanted import PARTS, Wanted


class Declined(DeployError):
    """Whoever was asked said no."""


def bring(cloud: Cloud, part: str, *, template: str, values: Values, outcome: Outcome) -> bool:
    """Have the stack so; whether anything changed. `template` is its text or URL."""
    plan = agreed(cloud, part, template=template, values=values, outcome=outcome)
    if plan:
        applied(cloud, part, plan, outcome)
    return plan is not None


def agreed(cloud: Cloud, part: str, *, template: str, values: Values, outcome: Outcome) -> Plan | None:
    """The changes, shown and agreed to but not yet done; None when there are none. Declined throws them away."""
    plan = stacks.plan(cloud, cloud.stack(part), template=template, values=values)
    if plan is None:
        cloud.talk.say(f"{cloud.stack(part)}: {UNCHANGED}.")
        outcome.stacks[part] = UNCHANGED
        return None
    try:
        _show(cloud, plan)
        _ask(cloud, plan)
    except BaseException:
        stacks.discard(cloud, plan)
        raise
    return plan


def applied(cloud: Cloud, part: str, plan: Plan, outcome: Outcome) -> None:
    stacks.apply(cloud, plan)
    outcome.stacks[part] = "created" if plan.creates else "changed"


def _show(cloud: Cloud, plan: Plan) -> None:
    verb = "is made" if plan.creates else "changes"
    cloud.talk.say(f"{plan.stack} {verb}: {len(plan.changes)} resources")
    cloud.talk.table(HEAD, [one.cells() for one in plan.changes])


def _ask(cloud: Cloud, plan: Plan) -> None:
    for one in plan.changes:
        if one.loses and not cloud.talk.named(f"{one.type} {one.name} is {_fate(one.action)}: {one.loses}", one.name):
            raise Declined(
                f"{plan.stack} stays as it is: {one.name} would be {_fate(one.action)}, which --yes does not agree to;"
                f" --allow-replacement {one.name} does"
            )
    if not cloud.talk.agree(f"Do this to {plan.stack}?"):
        raise Declined(
            f"stopped before {plan.stack}; what was done so far stays, and the same command goes on from there"
        )


def _fate(action: str) -> str:
    return "removed" if action == "Remove" else "replaced"


def foreseen(cloud: Cloud, part: str, found: Wanted, values: Values, outcome: Outcome, bucket: str | None) -> None:
    """Show what would be done and leave nothing behind; what cannot be planned yet is told from its template."""
    stack = cloud.stack(part)
    text = stacks.body(found.templates[part])
    there = stacks.settled(cloud, stack)
    # A new stack's change set would name what the stacks before it have yet to export.
    if not stacks.is_made(there) and ((there and there["StackStatus"] != "REVIEW_IN_PROGRESS") or _waits(cloud, part)):
        return _told(cloud, part, found, values, outcome)
    with release.lent(cloud, bucket, text) as template:
        try:
            plan = stacks.plan(cloud, stack, template=template, values=values)
        except DeployError as error:
            if "No export named" not in str(error):
                raise
            return _told(cloud, part, found, values, outcome)
        if plan is None:
            cloud.talk.say(f"{stack}: {UNCHANGED}.")
            outcome.stacks[part] = UNCHANGED
            return
        _show(cloud, plan)
        stacks.discard(cloud, plan)
        outcome.stacks[part] = f"would {'create' if plan.creates else 'change'} {len(plan.changes)} resources"


def _waits(cloud: Cloud, part: str) -> bool:
    """Whether a stack that this one imports from is missing."""
    before = PARTS[: PARTS.index(part)]
    return any(not stacks.is_made(stacks.described(cloud, cloud.stack(one))) for one in before)


def _told(cloud: Cloud, part: str, found: Wanted, values: Values, outcome: Outcome) -> None:
    count = len(present(found.templates[part], values))
    cloud.talk.say(f"{cloud.stack(part)} would be created: {count} resources. (Planned once what it needs is there.)")
    outcome.stacks[part] = f"would create {count} resources"
