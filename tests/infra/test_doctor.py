"""`opsdb doctor --stage`: a stage that is well, then each thing broken in turn; moto where it has the API."""

import io
import json
import ssl
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto import mock_aws

from opsdb_deploy.doctor import DENIED, Finding, Found, dated, each, examined, failed, ok
from opsdb_deploy.doctor_stage import CHECKS
from opsdb_deploy.doctor_subject import STACKS, Stage
from opsdb_deploy.sources import ROOT, skeleton

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REGION, ACCOUNT = "us-east-1", "123456789012"
NAME = "opsdb-prod"
BUCKETS = {
    "UploadsBucket": "opsdb-prod-uploads",
    "BackupsBucket": "opsdb-prod-backups",
    "ReleasesBucket": "opsdb-prod-r",
}


def found(stage: Stage, check: str) -> list[Finding]:
    told = list(examined({check: CHECKS[check]}, stage))
    assert told
    assert [one for one in told if one.state != "ok" and not one.todo] == []
    return told


def states(stage: Stage, check: str) -> list[str]:
    return [one.state for one in found(stage, check)]


def ill(stage: Stage, check: str) -> list[Finding]:
    return [one for one in found(stage, check) if one.state != "ok"]


# --- a stage that is well


def outputs(name: str) -> dict[str, str]:
    """Of a stack, as deployed: every output that hangs on no condition, and those that are asked for."""
    declared = {one: f"{name}-{one}" for one, told in skeleton(name)["Outputs"].items() if "Condition" not in told}
    queues = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
    notification = {
        "LambdaFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-on_upload",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}},
    }
    asked = {
        "data": BUCKETS,
        "app": {
            "DeadLetters": f"{queues}/{NAME}-dead-letters",
            "FailedUploads": f"{queues}/{NAME}-failed-uploads",
            "UploadsNotification": json.dumps({"LambdaFunctionConfigurations": [notification]}),
        },
        "watch": {
            one: f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-{one[:-5].lower()}" for one in ("PageTopic", "DailyTopic")
        },
    }
    return declared | asked.get(name, {})


