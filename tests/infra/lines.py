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


def output(stack: str, name: str) -> Good:
    """What another stack of the same stage exports."""
    ends = f"-{stack}-{name}"
    return lambda value: isinstance(value, dict) and str(value.get("Fn::ImportValue", "")).endswith(ends)


def either(*choices: Good) -> Good:
    return lambda value: any(good(value) for good in choices)


def each(good: Good, *, count: int) -> Good:
    return lambda value: isinstance(value, list) and len(value) == count and all(map(good, value))


def contains(text: str) -> Good:
    return lambda value: text in str(value)


def given(value: Any) -> bool:
    return bool(value)


def is_private_subnet(value: Any) -> bool:
    return output("network", "FirstPrivateSubnet")(value) or output("network", "SecondPrivateSubnet")(value)


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
KEY = either(attribute_of("Key", "LogsKey"), output("data", "KeyArn"))
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

FUNCTION = "AWS::Lambda::Function"
PERMISSION = "AWS::Lambda::Permission"
QUEUE = "AWS::SQS::Queue"

APP = [
    Line(FUNCTION, P + "Runtime", equals("python3.11", "python3.12", "python3.13"), "python3.8"),
    Line(FUNCTION, P + "Code.S3Bucket", output("data", "ReleasesBucket"), "elsewhere"),
    Line(FUNCTION, P + "KmsKeyArn", KEY, "alias/aws/lambda"),
    Line(FUNCTION, P + "MemorySize", between(512, 1024), 128),
    Line(FUNCTION, P + "Timeout", between(30, 900), 3),
    Line(FUNCTION, P + "VpcConfig.SubnetIds", each(is_private_subnet, count=2), ["subnet-elsewhere"]),
    Line(FUNCTION, P + "VpcConfig.SecurityGroupIds", each(output("network", "FunctionsSecurityGroup"), count=1), []),
    Line(FUNCTION, P + "LoggingConfig.LogGroup.Ref", given, ""),
    Line(FUNCTION, P + "TracingConfig.Mode", equals("Active", "PassThrough"), "Never"),
    Line(FUNCTION, P + "Environment.Variables.DEBUG", equals(False), "true"),
    Line(QUEUE, P + "KmsMasterKeyId", KEY, "alias/aws/sqs"),
    Line(QUEUE, P + "MessageRetentionPeriod", between(1209600, 1209600), 345600),
    Line(QUEUE, "DeletionPolicy", equals("Retain"), "Delete"),
    Line(QUEUE, "UpdateReplacePolicy", equals("Retain"), "Delete"),
    Line(PERMISSION, P + "SourceArn", given, ""),
    Line(PERMISSION, P + "SourceAccount", equals("111122223333"), "999999999999"),
    Line(PERMISSION, P + "Action", equals("lambda:InvokeFunction"), "lambda:*"),
    Line("AWS::Events::Rule", P + "State", equals("ENABLED"), "DISABLED"),
    Line("AWS::Lambda::EventInvokeConfig", P + "MaximumRetryAttempts", between(0, 2), "many"),
    Line("AWS::Lambda::EventInvokeConfig", P + "MaximumEventAgeInSeconds", between(3600, 21600), 60),
    Line("AWS::Lambda::LayerVersion", P + "Content.S3Bucket", output("data", "ReleasesBucket"), "elsewhere"),
]

STAGE = "AWS::ApiGatewayV2::Stage"
DOMAIN = "AWS::ApiGatewayV2::DomainName"
TLS = P + "DomainNameConfigurations.0."
POOL = "AWS::Cognito::UserPool"
CLIENT = "AWS::Cognito::UserPoolClient"

