"""The templates: right in every stage by rules that can fail, tied to each other, and their parameters explained."""

import ipaddress
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib.core.settings import Settings
from tests.infra import rules, rules_app, rules_watch
from tests.infra.effective import (
    GIVEN_AT_DEPLOY,
    INFRA,
    STAGES,
    TEMPLATES,
    at,
    change,
    of_type,
    resources,
    stage_parameters,
    strings,
    template,
)
from tests.infra.rules import Rule
from tests.infra.variants import EVERYTHING, VARIANTS
from tests.infra.weaker import WEAKER

RULES: list[Rule] = [*rules.RULES, *rules_app.RULES, *rules_watch.RULES]


def test_no_template_switches_a_lint_rule_off() -> None:
    for path in INFRA.glob("*.yaml"):
        assert "ignore_checks" not in path.read_text()


# --- rules


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stage", STAGES)
def test_every_rule_holds_in_every_stage_and_variant(stage: str, variant: str) -> None:
    given = stage_parameters(stage) | VARIANTS[variant]
    for name in TEMPLATES:
        found = resources(template(name, stage), given)
        assert {rule.__name__: list(rule(found)) for rule in RULES if list(rule(found))} == {}


@pytest.mark.parametrize(
    ("rule", "path", "value"), [(rule, path, value) for rule, changes in WEAKER.items() for path, value in changes]
)
def test_a_weakened_template_breaks_its_rule(rule: str, path: str, value: Any) -> None:
    given = stage_parameters("prod") | EVERYTHING
    subject = re.split(r"[./]", path)[0]
    if subject.startswith("Cluster"):
        given |= VARIANTS["on Aurora"]
    name = next((one for one in TEMPLATES if subject in template(one)["Resources"]), "network")
    weaker = template(name)
    change(weaker["Resources"], path.replace("/", ".Properties.", 1), value)
    judge = _rules_by_name()[rule]
    assert list(judge(resources(template(name), given))) == []
    assert list(judge(resources(weaker, given))) != []


def _rules_by_name() -> dict[str, Rule]:
    return {one.__name__: one for one in RULES}


def test_every_rule_is_seen_to_fail() -> None:
    assert _rules_by_name().keys() == WEAKER.keys()


# --- what ties the templates together