def stack(name: str, **changed: Any) -> dict[str, Any]:
    """What describe-stacks says of it."""
    told = [{"OutputKey": key, "OutputValue": value} for key, value in outputs(name).items()]
    of_stack = {"StackName": f"{NAME}-{name}", "StackStatus": "UPDATE_COMPLETE", "CreationTime": NOW, "Outputs": told}
    return of_stack | changed


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """prod, with its stacks' outputs at hand, in an empty account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        session = boto3.Session(region_name=REGION)
        yield Stage("prod", session, NOW, {f"stack {name}": stack(name) for name in STACKS})


def stubbed(stage: Stage, service: str, *answers: tuple[str, Any]) -> None:
    """The next answers of a service, in this order, held to the shapes that AWS documents."""
    client = boto3.client(service, region_name=REGION)
    stub = Stubber(client)
    for operation, answer in answers:
        if isinstance(answer, str):
            stub.add_client_error(operation, answer, f"User: me is not authorized to perform: {service}:Look on it")
        else:
            stub.add_response(operation, answer)
    stub.activate()
    stage.kept[service] = client


# --- one check does not hide another


def test_a_check_that_fails_is_a_finding_and_the_others_go_on() -> None:
    def breaks(subject: None) -> Iterator[Found]:
        yield ok("so far")
        raise OSError("the cable\nis out")

    told = list(examined({"first": breaks, "second": lambda subject: [ok("well")]}, None))
    assert [(one.check, one.state, one.said) for one in told] == [
        ("first", "ok", "so far"),
        ("first", "problem", "cannot be looked at: the cable"),
        ("second", "ok", "well"),
    ]


def test_an_item_that_fails_hides_no_other() -> None:
    def look(number: int) -> list[Found]:
        return [ok(str(10 // number))]

    assert [one.state for one in each([5, 0, 2], look)] == ["ok", "problem", "ok"]


@pytest.mark.parametrize("code", sorted(DENIED))
def test_whoever_may_not_look_is_told_which_permission_lacks(code: str) -> None:
    message = "User: arn:aws:iam::1:user/me is not authorized to perform: rds:DescribeDBInstances on resource: x"
    told = failed(ClientError({"Error": {"Code": code, "Message": message}}, "DescribeDBInstances"))
    assert (told.state, "rds:DescribeDBInstances" in told.todo) == ("warning", True)
    bare = failed(ClientError({"Error": {"Code": code, "Message": "Forbidden"}}, "HeadBucket"))
    assert "HeadBucket" in bare.todo


@pytest.mark.parametrize(("days", "state"), [(-1, "problem"), (0, "warning"), (180, "warning"), (181, "ok")])
def test_what_ends_is_said_in_time(days: int, state: str) -> None:
    assert dated("it", NOW + timedelta(days=days), NOW, "do").state == state


def test_an_account_that_is_empty_is_told_so_by_every_check_and_none_breaks(stage: Stage) -> None:
    stage.kept.clear()
    stubbed(stage, "cloudformation", *[("describe_stacks", "ValidationError")] * 50)
    told = list(examined(CHECKS, stage))
    # That there is nothing is said once.
    of_what_is_there = {"database settings", "database storage", "database versions", "runtimes"}
    assert {one.check for one in told} == CHECKS.keys() - of_what_is_there
    assert [one.check for one in told if one.state == "ok"][:1] == ["account"]
    assert [one.said for one in told if one.check == "stacks"] == [f"{name} is not there" for name in STACKS]


# --- stacks


def test_stacks_at_rest_are_well(stage: Stage) -> None:
    assert states(stage, "stacks") == ["ok"] * 5
    assert ACCOUNT in found(stage, "account")[0].said


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"StackStatus": "UPDATE_IN_PROGRESS"}, "warning"),
        ({"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}, "warning"),
        ({"StackStatus": "ROLLBACK_COMPLETE"}, "problem"),
        ({"StackStatus": "UPDATE_ROLLBACK_FAILED"}, "problem"),
        ({"DriftInformation": {"StackDriftStatus": "DRIFTED"}}, "warning"),
        ({"Outputs": []}, "warning"),
    ],
)
def test_a_stack_that_is_not_as_deployed_is_noticed(stage: Stage, changed: dict[str, Any], state: str) -> None:
    stage.kept["stack data"] = stack("data", **changed)
    [one] = ill(stage, "stacks")
    assert (one.state, one.said.startswith("data ")) == (state, True)


# --- the API


class Answering(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "ok", "path": self.path}).encode())

    def log_message(self, *_: object) -> None:
        pass


def certificate(folder: Path, *, ends: datetime) -> Path:
    """A key and a certificate for localhost that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=400))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "localhost.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def served(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The stage with an API that really answers over TLS, for 90 more days."""
    file = certificate(tmp_path, ends=datetime.now(UTC) + timedelta(days=90))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr(Answering, "status", 200)
    told = outputs("edge") | {"Address": f"https://localhost:{server.server_port}"}
    told_as = [{"OutputKey": key, "OutputValue": value} for key, value in told.items()]
    stage.kept["stack edge"] = stack("edge", Outputs=told_as)
    yield stage
    server.shutdown()
    server.server_close()


def test_an_api_that_answers_is_well(served: Stage) -> None:
    assert states(served, "API") == ["ok", "ok"]
    assert "status ok" in found(served, "API")[0].said


def test_an_api_that_is_not_ready_says_why(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answering, "status", 503)
    assert [one.state for one in ill(served, "API")] == ["problem", "problem"]
    assert all("answers 503" in one.said for one in ill(served, "API"))


