"""Whose pages may post files to the uploads bucket: the console's, beside those that others let in."""

from typing import Any
from urllib.parse import urlsplit

from opsdb_deploy.cloud import Cloud
from opsdb_deploy.refusals import code

ID = "opsdb-console"

Rules = list[dict[str, Any]]


def put(cloud: Cloud, bucket: str, address: str) -> bool:
    """Have the bucket take forms from pages at that address, and from there alone under our name; whether anything had
    to change."""
    found = urlsplit(address)
    ours = {"ID": ID, "AllowedOrigins": [f"{found.scheme}://{found.netloc}"], "AllowedMethods": ["POST"]}
    return _replace(cloud, bucket, [{**ours, "AllowedHeaders": ["content-type"], "MaxAgeSeconds": 3600}])


def withdraw(cloud: Cloud, bucket: str) -> bool:
    """Have the bucket no longer let the console's pages in."""
    return _replace(cloud, bucket, [])


def _replace(cloud: Cloud, bucket: str, ours: Rules) -> bool:
    s3 = cloud.client("s3")
    before = _there(s3, bucket)
    if [one for one in before if one.get("ID") == ID] == ours:
        return False
    after = [*(one for one in before if one.get("ID") != ID), *ours]
    if after:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": after})
    else:
        s3.delete_bucket_cors(Bucket=bucket)
    return True


def _there(s3: Any, bucket: str) -> Rules:
    try:
        rules: Rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except s3.exceptions.ClientError as error:
        if code(error) == "NoSuchCORSConfiguration":
            return []
        raise
    return rules
