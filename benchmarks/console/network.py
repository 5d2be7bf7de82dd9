"""How soon is a network of 5,000 members and 20,000 follows usable in a browser: its table first, then its map?

    python -m benchmarks.console.network

A real Chromium without a graphics card before a real console on SQLite, in a window of 1280 x 720. Each time is from
the start of the navigation in a fresh browser context. The first visit works out who is tied to whom and where each
stands; the others find it kept. Writes benchmarks/results/console-network.md.
"""

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from tests.console.browser import FLAGS, Console, found_chromium, new_workspace, serving
from tests.console.platforms import LARGE, opened

from ringfence.cases.people import Role
from ringfence.console.network import FIRST
from ringfence.demo import tables

RESULT = Path(__file__).parents[1] / "results" / "console-network.md"
TIMES, GOAL = 5, 3.0  # seconds
HEAD = ("what", "median s", "worst s", "goal s")
TABLE = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"
PAINTED = "() => performance.getEntriesByName('map-painted')[0].startTime / 1000"
ALL = """() => new Promise((done) => {
    const { map } = document.querySelector("#map"), began = performance.now();
    document.querySelector("[data-all]").click();
    const look = () => map.graph.order === map.told.members
        ? requestAnimationFrame(() => setTimeout(() => done((performance.now() - began) / 1000))) : setTimeout(look, 5);
    look();
})"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found_chromium(), args=FLAGS)
        platform = opened(new_workspace(Path(folder) / "platform", ""), LARGE)
        for console in serving(platform, "sqlite", browser):
            first = visit(console)
            visits = [visit(console) for _ in range(TIMES)]
            version = browser.version
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    held = f"Chromium {version}, headless, software GL; {FIRST:,} members in the first picture; {load}."
    title = "# A network of 5,000 members and 20,000 follows, in a browser"
    table = tables.table(HEAD, list(rows(first, visits)))
    lines = [title, "", f"{held} Medians of {TIMES} visits.", "", *table]
    tables.write(RESULT, lines, "python -m benchmarks.console.network")


def visit(console: Console) -> tuple[float, float, float]:
    """Seconds to the table, to the map, and from asking for all members until they are painted."""
    page = console.signed_in(Role.REVIEWER)
    page.goto(f"/cases/{console.platform.cases[0]}", wait_until="domcontentloaded")
    assert page.locator("tr[data-account]").count()
    page.wait_for_selector("#map[data-state=drawn]", timeout=60_000)
    told = of(page, TABLE), of(page, PAINTED), of(page, ALL)
    console.settle()
    return told


def of(page: Page, script: str) -> float:
    return float(page.evaluate(script))


def rows(first: tuple[float, ...], visits: list[tuple[float, float, float]]) -> Iterator[tuple[str, ...]]:
    names = ("the table can be used", f"the map is painted, {FIRST:,} members", "all 5,000 drawn, once asked for")
    for name, times, goal in zip(names, zip(*visits, strict=True), (f"{GOAL:.0f}", f"{GOAL:.0f}", ""), strict=True):
        yield name, f"{statistics.median(times):.2f}", f"{max(times):.2f}", goal
    yield "first visit ever: the table", f"{first[0]:.2f}", "", f"{GOAL:.0f}"
    yield "first visit ever: the map", f"{first[1]:.2f}", "", ""


if __name__ == "__main__":
    main()
