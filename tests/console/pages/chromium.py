"""A window of Chromium in which somebody is signed in, and what is wrong with its pages."""

from playwright.sync_api import Browser, BrowserContext, Page
from tests.console.axe import faults
from tests.console.conftest import Browser as Client
from tests.console.conftest import Place

SETTLED = "() => document.querySelector('.htmx-request') === null"  # what a page fetches by itself is there


def context(browser: Browser, place: Place, client: Client, **more: object) -> BrowserContext:
    """A window in which somebody is signed in."""
    made = browser.new_context(base_url=place.settings.address, **more)  # type: ignore[arg-type]
    made.add_cookies([{"name": "ringfence-session", "value": client.cookie(), "url": place.settings.address}])
    return made


def checked(browser: Browser, place: Place, client: Client, *paths: str) -> None:
    """Each page in light and dark, and on a tablet: no fault that axe knows, nothing in the log, nothing too wide."""
    window = context(browser, place, client)
    page = window.new_page()
    said = heard(page)
    for path in paths:
        page.set_viewport_size({"width": 1280, "height": 720})
        page.emulate_media(color_scheme="light")
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_function(SETTLED)
        assert (faults(page), _too_wide(page)) == ([], 0), path
        page.set_viewport_size({"width": 820, "height": 720})
        page.emulate_media(color_scheme="dark")
        assert (faults(page, "color-contrast", "target-size"), _too_wide(page)) == ([], 0), path
    assert said == []
    window.close()


def _too_wide(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def heard(page: Page) -> list[str]:
    """What a page says in its log from now on, and its errors."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
