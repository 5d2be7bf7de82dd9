import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import playwright.sync_api
import pytest
from tests.cases.test_found import keep
from tests.console.axe import faults
from tests.console.conftest import Place
from tests.console.pages import platform
from tests.console.pages.chromium import checked, context
from tests.console.pages.conftest import Inside
from tests.console.pages.platform import MEMBERS, PDQ

from ringfence.cases.people import Role
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.exchange import kept as kept_fetch
from ringfence.media.exchange.kept import Kept
from ringfence.media.hashes import parse
from ringfence.media.items import Item, Page, Signal
from ringfence.media.triage import decisions
from ringfence.model.words import HashKind, Opinion

SCRIPT = "<script>alert(1)</script>"
pytestmark = pytest.mark.parametrize("room", ["sqlite"], indirect=True)


@pytest.fixture
def found(place: Place, tmp_path: Path) -> Place:
    """New media that two members of a network shared."""
    platform.fill(place.room, tmp_path / "events")
    keep(place.room.workspace, list(MEMBERS), list(MEMBERS))
    return place


def acts(place: Place, act: str) -> list[Any]:
    return place.room.run("SELECT who, subject, detail FROM audit WHERE act = :act ORDER BY number", act=act)


def first_cluster(page: str) -> str:
    return page.split('data-href="/media/clusters/')[1].split('"', maxsplit=1)[0]


def banked(place: Place, *held: str) -> Banks:
    banks = Banks.of(place.room.workspace)
    banks.add(Bank("aviary", rollout=0.5))
    signal = Signal(HashKind.PDQ, parse(HashKind.PDQ, "1e" * 32, "test"), 90)
    for source in held:
        number = banks.put("aviary", Item(source, (signal,)), by="linnet")
        banks.say(number, Act.QUARANTINE, by="linnet", why=SCRIPT)
    return banks


