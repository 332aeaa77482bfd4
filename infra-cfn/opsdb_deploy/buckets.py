"""Emptying a bucket to its last version, and what object lock holds back."""

from typing import Any

from opsdb_deploy.cloud import Cloud
from opsdb_deploy.refusals import code

AT_ONCE = 1000
"""Objects that S3 deletes in one request."""


def emptied(cloud: Cloud, bucket: str) -> int:
    """Delete every version, marker and unfinished upload; how many versions were refused, being locked."""
    s3 = cloud.client("s3")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    refused = 0
    for page in s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": AT_ONCE}
    ):
        found: list[dict[str, Any]] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        named = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if named:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
            refused += len(answer.get("Errors", []))
    return refused


def is_there(cloud: Cloud, bucket: str) -> bool:
    s3 = cloud.client("s3")
    try:
        s3.head_bucket(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if code(error) in {"404", "NoSuchBucket"}:
            return False
        raise
    return True
