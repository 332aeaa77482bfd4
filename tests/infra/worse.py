"""Each property of the checklist, and what would be worse: a type or one resource, paths below it, values.

Numbers index lists, and ~ is a dot inside a name. A path counts where it exists, and taking it away is always tried.
"""

from typing import Any

P = "Properties."
SPECIFIED = P + "VpnTunnelOptionsSpecifications"
ENCRYPTION = P + "BucketEncryption.ServerSideEncryptionConfiguration.0."
PUBLIC = P + "PublicAccessBlockConfiguration."
RULES = P + "LifecycleConfiguration.Rules."
STATEMENT = P + "PolicyDocument.Statement.0."
OWN = P + "Policies.0.PolicyDocument.Statement."
SCALING = P + "ServerlessV2ScalingConfiguration."

Worse = dict[str, tuple[Any, ...]]

STORE: Worse = {
    "DeletionPolicy": ("Delete",),
    "UpdateReplacePolicy": ("Delete",),
    P + "DeletionProtection": (False,),
    P + "StorageEncrypted": (False,),
    P + "KmsKeyId": ("alias/aws/rds",),
    P + "ManageMasterUserPassword": (False,),
    P + "MasterUserSecret.KmsKeyId": ("alias/aws/secretsmanager",),
    P + "MasterUsername": ("admin", "postgres", "rdsadmin", "rds_admin", "1st"),
    P + "EnableIAMDatabaseAuthentication": (False,),
    P + "BackupRetentionPeriod": (0, 7, 36),
    P + "PreferredBackupWindow": (),
    P + "DeleteAutomatedBackups": (True,),
    P + "CopyTagsToSnapshot": (False,),
    P + "EngineVersion": (14, "16.1"),
    P + "EngineLifecycleSupport": ("open-source-rds-extended-support",),
    P + "DBSubnetGroupName": ("default",),
}
INSTANCE: Worse = {
    P + "PubliclyAccessible": (True,),
    P + "AutoMinorVersionUpgrade": (False,),
    P + "CACertificateIdentifier": ("rds-ca-2019",),
    P + "MonitoringInterval": (45, 0),
    P + "MonitoringRoleArn": ("",),
    P + "EnablePerformanceInsights": (False,),
    P + "PerformanceInsightsRetentionPeriod": (731,),
    P + "PerformanceInsightsKMSKeyId": ("alias/aws/rds",),
}
PARAMETERS: Worse = {
    P + "Family": ("postgres14",),
    P + "Parameters.rds~force_ssl": (0,),
    P + "Parameters.log_min_duration_statement": (-1,),
    P + "Parameters.idle_in_transaction_session_timeout": (0, 60_000),
}
TUNNEL: Worse = {
    "IKEVersions": ([{"Value": "ikev1"}, {"Value": "ikev2"}],),
    "Phase1EncryptionAlgorithms": ([{"Value": "AES128"}], [{"Value": "AES256"}]),
    "Phase2EncryptionAlgorithms": ([{"Value": "AES128"}], [{"Value": "AES256"}]),
    "Phase1IntegrityAlgorithms": ([{"Value": "SHA1"}],),
    "Phase2IntegrityAlgorithms": ([{"Value": "SHA1"}],),
    "Phase1DHGroupNumbers": ([{"Value": 2}, {"Value": 19}], [{"Value": 14}]),
    "Phase2DHGroupNumbers": ([{"Value": 2}, {"Value": 19}], [{"Value": 14}]),
    "LogOptions.CloudwatchLogOptions.LogEnabled": (False,),
    "LogOptions.CloudwatchLogOptions.LogGroupArn": ("",),
}
KEPT: Worse = {"DeletionPolicy": ("Delete",), "UpdateReplacePolicy": ("Delete",)}

