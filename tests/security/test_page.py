"""The page on security: what it says is shown, is shown."""

import re

from tests.test_docs import DOCS, ROOT, rows

RISKS = [f"API{number}" for number in range(1, 11)]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_risk_has_a_line_with_tests() -> None:
    lines = rows("security.md", "| risk | how it is met | shown by |")
    assert [risk.partition(" ")[0] for risk, _, _ in lines] == RISKS
    assert all(met and NAMED.search(shown) for _, met, shown in lines)


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall((DOCS / "security.md").read_text())
    assert len(named) > 20
    for file, name in named:
        text = (ROOT / file).read_text()
        assert f"def {name}(" in text if name else "def test_" in text, f"{file}::{name}"
