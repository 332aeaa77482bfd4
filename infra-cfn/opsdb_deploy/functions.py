"""The app template: one function, role and log group for each that app.py declares, and what starts it."""

import json
from typing import Any

from opsdb_deploy.declared import API, Function, functions
from opsdb_deploy.sources import configuration, imported, policy, rendered, skeleton

BACKUPS = frozenset({"nightly_backup", "restore_drill"})
"""The functions that do nothing but dump or restore."""

CLIENT_USERS = BACKUPS | {"on_upload"}
"""The functions that run pg_dump or pg_restore; on_upload does when somebody asks for a backup. The layer's /opt/bin is
on Lambda's PATH."""

NO_DEAD_LETTERS = (
    "CKV_AWS_116",
    "nothing is lost with its event: it comes again, or its caller waits and sees the failure",
)
NO_LIMIT = "CKV_AWS_115", "one at a time: started by a schedule or by whoever deploys, and locked in the database"
ALL_INTERFACES = "CKV_AWS_111", "network interfaces, before there is one to name; denied to the function's own code"
"""What checkov asks for that is left out -> why."""

UNNEEDED = "logs:CreateLogGroup"
"""In the policies for `chalice deploy` only. Here the template makes the groups, encrypted; a function that could make
its own again would make it unencrypted and for ever."""


def app_template(app: Any, stage: str) -> dict[str, Any]:
    """app.yaml with the functions of `app`, a Chalice application, as `stage` configures them."""
    template = skeleton("app")
    template["Parameters"]["Stage"]["AllowedValues"] = [stage]
    declared = functions(app)
    applications = [one for one in declared if _signs_in_as_the_application(configuration(stage, one.name))]
    for shared, holders in {"MayTrace": declared, "MayReadThePassword": applications}.items():
        template["Resources"][shared]["Properties"]["Roles"] = [{"Ref": f"{one.logical}Role"} for one in holders]
    for function in declared:
        settings = configuration(stage, function.name)
        template["Resources"] |= {
            f"{function.logical}Logs": _log_group(function),
            f"{function.logical}Role": _role(function, settings),
            function.logical: _function(function, settings),
            **_asynchronous(function),
            **_scheduled(function),
            **_notified(function),
        }
        template["Outputs"] |= {f"{function.logical}Arn": _output(f"{function.logical}Arn", _arn(function))}
        if function.notification:
            template["Outputs"] |= {"UploadsNotification": _output("UploadsNotification", _wanted(function))}
    return template


def _output(name: str, value: Any) -> dict[str, Any]:
    return {"Value": value, "Export": {"Name": {"Fn::Sub": f"opsdb-${{Stage}}-app-{name}"}}}


def _arn(function: Function) -> dict[str, Any]:
    return {"Fn::GetAtt": [function.logical, "Arn"]}


def _log_group(function: Function) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": {"Fn::Sub": f"/aws/lambda/{function.physical}"},
            "RetentionInDays": {"Ref": "LogRetentionDays"},
            "KmsKeyId": imported("data", "KeyArn"),
        },
    }


# --- what a function is, and what it may