def test_an_api_that_nobody_may_believe_is_a_problem(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for check in ("API", "API certificate"):
        assert {one.state for one in ill(served, check)} == {"problem"}
        assert "certificate" in ill(served, check)[0].said.lower()


@pytest.mark.parametrize(("days", "state"), [(0, "ok"), (70, "warning"), (100, "problem")])
def test_a_certificate_that_ends_is_noticed(served: Stage, days: int, state: str) -> None:
    later = Stage(served.name, served.session, datetime.now(UTC) + timedelta(days=days), served.kept)
    assert states(later, "API certificate") == [state]


@pytest.mark.parametrize(
    ("published", "answer", "state"),
    [
        (("one", "two"), {"current": "0016", "head": "0016", "keys": ["one", "two"]}, ["ok"]),
        (("one", "two"), {"current": "0016", "head": "0016", "keys": ["one"]}, ["problem"]),
        (("one",), {"current": "0016", "head": "0016", "keys": ["one", "two"]}, ["warning"]),
        (("two",), {"current": "0016", "head": "0016", "keys": ["one"]}, ["problem", "warning"]),
        (("one",), {"current": "0015", "head": "0015"}, ["problem"]),
        (("one",), {"errorMessage": "no way to the database"}, ["problem"]),
    ],
)
def test_keys_of_the_user_pool_that_the_functions_lack_are_noticed(
    stage: Stage, tmp_path: Path, published: tuple[str, ...], answer: dict[str, Any], state: list[str]
) -> None:
    (tmp_path / ".well-known").mkdir()
    keys = [{"kid": one, "kty": "RSA", "n": "AQ", "e": "AQAB"} for one in published]
    (tmp_path / ".well-known" / "jwks.json").write_text(json.dumps({"keys": keys}))
    told = outputs("edge") | {"TokenIssuer": tmp_path.as_uri()}
    stage.kept["stack edge"] = stack("edge", Outputs=[{"OutputKey": k, "OutputValue": v} for k, v in told.items()])
    said = json.dumps(answer).encode()
    failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
    body = StreamingBody(io.BytesIO(said), len(said))
    stubbed(stage, "lambda", ("invoke", {"StatusCode": 200, "Payload": body, **failed}))
    told_of = found(stage, "user pool")
    assert [one.state for one in told_of] == state
    if not failed:
        assert {one.todo for one in told_of} <= {"", "opsdb keys refresh --stage prod"}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"Status": "ISSUED", "NotAfter": NOW + timedelta(days=100)}, "ok"),
        ({"Status": "ISSUED", "NotAfter": NOW + timedelta(days=10)}, "warning"),
        ({"Status": "PENDING_VALIDATION"}, "problem"),
    ],
)
def test_certificates_of_its_own_name_are_looked_at(stage: Stage, told: dict[str, Any], state: str) -> None:
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/x"
    listed = [
        {"CertificateArn": arn, "DomainName": "opsdb.example.com"},
        {"CertificateArn": arn, "DomainName": "other"},
    ]
    address = [{"OutputKey": "Address", "OutputValue": "https://opsdb.example.com"}]
    stage.kept["stack edge"] = stack("edge", Outputs=address)
    answers = ("list_certificates", {"CertificateSummaryList": listed}), ("describe_certificate", {"Certificate": told})
    stubbed(stage, "acm", *answers)
    assert states(stage, "certificates") == [state]


# --- the database


def instance(**changed: Any) -> dict[str, Any]:
    well = {
        "DBInstanceIdentifier": NAME,
        "DBInstanceStatus": "available",
        "DBInstanceClass": "db.t4g.small",
        "EngineVersion": "15.12",
        "PubliclyAccessible": False,
        "StorageEncrypted": True,
        "BackupRetentionPeriod": 30,
        "DeletionProtection": True,
        "MultiAZ": True,
        "AllocatedStorage": 20,
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "CertificateDetails": {"ValidTill": NOW + timedelta(days=300)},
    }
    return well | changed


def with_instances(stage: Stage, *told: dict[str, Any]) -> Stage:
    stubbed(stage, "rds", ("describe_db_instances", {"DBInstances": list(told)}))
    return stage


