"""The watch template: the alarms of each function that app.py declares, and the dashboard."""

import json
from collections.abc import Mapping
from typing import Any

from opsdb_deploy.declared import Function, functions
from opsdb_deploy.functions import BACKUPS
from opsdb_deploy.sources import configuration, imported, skeleton

SLOW_SECONDS = 25
"""No function takes longer, unless it is a backup's."""

LATE_SECONDS = 600
"""Ten minutes of the fifteen that Lambda gives: time to act before work is cut off."""

MOST_SECONDS = 900

RUNBOOK = "docs/runbook.md"

ENTRIES = {
    "errors": "a-function-failed",
    "throttles": "a-function-was-held-back",
    "slow": "a-function-is-slow",
    "late": "a-function-is-about-to-be-cut-off",
    "not-started": "a-schedule-could-not-start-its-function",
}
"""Last word of the name of a function's alarm -> its entry of the runbook."""


def watch_template(app: Any, stage: str) -> dict[str, Any]:
    """watch.yaml with the alarms of the functions of `app`, a Chalice application, and a dashboard over all."""
    template = skeleton("watch")
    template["Parameters"]["Stage"]["AllowedValues"] = [stage]
    found = functions(app)
    for function in found:
        template["Resources"] |= _alarms(function, configuration(stage, function.name)["lambda_timeout"])
    alarms = {name: one for name, one in template["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    template["Resources"]["Dashboard"] = _dashboard(found, _listed(alarms))
    return template


# --- alarms


def _alarms(function: Function, timeout: int) -> dict[str, Any]:
    name = function.logical
    alarms = {
        f"{name}Errors": _alarm(function, "errors", "Errors", f"{function.name} failed."),
        f"{name}Throttles": _alarm(function, "throttles", "Throttles", f"{function.name}: too many at once."),
    }
    if function.name not in BACKUPS:
        alarms[f"{name}Slow"] = _slow(function, "slow", SLOW_SECONDS)
    if timeout >= MOST_SECONDS:
        alarms[f"{name}Late"] = _slow(function, "late", LATE_SECONDS)
    if function.schedule:
        alarms[f"{name}NotStarted"] = _not_started(function)
    return alarms


def _slow(function: Function, word: str, seconds: int) -> dict[str, Any]:
    alarm = _alarm(function, word, "Duration", f"{function.name} took longer than {seconds} seconds.")
    # Lambda measures in milliseconds.
    alarm["Properties"] |= {"Statistic": "Maximum", "Threshold": seconds * 1000}
    return alarm


def _not_started(function: Function) -> dict[str, Any]:
    alarm = _alarm(function, "not-started", "FailedInvocations", f"The schedule could not start {function.name}.")
    rule = [{"Name": "RuleName", "Value": {"Fn::Sub": function.physical}}]
    alarm["Properties"] |= {"Namespace": "AWS/Events", "Dimensions": rule}
    return alarm


def _alarm(function: Function, word: str, metric: str, description: str) -> dict[str, Any]:
    """More than none in five minutes, told by mail: what users feel of it wakes somebody as ApiFailing."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": f"opsdb-${{Stage}}-{function.name}-{word}"},
            "AlarmDescription": f"{description} See {RUNBOOK}#{ENTRIES[word]}.",
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": {"Fn::Sub": function.physical}}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            # A function that did not run did not fail.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Daily"}],
            "OKActions": [{"Ref": "Daily"}],
        },
    }


# --- the dashboard


def _listed(alarms: Mapping[str, Any]) -> dict[str, Any]:
    """The alarms that exist, as the inside of a JSON list."""
    arns: list[Any] = []
    for name, one in alarms.items():
        arn = {"Fn::Sub": f'"${{{name}.Arn}}"'}
        arns.append({"Fn::If": [one["Condition"], arn, {"Ref": "AWS::NoValue"}]} if "Condition" in one else arn)
    return {"Fn::Join": [",", arns]}


def _dashboard(found: list[Function], alarms: dict[str, Any]) -> dict[str, Any]:
    """All alarms, then what they look at: the API, the functions, the database, the backups."""
    database = ["${Kind}", "${Database}"]
    widgets = [
        {"type": "alarm", "width": 24, "height": 6, "properties": {"title": "Alarms", "alarms": ["${Alarms}"]}},
        _graph("Requests and failures", _api_lines(), stat="Sum"),
        _graph("Answers, milliseconds", [["AWS/Lambda", "Duration", "FunctionName", found[0].physical]], stat="p95"),
        *(_graph(f"Functions: {one}", _function_lines(found, one), stat="Sum") for one in ("Invocations", "Errors")),
        _graph("Functions: longest, milliseconds", _function_lines(found, "Duration"), stat="Maximum"),
        _graph("Database: CPU, percent", [["AWS/RDS", "CPUUtilization", *database]]),
        _graph("Database: connections", [["AWS/RDS", "DatabaseConnections", *database]], stat="Maximum"),
        _graph(
            "Database: storage (free; of a cluster, used) and free memory, bytes",
            [["AWS/RDS", "${Storage}", *database], ["AWS/RDS", "FreeableMemory", *database, {"yAxis": "right"}]],
        ),
        _graph("Backups: age, seconds", [["opsdb", "BackupAgeSeconds", "stage", "${Stage}"]], stat="Maximum"),
        _graph("Backups: bytes", [["opsdb", "BackupBytes", "stage", "${Stage}"]], stat="Maximum"),
        _graph(
            "Uploads that failed, events that were lost",
            [
                ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"opsdb-${{Stage}}-{queue}"]
                for queue in ("failed-uploads", "dead-letters")
            ],
            stat="Maximum",
        ),
    ]
    values = {
        "Api": {"Fn::If": ["IsHttp", imported("edge", "ApiId"), "none"]},
        "Database": imported("data", "DatabaseName"),
        "Kind": {"Fn::If": ["IsInstance", "DBInstanceIdentifier", "DBClusterIdentifier"]},
        "Storage": {"Fn::If": ["IsInstance", "FreeStorageSpace", "VolumeBytesUsed"]},
        "Alarms": alarms,
    }
    body = json.dumps({"widgets": widgets}).replace('"${Alarms}"', "${Alarms}")
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": {"Fn::Sub": "opsdb-${Stage}"},
            "DashboardBody": {"Fn::Sub": [body, values]},
        },
    }


def _graph(title: str, lines: list[list[Any]], stat: str = "Average") -> dict[str, Any]:
    properties = {"title": title, "metrics": lines, "stat": stat, "period": 300, "region": "${AWS::Region}"}
    return {"type": "metric", "width": 8, "height": 6, "properties": properties}


def _api_lines() -> list[list[Any]]:
    return [["AWS/ApiGateway", metric, "ApiId", "${Api}"] for metric in ("Count", "4xx", "5xx")]


def _function_lines(found: list[Function], metric: str) -> list[list[Any]]:
    return [["AWS/Lambda", metric, "FunctionName", one.physical] for one in found]
