"""A plan over HTTP until it is approved: who may, what is refused, who is set aside, and whose turn it is."""

from tests.cases.conftest import Room
from tests.cases.planning import CHILD, SHIELDED, UNSURE, Bench
from tests.console.conftest import Browser, MakePlace
from tests.console.pages.acting import (
    FROM,
    WHY,
    Scene,
    acted_on,
    at,
    digest,
    finch,
    offered,
    scene,
    sealed,
    waits_for,
    wren,
)
from tests.console.test_hostile import SCRIPT, runs

from ringfence.cases.people import Role

__all__ = ["at", "finch", "wren"]


def test_nobody_approves_what_they_proposed_or_changed(at: Scene, wren: Browser, finch: Browser) -> None:
    """By the page, or by a request of one's own making."""
    at.roles("wren", Role.REVIEWER, Role.SENIOR_REVIEWER)
    plan_id = at.drafted(wren)
    gull = at.browser(at.bench.gull)
    assert gull.post(f"/plans/{plan_id}/leave-out", account="dog").status_code == 303
    wren.post(f"/plans/{plan_id}/freeze", seen=sealed(wren.get(f"/plans/{plan_id}").text))
    shown = finch.get(f"/plans/{plan_id}").text
    for own in (wren, gull):
        page = own.get(f"/plans/{plan_id}").text
        assert "approve" not in offered(page)
        assert "You had a part in proposing it" in page
        forged = own.post(f"/plans/{plan_id}/approve", digest=digest(shown), why="agreed")
        assert (forged.status_code, at.status(plan_id)) == (403, "frozen")
        assert "had a part in proposing this plan" in forged.text
    assert "approve" in offered(shown)


def test_what_is_approved_is_what_was_shown(at: Scene, wren: Browser, finch: Browser) -> None:
    one, other = at.proposed(wren), at.proposed(wren, "limit")
    shown = digest(finch.get(f"/plans/{one}").text)
    for wrong in (digest(finch.get(f"/plans/{other}").text), "0" * 64, "", shown.upper()):
        answer = finch.post(f"/plans/{one}/approve", digest=wrong, why="agreed")
        assert (answer.status_code, at.status(one)) == (409 if wrong else 400, "frozen"), wrong
    assert finch.post(f"/plans/{one}/approve", digest=shown, why=" ").status_code == 400
    assert finch.post(f"/plans/{one}/approve", digest=shown, why="agreed").status_code == 303
    assert finch.post(f"/plans/{one}/approve", digest=shown, why="agreed").status_code == 409


def test_what_is_frozen_is_what_was_shown(at: Scene, wren: Browser) -> None:
    plan_id = at.drafted(wren)
    seen = sealed(wren.get(f"/plans/{plan_id}").text)
    wren.post(f"/plans/{plan_id}/leave-out", account="cat")
    for wrong in (seen, "0" * 64, ""):
        assert wren.post(f"/plans/{plan_id}/freeze", seen=wrong).status_code == (409 if wrong else 400)
        assert at.status(plan_id) == "draft"
    at.bench.find(2, ["ant", "bee", "cat", "dog", "eel"])
    now = sealed(wren.get(f"/plans/{plan_id}").text)
    assert wren.post(f"/plans/{plan_id}/freeze", seen=now).status_code == 303
    assert wren.post(f"/plans/{plan_id}/leave-out", account="ant").status_code == 409, "nobody changes it any more"


def test_nobody_who_is_set_aside_gets_in_by_name(at: Scene, wren: Browser) -> None:
    """Whatever is sent with the form, or taken in again."""
    names = f"ant\n{CHILD}\n{SHIELDED}\n{UNSURE}\nnobody"
    more = {"accounts": CHILD, "account": SHIELDED, "standing": "above", "left_out": "", "by": "finch"}
    plan_id = at.drafted(wren, "suspend", "care", only=names, **more)
    for name in (CHILD, SHIELDED, UNSURE):
        wren.post(f"/plans/{plan_id}/leave-out", account=name)
        wren.post(f"/plans/{plan_id}/take-in", account=name)
    page = wren.get(f"/plans/{plan_id}")
    assert acted_on(page.text) == ["ant", CHILD]
    child = page.text.split(f'data-account="{CHILD}"')[1].split("</tr>")[0]
    assert "<td>care</td>" in child
    assert "suspend" not in child
    assert "Leave out" not in child
    aside = wren.get(f"/plans/{plan_id}?part=aside").text
    for why in ("may be a child", "protected accounts", "below the threshold", "no member of this case"):
        assert why in aside, why
    assert at.place.room.run("SELECT by FROM plans") == [("wren",)]
    only_child = at.drafted(wren, "suspend", only=f"{SHIELDED}\n{UNSURE}")
    answer = wren.get(f"/plans/{only_child}")
    assert "Nobody is left to act on" in answer.text
    assert wren.post(f"/plans/{only_child}/freeze", seen="0" * 64).status_code == 400