WORSE: dict[str, Worse] = {
    # --- the database
    "Instance": {
        **STORE,
        P + "MultiAZ": (False, "perhaps"),
        P + "VPCSecurityGroups": ([], ["sg-elsewhere"]),
        P + "DBParameterGroupName": ("default.postgres15",),
        P + "EnableCloudwatchLogsExports": (["upgrade"],),
        P + "StorageType": ("standard",),
        P + "AllocatedStorage": (5,),
        P + "MaxAllocatedStorage": (20,),
    },
    "AWS::RDS::DBInstance": INSTANCE,
    "ClusterWriter": {
        P + "DBClusterIdentifier": ("elsewhere",),
        P + "DBInstanceClass": ("db.t4g.micro",),
        P + "Engine": ("postgres",),
        P + "DBSubnetGroupName": ("default",),
    },
    "Cluster": {
        **STORE,
        P + "Engine": ("aurora-mysql",),
        P + "VpcSecurityGroupIds": ([], ["sg-elsewhere"]),
        P + "DBClusterParameterGroupName": ("default.aurora-postgresql15",),
        P + "EnableCloudwatchLogsExports": ([],),
        SCALING + "MinCapacity": (),
        SCALING + "MaxCapacity": (),
    },
    "AWS::RDS::DBParameterGroup": PARAMETERS,
    "AWS::RDS::DBClusterParameterGroup": PARAMETERS,
    # --- the network
    "AWS::EC2::VPC": {P + "EnableDnsSupport": (False,), P + "EnableDnsHostnames": (False,)},
    "AWS::EC2::Subnet": {P + "MapPublicIpOnLaunch": (True,)},
    "AWS::EC2::SecurityGroup": {
        P + "SecurityGroupEgress": ([],),
        P + "SecurityGroupEgress.0.CidrIp": ("10.0.0.0/8", "0.0.0.0/0"),
    },
    "AWS::EC2::SecurityGroupEgress": {
        P + "GroupId": ("${DatabaseSecurityGroup}",),
        P + "IpProtocol": ("-1", "udp"),
        P + "FromPort": (0, 80),
        P + "ToPort": (65535,),
        P + "DestinationSecurityGroupId": ("${Other}",),
        P + "DestinationPrefixListId": ("any",),
    },
    "AWS::EC2::SecurityGroupIngress": {
        P + "GroupId": ("${FunctionsSecurityGroup}",),
        P + "IpProtocol": ("-1", "udp"),
        P + "FromPort": (0, 22),
        P + "ToPort": (65535,),
        P + "SourceSecurityGroupId": ("${Other}",),
        P + "CidrIp": ("0.0.0.0/0", "192.168.0.0/16", "203.0.114.0/28"),
    },
    "AWS::EC2::VPCEndpoint": {
        P + "VpcEndpointType": ("GatewayLoadBalancer",),
        P + "PolicyDocument": (),
        STATEMENT + "Effect": ("Deny",),
        STATEMENT + "Action": ("s3:*", ["s3:GetObject", "s3:*"]),
        STATEMENT + "Resource": ("*", ["*"]),
        STATEMENT + "Condition.StringEquals.aws:PrincipalAccount": ("999999999999",),
        P + "SecurityGroupIds": ([], ["${FunctionsSecurityGroup}"]),
        P + "RouteTableIds": (["${FirstRouteTable}"],),
    },
    "S3Endpoint": {
        STATEMENT + "Condition.StringEquals.aws:ResourceAccount": ("999999999999",),
    },
    "AWS::EC2::FlowLog": {
        P + "ResourceType": ("Subnet",),
        P + "TrafficType": ("ACCEPT",),
        P + "LogGroupName": ("elsewhere",),
        P + "DeliverLogsPermissionArn": ("",),
    },
    "AWS::EC2::CustomerGateway": {P + "Type": ("",), P + "BgpAsn": (0,), P + "IpAddress": ("",)},
    "AWS::EC2::VPNConnection": {
        P + "CustomerGatewayId": ("",),
        P + "VpnGatewayId": ("",),
        P + "PreSharedKeyStorage": ("Standard",),
        SPECIFIED: ([], [{}, {}]),
        SPECIFIED + ".1": (),
        **{f"{SPECIFIED}.{tunnel}.{path}": values for tunnel in (0, 1) for path, values in TUNNEL.items()},
    },
    # --- the buckets
    "AWS::S3::Bucket": {
        **KEPT,
        P + "BucketName": (),
        PUBLIC + "BlockPublicAcls": (False,),
        PUBLIC + "BlockPublicPolicy": (False,),
        PUBLIC + "IgnorePublicAcls": (False,),
        PUBLIC + "RestrictPublicBuckets": (False,),
        P + "OwnershipControls.Rules.0.ObjectOwnership": ("ObjectWriter",),
        P + "VersioningConfiguration.Status": ("Suspended",),
        ENCRYPTION + "ServerSideEncryptionByDefault.SSEAlgorithm": ("none",),
        ENCRYPTION + "ServerSideEncryptionByDefault.KMSMasterKeyID": ("alias/aws/s3",),
        ENCRYPTION + "BucketKeyEnabled": (False,),
        P + "LoggingConfiguration.DestinationBucketName": ("elsewhere",),
        P + "LifecycleConfiguration": (),
    },
    "UploadsBucket": {
        RULES + "0": (),
        RULES + "0.Prefix": ("results/",),
        RULES + "0.Status": ("Disabled",),
        RULES + "0.Transitions.0.TransitionInDays": (1,),
        RULES + "1.Transitions.0.StorageClass": ("DEEP_ARCHIVE",),
        RULES + "2.NoncurrentVersionExpiration": ({"NoncurrentDays": 1},),
        RULES + "2.AbortIncompleteMultipartUpload": ({"DaysAfterInitiation": 100},),
        RULES + "3.ExpirationInDays": (30,),
        RULES + "3.NoncurrentVersionExpiration": (),
        ENCRYPTION + "ServerSideEncryptionByDefault.SSEAlgorithm": ("AES256",),
    },
    "BackupsBucket": {
        RULES + "0.ObjectSizeGreaterThan": (0,),
        RULES + "1.Status": ("Disabled",),
        RULES + "1.AbortIncompleteMultipartUpload": (),
        P + "ObjectLockEnabled": (False,),
        P + "ObjectLockConfiguration": (),
        P + "ObjectLockConfiguration.Rule.DefaultRetention.Mode": ("COMPLIANCE",),
    },
    "AccessLogsBucketPolicy": {
        STATEMENT.replace("0", "2") + "Condition.StringEquals.aws:SourceAccount": ("999999999999",),
        STATEMENT.replace("0", "2") + "Principal": ("*", {"AWS": "*"}),
    },
    # --- keys, secrets, logs, roles
    "AWS::KMS::Key": {**KEPT, P + "EnableKeyRotation": (False,), P + "PendingWindowInDays": (7,)},
    "AWS::SecretsManager::Secret": {
        **KEPT,
        P + "KmsKeyId": ("",),
        P + "GenerateSecretString.PasswordLength": (8,),
    },
    "AWS::Logs::LogGroup": {
        P + "KmsKeyId": ("",),
        P + "RetentionInDays": (1, 3653),
        P + "LogGroupName": (),
        "DeletionPolicy": ("Retain",),
    },
    "OnUploadRole": {
        OWN + "0.Action": ("s3:*",),
        OWN + "0.Resource": ("*",),
    },
    "FlowLogRole": {
        OWN + "0.Action": ("logs:*",),
        OWN + "0.Resource": ("*",),
        P + "AssumeRolePolicyDocument.Statement.0.Condition": (),
    },
    "MonitoringRole": {P + "AssumeRolePolicyDocument.Statement.0.Condition": ()},
    "AWS::IAM::Policy": {STATEMENT + "Action": ("s3:*",), STATEMENT + "Resource": ("*",)},
    "MayTrace": {STATEMENT + "Action": ("s3:GetObject",)},
    # --- the functions
    "AWS::Lambda::Function": {
        P + "Runtime": ("python3.8",),
        P + "Code.S3Bucket": ("elsewhere",),
        P + "KmsKeyArn": ("alias/aws/lambda",),
        P + "MemorySize": (128,),
        P + "Timeout": (3,),
        P + "VpcConfig.SubnetIds": (["subnet-elsewhere"],),
        P + "VpcConfig.SecurityGroupIds": ([],),
        P + "LoggingConfig.LogGroup": ("",),
        P + "TracingConfig.Mode": ("Never",),
        P + "Environment.Variables.DEBUG": (True,),
    },
    "AWS::Lambda::Permission": {
        P + "SourceArn": (),
        P + "SourceAccount": ("999999999999",),
        P + "Action": ("lambda:*",),
    },
    "AWS::Lambda::LayerVersion": {P + "Content.S3Bucket": ("elsewhere",)},
    "AWS::Lambda::EventInvokeConfig": {P + "MaximumRetryAttempts": (9,), P + "MaximumEventAgeInSeconds": (60,)},
    "AWS::Events::Rule": {P + "State": ("DISABLED",), P + "ScheduleExpression": ("",)},
    "AWS::SQS::Queue": {**KEPT, P + "KmsMasterKeyId": ("alias/aws/sqs",), P + "MessageRetentionPeriod": (345600,)},
    # --- the API and its people
    "AWS::ApiGatewayV2::Api": {P + "ProtocolType": ("WEBSOCKET",), P + "DisableExecuteApiEndpoint": (False,)},
    "Api": {
        P + "CorsConfiguration.AllowOrigins": (["https://a.example.com", "https://b.example.com"],),
        P + "CorsConfiguration.AllowHeaders": (["*"],),
    },
    "AWS::ApiGatewayV2::Integration": {
        P + "PayloadFormatVersion": ("2.0",),
        P + "IntegrationType": ("HTTP_PROXY",),
        P + "IntegrationUri": ("elsewhere",),
        P + "TimeoutInMillis": (3000,),
    },
    "AWS::ApiGatewayV2::Stage": {
        P + "StageName": ("api",),
        P + "AutoDeploy": (False,),
        P + "DefaultRouteSettings.ThrottlingRateLimit": (10_000,),
        P + "DefaultRouteSettings.ThrottlingBurstLimit": (5_000,),
        P + "AccessLogSettings.DestinationArn": ("",),
        P + "AccessLogSettings.Format": (
            "$context.status",
            '{"request":"$context.requestId","route":"$context.routeKey","path":"$context.path"}',
        ),
    },
    "AWS::ApiGatewayV2::DomainName": {
        P + "DomainNameConfigurations.0.SecurityPolicy": ("TLS_1_0",),
        P + "DomainNameConfigurations.0.CertificateArn": ("",),
    },
    "AWS::CertificateManager::Certificate": {P + "ValidationMethod": ("EMAIL",)},
    "AWS::Cognito::UserPool": {
        **KEPT,
        P + "AdminCreateUserConfig.AllowAdminCreateUserOnly": (False,),
        P + "Policies.PasswordPolicy.MinimumLength": (6,),
        P + "MfaConfiguration": ("OFF",),
        P + "EnabledMfas": (["SMS_MFA"],),
        P + "DeletionProtection": ("INACTIVE",),
    },
    "AWS::Cognito::UserPoolClient": {
        P + "GenerateSecret": (True,),
        P + "PreventUserExistenceErrors": ("LEGACY",),
        P + "EnableTokenRevocation": (False,),
        P + "IdTokenValidity": (1440,),
        P + "RefreshTokenValidity": (3650,),
    },
    # --- who is told
    "AWS::CloudWatch::Alarm": {
        P + "TreatMissingData": ("missing",),
        P + "AlarmActions": ([], ["${Elsewhere}"]),
        P + "OKActions": ([], ["${Elsewhere}"]),
        P + "AlarmDescription": ("",),
    },
    "AWS::SNS::Topic": {P + "KmsMasterKeyId": ("alias/aws/sns",)},
    "AWS::RDS::EventSubscription": {
        P + "Enabled": (False,),
        P + "SourceType": ("db-snapshot",),
        P + "SourceIds": ([],),
    },
    "AWS::Budgets::Budget": {P + "Budget.TimeUnit": ("ANNUALLY",), P + "Budget.BudgetLimit.Amount": (100_000,)},
}

