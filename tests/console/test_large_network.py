"""A network of 5,000 members and 20,000 ties opens: the table at once, a part of the map, and all of it when asked."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.console.browser import Console, new_workspace, serving
from tests.console.platforms import LARGE, opened

from ringfence.cases.people import Role
from ringfence.console.network import FIRST


@pytest.fixture(scope="module")
def large(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    platform = opened(new_workspace(tmp_path_factory.mktemp("large") / "platform", ""), LARGE)
    yield from serving(platform, "sqlite", chromium)


def test_it_opens_in_part_and_then_whole(large: Console) -> None:
    page = large.signed_in(Role.REVIEWER)
    page.goto(f"/cases/{large.platform.cases[0]}")
    assert page.locator("tr[data-account]").count() > 20
    page.wait_for_selector("#map[data-state=drawn]", timeout=60_000)
    assert f"{FIRST:,} of 5,000 members" in page.locator("[data-count]").inner_text()
    page.get_by_role("button", name="Draw all 5,000").click()
    page.wait_for_function("() => document.querySelector('#map').map.graph.order === 5000", timeout=60_000)
    told = page.evaluate(
        """() => { const { graph } = document.querySelector("#map").map;
            return [graph.size, graph.filterEdges((edge, { kinds }) => kinds & 1).length]; }"""
    )
    assert told[0] > 20_000
    assert told[1] == 20_000
    large.settle()
