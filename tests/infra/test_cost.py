"""The estimate: recomputed by hand, moved by every parameter that costs, and forgetting no resource."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from local.cli import main
from opsdb_deploy import cost
from opsdb_deploy.cost import FREE, PRICED, Line, estimate, total
from opsdb_deploy.cost_deployment import Deployment, ParameterError, deployment, runs_a_month
from opsdb_deploy.cost_load import Load
from opsdb_deploy.cost_prices import COMMITTED, PriceError, read
from opsdb_deploy.cost_seed import compared
from opsdb_deploy.sources import ROOT
from tests.infra.effective import STAGES, TEMPLATES, app, of_type, resources, stage_parameters, template
from tests.test_docs import rows

LARGE = Load(people=100_000, requests=50_000_000, uploads=2_000)
"""So much that every line is above what is included."""


def lines_of(stage: str, load: Load | None = None, **given: str) -> dict[str, Line]:
    found = estimate(deployment(app, stage, given), load or Load(), read())
    assert len({one.item for one in found}) == len(found), "an item has one line"
    return {one.item: one for one in found}


def metrics_watched(stage: str) -> int:
    """Metrics of all alarms, by the tests' own reading of the templates."""
    alarms = of_type(resources(template("watch", stage), stage_parameters(stage)), "AWS::CloudWatch::Alarm")
    return json.dumps(alarms).count('"MetricName"')


def amounts(lines: dict[str, Line]) -> dict[str, float]:
    return {item: round(one.usd, 2) for item, one in lines.items() if round(one.usd, 2)}


# --- by hand

ALIKE = {
    # 600,000 requests, 87 imports, 2,920 sweeps, 730 looks for who left, and what runs nightly, at 0.20 USD a million
    "Function calls": 0.12,
    # 600,000 x 0.1 s x 0.5 GB = 30,000 GB-seconds at 0.0000166667
    "API, computing": 0.50,
    # 86.9 x 30 s x 1 GB
    "Imports, computing": 0.04,
    # (2,920 sweeps + 730 looks for who left + 730 for days to close + 30.4 expiries + an archiving + 4 migrations)
    # x 2 s x 0.5 GB
    "Housekeeping, computing": 0.07,
    "Backups, computing": 0.01,
    "API requests": 0.60,
    # 100 of 1,000 people at 0.015
    "Users who sign in": 1.50,
    "Key requests": 0.08,
    "Keys": 2.00,
    "Dashboard": 3.00,
    # eight metrics at 0.30
    "Own metrics": 2.40,
    # 600,000 kB are 0.6 GB at 0.50
    "Logs of functions and API": 0.30,
    "Logs of database and network": 0.10,
    "Objects": 0.04,
    "S3 writes and lists": 0.05,
}


def test_dev_is_what_one_computes_by_hand() -> None:
    by_hand = ALIKE | {
        "Database": 11.68,  # 730 x 0.016
        "Database storage": 2.30,  # 20 x 0.115
        "Data out": 1.08,  # 600,000 x 20 kB = 12 GB x 0.09
        "Secrets": 0.80,  # SECRET_KEY and the master's, 0.40 each
        "Alarms": round(metrics_watched("dev") * 0.10, 2),
    }
    assert amounts(lines_of("dev")) == by_hand
    assert total(list(lines_of("dev").values()))[1] == pytest.approx(sum(by_hand.values()), abs=0.05)


def test_prod_is_what_one_computes_by_hand() -> None:
    by_hand = ALIKE | {
        "Database": 46.72,  # 2 x 730 x 0.032
        "Database storage": 4.60,  # 2 x 20 x 0.115
        "Enhanced monitoring": 0.11,  # 43,800 samples x 5 kB = 0.219 GB x 0.50
        "VPN connection": 36.50,
        "VPN addresses": 7.30,
        "Data out": 1.53,  # 17 GB
        "Secrets": 1.20,
        "Logs kept": 0.04,  # 0.8 GB x 0.15 x 12 months x 0.03
        "Alarms": round(metrics_watched("prod") * 0.10, 2),
    }
    assert amounts(lines_of("prod")) == by_hand
    assert total(list(lines_of("prod").values()))[1] == pytest.approx(sum(by_hand.values()), abs=0.05)


