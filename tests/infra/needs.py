"""What a call needs to be allowed: AWS's actions by operation, for buckets that are encrypted with a key of ours."""

from collections.abc import Iterator

from chalicelib.core.storage import INCOMING
from tests.infra.evaluation import Request
from tests.infra.grants import ACCOUNT, FUNCTIONS, KEY, REGION, SECRET, USERS, arn
from tests.infra.recording import Call

ON_BUCKETS = {
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
}
ON_OBJECTS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
    "DeleteObject": "s3:DeleteObject",
}
"""An operation that is in neither is a KeyError: say here what it needs."""

OF_A_VERSION = {"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion"}
"""With a VersionId the one is needed instead of the other."""

OF_THE_KEY = {
    "GetObject": ("kms:Decrypt",),
    "PutObject": ("kms:GenerateDataKey",),
    "CreateMultipartUpload": ("kms:GenerateDataKey",),
    # A part is encrypted with the upload's own data key, which S3 has to open first.
    "UploadPart": ("kms:Decrypt", "kms:GenerateDataKey"),
    "CompleteMultipartUpload": ("kms:Decrypt",),
}


def of(call: Call) -> Iterator[Request]:
    """Every request that AWS judges because of the call, as it comes from the function's own code."""
    context = {
        "lambda:SourceFunctionArn": arn(FUNCTIONS[call.function]),
        "aws:PrincipalAccount": ACCOUNT,
        "aws:ResourceAccount": ACCOUNT,
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.2",
    }
    for action, resource in JUDGES[call.service](call):
        through = {"kms:CallerAccount": ACCOUNT, "kms:ViaService": f"{call.service}.{REGION}.amazonaws.com"}
        yield Request(action, resource, {**context, **(through if resource == KEY else {})})


def _sign_in(call: Call) -> Iterator[tuple[str, str]]:
    yield "rds-db:connect", f"{USERS}/{call.parameters['DBUser']}"


def _of_s3(call: Call) -> Iterator[tuple[str, str]]:
    bucket = f"arn:aws:s3:::{call.parameters['Bucket']}"
    if call.operation in ON_BUCKETS:
        yield ON_BUCKETS[call.operation], bucket
        return
    if call.operation == "CreateBucket":
        # What boto looks the address of a form up by. Whoever signs one must be allowed what it allows.
        yield "s3:PutObject", f"{bucket}/{INCOMING}employees/form"
        yield from ((of_the_key, KEY) for of_the_key in OF_THE_KEY.get("PutObject", ()))
        return
    action = ON_OBJECTS[call.operation]
    versioned = "VersionId" in call.parameters
    yield OF_A_VERSION[action] if versioned else action, f"{bucket}/{call.parameters['Key']}"
    for of_the_key in OF_THE_KEY.get(call.operation, ()):
        yield of_the_key, KEY
    if call.missing:
        yield from _knowing_that_it_is_gone(bucket, versioned=versioned)


def _knowing_that_it_is_gone(bucket: str, *, versioned: bool) -> Iterator[tuple[str, str]]:
    """Who may not list is told 403 instead of 404. AWS says so of keys and nothing of versions, so the right to list
    those is asked for too: taking a 403 for a failure would leave the work to be tried again for ever."""
    yield "s3:ListBucket", bucket
    if versioned:
        yield "s3:ListBucketVersions", bucket


def _of_secret(call: Call) -> Iterator[tuple[str, str]]:
    yield f"secretsmanager:{call.operation}", SECRET
    if call.operation == "GetSecretValue":
        yield "kms:Decrypt", KEY


JUDGES = {"rds-db": _sign_in, "s3": _of_s3, "secretsmanager": _of_secret}
"""Services -> the actions and resources that a call of theirs needs."""
