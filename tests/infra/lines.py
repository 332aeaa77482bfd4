"""The checklist, property by property: what each resource of a type must say, and a value that would be worse."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.effective import at, of_type

Good = Callable[[Any], bool]


def equals(*allowed: Any) -> Good:
    """One of these; CloudFormation makes no difference between true and "true"."""
    wanted = {str(one).lower() for one in allowed}
    return lambda value: str(value).lower() in wanted


def between(low: int, high: int) -> Good:
    return lambda value: str(value).isdigit() and low <= int(value) <= high


def attribute_of(*names: str) -> Good:
    return lambda value: isinstance(value, dict) and value.get("Fn::GetAtt", [None])[0] in names


def given(value: Any) -> bool:
    return bool(value)


@dataclass(frozen=True)
class Line:
    """`path` of every resource of type `kind` (but those excepted, with the reason) must be `good`."""

    kind: str
    path: str
    good: Good
    worse: Any
    stages: tuple[str, ...] = ("dev", "staging", "prod")
    excepted: Mapping[str, str] = field(default_factory=dict)

    def subjects(self, found: Mapping[str, Any]) -> dict[str, Any]:
        return {name: one for name, one in of_type(found, self.kind).items() if name not in self.excepted}

    def problems(self, found: Mapping[str, Any]) -> Iterator[str]:
        for name, one in self.subjects(found).items():
            value = at(one, self.path)
            if not self.good(value):
                yield f"{name}: {self.path} is {value!r}"


P = "Properties."
KEY = attribute_of("Key", "LogsKey")
ANY_DATABASE = "AWS::RDS::DBInstance"
ANY_BUCKET = "AWS::S3::Bucket"
VPN = "AWS::EC2::VPNConnection"
LOGS_OF_LOGS = {"AccessLogsBucket": "each record of a log of the logs would make another"}
S3_OWN_KEYS = {"AccessLogsBucket": "S3 delivers access logs only to buckets with SSE-S3"}
ENCRYPTION = P + "BucketEncryption.ServerSideEncryptionConfiguration.0."

DATABASE = [
    Line(ANY_DATABASE, "DeletionPolicy", equals("Snapshot"), "Delete"),
    Line(ANY_DATABASE, "UpdateReplacePolicy", equals("Snapshot"), "Delete"),
    Line(ANY_DATABASE, P + "DeletionProtection", equals(True), "false", stages=("staging", "prod")),
    Line(ANY_DATABASE, P + "MultiAZ", equals(True), "false", stages=("prod",)),
    Line(ANY_DATABASE, P + "StorageEncrypted", equals(True), False),
    Line(ANY_DATABASE, P + "KmsKeyId", KEY, "alias/aws/rds"),
    Line(ANY_DATABASE, P + "ManageMasterUserPassword", equals(True), False),
    Line(ANY_DATABASE, P + "MasterUserSecret.KmsKeyId", KEY, "alias/aws/secretsmanager"),
    Line(ANY_DATABASE, P + "EnableIAMDatabaseAuthentication", equals(True), False),
    Line(ANY_DATABASE, P + "EnableCloudwatchLogsExports", equals(["postgresql", "upgrade"]), ["upgrade"]),
    Line(ANY_DATABASE, P + "EnablePerformanceInsights", equals(True), False),
    Line(ANY_DATABASE, P + "PerformanceInsightsRetentionPeriod", equals(7), 731),
    Line(ANY_DATABASE, P + "PerformanceInsightsKMSKeyId", KEY, "alias/aws/rds"),
    Line(ANY_DATABASE, P + "BackupRetentionPeriod", between(7, 35), "0"),
    Line(ANY_DATABASE, P + "BackupRetentionPeriod", between(30, 35), "7", stages=("prod",)),
    Line(ANY_DATABASE, P + "PreferredBackupWindow", given, ""),
    Line(ANY_DATABASE, P + "DeleteAutomatedBackups", equals(False), True),
    Line(ANY_DATABASE, P + "CopyTagsToSnapshot", equals(True), False),
    Line(ANY_DATABASE, P + "PubliclyAccessible", equals(False), True),
    Line(ANY_DATABASE, P + "StorageType", equals("gp3"), "standard"),
    Line(ANY_DATABASE, P + "AllocatedStorage", between(20, 16384), "5"),
    Line(ANY_DATABASE, P + "MaxAllocatedStorage", between(22, 65536), "20"),
    Line(ANY_DATABASE, P + "AutoMinorVersionUpgrade", equals(True), False),
    Line(ANY_DATABASE, P + "EngineVersion", lambda value: str(value).split(".")[0] == "15", "14"),
    Line(ANY_DATABASE, P + "CACertificateIdentifier", equals("rds-ca-rsa2048-g1"), "rds-ca-2019"),
    Line(
        ANY_DATABASE,
        P + "EngineLifecycleSupport",
        equals("open-source-rds-extended-support-disabled"),
        "open-source-rds-extended-support",
    ),
    Line("AWS::RDS::DBParameterGroup", P + "Family", equals("postgres15"), "postgres14"),
    Line("AWS::RDS::DBParameterGroup", P + "Parameters.rds~force_ssl", equals(1), "0"),
    Line("AWS::RDS::DBParameterGroup", P + "Parameters.log_min_duration_statement", between(1, 60_000), "-1"),
    Line(
        "AWS::RDS::DBParameterGroup",
        P + "Parameters.idle_in_transaction_session_timeout",
        between(900_000, 3_600_000),
        "0",
    ),
]

NETWORK = [
    Line("AWS::EC2::VPC", P + "EnableDnsSupport", equals(True), False),
    Line("AWS::EC2::VPC", P + "EnableDnsHostnames", equals(True), False),
    Line("AWS::EC2::Subnet", P + "MapPublicIpOnLaunch", equals(False), True),
    Line("AWS::EC2::FlowLog", P + "ResourceType", equals("VPC"), "Subnet"),
    Line("AWS::EC2::FlowLog", P + "TrafficType", equals("REJECT"), "ACCEPT"),
    Line("AWS::EC2::FlowLog", P + "LogGroupName", equals({"Ref": "FlowLogGroup"}), "elsewhere"),
    Line("AWS::EC2::FlowLog", P + "DeliverLogsPermissionArn", attribute_of("FlowLogRole"), ""),
    Line("AWS::Logs::LogGroup", P + "KmsKeyId", KEY, ""),
    Line("AWS::Logs::LogGroup", P + "RetentionInDays", between(30, 400), "1"),
    Line("AWS::EC2::CustomerGateway", P + "BgpAsn", equals(65000), "0"),
    Line("AWS::EC2::CustomerGateway", P + "Type", equals("ipsec.1"), ""),
    Line("AWS::EC2::CustomerGateway", P + "IpAddress", given, ""),
    Line(VPN, P + "PreSharedKeyStorage", equals("SecretsManager"), "Standard"),
    Line(VPN, P + "CustomerGatewayId", equals({"Ref": "CustomerGateway"}), ""),
    Line(VPN, P + "VpnGatewayId", equals({"Ref": "VpnGateway"}), ""),
    *(
        Line(VPN, f"{P}VpnTunnelOptionsSpecifications.{tunnel}.{path}", good, worse)
        for tunnel in (0, 1)
        for path, good, worse in (
            ("IKEVersions", equals([{"Value": "ikev2"}]), [{"Value": "ikev1"}, {"Value": "ikev2"}]),
            ("Phase1EncryptionAlgorithms", equals([{"Value": "AES256-GCM-16"}]), [{"Value": "AES128"}]),
            ("Phase2EncryptionAlgorithms", equals([{"Value": "AES256-GCM-16"}]), [{"Value": "AES128"}]),
            ("Phase1IntegrityAlgorithms", equals([{"Value": "SHA2-384"}]), [{"Value": "SHA1"}]),
            ("Phase2IntegrityAlgorithms", equals([{"Value": "SHA2-384"}]), [{"Value": "SHA1"}]),
            ("Phase1DHGroupNumbers", lambda value: _groups(value, least=19), [{"Value": 2}, {"Value": 19}]),
            ("Phase2DHGroupNumbers", lambda value: _groups(value, least=19), [{"Value": 14}]),
            ("LogOptions.CloudwatchLogOptions.LogEnabled", equals(True), False),
            ("LogOptions.CloudwatchLogOptions.LogGroupArn", given, ""),
        )
    ),
]

BUCKETS = [
    *(
        Line(ANY_BUCKET, f"{P}PublicAccessBlockConfiguration.{one}", equals(True), False)
        for one in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    ),
    Line(ANY_BUCKET, P + "OwnershipControls.Rules.0.ObjectOwnership", equals("BucketOwnerEnforced"), "ObjectWriter"),
    Line(
        ANY_BUCKET,
        ENCRYPTION + "ServerSideEncryptionByDefault.SSEAlgorithm",
        equals("aws:kms"),
        "AES256",
        excepted=S3_OWN_KEYS,
    ),
    Line(
        ANY_BUCKET,
        ENCRYPTION + "ServerSideEncryptionByDefault.KMSMasterKeyID",
        KEY,
        "alias/aws/s3",
        excepted=S3_OWN_KEYS,
    ),
    Line(ANY_BUCKET, ENCRYPTION + "BucketKeyEnabled", equals(True), False, excepted=S3_OWN_KEYS),
    Line(ANY_BUCKET, ENCRYPTION + "ServerSideEncryptionByDefault.SSEAlgorithm", equals("aws:kms", "AES256"), "none"),
    Line(ANY_BUCKET, P + "VersioningConfiguration.Status", equals("Enabled"), "Suspended"),
    Line(
        ANY_BUCKET,
        P + "LoggingConfiguration.DestinationBucketName",
        equals({"Ref": "AccessLogsBucket"}),
        "elsewhere",
        excepted=LOGS_OF_LOGS,
    ),
    Line(ANY_BUCKET, "DeletionPolicy", equals("Retain"), "Delete"),
    Line(ANY_BUCKET, "UpdateReplacePolicy", equals("Retain"), "Delete"),
]

KEYS_AND_SECRETS = [
    Line("AWS::KMS::Key", P + "EnableKeyRotation", equals(True), False),
    Line("AWS::KMS::Key", P + "PendingWindowInDays", between(30, 30), 7),
    Line("AWS::KMS::Key", "DeletionPolicy", equals("Retain"), "Delete"),
    Line("AWS::KMS::Key", "UpdateReplacePolicy", equals("Retain"), "Delete"),
    Line("AWS::SecretsManager::Secret", P + "KmsKeyId", KEY, ""),
    Line("AWS::SecretsManager::Secret", P + "GenerateSecretString.PasswordLength", between(32, 4096), 8),
    Line("AWS::SecretsManager::Secret", P + "SecretString", lambda value: value is None, "swordfish"),
    Line("AWS::SecretsManager::Secret", "DeletionPolicy", equals("Retain"), "Delete"),
]

LINES = DATABASE + NETWORK + BUCKETS + KEYS_AND_SECRETS


def _groups(value: Any, *, least: int) -> bool:
    return bool(value) and all(int(one["Value"]) >= least for one in value)
