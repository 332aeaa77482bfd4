"""What watches: alarms, whom they tell, and the VPN's tunnels."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from opsdb_deploy.doctor import RUNBOOK, Found, each, ok, problem, warning
from opsdb_deploy.doctor_subject import Stage


def alarms(stage: Stage) -> Iterable[Found]:
    """Those that are on, each with its entry of the runbook; those that page somebody are problems."""
    pages = stage.client("cloudwatch").get_paginator("describe_alarms")
    found = [one for page in pages.paginate(AlarmNamePrefix=f"opsdb-{stage.name}-") for one in page["MetricAlarms"]]
    if not found:
        yield problem("there are none", "deploy the watch stack: nobody is told of anything")
        return
    burning = [one for one in found if one["StateValue"] == "ALARM"]
    yield from map(_burning, burning)
    silenced = [one["AlarmName"] for one in found if not one.get("ActionsEnabled", True)]
    yield from (
        warning(f"{name} tells nobody", f"aws cloudwatch enable-alarm-actions --alarm-names {name}")
        for name in silenced
    )
    if not burning and not silenced:
        yield ok(f"none of {len(found)} is on")


def _burning(alarm: dict[str, Any]) -> Found:
    said = f"{alarm['AlarmName']} is on: {alarm.get('AlarmDescription', '').partition(' See ')[0]}"
    entry = re.search(rf"{re.escape(RUNBOOK)}#([\w-]+)", alarm.get("AlarmDescription", ""))
    pages = any(one.endswith("-page") for one in alarm.get("AlarmActions", []))
    judge = problem if pages else warning
    return judge(said, "do as its entry says", entry[1] if entry else "")


def told(stage: Stage) -> Iterable[Found]:
    """Somebody has said yes to AWS's question, for each of the two topics."""
    topics = (("PageTopic", "woken", problem), ("DailyTopic", "told in the morning", warning))
    return each(topics, lambda one: [_subscribed(stage, stage.needed("watch", one[0]), one[1], one[2])])


def _subscribed(stage: Stage, topic: str, whom: str, judge: Callable[[str, str], Found]) -> Found:
    pages = stage.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
    confirmed = [one for one in found if one.startswith("arn:")]
    if confirmed:
        return ok(f"{len(confirmed)} {'is' if len(confirmed) == 1 else 'are'} {whom}")
    asked = "answer AWS's mail" if found else "give PageMail, PageUrl or DailyMail to the watch stack"
    return judge(f"nobody is {whom}", asked)


def vpn(stage: Stage) -> Iterable[Found]:
    connection = stage.output("network", "VpnConnection")
    if connection is None:
        yield ok("this stage has none")
        return
    answer = stage.client("ec2").describe_vpn_connections(VpnConnectionIds=[connection])["VpnConnections"][0]
    tunnels = answer.get("VgwTelemetry", [])
    down = [f"{one['OutsideIpAddress']} ({one.get('StatusMessage') or 'no word why'})" for one in _down(tunnels)]
    if len(down) == len(tunnels):
        yield problem(f"no tunnel is up: {', '.join(down)}", "look at the device first", "the-vpn-is-down")
    elif down:
        yield warning(f"one tunnel is down: {', '.join(down)}", "look at the device", "one-vpn-tunnel-is-down")
    else:
        yield ok(f"{len(tunnels)} tunnels are up")


def _down(tunnels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in tunnels if one["Status"] != "UP"]
