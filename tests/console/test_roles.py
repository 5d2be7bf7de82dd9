"""Every page against every role, from the table that the application mounts."""

import re

import httpx
import pytest
from tests.console.conftest import BROWSER, Browser, Place

from ringfence.cases import staff
from ringfence.cases.people import MAY, Permission, Role, at_shell
from ringfence.console.page import OPEN, POST, Page
from ringfence.console.pages import ALL

CLOSED = [page for page in ALL if page.permission is not OPEN]


def ask(browser: Browser, page: Page, token: str, **headers: str) -> httpx.Response:
    path = re.sub(r"\{[^}]*\}", "unknown", page.path)
    data = {"csrf": token} if page.method == POST else None
    return browser.client.request(page.method, path, data=data, headers={**BROWSER, **headers}, follow_redirects=False)


def refusal(answer: httpx.Response) -> str:
    """Why it was not let in, or nothing where it was."""
    if answer.status_code == 303 and answer.headers["location"].startswith("/sign-in"):
        return "signed out"
    return "role" if answer.status_code == 403 else ""


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_the_pages_it_may_and_no_other(place: Place, role: Role) -> None:
    browser = place.signed_in("wren", role)
    token = browser.token()
    for page in CLOSED:
        if page.name == "leave":  # signs out
            continue
        wanted = "" if page.permission is None or page.permission in MAY[role] else "role"
        answer = ask(browser, page, token)
        assert refusal(answer) == wanted, (page, answer.status_code)
        if wanted:
            able = [one for one in Role if page.permission in MAY[one]]
            assert all(one.replace("_", " ") in answer.text for one in able), "it says who could"


def test_who_has_not_signed_in_gets_no_page(place: Place) -> None:
    browser = place.browser()
    for page in CLOSED:
        assert refusal(ask(browser, page, "0" * 64)) == "signed out", page
        script = ask(browser, page, "", accept="application/json")
        assert (script.status_code, script.headers["content-type"]) == (401, "application/json"), page
        part = ask(browser, page, "", **{"hx-request": "true"})
        assert (part.status_code, part.headers["hx-redirect"][:8]) == (401, "/sign-in"), page


def test_somebody_without_a_role_gets_what_is_everybodys(place: Place) -> None:
    browser = place.signed_in("wren")
    token = browser.token()
    for page in CLOSED:
        if isinstance(page.permission, Permission):
            assert refusal(ask(browser, page, token)) == "role", page


def test_nothing_but_the_table_is_mounted(place: Place) -> None:
    told = {(page.path, page.method) for page in ALL}
    routes = [(route.path, method) for route in place.app.routes for method in getattr(route, "methods", None) or ()]  # type: ignore[attr-defined]
    assert set(routes) == told
    assert len(routes) == len(told) == len(ALL), "no page hides another"


def test_a_role_that_is_gained_opens_pages_at_once(place: Place) -> None:
    browser = place.signed_in("wren", Role.VIEWER)
    assert browser.post("/queue/next").status_code == 403
    with place.room.database.transaction(at_shell("own")) as within:
        staff.set_roles(within, "wren", [Role.VIEWER, Role.REVIEWER])
    assert browser.post("/queue/next").status_code == 303


def test_the_menu_has_what_one_may_open_and_nothing_else(place: Place) -> None:
    keeper, viewer = place.signed_in("heron", Role.ADMINISTRATOR), place.signed_in("gull", Role.VIEWER)
    assert 'href="/people"' in keeper.get("/settings").text
    assert 'href="/queue"' not in keeper.get("/settings").text
    assert 'href="/people"' not in viewer.get("/settings").text
    assert keeper.get("/").headers["location"] == "/people"
    assert viewer.get("/").headers["location"] == "/queue"