def _function(function: Function, settings: dict[str, Any]) -> dict[str, Any]:
    excuses = []
    properties = {
        "FunctionName": {"Fn::Sub": function.physical},
        "Handler": function.handler,
        "Runtime": {"Ref": "Runtime"},
        "Architectures": [{"Ref": "Architecture"}],
        "Code": {"S3Bucket": imported("data", "ReleasesBucket"), "S3Key": {"Ref": "CodeKey"}},
        "Role": {"Fn::GetAtt": [f"{function.logical}Role", "Arn"]},
        "MemorySize": settings["lambda_memory_size"],
        "Timeout": settings["lambda_timeout"],
        "Environment": {"Variables": _environment(function, settings)},
        "KmsKeyArn": imported("data", "KeyArn"),
        "VpcConfig": {
            "SubnetIds": rendered(settings["subnet_ids"]),
            "SecurityGroupIds": rendered(settings["security_group_ids"]),
        },
        # Naming the group also makes the function wait for it.
        "LoggingConfig": {"LogGroup": {"Ref": f"{function.logical}Logs"}},
        "TracingConfig": {"Mode": {"Fn::If": ["IsTraced", "Active", "PassThrough"]}},
    }
    if function.name in CLIENT_USERS:
        properties["Layers"] = [{"Ref": "ClientLayer"}]
    if "reserved_concurrency" in settings:
        reserved = settings["reserved_concurrency"]
        properties["ReservedConcurrentExecutions"] = {
            "Fn::If": ["ReservesConcurrency", reserved, {"Ref": "AWS::NoValue"}]
        }
    else:
        excuses.append(NO_LIMIT)
    if function.notification:
        properties["DeadLetterConfig"] = {"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
        # It puts markers under its own prefix to go on elsewhere, and counts the hops itself; AWS would stop it after
        # about 16 and drop the work.
        properties["RecursiveLoop"] = "Allow"
    else:
        excuses.append(NO_DEAD_LETTERS)
    return {"Type": "AWS::Lambda::Function", "Metadata": _excused(*excuses), "Properties": properties}


def _excused(*excuses: tuple[str, str]) -> dict[str, Any]:
    return {"checkov": {"skip": [{"id": check, "comment": reason} for check, reason in excuses]}}


def _environment(function: Function, settings: dict[str, Any]) -> dict[str, Any]:
    """What config.json says, how to reach the database, and for the API what signs its sessions."""
    connection = {
        "OPSDB_DATABASE_HOST": imported("data", "DatabaseHost"),
        "OPSDB_DATABASE_STORAGE_GB": {"Ref": "AllocatedStorage"},
    }
    if _signs_in_as_the_application(settings):
        secret = {"Fn::If": ["HasDatabaseSecret", {"Ref": "DatabaseSecretArn"}, {"Ref": "AWS::NoValue"}]}
        connection["DB_SECRET_ARN"] = secret
    session = {"SECRET_KEY": _dynamic("data", "SecretKeyArn")} if function.name == API else {}
    return {**rendered(settings["environment_variables"]), **connection, **session, "DEBUG": {"Ref": "Debug"}}


def _signs_in_as_the_application(settings: dict[str, Any]) -> bool:
    """Whether the function's policy lets it in as opsdb_app, the one role whose password may be a secret."""
    [signing_in] = [one for one in policy(settings["iam_policy_file"]) if one["Action"] == "rds-db:connect"]
    users = signing_in["Resource"]
    return any(user.endswith("/opsdb_app") for user in ([users] if isinstance(users, str) else users))


def _dynamic(stack: str, output: str) -> dict[str, Any]:
    """The value of a secret, which CloudFormation looks up while deploying: no template or change set shows it."""
    reference = f"{{{{resolve:secretsmanager:${{{output}}}:SecretString}}}}"
    return {"Fn::Sub": [reference, {output: imported(stack, output)}]}


def _role(function: Function, settings: dict[str, Any]) -> dict[str, Any]:
    statements = [
        *map(_without_unneeded, rendered(policy(settings["iam_policy_file"]))),
        _opening_its_environment(function),
    ]
    if function.notification:
        statements.append(
            {
                "Sid": "KeepWhatFailed",
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": [{"Fn::GetAtt": ["DeadLetters", "Arn"]}, {"Fn::GetAtt": ["FailedUploads", "Arn"]}],
            }
        )
    return {
        "Type": "AWS::IAM::Role",
        "Metadata": _excused(ALL_INTERFACES),
        "Properties": {
            "Description": {"Fn::Sub": f"{function.physical}, nothing else"},
            # No condition: Lambda sets none when it takes on a function's role, and lets nobody hand a function a role
            # of another account.
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            },
            "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        },
    }


def _without_unneeded(statement: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(statement["Action"], list):
        return statement
    return {**statement, "Action": [action for action in statement["Action"] if action != UNNEEDED]}


def _opening_its_environment(function: Function) -> dict[str, Any]:
    """Lambda's own grant for that names the role as it was; a role made again would lock its function out."""
    context = f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{function.physical}"
    return {
        "Sid": "OpenItsEnvironment",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": imported("data", "KeyArn"),
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": {"Fn::Sub": context}}},
    }


# --- what starts it


def _asynchronous(function: Function) -> dict[str, Any]:
    """How often an event is tried again. Nobody waits for it, so nobody else would."""
    if not function.schedule and not function.notification:
        return {}
    # What comes again by itself within the hour need not be repeated; a night's work gets a second chance.
    retries = 2 if function.notification else 0 if str(function.schedule).startswith("rate(") else 1
    properties: dict[str, Any] = {
        "FunctionName": {"Ref": function.logical},
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": retries,
        "MaximumEventAgeInSeconds": 21600 if function.notification else 3600,
    }
    if function.notification:
        properties["DestinationConfig"] = {"OnFailure": {"Destination": {"Fn::GetAtt": ["FailedUploads", "Arn"]}}}
    return {f"{function.logical}Retries": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}}


def _permission(function: Function, service: str, source: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": function.logical},
            "Principal": f"{service}.amazonaws.com",
            "SourceArn": source,
            "SourceAccount": {"Ref": "AWS::AccountId"},
        },
    }


def _scheduled(function: Function) -> dict[str, Any]:
    if not function.schedule:
        return {}
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": {"Fn::Sub": function.physical},
            "ScheduleExpression": function.schedule,
            "State": "ENABLED",
            "Targets": [{"Id": function.name, "Arn": _arn(function)}],
        },
    }
    source = {"Fn::GetAtt": [f"{function.logical}Schedule", "Arn"]}
    return {
        f"{function.logical}Schedule": rule,
        f"{function.logical}Permission": _permission(function, "events", source),
    }


def _notified(function: Function) -> dict[str, Any]:
    if not function.notification:
        return {}
    source = {"Fn::Sub": ["arn:${AWS::Partition}:s3:::${Bucket}", {"Bucket": imported("data", "UploadsBucket")}]}
    return {f"{function.logical}Permission": _permission(function, "s3", source)}


def _wanted(function: Function) -> dict[str, Any]:
    """The bucket's notification, as `aws s3api put-bucket-notification-configuration` takes it."""
    assert function.notification
    configuration = {
        "Id": function.name,
        "LambdaFunctionArn": f"${{{function.logical}.Arn}}",
        "Events": [*function.notification.events],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": function.notification.prefix}]}},
    }
    return {"Fn::Sub": json.dumps({"LambdaFunctionConfigurations": [configuration]})}