def test_a_database_that_is_well(stage: Stage) -> None:
    others = instance(DBInstanceIdentifier="somebody-elses", DBInstanceStatus="failed", PubliclyAccessible=True)
    for check in ("database", "database settings", "database versions"):
        assert set(states(with_instances(stage, instance(), others), check)) == {"ok"}, check


@pytest.mark.parametrize(
    ("check", "changed", "state", "said"),
    [
        ("database", {"DBInstanceStatus": "storage-full"}, "problem", "storage-full"),
        ("database", {"DBInstanceStatus": "backing-up"}, "warning", "backing-up"),
        ("database settings", {"PubliclyAccessible": True}, "problem", "public address"),
        ("database settings", {"StorageEncrypted": False}, "problem", "not encrypted"),
        ("database settings", {"BackupRetentionPeriod": 1}, "problem", "seven days"),
        ("database settings", {"DeletionProtection": False}, "problem", "may be deleted"),
        ("database settings", {"MultiAZ": False}, "problem", "standby"),
        ("database settings", {"PendingModifiedValues": {"DBInstanceClass": "x"}}, "warning", "DBInstanceClass"),
        ("database versions", {"CertificateDetails": {"ValidTill": NOW + timedelta(days=9)}}, "warning", "in 9 days"),
        ("database versions", {"CertificateDetails": {"ValidTill": NOW - timedelta(days=9)}}, "problem", "ended"),
    ],
)
def test_a_database_that_is_not_well_is_noticed(
    stage: Stage, check: str, changed: dict[str, Any], state: str, said: str
) -> None:
    [one] = ill(with_instances(stage, instance(**changed)), check)
    assert (one.state, said in one.said) == (state, True)


def test_a_stage_without_a_database_is_a_problem(stage: Stage) -> None:
    [one] = ill(with_instances(stage), "database")
    assert one.state == "problem"


def test_the_instances_of_a_cluster_are_found(stage: Stage) -> None:
    cluster = {"DBClusterIdentifier": NAME, "MultiAZ": False, "DeletionProtection": False}
    told = [instance(DBInstanceIdentifier=f"{NAME}-{one}", **cluster) for one in ("writer", "reader")]
    assert len(found(with_instances(stage, *told), "database")) == 2
    assert set(states(with_instances(stage, *told), "database settings")) == {"ok"}


def test_support_that_ends_is_noticed(stage: Stage) -> None:
    later = Stage("prod", stage.session, datetime(2028, 3, 1, tzinfo=UTC), stage.kept)
    told = instance(CertificateDetails={"ValidTill": datetime(2060, 1, 1, tzinfo=UTC)})
    [one] = ill(with_instances(later, told), "database versions")
    assert (one.state, one.runbook) == ("problem", "docs/runbook.md#end-of-support")


@pytest.mark.parametrize(("free", "state"), [(10, "ok"), (3, "problem"), (None, "warning")])
def test_storage_is_judged_by_what_is_measured(stage: Stage, free: float | None, state: str) -> None:
    points = [] if free is None else [{"Minimum": free * 2**30, "Timestamp": NOW}]
    stubbed(stage, "cloudwatch", ("get_metric_statistics", {"Label": "x", "Datapoints": points}))
    assert states(with_instances(stage, instance()), "database storage") == [state]


def test_pending_maintenance_of_ours_is_told(stage: Stage) -> None:
    def pending(name: str, kind: str = "db") -> dict[str, Any]:
        details = [{"Action": "system-update", "CurrentApplyDate": NOW}]
        arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:{name}"
        return {"ResourceIdentifier": arn, "PendingMaintenanceActionDetails": details}

    others = [pending("opsdb-prod2"), pending("other")]
    stubbed(stage, "rds", ("describe_pending_maintenance_actions", {"PendingMaintenanceActions": others}))
    assert states(stage, "database maintenance") == ["ok"]
    ours = [*others, pending(NAME), pending(NAME, "cluster")]
    stubbed(stage, "rds", ("describe_pending_maintenance_actions", {"PendingMaintenanceActions": ours}))
    assert states(stage, "database maintenance") == ["warning", "warning"]


