import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pyotp
import pytest
import uvicorn
from fastapi import FastAPI
from tests.cases.conftest import Room, _room, template
from tests.cases.networks import found, network
from tests.console.browser import chromium, console, served_console
from tests.postgresql import Postgresql

from ringfence.cases import credentials, opening, reports, staff
from ringfence.cases.found import Network
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.reports import Report
from ringfence.cases.tables import CASES
from ringfence.console import serving
from ringfence.console import settings as settings_of
from ringfence.console.application import application
from ringfence.console.page import Page
from ringfence.console.pages import ALL
from ringfence.console.settings import Settings
from ringfence.store.load import load

__all__ = ["chromium", "console", "served_console", "template"]

PASSWORD = "a long enough password"
HASHED = credentials.hashed(PASSWORD)  # slow on purpose, so once
# As Chromium says it of a form on one of the console's own pages.
BROWSER = {"sec-fetch-site": "same-origin", "accept": "text/html"}
TOKEN = re.compile(r'name="csrf(?:-token)?" (?:value|content)="([0-9a-f]{64})"')


@dataclass
class Browser:
    """A browser with cookies of its own, that fills in the forms it is shown."""

    client: httpx.Client
    room: Room
    secrets: dict[str, str]
    person: str = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={**BROWSER, **headers}, follow_redirects=False)

    def post(self, path: str, _from: str = "/settings", **fields: object) -> httpx.Response:
        """Send a form as the page `_from` would."""
        data = {"csrf": self.token(_from), **{name: str(value) for name, value in fields.items()}}
        return self.client.post(path, data=data, headers=BROWSER, follow_redirects=False)

    def token(self, path: str = "/settings") -> str:
        found = TOKEN.search(self.get(path).text)
        assert found, path
        return found[1]

    def sign_in(self, person: str, password: str = PASSWORD, back: str = "") -> httpx.Response:
        self.room.clock.later(seconds=31)  # a code is good once
        self.person = person
        fields = {"person": person, "password": password, "code": self.code(), "back": back}
        return self.post("/sign-in", "/sign-in", **fields)

    def code(self) -> str:
        return pyotp.TOTP(self.secrets[self.person]).at(self.room.clock.now)

    def cookie(self) -> str:
        return self.client.cookies.get("ringfence-session") or ""


@dataclass
class Place:
    """A console over a room, and the people who work there."""

    room: Room
    app: FastAPI
    settings: Settings
    secrets: dict[str, str] = field(default_factory=dict)
    browsers: list[Browser] = field(default_factory=list)

    def hire(self, name: str, *roles: Role) -> Person:
        with self.room.database.transaction(at_shell("own")) as within:
            person = staff.add(within, name, name.title(), roles)
            credentials.set_password(within, name, HASHED)
            address = credentials.set_totp(within, name, self.settings.sealing)
        self.secrets[name] = pyotp.parse_uri(address).secret
        return person

    def browser(self) -> Browser:
        made = Browser(httpx.Client(base_url=self.settings.address, timeout=60), self.room, self.secrets)
        self.browsers.append(made)
        return made

    def open_cases(self, *networks: Network, tenant: str = "own") -> list[str]:
        """Cases for some networks, and their ids in the same order."""
        with self.room.database.transaction(at_shell(tenant)) as within:
            opening.open_cases(within, found(1, networks or [network("net-1", "abc")]), 0.5)
            rows = within.connection.execute(CASES.select().where(CASES.c.tenant == tenant)).all()
        ids = {row.network_id: str(row.case_id) for row in rows}
        return [ids[one.network_id] for one in networks] if networks else list(ids.values())

    def fill_store(self, *accounts: Mapping[str, object]) -> None:
        """What the platform itself has of some accounts."""
        source = self.room.workspace.path.parent / "events"
        source.mkdir()
        (source / "accounts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in accounts))
        load(self.room.workspace, [source])

    def report(self, *given: Report, tenant: str = "own") -> None:
        with self.room.database.transaction(at_shell(tenant)) as within:
            reports.receive(within, given)

    def close(self) -> None:
        for one in self.browsers:
            one.client.close()

    def signed_in(self, name: str, *roles: Role) -> Browser:
        """A browser of somebody, who is hired first unless they are."""
        if name not in self.secrets:
            self.hire(name, *roles)
        made = self.browser()
        answer = made.sign_in(name)
        assert answer.status_code == 303, answer.text
        return made


MakePlace = Callable[..., Place]


@contextmanager
def served(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """The application over real HTTP."""
    server = uvicorn.Server(serving.config(app, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the console could not start"
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def make_place(room: Room) -> Iterator[MakePlace]:
    """Consoles over the room, each on a port of its own, with more pages and other settings."""
    with ExitStack() as until_the_end:

        def make(*more: Page, **changes: object) -> Place:
            listener = until_the_end.enter_context(socket.create_server(("127.0.0.1", 0)))
            given = settings_of.read(room.workspace, "127.0.0.1", listener.getsockname()[1])
            chosen = replace(given, **changes)  # type: ignore[arg-type]
            place = Place(room, application(chosen, room.clock, (*ALL, *more)), chosen)
            until_the_end.enter_context(served(place.app, listener))
            until_the_end.callback(place.close)
            return place

        yield make


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    return make_place()


# What the database is matters to `tests/cases`, which has both; here it would take minutes more.
@pytest.fixture(params=("sqlite", pytest.param("postgresql", marks=pytest.mark.soak)))
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """An empty room, once on each database."""
    if request.param == "sqlite":
        yield from _room(tmp_path, "")
        return
    server: Postgresql = request.getfixturevalue("postgresql")
    name = server.make(request.getfixturevalue("template"))
    yield from _room(tmp_path, server.address(name))
    server.drop(name)
