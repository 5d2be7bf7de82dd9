"""A console over a case that wren holds, and the browsers of those who propose, approve, run and decide."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import msgspec
import pytest
from tests.cases.conftest import Room
from tests.cases.planning import Bench
from tests.console.conftest import Browser, MakePlace, Place

from ringfence.cases import heads, staff, verify
from ringfence.cases.people import Person, Role, at_shell
from ringfence.console import sessions
from ringfence.console.sessions import Way
from ringfence.store.workspace import CONFIG, Workspace

WHY = "they sell what the firecrest list is about"
PLAN, APPEAL, HOLD = (re.compile(rf"{kind}-[0-9a-f]{{16}}") for kind in ("plan", "appeal", "hold"))
FORMS = re.compile(r'action="(?:/plans/[^/"]+)?/([a-z-]+)"')


@dataclass
class Scene:
    """The bench of a case, the console over it, and how to see what the file enforcer was told."""

    bench: Bench
    place: Place

    def browser(self, person: Person, *, proved: bool = True) -> Browser:
        """A browser of somebody who is signed in; `proved` is that they gave a fresh code."""
        made = Browser(
            httpx.Client(base_url=self.place.settings.address, timeout=60), self.place.room, self.place.secrets
        )
        self.place.browsers.append(made)
        given = (self.place.room.database, self.place.settings, person, Way.PASSWORD, "test", "")
        made.client.cookies.set("ringfence-session", sessions.begin(*given, proved=proved))
        return made

    def roles(self, name: str, *roles: Role) -> None:
        with self.place.room.database.transaction(at_shell("own")) as within:
            staff.set_roles(within, name, roles)

    def drafted(self, wren: Browser, *actions: str, **fields: str) -> str:
        """The id of a plan that somebody drafted for the case."""
        asked = {"actions": list(actions or ("limit", "suspend")), "why": WHY, **fields, "csrf": wren.token()}
        answer = wren.client.post(f"/cases/{self.bench.case_id}/plan", data=asked, headers=FROM)
        assert answer.status_code == 303, answer.text
        return str(PLAN.findall(answer.headers["location"])[0])

    def proposed(self, wren: Browser, *actions: str, **fields: str) -> str:
        plan_id = self.drafted(wren, *actions, **fields)
        answer = wren.post(f"/plans/{plan_id}/freeze", seen=sealed(wren.get(f"/plans/{plan_id}").text))
        assert answer.status_code == 303, answer.text
        return plan_id

    def approved(self, wren: Browser, finch: Browser, *actions: str) -> str:
        plan_id = self.proposed(wren, *actions)
        shown = digest(finch.get(f"/plans/{plan_id}").text)
        assert finch.post(f"/plans/{plan_id}/approve", digest=shown, why="agreed").status_code == 303
        return plan_id

    def settled(self, who: Browser, plan_id: str) -> None:
        """Wait until nobody carries a plan out, as the page does."""
        for _ in range(600):
            answer = who.get(f"/plans/{plan_id}/progress", **{"hx-request": "true"})
            assert answer.status_code == 200, answer.text
            if answer.headers.get("hx-refresh"):
                return
            time.sleep(0.05)
        raise AssertionError(answer.text)

    def ran(self, who: Browser, plan_id: str, through: str = "all") -> None:
        answer = who.post(f"/plans/{plan_id}/start", through=through)
        assert answer.status_code == 303, answer.text
        self.settled(who, plan_id)

    def status(self, plan_id: str) -> str:
        [(found,)] = self.place.room.run("SELECT status FROM plans WHERE plan_id = :plan_id", plan_id=plan_id)
        return str(found)

    def orders(self) -> list[tuple[str, str, str]]:
        """Account, action and direction of every line that the file has."""
        file = self.place.settings.workspace.path / "orders.jsonl"
        lines = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()] if file.exists() else []
        assert len({one["key"] for one in lines}) == len(lines), "each key once"
        return [(one["account_id"], one["action"], one["direction"]) for one in lines]

    def whole(self) -> bool:
        """Whether the audit of the cases is as it was written."""
        database = self.place.room.database
        with database.look() as connection:
            beside = heads.read(database.beside, "own")
            key = database.key.public_key().public_bytes_raw().hex()
            return not verify.verify(connection, "own", key, [beside] if beside else []).broken


FROM = {"sec-fetch-site": "same-origin", "accept": "text/html"}


def configured(workspace: Workspace, **settings: object) -> Workspace:
    """The same workspace with some settings of [enforcement]."""
    lines = "".join(f"{name} = {msgspec.json.encode(value).decode()}\n" for name, value in settings.items())
    file = workspace.path / CONFIG
    text = file.read_text()
    kept = re.sub(r"(?ms)^\[enforcement\]\n.*?(?=^\[|\Z)", "", text)
    file.write_text(f"{kept}\n[enforcement]\n{lines}")
    return Workspace.open(workspace.path)


def scene(bench: Bench, make_place: MakePlace, **settings: object) -> Scene:
    workspace = configured(bench.room.workspace, **settings)
    return Scene(bench, make_place(workspace=workspace))


def digest(text: str) -> str:
    """What the form to approve sends along."""
    return _hidden(text, "digest")


def sealed(text: str) -> str:
    return _hidden(text, "seen")


def waits_for(who: Browser, path: str) -> int:
    """How much the menu says waits for somebody on one of its pages."""
    entry = who.get("/wellbeing").text.split(f'<a href="{path}"')[1].split("</a>")[0]
    told = re.findall(r">, (\d+) for you<", entry)
    return int(told[0]) if told else 0


def offered(text: str) -> set[str]:
    """Which forms a page has, by the last part of their address."""
    return set(FORMS.findall(text))


def acted_on(text: str) -> Sequence[str]:
    return re.findall(r'data-account="([^"]+)"', text)


def _hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([0-9a-f]{{64}})"', text)
    assert found, f"no {name}"
    return found[1]


@pytest.fixture
def at(room: Room, make_place: MakePlace) -> Scene:
    return scene(Bench(room), make_place, per_second=2_000.0)


@pytest.fixture
def wren(at: Scene) -> Browser:
    return at.browser(at.bench.wren)


@pytest.fixture
def finch(at: Scene) -> Browser:
    return at.browser(at.bench.finch)
