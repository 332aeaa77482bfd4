"""What axe-core has against a page."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).with_name("vendor") / "axe-4.14.1.js"

ASKED = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations
        .filter((one) => ["serious", "critical"].includes(one.impact))
        .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""


def serious(page: Page) -> list[str]:
    """Violations that are serious or critical, each with its elements."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(ASKED)
    return found
