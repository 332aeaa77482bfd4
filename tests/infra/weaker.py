"""How each rule is seen to fail: a change to the templates (`/` is `.Properties.`) and what is put there."""

from typing import Any

REMOVE = object()
"""Put anywhere, it takes away what is there."""

# In prod, which has a VPN, monitoring and a lock, with the secrets endpoint.
WEAKER: dict[str, list[tuple[str, Any]]] = {
    "nothing_leads_to_the_internet": [
        ("Gateway", {"Type": "AWS::EC2::InternetGateway"}),
        ("Nat", {"Type": "AWS::EC2::NatGateway"}),
        ("FunctionsToS3/CidrIp", "0.0.0.0/0"),
        ("FunctionsToS3/CidrIpv6", "::/0"),
    ],
    "groups_state_an_egress_that_leads_nowhere": [
        ("FunctionsSecurityGroup/SecurityGroupEgress", REMOVE),
        ("DatabaseSecurityGroup/SecurityGroupEgress", REMOVE),
        ("DatabaseSecurityGroup/SecurityGroupEgress.0.CidrIp", "10.0.0.0/8"),
        ("DatabaseSecurityGroup/SecurityGroupIngress", []),
    ],
    "functions_reach_the_database_and_s3_only": [
        ("FunctionsToDatabase", REMOVE),
        ("FunctionsToDatabase/ToPort", 65535),
        ("FunctionsToDatabase/IpProtocol", "-1"),
        ("FunctionsToS3/FromPort", 80),
        ("FunctionsToS3/CidrIp", "10.0.0.0/8"),
    ],
    "the_database_lets_in_functions_and_few_others": [
        ("DatabaseFromPremises/CidrIp", "192.168.0.0/16"),
        ("DatabaseFromPremises/CidrIp", "203.0.114.0/28"),
        ("DatabaseFromPremises/FromPort", 22),
        ("DatabaseFromFunctions/SourceSecurityGroupId", {"Ref": "Other"}),
    ],
    "the_s3_endpoint_names_our_buckets_only": [
        ("S3Endpoint", REMOVE),
        ("S3Endpoint/PolicyDocument", REMOVE),
        ("S3Endpoint/RouteTableIds.0", REMOVE),
        ("S3Endpoint/PolicyDocument.Statement.0.Resource", "*"),
        ("S3Endpoint/PolicyDocument.Statement.0.Resource.0", "arn:aws:s3:::somebody-elses"),
        ("S3Endpoint/PolicyDocument.Statement.0.Action", "s3:*"),
        ("S3Endpoint/PolicyDocument.Statement.0.Condition", REMOVE),
    ],
    "interface_endpoints_have_a_group_of_their_own": [
        ("SecretsManagerEndpoint/SecurityGroupIds", [{"Ref": "FunctionsSecurityGroup"}]),
        ("SecretsManagerEndpoint/PolicyDocument", REMOVE),
    ],
    "subnets_lie_in_two_zones_each_with_its_table": [
        ("SecondPrivateSubnet/AvailabilityZone", {"Fn::Sub": "${AWS::Region}a"}),
        ("SecondRouteTableAssociation", REMOVE),
    ],
    "routes_are_propagated_once_the_gateway_is_attached": [
        ("VpnGatewayAttachment", REMOVE),
        ("FirstRoutePropagation.DependsOn", REMOVE),
        ("SecondRoutePropagation", REMOVE),
    ],
    "the_vpn_routes_what_its_mode_says": [
        ("VpnRouteToPremises", REMOVE),
        ("VpnConnection/StaticRoutesOnly", False),
        ("VpnConnection/LocalIpv4NetworkCidr", REMOVE),
        ("VpnConnection/VpnTunnelOptionsSpecifications.1", REMOVE),
        ("VpnConnection/VpnTunnelOptionsSpecifications.0.PreSharedKey", "swordfish"),
    ],
    "the_vpn_has_no_weak_crypto": [
        ("VpnConnection/VpnTunnelOptionsSpecifications.1.IKEVersions.0.Value", "ikev1"),
        ("VpnConnection/VpnTunnelOptionsSpecifications.0.Phase2DHGroupNumbers", [{"Value": 5}]),
        ("VpnConnection/VpnTunnelOptionsSpecifications.0.Phase1IntegrityAlgorithms", [{"Value": "SHA1"}]),
    ],
    "the_master_name_is_not_reserved": [
        ("Database/MasterUsername", "admin"),
        ("Database/MasterUsername", "rdsadmin"),
        ("Database/MasterUsername", REMOVE),
        ("Database/MasterUserPassword", "yourpassword"),
    ],
    "monitoring_has_an_interval_that_exists_and_a_role": [
        ("Database/MonitoringInterval", 45),
        ("Database/MonitoringInterval", 0),
        ("Database/MonitoringRoleArn", REMOVE),
    ],
    "the_database_is_where_it_belongs": [
        ("Database/DBSubnetGroupName", REMOVE),
        ("Database/VPCSecurityGroups", REMOVE),
        ("Database/DBParameterGroupName", "default.postgres15"),
    ],
    "exported_logs_find_their_groups_made": [
        ("PostgresqlLogGroup", REMOVE),
        ("Database/DBInstanceIdentifier", REMOVE),
        ("Database.DependsOn", ["UpgradeLogGroup"]),
    ],
    "storage_has_room_to_grow": [
        ("Database/MaxAllocatedStorage", 21),
    ],
    "every_bucket_refuses_plain_http": [
        ("UploadsBucketPolicy", REMOVE),
        ("BackupsBucketPolicy/PolicyDocument.Statement.0", REMOVE),
        ("BackupsBucketPolicy/PolicyDocument.Statement.0.Effect", "Allow"),
        ("AccessLogsBucketPolicy/PolicyDocument.Statement.0.Condition.Bool", {"aws:SecureTransport": True}),
        ("UploadsBucketPolicy/PolicyDocument.Statement.0.Resource.1", REMOVE),
    ],
    "bucket_policies_allow_services_only_for_us": [
        ("AccessLogsBucketPolicy/PolicyDocument.Statement.2.Condition", REMOVE),
        ("AccessLogsBucketPolicy/PolicyDocument.Statement.2.Principal", {"AWS": "*"}),
    ],
    "every_bucket_cleans_up": [
        ("UploadsBucket/LifecycleConfiguration.Rules.2.NoncurrentVersionExpiration", REMOVE),
        ("BackupsBucket/LifecycleConfiguration.Rules.1.AbortIncompleteMultipartUpload", REMOVE),
        ("BackupsBucket/LifecycleConfiguration.Rules.1.Status", "Disabled"),
        ("AccessLogsBucket/LifecycleConfiguration", REMOVE),
    ],
    "uploads_go_to_glacier_and_results_do_not": [
        ("UploadsBucket/LifecycleConfiguration.Rules.0", REMOVE),
        ("UploadsBucket/LifecycleConfiguration.Rules.0.Prefix", "results/"),
        ("UploadsBucket/LifecycleConfiguration.Rules.1.Transitions.0.StorageClass", "DEEP_ARCHIVE"),
    ],
    "current_dumps_never_expire_by_age": [
        ("BackupsBucket/LifecycleConfiguration.Rules.1.ExpirationInDays", 30),
        ("BackupsBucket/LifecycleConfiguration.Rules.0.ObjectSizeGreaterThan", REMOVE),
    ],
    "a_locked_bucket_is_locked_by_default": [
        ("BackupsBucket/ObjectLockConfiguration", REMOVE),
        ("BackupsBucket/ObjectLockEnabled", False),
    ],
    "keys_are_used_only_through_named_services": [
        ("Key/KeyPolicy.Statement.0.Action", "kms:*"),
        ("Key/KeyPolicy.Statement.1.Condition", REMOVE),
        ("Key/KeyPolicy.Statement.1.Principal", {"AWS": "*"}),
        ("Key/KeyPolicy.Statement.4.Condition", REMOVE),
        ("LogsKey/KeyPolicy.Statement.1.Condition", REMOVE),
    ],
    "the_data_key_serves_whoever_needs_it": [
        ("Key/KeyPolicy.Statement.3", REMOVE),
        ("Key/KeyPolicy.Statement.4", REMOVE),
    ],
    "roles_trust_a_service_for_us_and_name_what_they_touch": [
        ("MonitoringRole/AssumeRolePolicyDocument.Statement.0.Condition", REMOVE),
        ("FlowLogRole/Policies.0.PolicyDocument.Statement.0.Resource", "*"),
    ],
}
