"""What the uploads bucket tells the upload function, beside what others may have asked of the same bucket."""

import json
from typing import Any

from opsdb_deploy.cloud import Cloud

KIND = "LambdaFunctionConfigurations"

Notifications = dict[str, Any]


def put(cloud: Cloud, bucket: str, wanted: str) -> bool:
    """Have the bucket notify as `wanted`, the app stack's output, says; whether anything had to change."""
    ours = json.loads(wanted)[KIND]
    return _replace(cloud, bucket, ours, ids={one["Id"] for one in ours})


def withdraw(cloud: Cloud, bucket: str, wanted: str) -> bool:
    """Have the bucket no longer notify the upload function."""
    return _replace(cloud, bucket, [], ids={one["Id"] for one in json.loads(wanted)[KIND]})


def _replace(cloud: Cloud, bucket: str, ours: list[Notifications], *, ids: set[str]) -> bool:
    s3 = cloud.client("s3")
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    there = {kind: value for kind, value in found.items() if kind != "ResponseMetadata"}
    before = there.get(KIND, [])
    if sorted(map(_comparable, [one for one in before if one["Id"] in ids])) == sorted(map(_comparable, ours)):
        return False
    there[KIND] = [*(one for one in before if one["Id"] not in ids), *ours]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=there)
    return True


def _comparable(one: Notifications) -> str:
    """One configuration as text: S3 answers `Prefix` where `prefix` was put, and events in an order of its own."""
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = sorted((rule["Name"].lower(), rule["Value"]) for rule in rules)
    return json.dumps([one["Id"], one["LambdaFunctionArn"], sorted(one["Events"]), filters])
