"""Which value of a parameter wins, and everything that is wrong with them before anything is done."""

from typing import Any

import pytest

from opsdb_deploy.changes import changes
from opsdb_deploy.parameters import Values, chosen, present, problems
from opsdb_deploy.sources import skeleton
from tests.deploying.conftest import Account

TEMPLATE = {"Parameters": {name: {"Type": "String", "Default": "default"} for name in ("A", "B", "C", "D", "E")}}


def test_what_is_given_wins_over_the_file_over_the_stack_over_what_is_found() -> None:
    values = chosen(
        TEMPLATE,
        given={"A": "given", "Elsewhere": "given"},
        committed={"A": "file", "B": "file"},
        existing={"A": "stack", "B": "stack", "C": "stack", "Gone": "stack"},
        found={"A": "found", "B": "found", "C": "found", "D": "found"},
    )
    assert values == Values(given={"A": "given", "B": "file", "D": "found"}, kept={"C": "stack"})


def test_what_the_stack_has_is_not_sent_again() -> None:
    request = Values(given={"B": "file"}, kept={"C": "****"}).request()
    assert request == [
        {"ParameterKey": "B", "ParameterValue": "file"},
        {"ParameterKey": "C", "UsePreviousValue": True},
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"VpcCidr": "192.168.0.0/16"}, "VpcCidr is '192.168.0.0/16' and must be a /16 below 10."),
        ({"LogRetentionDays": "31"}, "LogRetentionDays is '31' and must be one of 30, 60, 90"),
        ({"CustomerGatewayBgpAsn": "0"}, "CustomerGatewayBgpAsn is '0' and must be the ASN"),
        ({"CustomerGatewayBgpAsn": "many"}, "CustomerGatewayBgpAsn is 'many'"),
        ({"Vpn": "static"}, "A VPN needs CustomerGatewayIp"),
        ({"SecondZone": "a"}, "FirstZone and SecondZone must differ"),
    ],
)
def test_a_wrong_value_is_told_in_the_templates_own_words(given: dict[str, str], words: str) -> None:
    stated = {"Stage": "dev", "S3PrefixListId": "pl-0123456789abcdef0"}
    [said] = problems(skeleton("network"), Values({**stated, **given}, {}))
    assert words in said
    assert problems(skeleton("network"), Values(stated, {})) == []


def test_what_nobody_states_is_asked_for() -> None:
    [said] = problems(skeleton("network"), Values({"Stage": "dev"}, {}))
    assert said.startswith("S3PrefixListId is needed: The region's managed prefix list")


def test_a_stack_has_the_resources_that_its_conditions_leave() -> None:
    stated = {"Stage": "dev", "S3PrefixListId": "pl-0123456789abcdef0"}
    without = present(skeleton("network"), Values(stated, {}))
    vpn = present(skeleton("network"), Values({**stated, "Vpn": "bgp", "CustomerGatewayIp": "192.0.2.10"}, {}))
    assert "VpnConnection" not in without
    assert {"VpnConnection", "Vpc"} <= set(vpn)
    assert "VpnRouteToPremises" not in vpn


def test_all_problems_are_told_at_once_and_nothing_is_done(account: Account) -> None:
    wrong = ("Stege=dev", "PageMale=x", "MonitoringInterval=7", "MultiAZ=maybe", "CodeKey=code/mine.zip")
    done = account.deploy(*(word for one in wrong for word in ("--set", one)))
    assert done.exit_code == 2
    for words in (
        "PageMail is the nearest",
        "MonitoringInterval is '7'",
        "MultiAZ is 'maybe'",
        "CodeKey is not set by hand",
    ):
        assert words in done.output
    assert account.written() == []


def test_a_value_given_once_is_kept_and_a_committed_one_comes_back(account: Account) -> None:
    account.deploy("--set", "DailyMail=morning@example.com", "--set", "ProtectUsers=ACTIVE")
    assert _parameter(account, "watch", "DailyMail") == "morning@example.com"
    assert _parameter(account, "edge", "ProtectUsers") == "ACTIVE"
    done = account.deploy()
    assert done.exit_code == 0, done.output
    assert _parameter(account, "watch", "DailyMail") == "morning@example.com"
    assert _parameter(account, "edge", "ProtectUsers") == "INACTIVE", "as the committed file says"


def test_storage_that_grew_by_itself_is_told_to_what_reckons_with_it(account: Account) -> None:
    account.deploy()
    assert _parameter(account, "app", "AllocatedStorage") == "20"
    grown = {"DBInstanceIdentifier": "opsdb-dev", "AllocatedStorage": 40, "ApplyImmediately": True}
    account.client("rds").modify_db_instance(**grown)
    # The watch stack is asked for last, and refused: the emulator makes alarms on an expression but cannot change one.
    account.deploy()
    assert _parameter(account, "app", "AllocatedStorage") == "40"
    assert _parameter(account, "data", "AllocatedStorage") == "20", "what it was made with"


def _parameter(account: Account, part: str, name: str) -> str:
    [stack] = account.client("cloudformation").describe_stacks(StackName=f"opsdb-dev-{part}")["Stacks"]
    return next(one["ParameterValue"] for one in stack["Parameters"] if one["ParameterKey"] == name)


def change(**given: Any) -> dict[str, Any]:
    base = {"Action": "Modify", "LogicalResourceId": "Database", "ResourceType": "AWS::RDS::DBInstance"}
    return {"Type": "Resource", "ResourceChange": base | given}


KEY = {"LogicalResourceId": "Key", "ResourceType": "AWS::KMS::Key"}
BY_THE_KEY = [
    {"ChangeSource": "ResourceAttribute", "CausingEntity": "Key.Arn", "Target": {"RequiresRecreation": "Always"}}
]


@pytest.mark.parametrize(
    ("described", "lost"),
    [
        ([change(Replacement="False")], []),
        ([change(Replacement="True")], ["Database"]),
        ([change(Action="Remove")], ["Database"]),
        ([change(Action="Add")], []),
        ([change(Action="Remove", ResourceType="AWS::Logs::LogGroup")], []),
        ([change(Replacement="Conditional")], ["Database"]),
        # A key whose policy changes keeps its ARN; a key that is replaced does not.
        ([change(Replacement="Conditional", Details=BY_THE_KEY), change(**KEY, Replacement="False")], []),
        (
            [change(Replacement="Conditional", Details=BY_THE_KEY), change(**KEY, Replacement="True")],
            ["Database", "Key"],
        ),
    ],
)
def test_what_would_lose_data_is_known(described: list[dict[str, Any]], lost: list[str]) -> None:
    assert [one.name for one in changes(described) if one.loses] == lost
