"""Rules over the watch stack: which alarms there are, at what, and whom they tell."""

import json
import re
from collections.abc import Iterator
from typing import Any

from app import app
from chalicelib.core.metrics import DIMENSION, NAMESPACE, UNITS
from opsdb_deploy.declared import functions
from opsdb_deploy.functions import BACKUPS
from tests.infra.effective import at, of_type, strings
from tests.infra.rules import Resources, Rule

ALARM = "AWS::CloudWatch::Alarm"
ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"

EXPECTED: dict[str, tuple[str, str, float, str, str]] = {
    # logical name: metric, comparison, threshold, missing data, who is told
    "ApiFailing": ("AWS/ApiGateway 5xx", ABOVE, 1, "notBreaching", "Page"),
    "DatabaseBusy": ("AWS/RDS CPUUtilization", ABOVE, 70, "breaching", "Page"),
    "DatabaseFilling": ("AWS/RDS FreeStorageSpace", ABOVE, 80, "breaching", "Page"),
    "DatabaseShortOfMemory": ("AWS/RDS FreeableMemory", BELOW, 75, "breaching", "Page"),
    "DatabaseCrowded": ("AWS/RDS DatabaseConnections", ABOVE, 60, "breaching", "Page"),
    "DatabaseCreditsLow": ("AWS/RDS CPUCreditBalance", BELOW, 20, "notBreaching", "Daily"),
    "VpnDown": ("AWS/VPN TunnelState", BELOW, 0.5, "breaching", "Page"),
    "VpnTunnelDown": ("AWS/VPN TunnelState", BELOW, 1, "breaching", "Daily"),
    "BackupTooOld": ("opsdb BackupAgeSeconds", ABOVE, 93600, "breaching", "Page"),
    "NoGoodBackup": ("opsdb BackupSuccess", BELOW, 1, "breaching", "Page"),
    "BackupFailed": ("opsdb BackupSuccess", BELOW, 1, "notBreaching", "Daily"),
    "BackupOverdue": ("opsdb BackupOverdue", ABOVE, 0, "notBreaching", "Daily"),
    "BackupShrunk": ("opsdb BackupBytes", ABOVE, 50, "notBreaching", "Daily"),
    "BackupsUnverified": ("opsdb VerifiedAgeSeconds", ABOVE, 691200, "breaching", "Daily"),
    "RestoreDrillFailed": ("opsdb DrillSuccess", BELOW, 1, "ignore", "Daily"),
    "UploadsFailed": ("AWS/SQS ApproximateNumberOfMessagesVisible", ABOVE, 0, "notBreaching", "Daily"),
    "EventsLost": ("AWS/SQS ApproximateNumberOfMessagesVisible", ABOVE, 0, "notBreaching", "Daily"),
}
LARGER_IN_PROD = {"DatabaseShortOfMemory", "DatabaseCrowded"}
"""Alarms whose limit goes with the size of the instance; the threshold above is a micro's."""

OF_AN_INSTANCE = {"DatabaseFilling", "DatabaseCreditsLow"}
"""Alarms that make no sense of a cluster: its storage has no end, and it has no credits."""

OF_ANOTHER_FRONT_DOOR = {"RestApiFailing"}
SECONDS = {"VpnDown": 900, "BackupTooOld": 14400, "NoGoodBackup": 108000, "DatabaseBusy": 900, "ApiFailing": 600}
"""Alarms that wake people -> for how long it must have been so."""


