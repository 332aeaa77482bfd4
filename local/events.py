"""The documents and the context that AWS hands to a function."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Version:
    """One version of one object, as S3 lists it."""

    key: str
    version_id: str
    etag: str
    size: int
    modified: datetime

    @property
    def identity(self) -> str:
        """Differs for every object ever written; in a bucket without versions the number is `null` for all."""
        if self.version_id != "null":
            return self.version_id
        return f"null-{self.etag}-{self.modified.timestamp():.3f}"


@dataclass
class Context:
    """What Lambda passes beside the event."""

    function_name: str
    seconds: float = 900.0
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "512"
    log_group_name: str = ""
    log_stream_name: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(1000 * (self.began + self.seconds - time.monotonic())))


def object_created(bucket: str, version: Version, *, region: str, configuration: str) -> dict[str, Any]:
    """The S3 event for a version that has come to be; the key is encoded as S3 does it."""
    several_parts = "-" in version.etag
    described: dict[str, Any] = {
        "key": quote_plus(version.key, safe="/*"),
        "size": version.size,
        "eTag": version.etag,
        "sequencer": f"{int(version.modified.timestamp() * 1_000_000):018X}",
    }
    if version.version_id != "null":
        described["versionId"] = version.version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": _stamp(version.modified, "milliseconds"),
        "eventName": f"ObjectCreated:{'CompleteMultipartUpload' if several_parts else 'Put'}",
        "userIdentity": {"principalId": "AWS:LOCAL"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": uuid.uuid4().hex[:16].upper(), "x-amz-id-2": uuid.uuid4().hex},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "LOCAL"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": described,
        },
    }
    return {"Records": [record]}


def scheduled(name: str, due: datetime, *, region: str) -> dict[str, Any]:
    """The EventBridge event of a schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": _stamp(due, "seconds"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def _stamp(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