def test_free_allowances_are_used_up_once() -> None:
    prices, lines = read(), lines_of("prod", LARGE)
    for name in ("lambda-x86_64", "log-ingestion"):
        price = prices.of(name)
        saved = sum(one.usd - one.usd_free for one in lines.values() if one.listed == price.listed)
        assert saved == pytest.approx(price.free * price.usd)


def test_the_free_tier_is_for_a_micro_in_one_zone() -> None:
    assert lines_of("dev")["Database"].usd_free == 0
    for changed in ({"MultiAZ": "true"}, {"InstanceClass": "db.t4g.small"}):
        one = lines_of("dev", **changed)["Database"]
        assert one.usd_free == one.usd > 0


def test_aurora_is_paid_by_capacity_and_twice_with_a_reader() -> None:
    alone = lines_of("dev", Database="aurora-serverless-v2", MinCapacity="1", MaxCapacity="6")
    assert alone["Database"].usd == pytest.approx(730 * (1 + 0.1 * 5) * 0.12)
    both = lines_of("dev", Database="aurora-serverless-v2", MinCapacity="1", MaxCapacity="6", Reader="yes")
    assert both["Database"].usd == pytest.approx(2 * alone["Database"].usd)


# --- what moves what

AURORA = {"Database": "aurora-serverless-v2"}
MOVES: dict[str, tuple[str, dict[str, str], set[str]]] = {
    # parameter: another value, what else is given, the lines that move
    "Architecture": ("arm64", {}, {f"{one}, computing" for one in ("API", "Imports", "Backups", "Housekeeping")}),
    "AllocatedStorage": ("30", {}, {"Database storage", "Database backups"}),
    "BackupRetentionDays": ("35", {}, {"Database backups"}),
    "BackupsLockDays": ("300", {}, {"Objects"}),
    "BackupsToGlacierDays": ("90", {}, {"Objects", "Objects in Glacier"}),
    "Database": (
        "aurora-serverless-v2",
        {},
        {"Database", "Database storage", "Database backups", "Database requests", "Alarms"},
    ),
    "DatabaseSecretArn": ("arn:aws:secretsmanager:us-east-1:111122223333:secret:x", {}, {"Secrets", "Secret requests"}),
    "FrontDoor": ("rest", {}, {"API requests"}),
    "InstanceClass": ("db.m7g.large", {}, {"Database"}),
    "LogRetentionDays": ("400", {}, {"Logs kept"}),
    "MaxCapacity": ("16", AURORA, {"Database"}),
    "MinCapacity": ("2", AURORA, {"Database"}),
    "MonitoringInterval": ("1", {}, {"Enhanced monitoring"}),
    "MultiAZ": ("false", {}, {"Database", "Database storage"}),
    "NoncurrentDays": ("300", {}, {"Objects"}),
    "Reader": ("yes", AURORA, {"Database", "Performance Insights", "Enhanced monitoring"}),
    "SecretsEndpoint": ("yes", {}, {"Secrets endpoint"}),
    "Tracing": ("yes", {}, {"Traces"}),
    "TunnelsExpected": ("1", {}, {"Alarms"}),
    "UploadsToGlacierDays": ("200", {}, {"Objects", "Objects in Glacier"}),
    "Vpn": ("none", {}, {"VPN connection", "VPN addresses", "Data out", "Secrets", "Alarms"}),
}
COSTLESS = {
    *("BackupWindow", "CertificateId", "ClientLayerKey", "CodeKey", "ConsoleOrigin", "CustomerGatewayBgpAsn"),
    *("CustomerGatewayIp", "DailyMail", "Debug", "DeletionProtection", "DomainName", "EngineVersion", "FirstZone"),
    *("HostedZoneId", "LowMemoryMegabytes", "MaintenanceWindow", "ManyConnections", "MaxAllocatedStorage"),
    *("MinimumRequests", "MonthlyBudget", "OnPremisesCidr", "OnPremisesDatabaseClientsCidr", "PageMail", "PageUrl"),
    *("ProtectUsers", "ReserveConcurrency", "Runtime", "S3PrefixListId", "SecondFactor", "SecondZone", "SignInDomain"),
    *("SignInPath", "Stage", "ThrottlingBurst", "ThrottlingRate", "VpcCidr", "VpnProfile"),
}
"""Parameters that no bill shows. MaxAllocatedStorage is only how far AllocatedStorage may grow."""


