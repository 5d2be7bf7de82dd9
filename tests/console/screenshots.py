"""Write a picture of every page of the console, light and dark, for the documentation.

    python -m tests.console.screenshots docs/pictures/console

The pages are those of the table that the application mounts; what an address needs is looked up in the cases of a
generated platform. A page whose address cannot be filled in is named at the end, and so is one that answers no HTML.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright
from tests.console.browser import FLAGS, Console, found_chromium, serving
from tests.console.people import NAMES
from tests.console.platforms import Platform

from ringfence.cases import comments, deciding, found, incoming, opening, protected, queue, reports
from ringfence.cases.database import Database
from ringfence.cases.people import MAY, Permission, Person, Role, at_shell
from ringfence.cases.protected import Why
from ringfence.console.page import GET, OPEN, Page
from ringfence.console.pages import ALL
from ringfence.demo.run import run
from ringfence.demo.stages import Clock
from ringfence.store import events
from ringfence.store.workspace import Workspace

ACCOUNTS, SEED = 20_000, 100
MOST = 3_000_000  # bytes of all pictures
QUALITY = 90  # of WebP; below, letters have shadows
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Who is shown a page: the first of these who may ask for it.
SHOWN_TO = (Role.SENIOR_REVIEWER, Role.AUDITOR, Role.LEXICON_KEEPER, Role.ADMINISTRATOR)

# What stands in an address in braces, by SQL over the cases' tables.
LARGEST = "SELECT case_id FROM cases WHERE kind = 'network' ORDER BY size DESC, case_id LIMIT 1"
MEMBERS = f"SELECT account_id FROM members WHERE case_id = ({LARGEST}) ORDER BY rank, account_id"
PARAMETERS: Mapping[str, str] = {
    "case_id": LARGEST,
    "account_id": f"{MEMBERS} LIMIT 1",
    "other": f"{MEMBERS} LIMIT 1 OFFSET 1",
    "plan_id": "SELECT plan_id FROM plans ORDER BY plan_id DESC LIMIT 1",
    "appeal_id": "SELECT appeal_id FROM appeals ORDER BY appeal_id LIMIT 1",
    "hold_id": "SELECT hold_id FROM holds ORDER BY hold_id LIMIT 1",
}
# What some pages ask for behind their address; braces as above.
QUERIES: Mapping[str, str] = {"ties": "?one={account_id}&other={other}", "neighbours": "?of={other}"}


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
            left_out = taken(console, given.folder)
    size = sum(file.stat().st_size for file in given.folder.iterdir())
    sys.stdout.write(f"{len(list(given.folder.iterdir()))} pictures, {size:,} bytes\n")
    sys.stdout.writelines(f"no picture of {name}: {why}\n" for name, why in sorted(left_out.items()))
    if size > MOST:
        sys.exit(f"that is more than {MOST:,} bytes")


def platform(folder: Path, accounts: int) -> Workspace:
    """A generated platform whose networks are found, with a case for each and what users reported."""
    run(folder, accounts, SEED, Clock(lambda _: None, lambda _: None))
    workspace = Workspace.open(folder / "workspace")
    settings, made = workspace.config.cases, found.found(workspace)
    database = Database.open(workspace)
    with database.transaction(at_shell(settings.tenant)) as within, events.connect(workspace) as store:
        opening.open_cases(within, made, settings.threshold)
        reports.receive(within, incoming.reported(store, incoming.newest(within)), settings.urgent_reasons)
    database.close()
    return workspace


def staged(workspace: Workspace) -> None:
    """Do some of what reviewers do, so that pages have something to show."""
    database, tenant = Database.open(workspace), workspace.config.cases.tenant
    reviewer, senior = (
        Person(str(role).replace("_", "-"), tenant, NAMES[role], frozenset()) for role in (Role.REVIEWER, SHOWN_TO[0])
    )
    with database.transaction(senior) as within:
        case = looked_up(within.connection, LARGEST)
        queue.take(within, case, 60)
        comments.add(within, case, "The first twelve share one link within minutes. Looking at who else does.")
        last = f"SELECT account_id FROM members WHERE case_id = '{case}' ORDER BY rank DESC LIMIT 1"
        protected.add(within, looked_up(within.connection, last), Why.RESEARCHER, "Writes on birds for a university.")
    with database.transaction(reviewer) as within:
        held = queue.take_next(within, 60)
        if held:
            deciding.mark_urgent(within, held.case_id, "A child may be meeting somebody this week.")
    database.close()


def taken(console: Console, folder: Path) -> Mapping[str, str]:
    """Take the pictures. Returns the pages there is none of, and why."""
    folder.mkdir(parents=True, exist_ok=True)
    left_out: dict[str, str] = {}
    values = dict(known(console.workspace))
    for page in ALL:
        if page.method != GET:
            continue
        try:
            address = page.path.replace(":path}", "}").format(**values) + QUERIES.get(page.name, "").format(**values)
        except KeyError as lacking:
            left_out[page.name] = f"there is no {lacking}"
            continue
        for scheme in SCHEMES:
            tab = opened(console, page, scheme)
            answer = tab.request.get(address, headers={"accept": "text/html"}, max_redirects=0)
            if not answer.ok or not answer.headers.get("content-type", "").startswith("text/html"):
                left_out[page.name] = f"it is no page by itself ({answer.status})"
            else:
                tab.goto(address)
                keep(tab, folder / f"{page.name}-{scheme}.webp")
                if page.name == "case":
                    on_the_map(tab, values)
                    keep(tab, folder / f"case_map-{scheme}.webp")
            console.settle()
    return left_out


def opened(console: Console, page: Page, scheme: Literal["light", "dark"]) -> Tab:
    """A window of somebody who may ask for a page."""
    if page.permission is OPEN:
        return console.context(color_scheme=scheme).new_page()
    may = [role for role in SHOWN_TO if not isinstance(page.permission, Permission) or page.permission in MAY[role]]
    return console.signed_in(may[0], color_scheme=scheme)


def keep(tab: Tab, file: Path) -> None:
    """Write what a window shows, once its map is drawn."""
    if tab.locator("#map[data-network]").count():
        tab.wait_for_selector("#map[data-state=drawn]")
    tab.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(tab.screenshot(animations="disabled"))).convert("RGB")
    picture.save(file, "WEBP", quality=QUALITY, method=6)


def on_the_map(tab: Tab, values: Mapping[str, str]) -> None:
    """Go to the map, and choose the account there."""
    tab.locator("#map").evaluate("map => window.scrollTo(0, map.getBoundingClientRect().top + window.scrollY - 60)")
    tab.evaluate("account => document.querySelector('#map').map.show(account, { look: false })", values["account_id"])
    tab.locator("#map-panel h3").wait_for()


def known(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The parameters of addresses that this workspace has a value for."""
    database = Database.open(workspace)
    for name, query in PARAMETERS.items():
        with database.look() as connection:
            if sa.inspect(connection).has_table(query.split("FROM ")[1].split()[0]) and (
                value := looked_up(connection, query)
            ):
                yield name, value
    database.close()


def looked_up(connection: sa.Connection, query: str) -> str:
    """The one value of a query, empty where there is none."""
    return str(connection.execute(sa.text(query)).scalar() or "")


if __name__ == "__main__":
    main()
