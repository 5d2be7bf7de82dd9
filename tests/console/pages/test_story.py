"""The whole story in a real browser, without a mouse: propose, be refused, approve, run, appeal, undo, verify."""

import time
from itertools import count

import msgspec
import pyotp
import pytest
from playwright.sync_api import Page, expect
from tests.console.browser import TABLET, Console, accessible, chromium, console, served_console
from tests.console.people import PASSWORD

from ringfence.cases import credentials, keys, staff
from ringfence.cases.database import Database
from ringfence.cases.people import Role, at_shell

__all__ = ["chromium", "console", "served_console"]
NUMBERS = count(1)
PEOPLE = {"snipe": Role.SENIOR_REVIEWER, "stilt": Role.SENIOR_REVIEWER, "heron": Role.REVIEWER}


@pytest.fixture
def people(console: Console) -> dict[str, Page]:
    """Three who work here, each signed in just now in a browser of their own: their last code is fresh."""
    database, password = Database.open(console.workspace), credentials.hashed(PASSWORD)
    secrets, number = {}, next(NUMBERS)
    with database.transaction(at_shell("own")) as within:
        for name, role in PEOPLE.items():
            person = f"{name}{number}"
            staff.add(within, person, name.title(), [role])
            credentials.set_password(within, person, password)
            address = credentials.set_totp(within, person, keys.sealing_key(console.workspace.path))
            secrets[name] = pyotp.parse_uri(address).secret
    database.close()
    return {name: _entered(console, f"{name}{number}", secret) for name, secret in secrets.items()}


def _entered(console: Console, name: str, secret: str) -> Page:
    page = console.context().new_page()
    page.goto("/sign-in")
    expect(page.get_by_label("Name")).to_be_focused()
    _type(page, name, "Tab", PASSWORD, "Tab", pyotp.TOTP(secret).now(), "Enter")
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


def _type(page: Page, *told: str) -> None:
    """Press a key by its name, or write a text."""
    for one in told:
        if one in {"Tab", "Enter", "Space", "ArrowDown", "Control+k", "Escape"} or len(one) == 1:
            page.keyboard.press(one)
        else:
            page.keyboard.type(one)


def _go(page: Page, place: str) -> None:
    """Where the palette leads."""
    page.wait_for_load_state()
    _type(page, "Control+k", place, "Enter")
    page.locator("#palette").wait_for(state="hidden")
    page.wait_for_load_state()


def _said(page: Page, key: str) -> None:
    page.wait_for_url(f"**said={key}")
    page.wait_for_load_state()


def _settled(page: Page, status: str) -> None:
    """Until the page has come anew by itself, in another state."""
    expect(page.locator(".way [aria-current]")).to_have_text(status, timeout=60_000)
    page.wait_for_load_state()


def test_the_whole_story_by_keyboard(console: Console, people: dict[str, Page]) -> None:
    snipe, stilt, heron = people["snipe"], people["stilt"], people["heron"]
    case_id, member = console.platform.cases[2], console.platform.members[2][0]
    _proposed(snipe, case_id)
    plan = snipe.url.split("?")[0]
    _type(snipe, "a")
    assert "said=frozen" in snipe.url, "who proposed it is offered nothing to approve"
    expect(snipe.get_by_text("You had a part in proposing it")).to_be_visible()
    accessible(snipe)

    _go(stilt, "Plans")
    accessible(stilt)
    _type(stilt, "j", "Enter")
    stilt.wait_for_url("**/plans/plan-*")
    assert stilt.url == plan
    _type(stilt, "a", "Looked at each, and agreed", "Enter")
    _said(stilt, "approved")
    _type(snipe, "Control+k", "Plans", "Enter")
    snipe.wait_for_url("**/plans")
    _type(snipe, "j", "Enter")
    snipe.wait_for_url(plan)
    _type(snipe, "s", "ArrowDown", "Enter")
    _said(snipe, "started")
    _settled(snipe, "done")
    accessible(snipe)

    _appealed(heron, member)
    appeal = heron.url.split("?")[0]
    accessible(heron)
    stilt.goto(appeal)
    expect(stilt.get_by_text("You had a part in what is appealed against")).to_be_visible()
    _type(heron, "o", "You are right, and we are sorry", "Tab", "Enter")
    _said(heron, "overturn")

    _type(snipe, "u", "The wrong network", "Enter")
    _said(snipe, "undoing")
    _settled(snipe, "undone")
    expect(snipe.get_by_role("heading", name="What lasts")).to_be_visible()
    accessible(snipe)
    _told(console, member)
    _audited(console)


def _proposed(page: Page, case_id: str) -> None:
    _go(page, case_id)
    page.wait_for_url(f"**/cases/{case_id}")
    _type(page, "t")
    _said(page, "taken")
    _type(page, "p")
    page.wait_for_url("**/plan")
    page.wait_for_load_state()
    accessible(page)
    _type(page, "w", "They lead others to the firecrest list", "Tab", "Tab", "Enter")
    _said(page, "drafted")
    accessible(page)
    before = page.locator("tr[data-account]").count()
    _type(page, "j", "j", "o")
    _said(page, "left_out")
    assert page.locator("tr[data-account]").count() == before - 1
    _type(page, "p")
    _said(page, "frozen")


def _appealed(page: Page, member: str) -> None:
    _go(page, "Appeals")
    accessible(page)
    _type(page, "w", member, "Tab", "Tab", "I only photograph birds", "Tab", "Enter")
    _said(page, "received")


def _told(console: Console, member: str) -> None:
    """What the platform was told: whatever was done and can be taken back was taken back, once."""
    lines = [msgspec.json.decode(line) for line in (console.workspace.path / "orders.jsonl").read_bytes().splitlines()]
    did = [(one["account_id"], one["action"]) for one in lines if one["direction"] == "do" and one["action"] != "care"]
    back = [(one["account_id"], one["action"]) for one in lines if one["direction"] == "undo"]
    assert sorted(did) == sorted(back)
    assert back[0] == (member, "limit"), "the appeal came first"


def _audited(console: Console) -> None:
    page = console.signed_in(Role.AUDITOR)
    page.goto("/audit")
    _type(page, "v")
    for _ in range(600):
        if page.locator("#check .badge").inner_text() == "whole":
            return
        time.sleep(0.1)
    raise AssertionError(page.locator("#check").inner_text())


def test_holds_are_kept_by_keyboard(console: Console, people: dict[str, Page]) -> None:
    page = people["stilt"]
    _go(page, "Holds")
    accessible(page)
    _type(page, "w", console.platform.cases[0], "Tab", "Tab", "An officer asked", "Enter")
    _said(page, "held")
    _type(page, "l", "A court asked", "Enter")
    _said(page, "legal_set")
    accessible(page)
    _type(page, "v")
    page.wait_for_url("**evidence=shown")
    accessible(page)
    page.set_viewport_size(TABLET)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