def costs(line: Line | None) -> tuple[float, float] | None:
    """Without what is free of it, which lines of one price share."""
    return (line.quantity, line.unit_usd) if line else None


@pytest.mark.parametrize("parameter", MOVES)
def test_a_parameter_that_costs_moves_its_lines_and_no_other(parameter: str) -> None:
    value, others, moved = MOVES[parameter]
    before, after = lines_of("prod", LARGE, **others), lines_of("prod", LARGE, **others, **{parameter: value})
    differing = {item for item in before.keys() | after.keys() if costs(before.get(item)) != costs(after.get(item))}
    assert differing == moved


def test_every_parameter_is_known_to_cost_or_not() -> None:
    declared = {name for one in TEMPLATES for name in template(one)["Parameters"]}
    assert declared == MOVES.keys() | COSTLESS
    assert not MOVES.keys() & COSTLESS


@pytest.mark.parametrize(
    ("one", "moved"),
    [
        ("people", {"Users who sign in", "Backups, computing", "Objects", "Objects in Glacier", "Database backups"}),
        ("requests", {"API, computing", "API requests", "Data out", "Function calls", "Key requests", "Logs kept"}),
        ("uploads", {"Function calls", "Imports, computing", "Objects", "Objects in Glacier", "Moves to Glacier"}),
    ],
)
def test_more_of_the_load_costs_more(one: str, moved: set[str]) -> None:
    before, after = lines_of("dev", LARGE), lines_of("dev", replace(LARGE, **{one: 2 * getattr(LARGE, one)}))
    dearer = {item for item in before if after[item].usd > before[item].usd}
    assert moved <= dearer
    assert not [item for item in before if after[item].usd < before[item].usd]


# --- nothing is forgotten


def kinds() -> set[str]:
    return {one["Type"] for name in TEMPLATES for one in template(name)["Resources"].values()}


def test_every_type_of_resource_is_priced_or_free() -> None:
    assert kinds() == PRICED.keys() | FREE.keys()
    assert not PRICED.keys() & FREE.keys()
    assert all(FREE.values())


def everything(**others: str) -> Deployment:
    return deployment(app, "prod", {"SecretsEndpoint": "yes", "Tracing": "yes", **others})


@pytest.mark.parametrize("kind", PRICED)
def test_a_priced_resource_has_the_lines_that_it_is_said_to_have(kind: str) -> None:
    aurora = {"Database": "aurora-serverless-v2", "Reader": "yes"} if kind == "AWS::RDS::DBCluster" else {}
    made = everything(**aurora)
    assert made.of_type(kind)
    lines = {one.item: one for one in estimate(made, LARGE, read())}
    assert [item for item in PRICED[kind] if not lines[item].usd] == []


def test_every_line_is_about_a_resource_or_the_work_of_one() -> None:
    of_work = {"Backups, computing", "Housekeeping, computing", "Traces", "Moves to Glacier"}
    of_work |= {"Own metrics", "Performance Insights"}
    found = {one.item for one in estimate(everything(), LARGE, read())}
    assert found == {item for items in PRICED.values() for item in items} | of_work


def test_a_resource_more_costs_more() -> None:
    made = everything()
    for kind in (
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
        "AWS::CloudWatch::Dashboard",
        "AWS::CloudWatch::Alarm",
    ):
        more = replace(made, resources=(*made.resources, made.of_type(kind)[0]))
        assert total(estimate(more, Load(), read()))[1] > total(estimate(made, Load(), read()))[1], kind


# --- prices


