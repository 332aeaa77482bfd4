"""The database as RDS sees it: one instance, or the instances of a cluster."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from opsdb_deploy.doctor import RDS_ENDS, Found, dated, ok, problem, warning
from opsdb_deploy.doctor_subject import Stage

STORAGE_PERCENT = 80
BUSY = {
    "backing-up",
    "maintenance",
    "modifying",
    "storage-optimization",
    "upgrading",
    "configuring-enhanced-monitoring",
}
"""States in which RDS works on an instance and serves it nevertheless."""


def _instances(stage: Stage) -> list[dict[str, Any]]:
    name = f"opsdb-{stage.name}"
    pages = stage.client("rds").get_paginator("describe_db_instances").paginate()
    ours = {name, f"{name}-writer", f"{name}-reader"}
    return [one for page in pages for one in page["DBInstances"] if one["DBInstanceIdentifier"] in ours]


def status(stage: Stage) -> Iterable[Found]:
    found = _instances(stage)
    if not found:
        yield problem("there is no instance", "deploy the data stack, or restore", "disaster-recovery")
    for one in found:
        name, state = one["DBInstanceIdentifier"], one["DBInstanceStatus"]
        if state == "available":
            yield ok(f"{name} is available, {one['DBInstanceClass']}, PostgreSQL {one['EngineVersion']}")
        elif state in BUSY:
            yield warning(f"{name} is {state}", "RDS works on it; look again later")
        else:
            todo = f"aws rds describe-events --source-type db-instance --source-identifier {name} says why"
            yield problem(f"{name} is {state}", todo, "disaster-recovery")


def settings(stage: Stage) -> Iterable[Found]:
    """What nobody may have changed by hand."""
    for one in _instances(stage):
        name = one["DBInstanceIdentifier"]
        wrong = list(_wrong(one, in_cluster="DBClusterIdentifier" in one, protected=stage.name == "prod"))
        yield from (problem(f"{name} {why}", "deploy the data stack again, which says otherwise") for why in wrong)
        if pending := one.get("PendingModifiedValues"):
            todo = "they come with the next maintenance window, or with --apply-immediately"
            yield warning(f"{name} has changes waiting: {', '.join(pending)}", todo)
        elif not wrong:
            yield ok(f"{name} is private, encrypted and backed up for {one.get('BackupRetentionPeriod')} days")


def _wrong(one: dict[str, Any], *, in_cluster: bool, protected: bool) -> Iterator[str]:
    if one.get("PubliclyAccessible"):
        yield "has a public address"
    if not one.get("StorageEncrypted"):
        yield "is not encrypted"
    if one.get("BackupRetentionPeriod", 0) < 7:
        yield "can be restored to less than seven days ago"
    if protected and not in_cluster and not one.get("DeletionProtection"):
        yield "may be deleted"
    if protected and not in_cluster and not one.get("MultiAZ"):
        yield "has no standby"


def versions(stage: Stage) -> Iterable[Found]:
    """How long the major version and the certificate last."""
    for one in _instances(stage):
        name, major = one["DBInstanceIdentifier"], int(one["EngineVersion"].split(".")[0])
        if major in RDS_ENDS:
            what = f"{name}: support of PostgreSQL {major}"
            yield dated(
                what, RDS_ENDS[major], stage.now, "plan the next major version", days=365, entry="end-of-support"
            )
        if ends := one.get("CertificateDetails", {}).get("ValidTill"):
            what = f"{name}: its certificate, of {one['CACertificateIdentifier']},"
            yield dated(what, ends, stage.now, "bring the new authority first", days=90, entry="tls-certificates")


def maintenance(stage: Stage) -> Iterable[Found]:
    """What RDS will do by itself, or waits to be told."""
    answer = stage.client("rds").describe_pending_maintenance_actions()
    of_stage = (f":db:opsdb-{stage.name}", f":cluster:opsdb-{stage.name}")
    ours = [
        (one["ResourceIdentifier"].rpartition(":")[2], action)
        for one in answer["PendingMaintenanceActions"]
        if _is_ours(one["ResourceIdentifier"], of_stage)
        for action in one["PendingMaintenanceActionDetails"]
    ]
    for name, action in ours:
        when = action.get("CurrentApplyDate") or action.get("AutoAppliedAfterDate")
        said = f"{name}: {action['Action']}" + (f" on {when:%Y-%m-%d %H:%M} UTC" if when else " waits to be told")
        yield warning(said, f"aws rds apply-pending-maintenance-action, at an hour that suits ({name})")
    if not ours:
        yield ok("nothing is pending")


def _is_ours(arn: str, of_stage: tuple[str, ...]) -> bool:
    return any(arn.endswith((one, f"{one}-writer", f"{one}-reader")) for one in of_stage)


def storage(stage: Stage) -> Iterable[Found]:
    """By the last quarter of an hour; a cluster's grows by itself."""
    for one in _instances(stage):
        name, allocated = one["DBInstanceIdentifier"], one.get("AllocatedStorage", 0)
        if "DBClusterIdentifier" in one:
            continue
        points = stage.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="FreeStorageSpace",
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": name}],
            StartTime=stage.now - timedelta(minutes=15),
            EndTime=stage.now,
            Period=900,
            Statistics=["Minimum"],
        )["Datapoints"]
        yield _filled(name, allocated, points)


def _filled(name: str, allocated: int, points: list[dict[str, Any]]) -> Found:
    entry = "the-database-is-filling-up"
    if not points:
        return warning(
            f"{name}: no measurement of its storage", "is it running? A new one is measured in a few minutes"
        )
    used = 100 - 100 * min(one["Minimum"] for one in points) / (allocated * 2**30)
    said = f"{name}: {used:.0f} % of {allocated} GB in use"
    return problem(said, "find what grew, or give it more", entry) if used > STORAGE_PERCENT else ok(said)
