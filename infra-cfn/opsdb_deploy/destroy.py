"""Taking a stage away: its stacks in the order in which they let go, its data only when it is named."""

from dataclasses import dataclass, field

from opsdb_deploy import chalice_way, leftovers, notification, origins, stacks
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.leftovers import Left
from opsdb_deploy.wanted import PARTS


@dataclass
class Removed:
    """What went and what stayed; filled in on the way."""

    stage: str
    stacks: list[str] = field(default_factory=list)
    stays: list[Left] = field(default_factory=list)


def destroy(cloud: Cloud, done: Removed, *, data_too: bool) -> None:
    """Remove the stage's stacks; `data_too` also deletes what they leave behind, for good."""
    account = cloud.identity["Account"]
    there = [part for part in reversed(PARTS) if stacks.described(cloud, cloud.stack(part))]
    _check_unprotected(cloud)
    cloud.talk.say(
        f"{cloud.stage} in {cloud.region}, account {account}: {', '.join(map(cloud.stack, there)) or 'no stacks'}"
    )
    fate = "and its data goes with it, for good" if data_too else "and its data stays"
    if not cloud.talk.agree(f"Remove {cloud.stage}? The API ends, {fate}."):
        raise DeployError("nothing was removed")
    for part in there:
        if part == "app":
            _quieten(cloud)
        if part == "data":
            chalice_way.remove(cloud)
        stacks.settled(cloud, cloud.stack(part))
        stacks.remove(cloud, cloud.stack(part))
        cloud.talk.say(f"{cloud.stack(part)} is gone.")
        done.stacks.append(cloud.stack(part))
    left = leftovers.found(cloud)
    done.stays = leftovers.deleted(cloud, left) if data_too else leftovers.without_empty_queues(cloud, left)


def _check_unprotected(cloud: Cloud) -> None:
    """DeployError while the database refuses to go: what protects it is taken off by hand, and on purpose."""
    rds, name = cloud.client("rds"), cloud.stack("").rstrip("-")
    for kind, found in (
        ("instance", rds.describe_db_instances(Filters=[{"Name": "db-instance-id", "Values": [name]}])["DBInstances"]),
        ("cluster", rds.describe_db_clusters(Filters=[{"Name": "db-cluster-id", "Values": [name]}])["DBClusters"]),
    ):
        if any(one.get("DeletionProtection") for one in found):
            raise DeployError(
                f"{name} is protected (DeletionProtection), and nothing was removed. If it shall really go: `aws rds"
                f" modify-db-{kind} --db-{kind}-identifier {name} --no-deletion-protection --apply-immediately`"
            )


def _quieten(cloud: Cloud) -> None:
    """The bucket stays, so it must stop calling a function that goes, and letting in pages that go."""
    wanted = stacks.outputs(cloud, cloud.stack("app")).get("UploadsNotification")
    bucket = stacks.outputs(cloud, cloud.stack("data")).get("UploadsBucket")
    if wanted and bucket:
        notification.withdraw(cloud, bucket, wanted)
        origins.withdraw(cloud, bucket)
