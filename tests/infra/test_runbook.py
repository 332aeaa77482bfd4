"""The runbook has an entry for every alarm there is, and for no other; and the alarms lead to it."""

import re
from typing import Any

import pytest

from opsdb_deploy import doctor
from opsdb_deploy.sources import ROOT
from opsdb_deploy.watch import ENTRIES, RUNBOOK
from tests.infra.effective import STAGES, of_type, template

PAGE = ROOT / RUNBOOK
ALARMS = re.compile(r"^Alarms: (.+?)\. (Page|Daily)\.$", re.MULTILINE | re.DOTALL)
PARTS = ("Users", "Look", "Causes", "Fix", "Over")


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def sections() -> dict[str, str]:
    """The text below each heading, by its anchor."""
    found = re.split(r"^#+ (.+)$", PAGE.read_text(), flags=re.MULTILINE)[1:]
    headings = [anchor(one) for one in found[::2]]
    assert len(set(headings)) == len(headings), "an anchor leads to one heading"
    return dict(zip(headings, found[1::2], strict=True))


def entries() -> dict[str, tuple[str, str]]:
    """Alarm -> its entry's anchor and its severity, as the runbook says."""
    found: dict[str, tuple[str, str]] = {}
    for where, text in sections().items():
        for names, severity in ALARMS.findall(text):
            for name in re.findall(r"`([^`]+)`", names):
                assert name not in found, f"{name} has two entries"
                found[name] = (where, severity)
    return found


def alarms(stage: str) -> dict[str, dict[str, Any]]:
    """Every alarm that the stage could have, by its name without the stage."""
    told = of_type(template("watch", stage)["Resources"], "AWS::CloudWatch::Alarm").values()
    properties = [one["Properties"] for one in told]
    return {one["AlarmName"]["Fn::Sub"].removeprefix("opsdb-${Stage}-"): one for one in properties}


@pytest.mark.parametrize("stage", STAGES)
def test_every_alarm_has_its_entry_and_every_entry_its_alarm(stage: str) -> None:
    assert sorted(entries()) == sorted(alarms(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_an_alarm_leads_to_the_entry_that_names_it_and_wakes_whom_that_says(stage: str) -> None:
    for name, told in alarms(stage).items():
        description = told["AlarmDescription"]
        text = description["Fn::Sub"] if isinstance(description, dict) else description
        where, severity = entries()[name]
        assert text.endswith(f" See {RUNBOOK}#{where}."), name
        assert told["AlarmActions"] == [{"Ref": severity}], name
        assert len(text) <= 1024


def test_every_entry_says_what_somebody_needs_at_night() -> None:
    for where in {place for place, _ in entries().values()}:
        text = sections()[where]
        assert re.findall(r"^- \*\*(\w+)\*\*: ", text, re.MULTILINE) == list(PARTS), where
        [look] = re.findall(r"^- \*\*Look\*\*: (.+?)^- ", text, re.MULTILINE | re.DOTALL)
        assert "`" in look or "*" in look or "Performance Insights" in look, f"{where} names nothing to look at"


def test_whoever_refers_to_an_entry_refers_to_one_that_exists() -> None:
    sources = [*(ROOT / "infra-cfn" / "opsdb_deploy").glob("doctor*.py"), *(ROOT / "local").rglob("doctor/*.py")]
    written = {one for path in sources for one in re.findall(r'(?:entry=|entry[,\w]* = )"([\w-]+)"', path.read_text())}
    written |= {
        one for path in sources for one in re.findall(r'"((?:the|a|one|no|events|uploads)-[\w-]+)"', path.read_text())
    }
    assert len(written) > 8
    assert written | set(ENTRIES.values()) <= sections().keys()
    assert doctor.RUNBOOK == RUNBOOK


def test_the_dates_of_the_page_are_those_that_the_doctor_warns_of() -> None:
    text = sections()["end-of-support"]
    for date in (doctor.RUNTIME_ENDS["python3.11"], doctor.POSTGRESQL_ENDS[15], doctor.RDS_ENDS[15]):
        assert str(date) in text


def test_every_entry_that_is_named_in_words_exists() -> None:
    named = set(re.findall(r"\*([A-Z][^*\n]{6,})\*(?!\*)", PAGE.read_text().replace("\n", " ")))
    assert named
    assert {anchor(one) for one in named} - sections().keys() == set()
