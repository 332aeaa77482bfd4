"""How each rule is seen to fail: a change to the templates (`/` is `.Properties.`) and what is put there."""

from typing import Any

from tests.infra.rules_watch import EXPECTED, LARGER_IN_PROD

REMOVE = object()
"""Put anywhere, it takes away what is there."""

# In prod, which has a VPN, monitoring and a lock, with the secrets endpoint, a database secret and tracing.
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
    # --- app
    "every_handler_has_function_role_and_log_group": [
        ("SweepUploads", REMOVE),
        ("OnUpload/Handler", "app.app"),
        ("OnUpload/Role.Fn::GetAtt.0", "ApiHandlerRole"),
        ("ApiHandlerLogs", REMOVE),
        ("ApiHandlerLogs/LogGroupName", "/aws/lambda/elsewhere"),
        ("OnUpload/LoggingConfig", {"LogGroup": {"Ref": "ApiHandlerLogs"}}),
    ],
    "functions_are_as_large_as_decided": [
        ("ApiHandler/MemorySize", 128),
        ("ApiHandler/Timeout", 3),
        ("OnUpload/Timeout", 30),
    ],
    "reserved_concurrency_leaves_connections": [
        ("ApiHandler/ReservedConcurrentExecutions", REMOVE),
        ("OnUpload/ReservedConcurrentExecutions", REMOVE),
        ("ApiHandler/ReservedConcurrentExecutions", 1000),
    ],
    "statements_end_before_their_function": [
        ("ApiHandler/Environment.Variables.OPSDB_STATEMENT_TIMEOUT_SECONDS", "30"),
        ("ApiHandler/Environment.Variables.OPSDB_STATEMENT_TIMEOUT_SECONDS", REMOVE),
    ],
    "no_secret_is_written_down": [
        ("ApiHandler/Environment.Variables.SECRET_KEY", "swordfish"),
        ("ApiHandler/Environment.Variables.SECRET_KEY", REMOVE),
        ("ApiHandler/Environment.Variables.DATABASE_URL", "postgresql://opsdb_app:swordfish@db/opsdb"),
        ("OnUpload/Environment.Variables.PGPASSWORD", "swordfish"),
    ],
    "backup_functions_bring_the_client": [
        ("NightlyBackup/Layers", REMOVE),
        ("ApiHandler/Layers", [{"Ref": "ClientLayer"}]),
    ],
    "a_lost_upload_is_kept": [
        ("OnUpload/DeadLetterConfig", REMOVE),
        ("OnUpload/RecursiveLoop", "Terminate"),
        ("OnUpload/RecursiveLoop", REMOVE),
        ("OnUploadRetries", REMOVE),
        ("OnUploadRetries/DestinationConfig", REMOVE),
        ("OnUploadRole/Policies.0.PolicyDocument.Statement", []),
    ],
    "queues_refuse_plain_http": [
        ("QueuesPolicy", REMOVE),
        ("QueuesPolicy/Queues.1", REMOVE),
        ("QueuesPolicy/PolicyDocument.Statement.0.Effect", "Allow"),
    ],
    "functions_are_started_by_what_was_declared": [
        ("NightlyBackupSchedule", REMOVE),
        ("NightlyBackupSchedule/ScheduleExpression", "rate(1 minute)"),
        ("NightlyBackupSchedule/Targets.0.Arn", {"Fn::GetAtt": ["Migrate", "Arn"]}),
        ("NightlyBackupPermission/SourceArn", {"Fn::Sub": "arn:aws:events:eu-central-1:111122223333:rule/*"}),
        ("OnUploadPermission/SourceArn", "arn:aws:s3:::somebody-elses"),
        ("OnUploadPermission/SourceArn", REMOVE),
        ("OnUploadPermission/Principal", "*"),
        ("ApiMayCall/SourceArn", {"Fn::Sub": "arn:aws:execute-api:eu-central-1:111122223333:*"}),
    ],
    "nothing_is_allowed_on_everything_without_a_reason": [
        ("ApiHandlerRole/Policies.0.PolicyDocument.Statement.0.Resource", "*"),
        ("ApiHandlerRole/Policies.0.PolicyDocument.Statement.0.Action", "s3:*"),
        ("ApiHandlerRole/Policies.0.PolicyDocument.Statement.2", REMOVE),
    ],
    "what_a_parameter_allows_is_allowed_to_those_who_need_it": [
        ("MayTrace/Roles.0", REMOVE),
        ("MayReadThePassword/Roles.0", REMOVE),
        ("MayReadThePassword/PolicyDocument.Statement.0.Resource", "*"),
    ],
    "no_function_makes_its_own_log_group": [
        ("MigrateRole/Policies.0.PolicyDocument.Statement.0.Action", ["logs:CreateLogGroup"]),
    ],
    "the_writer_of_backups_cannot_destroy": [
        ("NightlyBackupRole/Policies.0.PolicyDocument.Statement.0.Action", ["s3:DeleteObject"]),
        ("NightlyBackupRole/Policies.0.PolicyDocument.Statement.0.Action", ["s3:BypassGovernanceRetention"]),
    ],
    # --- edge
    "every_route_is_one_of_chalices_and_the_reverse": [
        ("GetApiEmployees", REMOVE),
        ("GetApiEmployees/RouteKey", "ANY /api/employees"),
        ("GetApiEmployees/RouteKey", "$default"),
        ("GetApiEmployees/Target", "integrations/elsewhere"),
        ("GetApiEmployeesByEmployeeId/RouteKey", "GET /api/employees/{id}"),
        ("PutApiEmployeesByEmployeeId/RouteKey", "PUT /api/employees"),
    ],
    "cors_names_one_origin": [
        ("Api/CorsConfiguration", {"AllowOrigins": ["*"]}),
        ("Api/CorsConfiguration", {"AllowOrigins": ["https://a.example.com", "https://b.example.com"]}),
    ],
    "the_access_log_holds_no_secret": [
        ("ApiStage/AccessLogSettings.Format", '{"path":"$context.path","route":"$context.routeKey"}'),
        ("ApiStage/AccessLogSettings.Format", '{"status":"$context.status"}'),
        ("ApiStage/AccessLogSettings", REMOVE),
    ],
    "the_pool_has_a_group_per_role": [
        ("DutyLeadGroup", REMOVE),
        ("ViewerGroup/GroupName", "everybody"),
    ],
    # --- watch
    "every_alarm_that_was_decided_is_there": [
        *((name, REMOVE) for name in EXPECTED if not name.startswith("Vpn")),
        *((f"{name}/Threshold", 1_000_000) for name in EXPECTED if name not in LARGER_IN_PROD),
        *((f"{name}/ComparisonOperator", "LessThanLowerThreshold") for name in EXPECTED),
        *((f"{name}/AlarmActions.0.Ref", "Elsewhere") for name in EXPECTED),
        ("ApiFailing/Metrics.1.MetricStat.Metric.MetricName", "5XXError"),
        ("DatabaseBusy/MetricName", "CPUSurplusCreditBalance"),
        ("BackupTooOld/TreatMissingData", "notBreaching"),
        ("DatabaseBusy/TreatMissingData", "ignore"),
    ],
    "every_function_is_watched": [
        ("ApiHandlerSlow", REMOVE),
        ("ApiHandlerSlow/Threshold", 29_000),
        ("ApiHandlerSlow/Statistic", "Average"),
        ("ApiHandlerSlow/Dimensions.0.Value", "opsdb-prod-on_upload"),
        ("OnUploadErrors", REMOVE),
        ("MigrateThrottles/MetricName", "Errors"),
        ("NightlyBackupLate", REMOVE),
        ("SweepUploadsNotStarted", REMOVE),
    ],
    "alarms_tell_the_same_people_that_it_is_over": [
        ("DatabaseBusy/OKActions", [{"Ref": "Daily"}]),
        ("ApiHandlerErrors/OKActions", REMOVE),
    ],
    "few_alarms_wake_people": [
        ("UploadsFailed/AlarmActions", [{"Ref": "Page"}]),
        ("VpnDown/EvaluationPeriods", 1),
        ("VpnDown/Period", 3600),
        ("NoGoodBackup/EvaluationPeriods", 28),
    ],
    "percentages_need_a_minimum_of_requests": [
        ("ApiFailing/Metrics.0.Expression", "100 * failures / requests"),
        ("ApiFailing/Metrics.1.MetricStat.Stat", "Average"),
        ("ApiFailing/Metrics.2.MetricStat.Metric.MetricName", "Latency"),
    ],
    "the_database_alarms_look_at_our_database": [
        ("DatabaseBusy/Dimensions.0.Value", "another"),
        ("DatabaseFilling/Metrics.1.MetricStat.Metric.Dimensions", []),
    ],
    "our_metrics_are_those_that_the_code_emits": [
        ("BackupTooOld/MetricName", "BackupAge"),
        ("BackupTooOld/Dimensions.0.Name", "Stage"),
    ],
    "tunnels_are_watched_as_many_as_expected": [
        ("VpnDown", REMOVE),
        ("VpnDown/Statistic", "Minimum"),
        ("VpnTunnelDown/Statistic", "Maximum"),
    ],
    "topics_take_messages_from_named_services_for_us": [
        ("PagePolicy", REMOVE),
        ("PagePolicy/PolicyDocument.Statement.0", REMOVE),
        ("PagePolicy/PolicyDocument.Statement.1", REMOVE),
        ("DailyPolicy/PolicyDocument.Statement.0.Condition", REMOVE),
        ("DailyPolicy/PolicyDocument.Statement.0.Principal", {"AWS": "*"}),
        ("DailyPolicy/PolicyDocument.Statement.3", REMOVE),
    ],
    "the_database_says_when_it_is_in_trouble": [
        ("DatabaseTroubleEvents", REMOVE),
        ("DatabaseTroubleEvents/EventCategories", ["deletion"]),
        ("DatabaseTroubleEvents/SnsTopicArn.Ref", "Daily"),
        ("DatabaseNewsEvents", REMOVE),
    ],
    "money_is_watched": [
        ("Budget", REMOVE),
        ("Budget/NotificationsWithSubscribers.1", REMOVE),
    ],
    "the_dashboard_shows_every_alarm": [
        ("Dashboard", REMOVE),
        ("Dashboard/DashboardBody", '{"widgets": []}'),
    ],
}