def priced(tmp_path: Path, change: dict[str, Any] | None = None, without: str = "") -> Path:
    told = json.loads(COMMITTED.read_text())
    told["prices"] |= change or {}
    told["prices"].pop(without, None)
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(told))
    return file


def test_the_committed_prices_say_what_they_are() -> None:
    prices = read()
    assert (prices.region, prices.as_of) == ("us-east-1", "2026-11")
    assert "replace the file" in prices.source
    assert COMMITTED.name == f"{prices.region}-{prices.as_of}.json"


def test_no_committed_price_is_unused() -> None:
    used = {one.listed for given in ({}, AURORA) for one in lines_of("prod", LARGE, Tracing="yes", **given).values()}
    variants: tuple[dict[str, str], ...] = (
        {"SecretsEndpoint": "yes", "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x"},
        {"FrontDoor": "rest", "Architecture": "arm64"},
    )
    used |= {one.listed for given in variants for one in lines_of("prod", LARGE, **given).values()}
    unused = {name for name, one in read().by_name.items() if one.listed not in used and not name.startswith("db.")}
    assert unused == set()


@pytest.mark.parametrize("name", [name for name in read().by_name if not name.startswith("db.")][:12])
def test_a_missing_price_is_named(name: str, tmp_path: Path) -> None:
    prices = read(priced(tmp_path, without=name))
    with pytest.raises(PriceError, match=f"has no price {name}"):
        prices.of(name)


@pytest.mark.parametrize(
    "bad",
    [
        {"usd": -1, "per": "hour", "list": "x"},
        {"usd": "0.05", "per": "hour", "list": "x"},
        {"usd": True, "per": "hour", "list": "x"},
        {"usd": float("nan"), "per": "hour", "list": "x"},
        {"usd": 0.05, "list": "x"},
        {"usd": 0.05, "per": "hour", "list": ""},
        {"usd": 0.05, "per": "hour", "list": "x", "free": 5},
        0.05,
    ],
)
def test_a_bad_price_is_named(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"prices\.json: vpn: "):
        read(priced(tmp_path, {"vpn": bad}))


def test_a_class_without_a_price_is_named() -> None:
    with pytest.raises(PriceError, match=r"no price db\.m7g\.micro"):
        lines_of("prod", InstanceClass="db.m7g.micro")


def test_what_is_no_price_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    for text, said in (("[]", "lacks as_of"), ("{", "cannot be read"), ("{}", "lacks as_of, region, source, prices")):
        file.write_text(text)
        with pytest.raises(PriceError, match=said):
            read(file)


# --- parameters and schedules


@pytest.mark.parametrize(
    ("name", "value"),
    [("Nonsense", "1"), ("Vpn", "yes"), ("InstanceClass", "db.t2.micro"), ("BackupRetentionDays", "90")],
)
def test_a_parameter_that_no_template_takes_is_refused(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match=name):
        lines_of("dev", **{name: value})


def test_schedules_are_counted() -> None:
    assert runs_a_month("rate(15 minutes)") == pytest.approx(2920)
    assert runs_a_month("rate(1 hour)") == pytest.approx(730)
    assert runs_a_month("cron(30 1 * * ? *)") == pytest.approx(30.4, abs=0.1)
    assert runs_a_month("cron(0 1,13 * * ? *)") == pytest.approx(60.8, abs=0.1)
    assert runs_a_month("cron(30 3 ? * SUN *)") == pytest.approx(4.35, abs=0.01)
    assert runs_a_month("cron(0 0 1 * ? *)") == 1
    with pytest.raises(ValueError, match="how often"):
        runs_a_month("at(2026-11-22T00:00:00)")


# --- the command and the page


@pytest.fixture
def opsdb(monkeypatch: pytest.MonkeyPatch) -> Any:
    # The app is there already; reading it anew would clear this process's environment.
    monkeypatch.setattr("local.costing.application", lambda stage: app)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["cost", *words])

    return run


