"""A real Chromium before a real console: what every test of pages shares.

`console` is a console in a process of its own over a small platform whose cases are open, once on SQLite and once on
PostgreSQL. `console.signed_in(role)` is a page of somebody with that role, who went through the form to sign in. What a
page does wrong unseen fails its test: an error in its console, something the policy on content refused, a request that
would leave the console. `accessible(page)` asks axe.
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, sync_playwright
from tests.console.axe import faults
from tests.console.people import PASSWORD, hired
from tests.console.platforms import SMALL, Platform, opened
from tests.missing import missing
from tests.postgresql import Postgresql

from ringfence.cases.people import Role
from ringfence.store.workspace import CONFIG, Workspace

NAMES = ("chromium", "chromium-browser", "google-chrome")
# No graphics card is asked for: the map is drawn in software, as it is where these tests run.
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage")
SIZE: Any = {"width": 1280, "height": 720}
TABLET: Any = {"width": 820, "height": 1180}
REFUSED = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error("policy: " + event.violatedDirective + " " + event.blockedURI));"""


@dataclass
class Watch:
    """What went wrong in the pages of one context, unseen. A test that expects some of it takes it out."""

    origin: str
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(REFUSED)
        context.on("page", self._page)
        context.on("request", self._request)

    def _page(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "GPU stall" not in message.text:
            self.faults.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.faults.append(f"left: {request.url}")


@dataclass
class Console:
    """A console that answers at `address`, and the way in for each role."""

    workspace: Workspace
    platform: Platform
    database: str
    address: str
    secrets: dict[Role, str]
    browser: Browser | None = None  # another one in each file of tests
    watches: list[Watch] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    states: dict[Role, Any] = field(default_factory=dict)

    def context(self, **options: Any) -> BrowserContext:
        """A browser of somebody who has not signed in; what goes wrong in it fails the test."""
        assert self.browser is not None
        made = self.browser.new_context(base_url=self.address, **{"viewport": SIZE, **options})
        made.set_default_timeout(60_000)
        watch = Watch(self.address)
        watch.over(made)
        self.watches.append(watch)
        self.contexts.append(made)
        return made

    def signed_in(self, role: Role, **options: Any) -> Page:
        """A page of somebody with a role. Each signs in once, since a code is good once; then the session is shared."""
        if role not in self.states:
            door = self.context()
            page = door.new_page()
            page.goto("/sign-in")
            page.get_by_label("Name").fill(str(role).replace("_", "-"))
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_label("Code").fill(pyotp.TOTP(self.secrets[role]).now())
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda address: "/sign-in" not in address)
            self.states[role] = door.storage_state()
        return self.context(storage_state=self.states[role], **options).new_page()

    def settle(self) -> None:
        """After a test: close its pages, and say what went wrong in them."""
        for context in self.contexts:
            context.close()
        faults = [fault for watch in self.watches for fault in watch.faults]
        self.contexts.clear()
        self.watches.clear()
        assert not faults, "; ".join(faults)


def accessible(page: Page, *rules: str) -> None:
    """Assert that axe finds nothing serious or critical in a page as it stands, by these rules or all of them."""
    assert faults(page, *rules) == []


def found_chromium() -> str | None:
    """Where the system's Chromium is; None where Playwright's own is the only one there may be."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, else the one that Playwright installs.

    One for each file of tests: while it is there, nothing else in this thread can run a loop of its own.
    """
    with sync_playwright() as playwright:
        try:
            made = playwright.chromium.launch(executable_path=found_chromium(), args=FLAGS)
        except Error as error:
            missing(f"no Chromium: install the system's, or run `playwright install chromium` ({error})")
        yield made
        made.close()


@pytest.fixture(scope="session", params=("sqlite", "postgresql"))
def served_console(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for all tests of this process, on each database."""
    address = ""
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        address = server.address(server.make())
    folder = tmp_path_factory.mktemp("console")
    platform = opened(new_workspace(folder / "platform", address), SMALL)
    yield from serving(platform, request.param)


@pytest.fixture
def console(served_console: Console, chromium: Browser) -> Iterator[Console]:
    """A console on one of the databases. What tests do to it is seen by those that follow."""
    served_console.browser = chromium
    yield served_console
    served_console.settle()


def new_workspace(path: Path, database: str) -> Workspace:
    """A workspace whose cases are at an address of PostgreSQL, or in SQLite where that is empty."""
    made = Workspace.create(path)
    file = made.path / CONFIG
    file.write_text(file.read_text().replace('database = ""', f'database = "{database}"'))
    return Workspace.open(path)


def serving(platform: Platform, database: str, browser: Browser | None = None) -> Iterator[Console]:
    """Serve a platform by `ringfence console` until it is no longer needed."""
    secrets = hired(platform.workspace)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", "from ringfence.cli import run; run()", "console", "--port", str(port)]
    log = platform.workspace.path.parent / "console.log"
    with log.open("wb") as told:
        process = subprocess.Popen([*command, "--workspace", platform.workspace.path], stdout=told, stderr=told)
    try:
        _answers(address, process, log)
        yield Console(platform.workspace, platform, database, address, secrets, browser)
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(2_400):
        try:
            httpx.get(f"{address}/sign-in", timeout=60)
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
