"""A window of Chromium in which somebody is signed in, and what is wrong with its pages."""

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page
from tests.console.browser import ASKED
from tests.console.conftest import Browser as Client
from tests.console.conftest import Place

BAD = ("serious", "critical")


def context(browser: Browser, place: Place, client: Client, **more: object) -> BrowserContext:
    """A window in which somebody is signed in."""
    made = browser.new_context(base_url=place.settings.address, **more)  # type: ignore[arg-type]
    made.add_cookies([{"name": "ringfence-session", "value": client.cookie(), "url": place.settings.address}])
    return made


def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong by these rules, or all of them, and is serious or worse."""
    found = Axe().run(page, options={**ASKED, "runOnly": list(rules)} if rules else ASKED).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in BAD for node in one["nodes"]]


def checked(browser: Browser, place: Place, client: Client, *paths: str) -> None:
    """Each page in light and dark, and on a tablet: no fault that axe knows, nothing in the log, nothing too wide."""
    for scheme, width, rules in (("light", 1280, ()), ("dark", 820, ("color-contrast", "target-size"))):
        window = context(browser, place, client, color_scheme=scheme, viewport={"width": width, "height": 720})
        page = window.new_page()
        said = heard(page)
        for path in paths:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            page.wait_for_load_state("networkidle")
            found = faults(page, *rules)
            assert not found, (path, scheme, found)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, (path, width)
        assert said == []
        window.close()


def heard(page: Page) -> list[str]:
    """What a page says in its log from now on, and its errors."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