def _imports(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "Fn::ImportValue" in node:
            yield node["Fn::ImportValue"]["Fn::Sub"]
        for one in node.values():
            yield from _imports(one)
    elif isinstance(node, list):
        for one in node:
            yield from _imports(one)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_import_has_its_export_in_an_earlier_stack(name: str) -> None:
    earlier = TEMPLATES[: TEMPLATES.index(name)]
    exported = {at(one, "Export.Name.Fn::Sub") for each in earlier for one in template(each)["Outputs"].values()}
    imported = set(_imports(template(name)))
    assert imported <= exported
    assert imported or name == "network"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_refers_to_what_a_variant_leaves_out(name: str, variant: str) -> None:
    parsed = template(name)
    made = parsed["Resources"].keys()
    parsed["Resources"] |= {f"output {key}": {"Type": "Output", **one} for key, one in parsed["Outputs"].items()}
    found = resources(parsed, stage_parameters("prod") | VARIANTS[variant])
    texts = " ".join(strings(found))
    referred = {one for one in made if re.search(rf"\$\{{{one}[.}}]|\bdbuser:{one}\b", texts)}
    assert (referred | set(_referred(found))) - found.keys() == set()


def _referred(node: Any) -> Iterator[str]:
    """What Ref and Fn::GetAtt name; inside Fn::Sub they are text already."""
    if isinstance(node, dict):
        yield from (node[key] if key == "Ref" else node[key][0] for key in ("Ref", "Fn::GetAtt") if key in node)
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _referred(one)


@pytest.mark.parametrize(("database", "source"), [("rds", "Instance"), ("aurora-serverless-v2", "Cluster")])
def test_a_cluster_and_an_instance_have_the_same_outputs(database: str, source: str) -> None:
    parsed = template("data")
    parsed["Resources"] = {key: {"Type": "Output", **one} for key, one in parsed["Outputs"].items()}
    found = resources(parsed, stage_parameters("prod") | {"Database": database})
    assert found["DatabaseName"]["Value"] == {"Ref": source}
    assert found["DatabaseHost"]["Value"] == {"Fn::GetAtt": [source, "Endpoint.Address"]}
    assert found["DatabaseUsersArn"]["Value"].endswith(f":dbuser:{source}")
    assert found["MasterSecretArn"]["Value"] == {"Fn::GetAtt": [source, "MasterUserSecret.SecretArn"]}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_output_is_exported_under_its_own_name(name: str) -> None:
    outputs = template(name)["Outputs"]
    assert {at(one, "Export.Name.Fn::Sub") for one in outputs.values()} == {
        f"opsdb-${{Stage}}-{name}-{output}" for output in outputs
    }


@pytest.mark.parametrize("stage", STAGES)
def test_the_endpoint_names_the_very_buckets_that_the_data_stack_makes(stage: str) -> None:
    given = stage_parameters(stage)
    buckets = of_type(resources(template("data"), given), "AWS::S3::Bucket")
    made = {f"arn:aws:s3:::{buckets[one]['Properties']['BucketName']}" for one in ("UploadsBucket", "BackupsBucket")}
    named = resources(template("network"), given)["S3Endpoint"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert {one.removesuffix("/*") for one in named["Resource"]} == made


def test_the_longest_bucket_name_still_fits() -> None:
    assert len("opsdb-staging-access-logs-111122223333-ap-southeast-2") <= 63


def test_the_snapshot_and_the_nightly_dump_are_apart() -> None:
    minute, hour = re.findall(r"cron\((\d+) (\d+) ", Settings.read({}).nightly_backup_schedule)[0]
    dump = int(hour) * 60 + int(minute)
    window = template("data")["Parameters"]["BackupWindow"]["Default"]
    start, end = (int(one[:2]) * 60 + int(one[3:]) for one in window.split("-"))
    assert dump + 15 < start or dump > end


# --- parameters


def _declarations(key: str, stage: str = "prod") -> list[dict[str, Any]]:
    """What the templates that declare a parameter say of it; its value is handed to all of them."""
    declared = [template(name, stage)["Parameters"].get(key) for name in TEMPLATES]
    return [one for one in declared if one is not None]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_parameter_explains_itself(name: str) -> None:
    for key, one in template(name)["Parameters"].items():
        assert one.get("Description"), key
        assert not ({"AllowedPattern", "MinValue"} & one.keys()) or one.get("ConstraintDescription"), key
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & one.keys(), f"{key} takes anything"


def _accepted(key: str, value: str, stage: str = "prod") -> bool:
    return all(_takes(one, value) for one in _declarations(key, stage))


def _takes(one: dict[str, Any], value: str) -> bool:
    if "AllowedValues" in one:
        return value in map(str, one["AllowedValues"])
    if "AllowedPattern" in one:
        return re.fullmatch(one["AllowedPattern"], value) is not None
    return value.isdigit() and int(one["MinValue"]) <= int(value) <= int(one["MaxValue"])


@pytest.mark.parametrize("stage", STAGES)
def test_the_committed_parameters_are_declared_and_accepted(stage: str) -> None:
    for key, value in stage_parameters(stage).items():
        assert isinstance(value, str), f"{key}: CloudFormation takes strings only"
        assert _declarations(key), f"{key} is no template's"
        assert _accepted(key, value, stage), f"{key}={value}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_default_is_accepted(name: str) -> None:
    for key, one in template(name)["Parameters"].items():
        assert "Default" not in one or _accepted(key, str(one["Default"])), key


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("VpcCidr", "0.0.0.0/0"),
        ("VpcCidr", "10.0.0.0/8"),
        ("VpcCidr", "10.256.0.0/16"),
        ("OnPremisesCidr", "0.0.0.0/0"),
        ("OnPremisesCidr", "203.0.113.0/24"),
        ("OnPremisesDatabaseClientsCidr", "192.168.0.0/16"),
        ("OnPremisesDatabaseClientsCidr", "0.0.0.0/0"),
        ("CustomerGatewayIp", "192.0.2"),
        ("CustomerGatewayIp", "192.0.2.10."),
        ("CustomerGatewayIp", "vpn.example.com"),
        ("S3PrefixListId", ""),
        ("EngineVersion", "16"),
        ("MonitoringInterval", "45"),
        ("Database", "aurora"),
        ("MinCapacity", "0"),
        ("MinCapacity", "0.7"),
        ("MaxCapacity", "0.5"),
        ("MaxCapacity", "many"),
        ("BackupRetentionDays", "0"),
        ("BackupWindow", "25:00-26:00"),
        ("ConsoleOrigin", "http://opsdb.example.com"),
        ("ConsoleOrigin", "*"),
        ("CodeKey", ""),
        ("CodeKey", "code/latest"),
        ("DatabaseSecretArn", "opsdb"),
        ("Runtime", "python3.10"),
        ("DomainName", "https://opsdb.example.com"),
        ("DomainName", "opsdb.example.com/api"),
        ("CertificateId", "arn:aws:acm:eu-central-1:1:certificate/x"),
        ("SignInDomain", "my-aws-app"),
        ("SignInDomain", "Opsdb"),
        ("SignInPath", "https://elsewhere.example.com/"),
        ("SecondFactor", "OFF"),
        ("ThrottlingRate", "0"),
        ("PageMail", "nobody"),
        ("PageUrl", "http://pages.example.com"),
        ("TunnelsExpected", "0"),
        ("AllocatedStorage", "5"),
        ("MonthlyBudget", "0"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_made(key: str, value: str) -> None:
    assert not _accepted(key, value)


def test_stages_and_premises_share_no_address() -> None:
    networks = [ipaddress.ip_network(stage_parameters(stage)["VpcCidr"]) for stage in STAGES]
    networks.append(ipaddress.ip_network(template("network")["Parameters"]["OnPremisesCidr"]["Default"]))
    assert not [pair for pair in itertools.combinations(networks, 2) if pair[0].overlaps(pair[1])]


def test_stages_are_as_large_as_decided() -> None:
    def size(stage: str) -> tuple[str, ...]:
        keys = ("InstanceClass", "MultiAZ", "BackupRetentionDays", "DeletionProtection")
        return tuple(stage_parameters(stage)[key] for key in keys)

    assert size("dev")[::2] == ("db.t4g.micro", "7")
    assert size("staging")[::2] == ("db.t4g.small", "14")
    assert size("prod") == ("db.t4g.small", "true", "30", "true")


def test_no_committed_file_holds_an_id_or_a_devices_address() -> None:
    for path in [*INFRA.glob("*.yaml"), *INFRA.glob("parameters/*.json")]:
        assert not re.search(r"\b(vpc|subnet|sg|pl|vgw|cgw|ami)-[0-9a-f]{8,}\b|\b\d{12}\b", path.read_text()), path
        assert not any(f'"{one}"' in path.read_text() for one in GIVEN_AT_DEPLOY), path


ASSERTIONS: list[tuple[str, dict[str, str]]] = [
    ("network", {"Vpn": "static", "CustomerGatewayIp": ""}),
    ("network", {"SecondZone": "a"}),
    ("data", {"Stage": "prod", "DeletionProtection": "false", "MultiAZ": "true"}),
    ("data", {"Stage": "prod", "DeletionProtection": "true", "MultiAZ": "false"}),
    ("data", {"Database": "aurora-serverless-v2", "MultiAZ": "true"}),
    ("data", {"Stage": "staging", "Reader": "yes"}),
    ("edge", {"HostedZoneId": "", "CertificateId": "none"}),
    ("edge", {"Stage": "prod", "ProtectUsers": "INACTIVE"}),
]


@pytest.mark.parametrize(("name", "given"), ASSERTIONS)
def test_parameters_that_do_not_go_together_are_refused(name: str, given: dict[str, str]) -> None:
    fine = stage_parameters("prod")
    assert _refusals(name, fine) == []
    assert len(_refusals(name, fine | given)) == 1


def _refusals(name: str, given: Mapping[str, str]) -> list[str]:
    """The assertions of the template's Rules that these parameters fail."""
    parsed, failed = template(name), []
    for rule in parsed["Rules"].values():
        for one in rule["Assertions"]:
            tests = {"Applies": rule.get("RuleCondition", {"Fn::Equals": ["", ""]}), "Holds": one["Assert"]}
            parsed["Conditions"] = tests
            parsed["Resources"] = {key: {"Type": "Any", "Condition": key} for key in tests}
            if resources(parsed, given).keys() == {"Applies"}:
                failed.append(one["AssertDescription"])
    return failed
