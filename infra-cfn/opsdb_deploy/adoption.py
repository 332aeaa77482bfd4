"""Buckets that outlived their stack, taken over by the one that is made anew under the same names."""

import copy
from typing import Any

from opsdb_deploy import buckets
from opsdb_deploy.cloud import Cloud


def adopting(cloud: Cloud, template: dict[str, Any]) -> dict[str, Any]:
    """The template of a stack to be created, in which the names of buckets that are there already are plain.

    CloudFormation takes over what exists only where the template spells its name out.
    """
    adopted = copy.deepcopy(template)
    for resource in adopted["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            properties = resource["Properties"]
            name = _spelled_out(cloud, properties["BucketName"]["Fn::Sub"])
            if buckets.is_there(cloud, name):
                properties["BucketName"] = name
    return adopted


def _spelled_out(cloud: Cloud, name: str) -> str:
    for word, value in (
        ("Stage", cloud.stage),
        ("AWS::AccountId", cloud.identity["Account"]),
        ("AWS::Region", cloud.region),
    ):
        name = name.replace(f"${{{word}}}", value)
    return name