def test_whoever_may_not_look_at_the_database_is_told_so(stage: Stage) -> None:
    stubbed(stage, "rds", ("describe_db_instances", "AccessDenied"))
    [one] = ill(stage, "database")
    assert (one.state, "rds:Look" in one.todo) == ("warning", True)


# --- buckets


TLS_ONLY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


@pytest.fixture
def s3(stage: Stage) -> Any:
    """Its client, with the three buckets as the data stack makes them."""
    client = boto3.client("s3", region_name=REGION)
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    statement = TLS_ONLY | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    rule = {"ID": "x", "Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}
    encrypted = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    for name in BUCKETS.values():
        client.create_bucket(Bucket=name)
        client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
        client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [encrypted]})
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        client.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    return client


def test_buckets_as_made_are_well(stage: Stage, s3: Any) -> None:
    assert states(stage, "buckets") == ["ok"] * 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s3, name: s3.delete_public_access_block(Bucket=name), "opened to the public"),
        (lambda s3, name: s3.delete_bucket_encryption(Bucket=name), "not encrypted with our key"),
        (
            lambda s3, name: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"}),
            "does not keep",
        ),
        (lambda s3, name: s3.delete_bucket_policy(Bucket=name), "plain HTTP"),
        (lambda s3, name: s3.delete_bucket_lifecycle(Bucket=name), "half an upload"),
    ],
)
def test_a_bucket_that_somebody_changed_is_noticed(stage: Stage, s3: Any, change: Any, said: str) -> None:
    change(s3, BUCKETS["BackupsBucket"])
    [one] = ill(stage, "buckets")
    assert (one.state, said in one.said, BUCKETS["BackupsBucket"] in one.said) == ("problem", True, True)


def test_a_bucket_that_is_gone_hides_not_the_others(stage: Stage, s3: Any) -> None:
    s3.delete_bucket(Bucket=BUCKETS["UploadsBucket"])
    assert states(stage, "buckets").count("ok") == 2


def put_notification(stage: Stage, s3: Any, **changed: Any) -> None:
    wanted = json.loads(stage.needed("app", "UploadsNotification"))["LambdaFunctionConfigurations"][0]
    told = {"LambdaFunctionConfigurations": [wanted | changed]}
    s3.put_bucket_notification_configuration(Bucket=BUCKETS["UploadsBucket"], NotificationConfiguration=told)


def test_the_uploads_bucket_tells_the_function(stage: Stage, s3: Any) -> None:
    assert states(stage, "upload notification") == ["problem"]
    put_notification(stage, s3)
    assert states(stage, "upload notification") == ["ok"]
    put_notification(stage, s3, LambdaFunctionArn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:another")
    assert states(stage, "upload notification") == ["problem"]
    put_notification(stage, s3, Filter={"Key": {"FilterRules": [{"Name": "prefix", "Value": "direct/"}]}})
    assert states(stage, "upload notification") == ["problem"]


def test_the_newest_backup_is_dated_by_its_manifests_name(stage: Stage, s3: Any) -> None:
    def put(hours: int, tier: str = "daily", ending: str = "json") -> None:
        key = f"backups/{NOW - timedelta(hours=hours):%Y%m%dT%H%M%SZ}-{tier}-1a2b.{ending}"
        s3.put_object(Bucket=BUCKETS["BackupsBucket"], Key=key, Body=b"{}")

    s3.delete_bucket_policy(Bucket=BUCKETS["BackupsBucket"])  # moto takes its Deny without its condition
    assert states(stage, "newest backup") == ["problem"]
    put(30)
    put(2, tier="safety")
    put(1, ending="dump")
    [one] = ill(stage, "newest backup")
    assert "began 30 hours ago" in one.said
    assert one.runbook == "docs/runbook.md#the-newest-backup-is-too-old"
    put(10)
    assert states(stage, "newest backup") == ["ok"]


# --- functions


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)  # without the time, which would be in its hash
    return out.getvalue()