EDGE = [
    Line("AWS::ApiGatewayV2::Api", P + "ProtocolType", equals("HTTP"), "WEBSOCKET"),
    Line("AWS::ApiGatewayV2::Api", P + "CorsConfiguration", equals(None), {"AllowOrigins": ["*"]}),
    Line("AWS::ApiGatewayV2::Api", P + "DisableExecuteApiEndpoint", equals(True), False),
    Line("AWS::ApiGatewayV2::Integration", P + "PayloadFormatVersion", equals("1.0"), "2.0"),
    Line("AWS::ApiGatewayV2::Integration", P + "IntegrationType", equals("AWS_PROXY"), "HTTP_PROXY"),
    Line("AWS::ApiGatewayV2::Integration", P + "IntegrationUri", output("app", "ApiHandlerArn"), "elsewhere"),
    Line("AWS::ApiGatewayV2::Integration", P + "TimeoutInMillis", between(30000, 30000), 3000),
    Line(STAGE, P + "StageName", equals("$default"), "api"),
    Line(STAGE, P + "AutoDeploy", equals(True), False),
    Line(STAGE, P + "DefaultRouteSettings.ThrottlingRateLimit", between(1, 1000), 10000),
    Line(STAGE, P + "DefaultRouteSettings.ThrottlingBurstLimit", between(1, 1000), 5000),
    Line(STAGE, P + "AccessLogSettings.DestinationArn", contains(":log-group:${AccessLog}"), ""),
    Line(STAGE, P + "AccessLogSettings.Format", contains("$context.requestId"), "$context.status"),
    Line(
        "AWS::ApiGatewayV2::DomainName", P + "DomainNameConfigurations.0.SecurityPolicy", equals("TLS_1_2"), "TLS_1_0"
    ),
    Line("AWS::ApiGatewayV2::DomainName", P + "DomainNameConfigurations.0.CertificateArn", given, ""),
    Line("AWS::ApiGatewayV2::ApiMapping", P + "ApiMappingKey", equals(None), "api"),
    Line("AWS::CertificateManager::Certificate", P + "ValidationMethod", equals("DNS"), "EMAIL"),
    Line(POOL, P + "AdminCreateUserConfig.AllowAdminCreateUserOnly", equals(True), False),
    Line(POOL, P + "Policies.PasswordPolicy.MinimumLength", between(12, 99), 6),
    Line(POOL, P + "MfaConfiguration", equals("OPTIONAL", "ON"), "OFF"),
    Line(POOL, P + "EnabledMfas", equals(["SOFTWARE_TOKEN_MFA"]), ["SMS_MFA"]),
    Line(POOL, P + "DeletionProtection", equals("ACTIVE"), "INACTIVE", stages=("staging", "prod")),
    Line(POOL, "DeletionPolicy", equals("Retain"), "Delete"),
    Line(POOL, "UpdateReplacePolicy", equals("Retain"), "Delete"),
    Line(CLIENT, P + "GenerateSecret", equals(False), True),
    Line(CLIENT, P + "AllowedOAuthFlows", equals(["code"]), ["implicit"]),
    Line(CLIENT, P + "CallbackURLs", each(contains("https://opsdb.example.com/"), count=1), ["http://localhost/"]),
    Line(CLIENT, P + "PreventUserExistenceErrors", equals("ENABLED"), "LEGACY"),
    Line(CLIENT, P + "EnableTokenRevocation", equals(True), False),
    Line(CLIENT, P + "IdTokenValidity", between(5, 60), 1440),
    Line(CLIENT, P + "RefreshTokenValidity", between(1, 1), 3650),
]

ALARM = "AWS::CloudWatch::Alarm"
EVENTS = "AWS::RDS::EventSubscription"

WATCH = [
    Line(ALARM, P + "TreatMissingData", equals("breaching", "notBreaching", "ignore"), "missing"),
    Line(ALARM, P + "AlarmActions", equals([{"Ref": "Page"}], [{"Ref": "Daily"}]), []),
    Line(ALARM, P + "OKActions", equals([{"Ref": "Page"}], [{"Ref": "Daily"}]), []),
    Line(ALARM, P + "ActionsEnabled", equals(None, True), False),
    Line(ALARM, P + "AlarmDescription", given, ""),
    Line("AWS::SNS::Topic", P + "KmsMasterKeyId", KEY, "alias/aws/sns"),
    Line(EVENTS, P + "Enabled", equals(True), False),
    Line(EVENTS, P + "SourceType", equals("db-instance"), "db-cluster"),
    Line(EVENTS, P + "SourceIds", each(output("data", "DatabaseName"), count=1), []),
    Line("AWS::Budgets::Budget", P + "Budget.TimeUnit", equals("MONTHLY"), "ANNUALLY"),
    Line("AWS::Budgets::Budget", P + "Budget.BudgetLimit.Amount", between(1, 1000), "100000"),
]

LINES = DATABASE + NETWORK + BUCKETS + KEYS_AND_SECRETS + APP + EDGE + WATCH


def _groups(value: Any, *, least: int) -> bool:
    return bool(value) and all(int(one["Value"]) >= least for one in value)
