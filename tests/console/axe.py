"""What does axe find wrong with a page as it stands?"""

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page

BAD = {"serious", "critical"}
# To tell of all that is well as well takes axe three times as long. No rule that is asked reads style sheets anew.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
RUN = "options => axe.run(options).then(told => told.violations)"


def faults(page: Page, *rules: str) -> list[str]:
    """What it finds by these rules, or all of them, and is serious or worse: the rule, the element, and why."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(RUN, {**OPTIONS, "runOnly": list(rules)} if rules else OPTIONS)
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {node.get('any', [{}])[:1]}"
        for one in found
        if one["impact"] in BAD
        for node in one["nodes"]
    ]
