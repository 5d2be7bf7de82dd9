"""Write a picture of the console's pages, light and dark, for the documentation.

    python -m tests.console.screenshots docs/pictures/console

The pages are those of the table that the application mounts, but for NOTHING_NEW; what an address needs is looked up
in the cases of a generated platform.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright
from tests.console.browser import FLAGS, Console, found_chromium, serving
from tests.console.furnished import configured, furnished
from tests.console.platforms import Platform
from tests.console.visits import known, opened, pages, staged, visitor, whole

from ringfence.demo import reviewers
from ringfence.demo.run import run
from ringfence.demo.stages import Clock
from ringfence.store.workspace import Workspace

ACCOUNTS, SEED = 20_000, 100
MOST = 3_000_000  # bytes of all pictures
QUALITY = 80  # of WebP: all together below MOST
NOTHING_NEW = {"evidence", "media_list", "drift_list"}  # a form with two fields, and what others show with a script
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    reading = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reading.add_argument("folder", type=Path)
    reading.add_argument("--accounts", type=int, default=ACCOUNTS, help="of the generated platform")
    given = reading.parse_args()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        workspace = platform(Path(place) / "demo", given.accounts)
        browser = playwright.chromium.launch(executable_path=found_chromium(), args=FLAGS)
        for console in serving(Platform(workspace, (), ()), "sqlite", browser):
            staged(workspace)
            furnished(workspace, "senior-reviewer")
            taken(console, given.folder)
    size = sum(file.stat().st_size for file in given.folder.iterdir())
    sys.stdout.write(f"{len(list(given.folder.iterdir()))} pictures, {size:,} bytes\n")
    if size > MOST:
        sys.exit(f"that is more than {MOST:,} bytes")


def platform(folder: Path, accounts: int) -> Workspace:
    """A generated platform whose networks are found, with a case for each and what users reported."""
    run(folder, accounts, SEED, Clock(lambda _: None, lambda _: None))
    workspace = configured(Workspace.open(folder / "workspace"))
    reviewers.open_cases(workspace)
    return workspace


def taken(console: Console, folder: Path) -> None:
    """Take the pictures of every page that stands by itself and has something of its own to show."""
    folder.mkdir(parents=True, exist_ok=True)
    for page, address in pages(console.workspace):
        for scheme in SCHEMES:
            tab = opened(console, visitor(page), scheme)
            if page.name not in NOTHING_NEW and whole(tab, address):
                tab.goto(address)
                if page.name == "audit":
                    checked(tab)
                keep(tab, folder / f"{page.name}-{scheme}.webp")
                if page.name == "case":
                    on_the_map(tab, dict(known(console.workspace))["account_id"])
                    keep(tab, folder / f"case_map-{scheme}.webp")
            console.settle()


def keep(tab: Tab, file: Path) -> None:
    """Write what a window shows, once its map is drawn."""
    if tab.locator("#map[data-network]").count():
        tab.wait_for_selector("#map[data-state=drawn]")
    tab.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(tab.screenshot(animations="disabled"))).convert("RGB")
    picture.save(file, "WEBP", quality=QUALITY, method=6)


def checked(tab: Tab) -> None:
    """Have the audit checked unless somebody has, and wait for what is said of it."""
    whole = tab.locator("#check .badge", has_text="whole")
    if not whole.count():
        tab.locator("#check [data-key=v]").click()
    whole.wait_for()


def on_the_map(tab: Tab, account: str) -> None:
    """Go to the map, and choose the account there."""
    tab.locator("#map").evaluate("map => window.scrollTo(0, map.getBoundingClientRect().top + window.scrollY - 60)")
    tab.evaluate("account => document.querySelector('#map').map.show(account, { look: false })", account)
    tab.locator("#map-panel h3").wait_for()


if __name__ == "__main__":
    main()
