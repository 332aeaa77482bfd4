"""What a release consists of, in the releases bucket: under keys that say what is in them, never written twice."""

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsdb_deploy import stacks
from opsdb_deploy.cloud import Cloud, DeployError
from opsdb_deploy.refusals import code

VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Artifact:
    """A zip on this machine and the key it has in the bucket."""

    path: Path
    key: str
    sha256: str

    @property
    def as_lambda_has_it(self) -> str:
        """Lambda's CodeSha256 of it."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


def artifact(path: Path, folder: str) -> Artifact:
    """The zip at `path`, to be kept below `folder`; DeployError when it is none."""
    if not zipfile.is_zipfile(path):
        raise DeployError(f"{path} is not a zip")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Artifact(path, f"{folder}/{sha256[:16]}.zip", sha256)


def version(zipped: Artifact) -> str:
    """Which opsdb the zip holds; DeployError when it holds none."""
    with zipfile.ZipFile(zipped.path) as opened:
        names = set(opened.namelist())
        found = "chalicelib/__init__.py" in names and VERSION.search(opened.read("chalicelib/__init__.py").decode())
    if not found or "app.py" not in names:
        raise DeployError(f"{zipped.path} holds no opsdb: `opsdb package` makes a zip that does")
    return str(found[1])


def template_key(text: str) -> str:
    return f"templates/{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def url(cloud: Cloud, bucket: str, key: str) -> str:
    """Where CloudFormation reads a template of the bucket."""
    return f"{_public(cloud)}/{bucket}/{key}"


def _public(cloud: Cloud) -> str:
    endpoint: str = cloud.client("s3").meta.endpoint_url
    return endpoint.replace("http://", "https://", 1)


@contextmanager
def lent(cloud: Cloud, bucket: str | None, text: str) -> Iterator[str]:
    """A template as a change set takes it: its text, or, where that is too long, a URL that is gone afterwards."""
    if len(text.encode()) <= stacks.LONGEST_INLINE:
        yield text
        return
    if not bucket:
        raise DeployError("a template is too long to be planned before there is a releases bucket")
    key = template_key(text)
    written = put(cloud, bucket, key, text.encode())
    try:
        yield url(cloud, bucket, key)
    finally:
        if written:
            s3 = cloud.client("s3")
            version = s3.head_object(Bucket=bucket, Key=key).get("VersionId")
            s3.delete_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))


def put(cloud: Cloud, bucket: str, key: str, content: bytes) -> bool:
    """Write the object unless there is one; whether it was written."""
    s3 = cloud.client("s3")
    if exists(cloud, bucket, key):
        return False
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
    except s3.exceptions.ClientError as error:
        if code(error) in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return False
        raise
    return True


def exists(cloud: Cloud, bucket: str, key: str) -> bool:
    s3 = cloud.client("s3")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if code(error) in {"404", "NoSuchKey", "NotFound"}:
            return False
        raise
    return True


def read(cloud: Cloud, bucket: str, key: str) -> bytes:
    content: Any = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return bytes(content)