def _metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What an alarm looks at: its own metric, or those of its expression."""
    properties = alarm["Properties"]
    if "Metrics" not in properties:
        return [{**properties, "Stat": properties.get("Statistic")}]
    measured = [one["MetricStat"] for one in properties["Metrics"] if "MetricStat" in one]
    return [{**one["Metric"], **one} for one in measured]


def _named(metric: dict[str, Any]) -> str:
    return f"{metric.get('Namespace')} {metric.get('MetricName')}"


def _is_of_a_cluster(found: Resources) -> bool:
    kinds = {at(one, "Properties.SourceType") for one in of_type(found, "AWS::RDS::EventSubscription").values()}
    return kinds == {"db-cluster"}


def every_alarm_that_was_decided_is_there(found: Resources) -> Iterator[str]:
    if "Page" not in found:
        return
    absent = OF_AN_INSTANCE if _is_of_a_cluster(found) else set()
    for name, (metric, comparison, threshold, missing, topic) in EXPECTED.items():
        alarm = found.get(name)
        if alarm is None:
            other_door = name == "ApiFailing" and "RestApiFailing" in found
            if not name.startswith("Vpn") and not other_door and name not in absent:
                yield f"there is no {name}"
            continue
        properties = alarm["Properties"]
        told = at(properties, "AlarmActions.0.Ref")
        seen = (
            _named(_metrics(alarm)[0]),
            properties.get("ComparisonOperator"),
            float(properties.get("Threshold", -1)),
            properties.get("TreatMissingData"),
            told,
        )
        limit = max(seen[2], threshold) if name in LARGER_IN_PROD else threshold
        if seen != (metric, comparison, limit, missing, topic):
            yield f"{name} is {seen}"


def every_function_is_watched(found: Resources) -> Iterator[str]:
    """Errors, throttles and a duration of 25 s for each; ten minutes, not 25 s, for backups."""
    if "Page" not in found:
        return
    for function in functions(app):
        kinds = {"Errors": 0.0, "Throttles": 0.0}
        kinds |= {"Late": 600_000.0} if function.name in BACKUPS else {"Slow": 25_000.0}
        kinds |= {"NotStarted": 0.0} if function.schedule else {}
        for kind, threshold in kinds.items():
            alarm = found.get(f"{function.logical}{kind}", {"Properties": {}})["Properties"]
            metric = {"Slow": "Duration", "Late": "Duration", "NotStarted": "FailedInvocations"}.get(kind, kind)
            physical = function.physical.replace("${Stage}", "(dev|staging|prod)")
            if (
                alarm.get("MetricName") != metric
                or not re.fullmatch(physical, str(at(alarm, "Dimensions.0.Value")))
                or alarm.get("Threshold") != threshold
                or alarm.get("ComparisonOperator") != ABOVE
                or (metric == "Duration" and alarm.get("Statistic") != "Maximum")
            ):
                yield f"{function.name} has no alarm for {kind}"


def few_alarms_wake_people(found: Resources) -> Iterator[str]:
    pages = {name for name, one in of_type(found, ALARM).items() if at(one, "Properties.AlarmActions.0.Ref") == "Page"}
    allowed = {name for name, one in EXPECTED.items() if one[4] == "Page"} | OF_ANOTHER_FRONT_DOOR
    yield from (f"{name} wakes people" for name in sorted(pages - allowed))
    for name in SECONDS.keys() & found.keys():
        lasting = int(found[name]["Properties"].get("EvaluationPeriods", 0)) * int(_metrics(found[name])[0]["Period"])
        if lasting != SECONDS[name]:
            yield f"{name} waits for {lasting} s"


def percentages_need_a_minimum_of_requests(found: Resources) -> Iterator[str]:
    for name in ("ApiFailing", "RestApiFailing"):
        for one in [found[name]] if name in found else []:
            [expression] = [metric["Expression"] for metric in one["Properties"]["Metrics"] if "Expression" in metric]
            if expression != "IF(requests >= 20, 100 * failures / requests, 0)":
                yield f"{name} is {expression}"
            named = {metric["MetricName"]: metric["Stat"] for metric in _metrics(one)}
            if named != {"5xx" if name == "ApiFailing" else "5XXError": "Sum", "Count": "Sum"}:
                yield f"{name} looks at {named}"


def the_database_alarms_look_at_our_database(found: Resources) -> Iterator[str]:
    kinds = ["DBClusterIdentifier", "Role"] if _is_of_a_cluster(found) else ["DBInstanceIdentifier"]
    for name, one in of_type(found, ALARM).items():
        for metric in _metrics(one):
            if metric["Namespace"] == "AWS/RDS" and (
                [each["Name"] for each in metric["Dimensions"]] != kinds
                or "-data-DatabaseName" not in json.dumps(metric["Dimensions"][0])
            ):
                yield f"{name} looks at {metric['Dimensions']}"


def our_metrics_are_those_that_the_code_emits(found: Resources) -> Iterator[str]:
    for name, one in of_type(found, ALARM).items():
        for metric in _metrics(one):
            if metric["Namespace"] == NAMESPACE and (
                metric["MetricName"] not in UNITS or [each["Name"] for each in metric["Dimensions"]] != [DIMENSION]
            ):
                yield f"nothing emits what {name} looks at"


def tunnels_are_watched_as_many_as_expected(found: Resources) -> Iterator[str]:
    """The rest of the rule is in EXPECTED: any up is the greatest state, both up the least."""
    for name, statistic in {"VpnDown": "Maximum", "VpnTunnelDown": "Minimum"}.items():
        if name in found and at(found[name], "Properties.Statistic") != statistic:
            yield f"{name} does not look at the {statistic}"
    if "VpnTunnelDown" in found and "VpnDown" not in found:
        yield "both tunnels may be down without a word"


def topics_take_messages_from_named_services_for_us(found: Resources) -> Iterator[str]:
    policies = {
        topic["Ref"]: one["Properties"]["PolicyDocument"]["Statement"]
        for one in of_type(found, "AWS::SNS::TopicPolicy").values()
        for topic in one["Properties"]["Topics"]
    }
    needed = {
        "Page": {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com"},
        "Daily": {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com", "budgets.amazonaws.com"},
    }
    for topic in of_type(found, "AWS::SNS::Topic"):
        statements = policies.get(topic, [])
        allowed = [one for one in statements if one["Effect"] == "Allow"]
        if {text for one in allowed for text in strings(one["Principal"])} != needed.get(topic):
            yield f"{topic} takes messages from others than it should"
        for one in allowed:
            if at(one, "Condition.StringEquals.aws:SourceAccount") != "111122223333" or one["Action"] != "sns:Publish":
                yield f"{topic} takes messages of other accounts"
        if not any(
            one["Effect"] == "Deny" and str(at(one, "Condition.Bool.aws:SecureTransport")).lower() == "false"
            for one in statements
        ):
            yield f"{topic} takes plain HTTP"


def the_database_says_when_it_is_in_trouble(found: Resources) -> Iterator[str]:
    if "Page" not in found:
        return
    categories = {
        at(one, "Properties.SnsTopicArn.Ref"): set(at(one, "Properties.EventCategories") or ())
        for one in of_type(found, "AWS::RDS::EventSubscription").values()
    }
    needed = {"failover", "failure"} if _is_of_a_cluster(found) else {"failover", "failure", "low storage"}
    if not categories.get("Page", set()) >= needed:
        yield "nobody is woken when the database fails"
    if "maintenance" not in categories.get("Daily", set()):
        yield "nobody reads of maintenance"


def money_is_watched(found: Resources) -> Iterator[str]:
    if "Page" not in found:
        return
    notes = [
        (at(one, "Notification.NotificationType"), at(one, "Subscribers.0.Address.Ref"))
        for budget in of_type(found, "AWS::Budgets::Budget").values()
        for one in budget["Properties"]["NotificationsWithSubscribers"]
    ]
    if notes != [("ACTUAL", "Daily"), ("FORECASTED", "Daily")]:
        yield f"the budget tells {notes}"


def the_dashboard_shows_every_alarm(found: Resources) -> Iterator[str]:
    if "Page" not in found:
        return
    text = at(found.get("Dashboard", {}), "Properties.DashboardBody") or "{}"
    widgets = json.loads(text).get("widgets", [])
    shown = {arn for one in widgets for arn in one["properties"].get("alarms", [])}
    alarms = {f"${{{name}.Arn}}" for name in of_type(found, ALARM)}
    if shown != alarms:
        yield f"the dashboard shows one alarm and not another: {sorted(shown ^ alarms)}"


RULES: list[Rule] = [
    every_alarm_that_was_decided_is_there,
    every_function_is_watched,
    few_alarms_wake_people,
    percentages_need_a_minimum_of_requests,
    the_database_alarms_look_at_our_database,
    our_metrics_are_those_that_the_code_emits,
    tunnels_are_watched_as_many_as_expected,
    topics_take_messages_from_named_services_for_us,
    the_database_says_when_it_is_in_trouble,
    money_is_watched,
    the_dashboard_shows_every_alarm,
]
