"""An appeal over HTTP: taken in, decided by somebody else, given back, and what it says of the seeds."""

from dataclasses import replace

import pytest
from tests.cases.conftest import Room
from tests.cases.planning import CHILD, Bench
from tests.console.conftest import Browser, MakePlace
from tests.console.pages.acting import APPEAL, Scene, offered, scene
from tests.console.test_hostile import SCRIPT, runs

from ringfence.cases import appeals, grounds
from ringfence.cases.people import Role
from ringfence.cases.preview import Grounds

SEED = "owl"


@pytest.fixture
def at(room: Room, make_place: MakePlace, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Everybody in the case was led to by one seed."""
    read = grounds.read

    def seeded(workspace: object, accounts: list[str]) -> Grounds:
        return replace(read(workspace, accounts), seeds=dict.fromkeys(accounts, (SEED,)))  # type: ignore[arg-type]

    monkeypatch.setattr(grounds, "read", seeded)
    return scene(Bench(room), make_place, per_second=2_000.0)


@pytest.fixture
def wren(at: Scene) -> Browser:
    return at.browser(at.bench.wren)


@pytest.fixture
def gull(at: Scene) -> Browser:
    return at.browser(at.bench.gull)


@pytest.fixture
def plan_id(at: Scene, wren: Browser) -> str:
    """A plan that is done."""
    made = at.approved(wren, at.browser(at.bench.finch), "limit", "suspend", "remove_content")
    at.ran(wren, made)
    return made


def taken_in(who: Browser, account: str = "ant", statement: str = "I only photograph birds") -> str:
    answer = who.post("/appeals", account=account, statement=statement)
    assert answer.status_code == 303, answer.text
    return str(APPEAL.findall(answer.headers["location"])[0])


def test_an_overturned_appeal_gives_back_and_lowers_trust(
    at: Scene, plan_id: str, wren: Browser, gull: Browser
) -> None:
    appeal_id = taken_in(wren)
    here = f"/appeals/{appeal_id}"
    page = gull.get(here).text
    for shown in (
        "I only photograph birds",
        "shares a link with 3 found",
        "in no other network",
        "remove content",
        SEED,
    ):
        assert shown in page, shown
    assert {"bee", "cat", "dog"} <= set(_others(page))
    assert "no appeal yet" in page
    assert gull.post(f"{here}/decide", decision="overturn", answer="we were wrong").status_code == 303
    at.settled(gull, plan_id)
    assert [one for one in at.orders() if one[2] == "undo"] == [("ant", "suspend", "undo"), ("ant", "limit", "undo")]
    page = gull.get(here).text
    assert "we were wrong" in page
    assert "50%" in page
    assert "0 upheld, 1 overturned" in page
    assert "decide" not in offered(page)
    assert SEED in gull.get("/appeals").text.split('id="seeds"')[1]
    assert appeal_id not in gull.get("/appeals").text
    assert appeal_id in gull.get("/appeals?which=all").text
    assert gull.post(f"{here}/decide", decision="uphold", answer="again").status_code == 409
    assert at.status(plan_id) == "done", "the rest of the plan stands"
    assert at.whole()


def _others(page: str) -> list[str]:
    table = page.split('id="shared"')[1]
    return [row.split('"')[0] for row in table.split('data-href="/accounts/')[1:]]


def test_an_upheld_appeal_changes_nothing_but_trust(at: Scene, plan_id: str, wren: Browser, gull: Browser) -> None:
    before = at.orders()
    appeal_id = taken_in(wren)
    assert gull.post(f"/appeals/{appeal_id}/decide", decision="uphold", answer="it stands").status_code == 303
    assert (at.orders(), at.status(plan_id)) == (before, "done")
    assert "1 upheld, 0 overturned" in gull.get(f"/appeals/{appeal_id}").text


@pytest.mark.usefixtures("plan_id")
def test_nobody_who_had_a_part_decides(at: Scene, wren: Browser) -> None:
    """Not who proposed, not who approved, not who ran; nor by a request of their own making."""
    appeal_id = taken_in(wren)
    for own in (wren, at.browser(at.bench.finch)):
        page = own.get(f"/appeals/{appeal_id}").text
        assert "You had a part in what is appealed against" in page
        assert "decide" not in offered(page)
        forged = own.post(f"/appeals/{appeal_id}/decide", decision="overturn", answer="mine")
        assert forged.status_code == 403
    auditor = at.browser(at.bench.room.person("avocet", Role.AUDITOR))
    assert "decide" not in offered(auditor.get(f"/appeals/{appeal_id}").text)
    assert auditor.post(f"/appeals/{appeal_id}/decide", decision="overturn", answer="mine").status_code == 403
    assert at.place.room.run("SELECT decided_by FROM appeals") == [(None,)]
    assert [one for one in at.orders() if one[2] == "undo"] == []


@pytest.mark.usefixtures("plan_id")
def test_who_may_appeal_and_how_often(at: Scene, wren: Browser, gull: Browser) -> None:
    assert wren.post("/appeals", account="stork", statement="why me").status_code == 404
    assert wren.post("/appeals", account=CHILD, statement="why me").status_code == 404, "care was done to nobody"
    assert wren.post("/appeals", account="ant", statement=" ").status_code == 400
    assert wren.post("/appeals", account="ant", statement="x" * 10_001).status_code == 400
    assert wren.post("/appeals", account="ant", statement="x", against="plan-0000000000000000").status_code == 404
    taken_in(wren)
    assert wren.post("/appeals", account="ant", statement="again").status_code == 409
    assert at.place.room.count("appeals") == 1
    assert gull.get("/appeals/appeal-0000000000000000").status_code == 404


@pytest.mark.usefixtures("plan_id")
def test_a_decision_asks_for_a_fresh_code(at: Scene, wren: Browser) -> None:
    appeal_id = taken_in(wren)
    stale = at.browser(at.bench.gull, proved=False)
    answer = stale.post(f"/appeals/{appeal_id}/decide", decision="overturn", answer="x")
    assert answer.headers["location"].startswith("/confirm")
    assert at.place.room.run("SELECT decided_by FROM appeals") == [(None,)]


@pytest.mark.usefixtures("plan_id")
def test_what_was_written_to_run_is_shown_as_it_is(at: Scene, wren: Browser, gull: Browser) -> None:
    appeal_id = taken_in(wren, statement=SCRIPT)
    gull.post(f"/appeals/{appeal_id}/decide", decision="uphold", answer=SCRIPT)
    page = gull.get(f"/appeals/{appeal_id}").text
    assert runs(page) == []
    assert page.count("&lt;script&gt;") == 2
    assert at.place.room.run("SELECT statement FROM appeals") == [(SCRIPT,)]


def test_an_account_tells_what_was_done_to_it(at: Scene, plan_id: str, wren: Browser, gull: Browser) -> None:
    appeal_id = taken_in(wren)
    gull.post(f"/appeals/{appeal_id}/decide", decision="overturn", answer="sorry")
    at.settled(gull, plan_id)
    page = gull.get("/accounts/ant").text.split('id="acts-title"')[1]
    assert page.count(f'href="/plans/{plan_id}"') == 5
    assert "take back: limit" in page
    assert f'href="/appeals/{appeal_id}"' in page
    assert "overturned" in page
    viewer = at.browser(at.bench.room.person("vireo", Role.VIEWER)).get("/accounts/ant").text
    assert f'href="/plans/{plan_id}"' not in viewer, "a page that they may not open is no link"
    assert "No plan acted on it" in gull.get("/accounts/swift").text


def test_another_tenants_appeals_are_not_there(at: Scene, plan_id: str, wren: Browser, gull: Browser) -> None:
    theirs = Bench(at.place.room, tenant="other")
    theirs.whole(theirs.begin(theirs.approved()))
    with theirs.act() as within:
        made = appeals.receive(within, "ant", "why me")
    assert gull.get(f"/appeals/{made}").status_code == 404
    assert gull.post(f"/appeals/{made}/decide", decision="overturn", answer="x").status_code == 404
    assert made not in gull.get("/appeals?which=all").text
    [(against,)] = at.place.room.run("SELECT plan_id FROM appeals")
    assert against != plan_id
    assert wren.post("/appeals", account="ant", statement="x", against=against).status_code == 404