def test_an_account_is_left_out_and_taken_in_again(at: Scene, wren: Browser) -> None:
    plan_id = at.drafted(wren)
    wren.post(f"/plans/{plan_id}/leave-out", account="bee")
    wren.post(f"/plans/{plan_id}/leave-out", account="cat")
    assert set(acted_on(wren.get(f"/plans/{plan_id}").text)) == {"ant", "dog", CHILD}
    assert wren.get(f"/plans/{plan_id}?part=aside").text.count("was left out by whoever proposes") == 2
    wren.post(f"/plans/{plan_id}/take-in", account="bee")
    edited = {"actions": ["restrict"], "why": "milder", "csrf": wren.token()}
    wren.client.post(f"/plans/{plan_id}/edit", data=edited, headers=FROM)
    page = wren.get(f"/plans/{plan_id}").text
    assert set(acted_on(page)) == {"ant", "bee", "dog", CHILD}, "who was left out stays left out"
    assert "<td>restrict</td>" in page


def test_a_draft_is_thrown_away_for_a_reason_and_stays_to_be_read(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.drafted(wren)
    assert wren.post(f"/plans/{plan_id}/drop", why=" ").status_code == 400
    assert wren.post(f"/plans/{plan_id}/drop", why="they watch birds").status_code == 303
    assert wren.post(f"/plans/{plan_id}/drop", why="again").status_code == 409
    assert wren.post(f"/plans/{plan_id}/edit", actions="limit", why="x").status_code == 409
    page = finch.get(f"/plans/{plan_id}").text
    assert "The draft was dropped by wren: they watch birds" in page
    assert {"again"} == offered(page.split("<main")[1])
    listed = finch.get("/plans").text
    assert 'id="drafts"' not in listed
    assert plan_id in listed.split('id="past"')[1]
    told = at.place.room.run("SELECT subject, detail FROM audit WHERE act = 'plan_dropped'")
    assert [subject for subject, _ in told] == [plan_id]
    assert "they watch birds" in told[0][1]
    kinds = at.place.room.run("SELECT kind FROM case_events ORDER BY event_id")
    assert kinds[-1] == ("plan_dropped",)


def test_a_large_plan_comes_in_pages_and_one_goes_back_to_where_one_was(room: Room, make_place: MakePlace) -> None:
    at = scene(Bench(room, [f"m{number:03}" for number in range(230)]), make_place)
    wren = at.browser(at.bench.wren)
    plan_id = at.drafted(wren)
    pages = [acted_on(wren.get(f"/plans/{plan_id}?number={number}").text) for number in (1, 2, 3, 9)]
    assert [len(page) for page in pages] == [100, 100, 31, 31]
    assert len({one for page in pages for one in page}) == 231
    part = wren.get(f"/plans/{plan_id}?find=m1&number=1", **{"hx-request": "true"}).text
    assert "<html" not in part
    assert len(acted_on(part)) == 100
    answer = wren.post(f"/plans/{plan_id}/leave-out", account="m150", number=2, find="m")
    assert answer.headers["location"] == f"/plans/{plan_id}?number=2&find=m&said=left_out"
    assert wren.post(f"/plans/{plan_id}/leave-out", account="m150", number=0).status_code == 400


def test_a_network_that_changed_says_how_and_offers_a_new_preview(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.proposed(wren)
    shown = digest(finch.get(f"/plans/{plan_id}").text)
    at.bench.find(2, ["ant", "bee", "dog", "eel"])
    page = finch.get(f"/plans/{plan_id}").text
    assert "the network has changed since the plan was frozen" in page
    assert "approve" not in offered(page)
    changed = page.split('class="changes"')[1].split("</ul>")[0]
    assert "joined" in changed
    assert "eel" in changed
    assert "cat" in changed
    assert finch.post(f"/plans/{plan_id}/approve", digest=shown, why="agreed").status_code == 409
    answer = wren.post(f"/plans/{plan_id}/again")
    assert answer.status_code == 303
    assert set(acted_on(wren.get(answer.headers["location"]).text)) == {"ant", "bee", "dog", "eel", CHILD}


def test_a_form_of_elsewhere_changes_nothing(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.proposed(wren)
    shown = digest(finch.get(f"/plans/{plan_id}").text)
    fields = {"digest": shown, "why": "x", "account": "ant", "statement": "x", "case": at.bench.case_id, "days": "3"}
    paths = [
        f"/plans/{plan_id}/{act}" for act in ("approve", "refuse", "start", "stop", "undo", "freeze", "edit", "drop")
    ]
    for path in [*paths, "/appeals", "/holds", "/holds/purge", f"/cases/{at.bench.case_id}/plan"]:
        bare = finch.client.post(path, data=fields, headers=FROM)
        foreign = {**FROM, "sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}
        crossed = finch.client.post(path, data={**fields, "csrf": finch.token()}, headers=foreign)
        assert (bare.status_code, crossed.status_code) == (403, 403), path
    assert at.status(plan_id) == "frozen"


def test_another_tenants_plans_are_not_there(at: Scene, finch: Browser) -> None:
    theirs = Bench(at.place.room, tenant="other")
    made = theirs.propose()
    for path in (f"/plans/{made.plan_id}", f"/cases/{theirs.case_id}/plan"):
        assert finch.get(path).status_code == 404, path
    fields = {"digest": str(made.digest), "why": "x", "account": "ant", "seen": "0", "actions": "limit"}
    acts = (
        "approve",
        "refuse",
        "start",
        "stop",
        "undo",
        "give-back",
        "freeze",
        "edit",
        "leave-out",
        "take-in",
        "drop",
        "again",
    )
    for act in acts:
        assert finch.post(f"/plans/{made.plan_id}/{act}", **fields).status_code == 404, act
    assert finch.get(f"/plans/{made.plan_id}/progress", **{"hx-request": "true"}).status_code == 404
    assert made.plan_id not in finch.get("/plans").text
    assert at.status(made.plan_id) == "frozen"
    count = "SELECT count(*) FROM audit WHERE tenant = 'other' AND act LIKE 'plan_read'"
    assert at.place.room.run(count) == [(0,)]


def test_what_was_written_to_run_is_shown_as_it_is(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.proposed(wren, why=SCRIPT, only=f"ant\n{SCRIPT}")
    finch.post(f"/plans/{plan_id}/refuse", digest=digest(finch.get(f"/plans/{plan_id}").text), why=SCRIPT)
    for path in (f"/plans/{plan_id}", f"/plans/{plan_id}?part=aside", f"/plans/{plan_id}?find={SCRIPT}", "/plans"):
        page = finch.client.get(path, headers=FROM)
        assert page.status_code == 200, path
        assert runs(page.text) == [], path
    assert finch.get(f"/plans/{plan_id}").text.count("&lt;script&gt;") >= 2
    assert WHY not in finch.get(f"/plans/{plan_id}").text


def test_plans_are_listed_by_whose_turn_it_is(at: Scene, wren: Browser, finch: Browser) -> None:
    waits, own, draft = at.proposed(wren), at.proposed(wren, "limit"), at.drafted(wren)
    page = finch.get("/plans").text
    first = page.split('id="under-way"')[0]
    assert waits in first.split('id="yours"')[1]
    assert own in first
    assert draft in page.split('id="drafts"')[1]
    assert waits_for(finch, "/plans") == 2
    assert waits_for(wren, "/plans") == 0
    at.roles("wren", Role.REVIEWER, Role.SENIOR_REVIEWER)
    assert waits_for(wren, "/plans") == 0, "nobody's own wait for them"
    at.roles("wren", Role.REVIEWER)
    finch.post(f"/plans/{own}/refuse", digest=digest(finch.get(f"/plans/{own}").text), why="no")
    assert waits_for(finch, "/plans") == 1
    mine = wren.get("/plans").text
    assert 'id="yours"' not in mine
    assert waits in mine.split('id="others"')[1]
    assert at.browser(at.bench.room.person("vireo", Role.VIEWER)).get("/plans").status_code == 403


def test_only_who_holds_the_case_drafts(at: Scene, wren: Browser, finch: Browser) -> None:
    page = finch.get(f"/cases/{at.bench.case_id}/plan").text
    assert "wren holds this case" in page
    assert "plan" not in offered(page.split("<main")[1])
    answer = finch.post(f"/cases/{at.bench.case_id}/plan", actions="limit", why="x")
    assert answer.status_code == 409
    assert wren.post(f"/cases/{at.bench.case_id}/plan", why="x").status_code == 400
    assert wren.post(f"/cases/{at.bench.case_id}/plan", actions="limit", why=" ").status_code == 400
    assert wren.post(f"/cases/{at.bench.case_id}/plan", actions="burn", why="x").status_code == 400
    assert at.place.room.count("plans") == 0


def test_reading_a_plan_is_recorded_and_its_progress_is_not(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.proposed(wren)
    count = "SELECT count(*) FROM audit WHERE who = 'finch'"
    before = at.place.room.run(count)[0][0]
    finch.get(f"/plans/{plan_id}/progress", **{"hx-request": "true"})
    assert at.place.room.run(count)[0][0] == before
    finch.get(f"/plans/{plan_id}")
    finch.get("/plans")
    rows = at.place.room.run("SELECT act, subject FROM audit WHERE who = 'finch' ORDER BY number")
    assert rows[-2:] == [("plan_read", plan_id), ("plans_read", "plans")]