@pytest.fixture
def functions(stage: Stage) -> Any:
    """Lambda's client, with all functions of one release, and somebody else's."""
    trust = {"Version": "2012-10-17", "Statement": []}
    role = boto3.client("iam").create_role(RoleName="x", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    client = boto3.client("lambda", region_name=REGION)
    for name in [*stage.functions(), "somebody-elses"]:
        code = {"ZipFile": zipped("other" if name == "somebody-elses" else "release")}
        client.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="app.app", Code=code)
    return client


def test_functions_are_those_that_are_configured(stage: Stage) -> None:
    named = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["prod"]["lambda_functions"]
    assert len(stage.functions()) == len(named)
    assert {f"{NAME}-on_upload", NAME} <= set(stage.functions())


def test_functions_of_one_release_are_well(stage: Stage, functions: Any) -> None:
    assert states(stage, "functions") == ["ok"]
    assert states(stage, "runtimes") == ["ok"]


def test_a_function_that_is_missing_or_of_another_release_is_noticed(stage: Stage, functions: Any) -> None:
    functions.update_function_code(FunctionName=f"{NAME}-on_upload", ZipFile=zipped("older"))
    functions.delete_function(FunctionName=f"{NAME}-migrate")
    assert [one.said for one in ill(stage, "functions")] == [
        f"{NAME}-migrate is not there",
        "they run 2 releases at once",
    ]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"State": "Failed", "StateReason": "no such subnet"}, "problem"),
        ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "image"}, "problem"),
        ({"LastUpdateStatus": "InProgress"}, "warning"),
    ],
)
def test_a_function_that_is_not_at_rest_is_noticed(stage: Stage, told: dict[str, Any], state: str) -> None:
    listed = [{"FunctionName": name, "CodeSha256": "abcdefgh"} for name in stage.functions()]
    listed[2] |= told
    stubbed(stage, "lambda", ("list_functions", {"Functions": listed}))
    [one] = ill(stage, "functions")
    assert (one.state, listed[2]["FunctionName"] in one.said) == (state, True)


def test_a_runtime_that_ends_is_noticed(stage: Stage, functions: Any) -> None:
    for at, state in ((datetime(2027, 3, 1, tzinfo=UTC), "warning"), (datetime(2027, 7, 1, tzinfo=UTC), "problem")):
        assert states(Stage("prod", stage.session, at, stage.kept), "runtimes") == [state]