def test_new_media_is_ranked_with_reasons_by_hash_alone(found: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    page = wren.get("/media/list").text
    assert "company: 2 of its 2 accounts in a network" in page
    assert "<img" not in page
    assert PDQ not in page
    shown = wren.get(f"/media/clusters/{first_cluster(page)}").text
    assert f'title="{PDQ}"' in shown
    assert 'href="/accounts/a"' in shown
    assert "<img" not in shown
    assert [row[1] for row in acts(found, "triage_read")] == ["review", first_cluster(page)]


def test_a_decision_covers_a_cluster_and_is_undone_whole(found: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    cluster = first_cluster(wren.get("/media/list").text)
    fields = {"cluster": cluster, "opinion": "positive"}
    assert wren.post("/media/decide", "/media", **fields, why=" ").status_code == 400
    assert acts(found, "triage_decided") == []
    assert wren.post("/media/decide", "/media", **fields, why=SCRIPT).status_code == 303
    shown = wren.get(f"/media/clusters/{cluster}?said=decided").text
    assert "&lt;script&gt;" in shown
    assert "<script>alert" not in shown + wren.get("/media/decisions").text
    assert cluster not in wren.get("/media/list").text
    assert wren.post("/media/undo", "/media", number=1, why="the wrong one").status_code == 303
    assert wren.post("/media/undo", "/media", number=1, why="again").status_code == 400
    assert cluster in wren.get("/media/list").text
    assert decisions.standing(decisions.read(found.room.workspace)) == {}
    assert [row[0] for row in acts(found, "triage_decided")] == ["wren", "wren"]
    banks = Banks.of(found.room.workspace)
    assert banks.contents("triage") == ()
    banks.close()


def test_who_reads_alone_decides_nothing(found: Place, inside: Inside) -> None:
    auditor = inside("owl", Role.AUDITOR)
    cluster = first_cluster(auditor.get("/media/list").text)
    banked(found, "s1").close()
    assert "/media/decide" not in auditor.get(f"/media/clusters/{cluster}").text
    assert "/media/settle" not in auditor.get("/media/quarantine").text
    for path, fields in (
        ("/media/decide", {"cluster": cluster, "opinion": "positive", "why": "no"}),
        ("/media/undo", {"number": 1, "why": "no"}),
        ("/media/settle", {"number": 1, "act": "release", "why": "no"}),
    ):
        assert auditor.post(path, "/media", **fields).status_code == 403
    assert decisions.read(found.room.workspace) == ()


def test_odd_clusters_and_opinions_are_refused(found: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    cluster = first_cluster(wren.get("/media/list").text)
    for odd in ("0" * 16, "' OR 1=1 --", SCRIPT, "..%2F..%2Fringfence.toml"):
        assert wren.get(f"/media/clusters/{odd}").status_code in (400, 404), odd
        assert wren.post("/media/decide", "/media", cluster=odd, opinion="positive", why="x").status_code == 400
    assert wren.post("/media/decide", "/media", cluster=cluster, opinion="disputed", why="x").status_code == 400
    assert wren.post("/media/settle", "/media", number=1, act="confirm", why="x").status_code == 400
    assert acts(found, "triage_decided") == acts(found, "bank_decided") == []


def test_quarantine_is_let_go_or_kept_by_a_person(found: Place, inside: Inside) -> None:
    banked(found, "s1", "s2").close()
    wren = inside("wren", Role.REVIEWER)
    page = wren.get("/media/quarantine").text
    assert "<script>alert" not in page
    assert page.count('action="/media/settle"') == 2
    assert wren.post("/media/settle", "/media", number=1, act="release", why="looked at").status_code == 303
    assert wren.post("/media/settle", "/media", number=1, act="release", why="again").status_code == 400
    assert wren.post("/media/settle", "/media", number=2, act="quarantine", why="in doubt").status_code == 303
    banks = Banks.of(found.room.workspace)
    assert [(one.content, one.held) for one in banks.held()] == [(2, "in doubt")]
    assert [(said.act, said.by) for said in banks.history(1)][-1] == (Act.RELEASE, "wren")
    banks.close()
    assert [row[1] for row in acts(found, "bank_decided")] == ["content 1", "content 2"]


def test_banks_and_exchanges_are_told_with_their_last_fetch(found: Place, inside: Inside) -> None:
    file = found.room.workspace.media / "exchanges.toml"
    file.parent.mkdir(exist_ok=True)
    one = {"service": "threatexchange", "group": "1", "secret_env": "SECRET_OF_AVIARY"}
    file.write_text(
        "".join(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in {**one, "bank": bank}.items())
            for name, bank in (("flock", "aviary"), ("nest", "other"))
        )
    )
    banks = banked(found)
    at = datetime(2026, 11, 1, 8, tzinfo=UTC)
    banks.land("aviary", Page((), (), kept_fetch.written(Kept("flock", "p", at, at)), more=False))
    banks.close()
    page = inside("wren", Role.REVIEWER).get("/media/banks").text
    for words in ("aviary", "50%", "1 Nov 2026, 08:00", "up to its end", "not fetched yet"):
        assert words in page, words
    assert "SECRET_OF_AVIARY" not in page


def test_where_there_is_nothing_the_pages_say_so_and_make_nothing(place: Place, inside: Inside) -> None:
    wren = inside("wren", Role.REVIEWER)
    assert "There is no bank yet" in wren.get("/media/banks").text
    assert "Nothing is in quarantine" in wren.get("/media/quarantine").text
    assert "Nothing was decided yet" in wren.get("/media/decisions").text
    assert "Run `ringfence discover`" in wren.get("/media/list").text
    part = wren.get("/media/list", **{"hx-request": "true"})
    assert (part.status_code, "Run `ringfence discover`" in part.text) == (200, True)
    assert not (place.room.workspace.media / "banks.sqlite").exists()


def test_the_pages_are_open_to_all_and_a_list_comes_by_itself(
    found: Place, inside: Inside, chromium: playwright.sync_api.Browser
) -> None:
    banked(found, "s1").close()
    wren = inside("wren", Role.REVIEWER)
    cluster = first_cluster(wren.get("/media/list").text)
    paths = ("/media", "/media?care=yes", f"/media/clusters/{cluster}", "/media/banks", "/media/quarantine")
    checked(chromium, found, wren, *paths, "/media/decisions")
    window = context(chromium, found, wren)
    page = window.new_page()
    page.goto("/media")
    page.get_by_text("company: 2 of its 2").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/media/clusters/{cluster}")
    page.keyboard.press("w")
    page.keyboard.type("seen by hash alone")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("nothing happened to any account").wait_for()
    assert decisions.read(found.room.workspace)[0].opinion is Opinion.POSITIVE
    window.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_stands_there_while_the_list_is_made_can_be_read(
    found: Place, inside: Inside, chromium: playwright.sync_api.Browser, scheme: str
) -> None:
    window = context(chromium, found, inside("wren", Role.REVIEWER), color_scheme=scheme)
    page = window.new_page()
    waiting: list[playwright.sync_api.Route] = []

    def hold(route: playwright.sync_api.Route) -> None:
        waiting.append(route)  # a minute, on a large platform

    page.route("**/media/list", hold)
    page.goto("/media")
    page.locator("#media-list.htmx-request").wait_for()
    page.wait_for_timeout(400)  # until whatever fades has faded
    assert page.get_by_text("Grouping and ranking what was uploaded").is_visible()
    assert faults(page, "color-contrast") == []
    waiting[0].continue_()
    page.get_by_text("company: 2 of its 2").wait_for()
    window.close()
