import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvicorn
from playwright.async_api import Error, Page, async_playwright
from tests.console.browser import FLAGS, found_chromium
from tests.missing import missing

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service.page import Candidates, Completions, Examples, render
from ringfence.guard.service.settings import build_app
from ringfence.guard.snapshots import shelf
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built

NASTY = "<img src=x onerror=\"document.title='taken'\">'\"&"
EXAMPLES = Examples(
    queries=("robin", "firecrest", NASTY),
    completions=(Completions("fire", ("firecrest", "firewood", NASTY)),),
    tags=("#lake",),
    slates=(
        Candidates("Two of each", "cy", ("al", "di", "bo", "ed")),
        Candidates("Under age", "cy", ("ny", "al", "ed"), minor=True),
    ),
    related=(Completions("Birds", ("firecrest", "robin")),),
    countries=("DE",),
    languages=("de",),
)


def text_of(response_body: bytes | memoryview) -> str:
    return bytes(response_body).decode()


def test_examples_are_escaped() -> None:
    page = text_of(render(EXAMPLES).body)
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_it_loads_nothing_from_elsewhere_and_runs_only_its_own_script() -> None:
    first, second = render(EXAMPLES), render(EXAMPLES)
    page, rules = text_of(first.body), first.headers["content-security-policy"]
    assert re.findall(r"https?://|//[a-z]+\.", page) == []
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', page))
    assert f"script-src 'nonce-{nonce}'" in rules
    assert "default-src 'none'" in rules
    assert "unsafe" not in rules
    assert rules != second.headers["content-security-policy"]
    assert re.findall(r"\son[a-z]+=|\sstyle=|innerHTML", page.split("<body>")[1].replace("onerror=", "")) == []


async def _in_browser(folder: Path, act: Callable[[Page], Awaitable[None]]) -> list[str]:
    """Serve the page, let `act` use it in a real browser, and give what the browser complained of."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = build_app(folder, default_policy(), EXAMPLES)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        complaints: list[str] = []
        async with async_playwright() as playwright:
            try:
                browser = await playwright.chromium.launch(executable_path=found_chromium(), args=FLAGS)
            except Error as error:
                missing(f"no Chromium ({error})")
            page = await browser.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/")
            await act(page)
            await browser.close()
        server.should_exit = True
        await serving
    return complaints


def test_a_person_sees_each_verdict_with_its_reason_and_nothing_typed_becomes_html(
    make: Callable[..., Built], shelved: Path, signer: Signer
) -> None:
    snapshot = make(["firecrest"], {"network:member": ["al", "bo"]}, {"lake": 0.6})
    shelf.publish(shelved, snapshot, signer)

    async def act(page: Page) -> None:
        answers = page.locator(".answer")
        for button, section, expected in (
            ("firecrest", 0, "block\tnothing shown\tlexicon:illegal"),
            (NASTY, 0, f"{NASTY}\tallow"),
            ("fire…", 1, "firewood\tallow\tshown\tnone"),
            ("Birds", 2, "firecrest\tdrop"),
            ("#lake", 3, "demote\tshown last\ttag:network"),
            ("all examples", 4, "#lake\tdemote"),
            ("Two of each", 5, "ed\tallow\tshown\tnone"),
            ("Under age", 5, "al\tdrop\tleft out\tnetwork:member"),
        ):
            await page.get_by_role("button", name=button, exact=True).first.click()
            place = answers.nth(section)
            await place.get_by_text(expected.split("\t")[0].split("\n")[-1], exact=True).first.wait_for()
            assert expected in await place.inner_text()
            assert snapshot.version in await place.inner_text()
        await page.get_by_label("Viewer's country").select_option("DE")
        await page.get_by_label("Viewer's language").select_option("de")
        await page.get_by_role("button", name="firecrest", exact=True).first.click()
        await answers.first.locator(".help a").first.wait_for()
        assert "Suche" in await answers.first.inner_text()
        await page.get_by_text(f"Serving snapshot {snapshot.version}").wait_for()
        assert await page.title() == "Try the guard"

    assert asyncio.run(_in_browser(shelved, act)) == []