@pytest.mark.parametrize(("most", "state"), [(10, "warning"), (1000, "ok")])
def test_a_small_account_is_noticed(stage: Stage, most: int, state: str) -> None:
    limit = {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": most}
    stubbed(stage, "lambda", ("get_account_settings", {"AccountLimit": limit}))
    assert states(stage, "concurrency") == [state]


def test_what_was_lost_is_counted(stage: Stage) -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    sqs.create_queue(QueueName=f"{NAME}-failed-uploads")
    assert states(stage, "queues") == ["problem", "ok"]
    url = sqs.create_queue(QueueName=f"{NAME}-dead-letters")["QueueUrl"]
    assert states(stage, "queues") == ["ok", "ok"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    [one] = ill(stage, "queues")
    assert (one.said, one.runbook) == (f"3 in {NAME}-dead-letters", "docs/runbook.md#events-were-lost")


def test_logs_without_an_end_or_our_key_are_noticed(stage: Stage) -> None:
    client = boto3.client("logs", region_name=REGION)
    assert states(stage, "logs") == ["problem"]
    for name in (f"/aws/lambda/{NAME}", f"/aws/rds/instance/{NAME}/postgresql"):
        client.create_log_group(logGroupName=name, kmsKeyId=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/x")
        client.put_retention_policy(logGroupName=name, retentionInDays=30)
    client.create_log_group(logGroupName=f"/aws/lambda/{NAME}-somebody-elses")
    assert states(stage, "logs") == ["ok"]
    client.create_log_group(logGroupName=f"/aws/lambda/{NAME}-migrate")
    [one] = ill(stage, "logs")
    assert one.said == f"/aws/lambda/{NAME}-migrate lacks retention and our key"


# --- what watches


@pytest.fixture
def cloudwatch(stage: Stage) -> Any:
    client = boto3.client("cloudwatch", region_name=REGION)
    for word, topic in (("api-failing", "page"), ("backup-failed", "daily")):
        client.put_metric_alarm(
            AlarmName=f"{NAME}-{word}",
            AlarmDescription=f"It is bad. See docs/runbook.md#{word}-entry.",
            AlarmActions=[f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-{topic}"],
            MetricName="x",
            Namespace="opsdb",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        client.set_alarm_state(AlarmName=f"{NAME}-{word}", StateValue="OK", StateReason="x")
    return client


def test_no_alarms_at_all_is_a_problem(stage: Stage) -> None:
    assert states(stage, "alarms") == ["problem"]


def test_alarms_that_are_on_bring_their_entry_and_their_severity(stage: Stage, cloudwatch: Any) -> None:
    assert states(stage, "alarms") == ["ok"]
    for word in ("api-failing", "backup-failed"):
        cloudwatch.set_alarm_state(AlarmName=f"{NAME}-{word}", StateValue="ALARM", StateReason="x")
    told = {one.said: (one.state, one.runbook) for one in ill(stage, "alarms")}
    assert told == {
        f"{NAME}-api-failing is on: It is bad.": ("problem", "docs/runbook.md#api-failing-entry"),
        f"{NAME}-backup-failed is on: It is bad.": ("warning", "docs/runbook.md#backup-failed-entry"),
    }


def test_an_alarm_that_somebody_silenced_is_noticed(stage: Stage, cloudwatch: Any) -> None:
    cloudwatch.disable_alarm_actions(AlarmNames=[f"{NAME}-api-failing"])
    [one] = ill(stage, "alarms")
    assert (one.state, one.said) == ("warning", f"{NAME}-api-failing tells nobody")


def test_topics_that_tell_nobody_are_noticed(stage: Stage) -> None:
    page = boto3.client("sns", region_name=REGION)
    for name in ("page", "daily"):
        page.create_topic(Name=f"{NAME}-{name}")
    assert states(stage, "who is told") == ["problem", "warning"]
    page.subscribe(TopicArn=stage.needed("watch", "PageTopic"), Protocol="email", Endpoint="me@example.com")
    assert states(stage, "who is told") == ["ok", "warning"]


def tunnels(stage: Stage, *states_told: str) -> Stage:
    told = [{"OutputKey": "VpnConnection", "OutputValue": "vpn-1"}]
    stage.kept["stack network"] = stack("network", Outputs=told)
    telemetry = [{"OutsideIpAddress": f"203.0.113.{n}", "Status": one} for n, one in enumerate(states_told, 1)]
    answer = {"VpnConnections": [{"VpnConnectionId": "vpn-1", "VgwTelemetry": telemetry}]}
    stubbed(stage, "ec2", ("describe_vpn_connections", answer))
    return stage


def test_tunnels_are_told_apart(stage: Stage) -> None:
    assert states(stage, "VPN") == ["ok"]
    assert states(tunnels(stage, "UP", "UP"), "VPN") == ["ok"]
    [one] = ill(tunnels(stage, "UP", "DOWN"), "VPN")
    assert (one.state, "203.0.113.2" in one.said) == ("warning", True)
    [one] = ill(tunnels(stage, "DOWN", "DOWN"), "VPN")
    assert (one.state, one.runbook) == ("problem", "docs/runbook.md#the-vpn-is-down")
