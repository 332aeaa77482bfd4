"""How each rule is seen to fail: a change to the templates (`/` is `.Properties.`) and what is put there."""

from typing import Any

from tests.infra.effective import REMOVE
from tests.infra.rules_watch import EXPECTED, LARGER_IN_PROD

# Resources without which a rule of infra-cfn/rules is broken.
REMOVED = ("FunctionsToDatabase", "FunctionsToS3")

# In prod, which has a VPN, monitoring and a lock, with the secrets endpoint, a database secret and tracing.
WEAKER: dict[str, list[tuple[str, Any]]] = {
    "no_string_anywhere_is_the_whole_internet": [
        ("FunctionsToS3/CidrIp", "0.0.0.0/0"),
        ("FunctionsToS3/CidrIpv6", "::/0"),
        ("S3Endpoint/Tags", [{"Key": "From", "Value": "0.0.0.0/0"}]),
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
    ],
    "exported_logs_find_their_groups_made": [
        ("InstanceLogGroup", REMOVE),
        ("Instance/DBInstanceIdentifier", REMOVE),
        ("Instance.DependsOn", ["InstanceUpgradeLogGroup"]),
        ("Cluster/DBClusterIdentifier", REMOVE),
        ("Cluster.DependsOn", REMOVE),
    ],
    "storage_has_room_to_grow": [
        ("Instance/MaxAllocatedStorage", 21),
    ],
    "a_cluster_has_one_writer_and_at_most_one_reader": [
        ("ClusterWriter", REMOVE),
        ("ClusterReader/PromotionTier", 0),
    ],
    "every_bucket_refuses_plain_http": [
        ("UploadsBucketPolicy", REMOVE),
        ("BackupsBucketPolicy/PolicyDocument.Statement.0", REMOVE),
        ("BackupsBucketPolicy/PolicyDocument.Statement.0.Effect", "Allow"),
        ("AccessLogsBucketPolicy/PolicyDocument.Statement.0.Condition.Bool", {"aws:SecureTransport": True}),
        ("UploadsBucketPolicy/PolicyDocument.Statement.0.Resource.1", REMOVE),
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
    "what_a_parameter_allows_is_allowed_to_those_who_need_it": [
        ("MayTrace/Roles.0", REMOVE),
        ("MayReadThePassword/Roles.0", REMOVE),
        ("MayReadThePassword/PolicyDocument.Statement.0.Resource", "*"),
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
        ("DatabaseBusy/Dimensions", [{"Name": "DBInstanceIdentifier", "Value": "another"}]),
        ("DatabaseBusy/Dimensions", [{"Name": "DBClusterIdentifier", "Value": "opsdb-prod-data-DatabaseName"}]),
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
