"""Who is asking, and whether the stacks are there, at rest, and as they were deployed."""

from collections.abc import Iterable
from typing import Any

from opsdb_deploy.doctor import Found, ok, problem, warning
from opsdb_deploy.doctor_subject import STACKS, Stage
from opsdb_deploy.sources import skeleton


def account(stage: Stage) -> Iterable[Found]:
    who = stage.client("sts").get_caller_identity()
    yield ok(f"account {who['Account']}, region {stage.session.region_name}, as {who['Arn'].rpartition(':')[2]}")


def stacks(stage: Stage) -> Iterable[Found]:
    """Each of the five; one that is missing hides no other."""
    from botocore.exceptions import ClientError

    for name in STACKS:
        try:
            yield _judged(name, stage.stack(name))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            yield problem(
                f"{name} is not there", f"deploy it: infra-cfn/README.md; region {stage.session.region_name}?"
            )


def _judged(name: str, stack: dict[str, Any]) -> Found:
    status = stack["StackStatus"]
    lacking = _lacking(name, stack)
    if status.endswith("_IN_PROGRESS"):
        return warning(f"{name} is {status}", "somebody deploys: look again when that is over")
    if "ROLLBACK" in status or status.endswith("_FAILED"):
        todo = f"aws cloudformation describe-stack-events --stack-name {stack['StackName']} says what failed first"
        gone_back = status == "UPDATE_ROLLBACK_COMPLETE"
        return (warning if gone_back else problem)(f"{name} is {status}", todo)
    if lacking:
        return warning(f"{name} lacks the outputs {', '.join(lacking)}", "deploy this release's template of it")
    if stack.get("DriftInformation", {}).get("StackDriftStatus") == "DRIFTED":
        todo = f"aws cloudformation describe-stack-resource-drifts --stack-name {stack['StackName']} says what"
        return warning(f"{name} was changed by hand", todo)
    return ok(f"{name} is {status}")


def _lacking(name: str, stack: dict[str, Any]) -> list[str]:
    """Outputs of the template as it is here, without those that hang on a condition, which the stack has not."""
    there = {one["OutputKey"] for one in stack.get("Outputs", [])}
    declared = skeleton(name)["Outputs"]
    return sorted(one for one, output in declared.items() if "Condition" not in output and one not in there)