ADDED: dict[str, Worse] = {
    # What is right by not being there.
    "Instance": {P + "MasterUserPassword": ("yourpassword",), P + "MonitoringRoleArn": ("${MonitoringRole.Arn}",)},
    "Cluster": {P + "MasterUserPassword": ("yourpassword",)},
    "AWS::EC2::SecurityGroup": {P + "SecurityGroupIngress": ([],)},
    "AWS::EC2::SecurityGroupEgress": {P + "CidrIp": ("0.0.0.0/0", "10.0.0.0/8"), P + "CidrIpv6": ("::/0",)},
    "AWS::EC2::SecurityGroupIngress": {P + "CidrIpv6": ("::/0",)},
    "AWS::EC2::VPNConnection": {SPECIFIED + ".0.PreSharedKey": ("swordfish",)},
    "S3Endpoint": {STATEMENT + "Resource.0": ("arn:aws:s3:::somebody-elses",)},
    "SecretsManagerEndpoint": {STATEMENT + "Resource": ("*",)},
    "AWS::EC2::VPC": {
        "Type": ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Route"),
    },
    "BackupsBucket": {
        RULES + "1.ExpirationInDays": (30,),
        RULES + "1.ExpirationDate": ("2030-01-01",),
        P + "ObjectLockEnabled": (True,),
    },
    "UploadsBucket": {RULES + "2.Transitions": ([{"StorageClass": "GLACIER", "TransitionInDays": 90}],)},
    "AWS::SecretsManager::Secret": {P + "SecretString": ("swordfish",)},
    "AWS::ApiGatewayV2::Api": {P + "CorsConfiguration": ({"AllowOrigins": ["*"]},)},
    "AWS::ApiGatewayV2::ApiMapping": {P + "ApiMappingKey": ("api",)},
    "AWS::Cognito::UserPoolClient": {
        P + "AllowedOAuthFlows": (["implicit"],),
        P + "CallbackURLs": (["http://localhost/"],),
    },
    "OnUploadRole": {
        OWN + "0": ({"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "arn:aws:logs:x"},),
        P + "Policies.0.PolicyDocument.Statement": ([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "x"}],),
    },
    "AWS::CloudWatch::Alarm": {P + "ActionsEnabled": (False,)},
}
