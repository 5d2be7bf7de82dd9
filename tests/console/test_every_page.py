"""Does every page of the table open in a real Chromium, whole, and with nothing that axe finds serious?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.console.browser import Console, accessible, new_workspace, serving
from tests.console.platforms import SMALL
from tests.console.platforms import opened as platform
from tests.console.visits import opened, pages, staged, visitor, whole
from tests.postgresql import Postgresql

from ringfence.console.page import GET
from ringfence.console.pages import ALL

# Their addresses cannot be filled in here, and tests of their own open them.
ELSEWHERE = {"media_cluster", "metric_rows"}
WHOLE = 25  # pages that stand by themselves, at the least


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def busy(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    """A console of its own, over cases that reviewers are at work on."""
    address = ""
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        address = server.address(server.make())
    made = platform(new_workspace(tmp_path_factory.mktemp("busy") / "platform", address), SMALL)
    for console in serving(made, request.param, chromium):
        staged(made.workspace)
        yield console


def test_there_is_an_address_for_every_page(busy: Console) -> None:
    asked = {page.name for page in ALL if page.method == GET}
    assert asked - {page.name for page, _ in pages(busy.workspace)} == ELSEWHERE


def test_every_page_opens_and_axe_finds_nothing_serious(busy: Console) -> None:
    tabs = {role: opened(busy, role, "light") for role in {visitor(page) for page in ALL}}
    there = []
    for page, address in pages(busy.workspace):
        tab = tabs[visitor(page)]
        if not whole(tab, address):
            continue
        tab.goto(address)
        assert tab.locator("h1").count() == 1, address
        assert "ringfence" in tab.title(), address
        there.append(page.name)
        if busy.database == "sqlite":  # what the database is makes no difference to axe
            accessible(tab)
            tab.emulate_media(color_scheme="dark")
            accessible(tab, "color-contrast", "target-size")
            tab.emulate_media(color_scheme="light")
    busy.settle()
    assert len(there) >= WHOLE, there
