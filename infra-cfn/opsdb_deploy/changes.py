"""What a change set would do, readable; and which of it would lose what nothing brings back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STATEFUL = {
    "AWS::Cognito::UserPool": "the people who may sign in",
    "AWS::EC2::VPC": "the network, and everything in it",
    "AWS::EC2::VPNConnection": "the VPN: new addresses and new keys on the premises' device",
    "AWS::KMS::Key": "the key, without which what it encrypted cannot be read",
    "AWS::RDS::DBCluster": "the database",
    "AWS::RDS::DBInstance": "the database",
    "AWS::S3::Bucket": "a bucket",
    "AWS::SecretsManager::Secret": "a secret",
}
"""Types whose removal or replacement needs a confirmation of its own -> what is lost."""

VERBS = {"Add": "create", "Modify": "change", "Remove": "remove", "Import": "take over", "Dynamic": "perhaps change"}


@dataclass(frozen=True)
class Change:
    """One resource of a change set. `replaced` is yes, perhaps, or empty."""

    action: str
    name: str
    type: str
    replaced: str

    @property
    def loses(self) -> str | None:
        """What is lost by it, if that is something that must outlive a change."""
        return STATEFUL.get(self.type) if self.action == "Remove" or self.replaced else None

    def cells(self) -> tuple[str, str, str, str]:
        replacement = {"yes": "replaced", "perhaps": "perhaps replaced"}.get(self.replaced, "")
        return VERBS.get(self.action, self.action), self.name, self.type, f"{replacement}{' !' if self.loses else ''}"


HEAD = ("action", "resource", "type", "replacement")


def changes(described: Sequence[Mapping[str, Any]]) -> list[Change]:
    """From DescribeChangeSet's Changes; in its order."""
    resources = [one["ResourceChange"] for one in described if one.get("Type", "Resource") == "Resource"]
    replaced = {one["LogicalResourceId"] for one in resources if one.get("Replacement") == "True"}
    return [
        Change(one["Action"], one["LogicalResourceId"], one["ResourceType"], _replacement(one, replaced))
        for one in resources
    ]


def _replacement(resource: Mapping[str, Any], replaced: set[str]) -> str:
    if resource.get("Replacement") == "True":
        return "yes"
    return "perhaps" if resource.get("Replacement") == "Conditional" and _may(resource, replaced) else ""


def _may(resource: Mapping[str, Any], replaced: set[str]) -> bool:
    """Whether "conditional" is more than CloudFormation not looking: an attribute of what stays does not change."""
    details = resource.get("Details", [])
    if not details:
        return True
    return any(
        one.get("ChangeSource") != "ResourceAttribute" or one.get("CausingEntity", "").split(".")[0] in replaced
        for one in details
        if one.get("Target", {}).get("RequiresRecreation", "Never") != "Never"
    )
