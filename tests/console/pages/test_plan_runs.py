"""A plan over HTTP from its approval on: run, stopped, resumed, undone, and what really goes out to the platform."""

import re
import time

import pytest
from tests.cases.conftest import Room
from tests.cases.planning import CHILD, SHIELDED, UNSURE, Bench
from tests.console.conftest import Browser, MakePlace
from tests.console.pages.acting import (
    APPEAL,
    Scene,
    acted_on,
    at,
    configured,
    digest,
    finch,
    offered,
    scene,
    sealed,
    wren,
)
from tests.enforcement.conftest import platform
from tests.enforcement.platform import SECRET, Platform

from ringfence.cases import plan
from ringfence.cases.people import Role

__all__ = ["at", "finch", "platform", "wren"]
MEMBERS = [f"m{number:02}" for number in range(12)]
BADGE = re.compile(r'class="badge[^"]*">([^<]+)<')


def standing(who: Browser, plan_id: str) -> str:
    """How the list of plans says that one stands."""
    row = who.get("/plans").text.split(f'data-href="/plans/{plan_id}"')[1].split("</tr>")[0]
    return str(BADGE.findall(row)[0])


@pytest.mark.parametrize("target", ["file", "webhook"])
def test_the_whole_story(
    room: Room, platform: Platform, make_place: MakePlace, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setenv("HOOK", SECRET.decode())
    hook = {"enforcer": "webhook", "url": platform.url, "secret_variable": "HOOK"} if target == "webhook" else {}
    at = scene(Bench(room, MEMBERS), make_place, per_second=12.0, **hook)
    wren, finch, gull = (at.browser(one) for one in (at.bench.wren, at.bench.finch, at.bench.gull))
    plan_id = at.drafted(wren, "limit", "suspend", "remove_content")
    here = f"/plans/{plan_id}"
    assert wren.post(f"{here}/leave-out", account="m03").status_code == 303
    draft = wren.get(here).text
    assert set(acted_on(draft)) == {*MEMBERS, CHILD} - {"m03"}
    assert wren.post(f"{here}/freeze", seen=sealed(draft)).status_code == 303
    assert wren.post(f"{here}/approve", digest="0" * 64, why="my own").status_code == 403
    shown = finch.get(here).text
    assert set(acted_on(shown)) == {*MEMBERS, CHILD} - {"m03"}
    assert finch.post(f"{here}/approve", digest=digest(shown), why="seen, and agreed").status_code == 303

    at.ran(wren, plan_id, "next")
    assert at.status(plan_id) == "stopped"
    assert "the next waits for somebody to go on" in wren.get(here).text
    assert standing(wren, plan_id) == "paused"
    assert wren.post(f"{here}/start", through="all").status_code == 303
    assert wren.post(f"{here}/stop", why="let me look").status_code == 303
    at.settled(wren, plan_id)
    assert at.status(plan_id) == "stopped"
    assert "stopped by wren: let me look" in wren.get(here).text
    assert standing(wren, plan_id) == "stopped"
    at.ran(finch, plan_id)
    assert at.status(plan_id) == "done"

    answer = wren.post("/appeals", account="m05", statement="I only photograph birds")
    appeal = "/appeals/" + APPEAL.findall(answer.headers["location"])[0]
    assert finch.post(f"{appeal}/decide", decision="overturn", answer="sorry").status_code == 403
    assert gull.post(f"{appeal}/decide", decision="overturn", answer="sorry").status_code == 303
    at.settled(gull, plan_id)
    assert "take back: suspend" in gull.get(appeal).text

    assert wren.post(f"{here}/undo", why="the wrong network").status_code == 303
    at.settled(wren, plan_id)
    assert at.status(plan_id) == "undone"
    page = wren.get(here).text
    assert "what was removed is gone" in page
    assert "care goes on" in page
    told = _told(at, platform, target)
    acted = {*MEMBERS} - {"m03"}
    for action in ("limit", "suspend"):
        assert {one for one, *rest in told if rest == [action, "do"]} == acted
        assert {one for one, *rest in told if rest == [action, "undo"]} == acted
    assert {one for one, *rest in told if rest == ["remove_content", "do"]} == acted
    assert [one for one in told if one[0] == CHILD] == [(CHILD, "care", "do")]
    assert {one for one, *_ in told} & {SHIELDED, UNSURE, "m03"} == set()
    assert at.whole()


def _told(at: Scene, platform: Platform, target: str) -> list[tuple[str, str, str]]:
    if target == "file":
        return at.orders()
    told = platform.told()
    assert set(told["did"].values()) == {1}
    rows = room_orders(at)
    return [rows[key] for key in told["order"]]


def room_orders(at: Scene) -> dict[str, tuple[str, str, str]]:
    rows = at.place.room.run("SELECT key, account_id, action, direction FROM plan_orders")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def test_what_was_not_told_yet_is_told_when_somebody_says_so(at: Scene, wren: Browser) -> None:
    at.bench.whole(at.bench.begin(at.bench.approved()))
    assert "not told to discovery and the guard yet" in wren.get("/plans").text
    viewer = at.browser(at.bench.room.person("avocet", Role.AUDITOR))
    assert viewer.post("/plans/deliver").status_code == 403
    assert wren.post("/plans/deliver").status_code == 303
    assert "not told to discovery" not in wren.get("/plans").text


def test_an_approver_who_was_demoted_vouches_for_nothing(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.approved(wren, finch)
    at.roles("finch", Role.REVIEWER)
    page = wren.get(f"/plans/{plan_id}").text
    assert "finch, who approved it, may not approve plans" in page
    assert "start" not in offered(page)
    answer = wren.post(f"/plans/{plan_id}/start")
    assert (answer.status_code, at.status(plan_id), at.orders()) == (409, "approved", [])


def test_two_starts_are_one(room: Room, make_place: MakePlace) -> None:
    at = scene(Bench(room, MEMBERS), make_place, per_second=20.0)
    wren, finch = at.browser(at.bench.wren), at.browser(at.bench.finch)
    plan_id = at.approved(wren, finch)
    for who in (wren, finch, wren):
        assert who.post(f"/plans/{plan_id}/start", through="all").status_code == 303
    part = wren.get(f"/plans/{plan_id}/progress", **{"hx-request": "true"})
    assert "hx-trigger" in part.text
    assert "hx-refresh" not in part.headers
    assert "<html" not in part.text
    assert wren.get(f"/plans/{plan_id}/progress").status_code == 303, "without a script it is the page"
    at.settled(wren, plan_id)
    assert at.status(plan_id) == "done"
    assert room.run("SELECT run FROM plans") == [(1,)]
    assert len(at.orders()) == 25


def test_an_undo_waits_for_the_run_that_goes_on(room: Room, make_place: MakePlace) -> None:
    at = scene(Bench(room, MEMBERS), make_place, per_second=20.0)
    wren, finch = at.browser(at.bench.wren), at.browser(at.bench.finch)
    plan_id = at.approved(wren, finch)
    wren.post(f"/plans/{plan_id}/start", through="all")
    assert finch.post(f"/plans/{plan_id}/undo", why="the wrong network").status_code == 303
    at.settled(wren, plan_id)
    assert at.status(plan_id) == "undone"
    did = {(account, action) for account, action, direction in at.orders() if direction == "do"}
    back = {(account, action) for account, action, direction in at.orders() if direction == "undo"}
    assert did - {(CHILD, "care")} == back


def test_what_a_console_left_when_it_ended_goes_on_in_the_next(room: Room, make_place: MakePlace) -> None:
    at = scene(Bench(room, MEMBERS), make_place, per_second=8.0)
    wren, finch = at.browser(at.bench.wren), at.browser(at.bench.finch)
    plan_id = at.approved(wren, finch)
    wren.post(f"/plans/{plan_id}/start", through="all")
    time.sleep(0.4)
    at.place.app.state.console.runs.end()
    assert at.status(plan_id) == "stopped"
    assert room.run("SELECT token FROM plans") == [(None,)], "nobody need wait for it"
    again = Scene(at.bench, make_place(workspace=configured(room.workspace, per_second=2_000.0)))
    wren = again.browser(at.bench.wren)
    page = wren.get(f"/plans/{plan_id}").text
    assert "the console was ended" in page
    assert "start" in offered(page)
    again.ran(wren, plan_id)
    assert (again.status(plan_id), len(again.orders())) == ("done", 25)


def test_a_plan_that_stands_as_running_is_offered_to_be_resumed(at: Scene, wren: Browser, finch: Browser) -> None:
    """As after a console was killed: whoever ran it counts as gone after a while."""
    plan_id = at.approved(wren, finch)
    with at.bench.act() as within:
        found = plan.seen(within, plan_id)
    at.bench.begin(found)
    page = wren.get(f"/plans/{plan_id}").text
    assert "Somebody else carries it out, or was ended lately" in page
    assert "start" not in offered(page)
    assert wren.post(f"/plans/{plan_id}/start", through="all").status_code == 409
    at.place.room.clock.later(minutes=4)
    page = wren.get(f"/plans/{plan_id}").text
    assert "nobody carries it out" in page
    assert "start" in offered(page)
    at.ran(wren, plan_id)
    assert at.status(plan_id) == "done"


def test_without_an_enforcer_nothing_is_started_and_the_page_says_so(room: Room, make_place: MakePlace) -> None:
    at = scene(Bench(room), make_place, enforcer="webhook")
    wren, finch = at.browser(at.bench.wren), at.browser(at.bench.finch)
    plan_id = at.approved(wren, finch)
    page = wren.get(f"/plans/{plan_id}").text
    assert "Nothing can be carried out: enforcement.url is not set" in page
    assert "ringfence.toml" in page
    assert offered(page) & {"start", "undo"} == set()
    for act in ("start", "undo"):
        assert wren.post(f"/plans/{plan_id}/{act}", why="x").status_code == 400
    assert at.status(plan_id) == "approved"
    assert room.run("SELECT DISTINCT state FROM plan_orders") == [("pending",)]


def test_each_act_asks_for_a_fresh_code_but_to_stop(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.proposed(wren)
    shown = digest(finch.get(f"/plans/{plan_id}").text)
    stale = at.browser(at.bench.finch, proved=False)
    assert f"/confirm?back=/plans/{plan_id}%3Fdo%3Dapprove" in stale.get(f"/plans/{plan_id}").text
    for act in ("approve", "refuse", "start", "undo", "give-back"):
        answer = stale.post(f"/plans/{plan_id}/{act}", digest=shown, why="agreed")
        assert answer.headers.get("location", "").startswith("/confirm"), act
    assert at.status(plan_id) == "frozen"
    assert stale.post(f"/plans/{plan_id}/stop", why="now").status_code == 409, "there is nothing to stop"