def test_the_command_says_every_line_the_total_and_what_it_assumed(opsdb: Any) -> None:
    result = opsdb("--stage", "prod")
    assert result.exit_code == 0
    assert all(item in result.stdout for item in lines_of("prod"))
    free, after = total(list(lines_of("prod").values()))
    [last] = [line.split() for line in result.stdout.splitlines() if line.startswith("Total")]
    assert last == ["Total", f"{free:.2f}", f"{after:.2f}"]
    assert "600,000 requests a month" in result.stdout
    assert "replace the file" in result.stdout


def test_the_same_as_json(opsdb: Any) -> None:
    told = json.loads(opsdb("--stage", "dev", "--people", "2000", "--json").stdout)
    assert told["usd_after"] == pytest.approx(total(list(lines_of("dev", Load(people=2000)).values()))[1], abs=0.01)
    assert told["load"]["people on the floor"] == 2000
    assert {one["item"] for one in told["lines"]} == lines_of("dev").keys()


def test_other_prices_and_parameters_are_taken(opsdb: Any, tmp_path: Path) -> None:
    file = priced(tmp_path, {"vpn": {"usd": 1, "per": "hour", "list": "x"}})
    told = json.loads(opsdb("--stage", "dev", "--set", "Vpn=static", "--prices", str(file), "--json").stdout)
    assert {one["item"]: one["usd"] for one in told["lines"]}["VPN connection"] == 730


@pytest.mark.parametrize("words", [("--set", "Vpn"), ("--set", "Nonsense=1"), ("--stage", "local"), ("--people", "0")])
def test_a_wrong_command_line_is_code_two_and_named(opsdb: Any, words: tuple[str, ...]) -> None:
    result = opsdb("--stage", "dev", *words)
    assert result.exit_code == 2
    assert words[1].split("=")[0] in result.stderr


def test_a_bad_price_file_is_code_two_and_names_the_price(opsdb: Any, tmp_path: Path) -> None:
    result = opsdb("--stage", "prod", "--prices", str(priced(tmp_path, without="vpn")))
    assert (result.exit_code, "has no price vpn" in result.stderr) == (2, True)


@pytest.mark.parametrize("stage", STAGES)
def test_the_comparison_loses_no_line_and_explains_every_row(stage: str, opsdb: Any) -> None:
    made = deployment(app, stage, {})
    lines = estimate(made, Load(), read())
    *parts, whole = compared(lines, made)
    assert (whole.usd_free, whole.usd) == total(lines)
    assert sum(one.usd for one in parts) == pytest.approx(whole.usd)
    assert [one.why for one in (*parts, whole) if not one.why.endswith(".")] == []
    said = opsdb("--stage", stage, "--compare").stdout
    assert all(f"{one.component}: {one.why}" in said for one in (*parts, whole))


def test_the_comparison_says_what_this_stage_has() -> None:
    for given, said in (({"MultiAZ": "true"}, "doubles"), ({"Database": "aurora-serverless-v2"}, "Aurora")):
        made = deployment(app, "dev", given)
        assert said in next(one.why for one in compared(estimate(made, Load(), read()), made) if "RDS" in one.component)


@pytest.mark.parametrize("stage", STAGES)
def test_the_page_shows_what_the_command_says(stage: str) -> None:
    lines = lines_of(stage)
    free, after = total(list(lines.values()))
    wanted = [[one.item, f"{one.usd_free:.2f}", f"{one.usd:.2f}"] for one in lines.values() if round(one.usd, 2)]
    wanted.append(["**Total**", f"**{free:.2f}**", f"**{after:.2f}**"])
    shown = rows("cost.md", f"| {stage} | free tier | after |")
    assert shown == wanted, "\n".join(f"| {' | '.join(cells)} |" for cells in wanted)


def test_the_budget_of_a_stage_is_above_what_it_is_expected_to_cost() -> None:
    for stage in STAGES:
        _, after = total(list(lines_of(stage).values()))
        assert after < float(stage_parameters(stage)["MonthlyBudget"]) < 2 * after, stage


def test_the_modules_of_the_estimate_ask_nobody() -> None:
    for path in (ROOT / "infra-cfn" / "opsdb_deploy").glob("cost*.py"):
        assert "boto" not in path.read_text()
    assert cost.__doc__
