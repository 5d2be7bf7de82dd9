"""Holds over HTTP: placed, extended, kept by law, purged with a proof, and shown to who asks alone."""

import hashlib

from tests.cases.planning import Bench
from tests.console.conftest import Browser
from tests.console.pages.acting import HOLD, Scene, at, finch, offered, wren
from tests.console.test_hostile import SCRIPT, runs

from ringfence.cases import holds
from ringfence.cases.people import Role

__all__ = ["at", "finch", "wren"]


def placed(at: Scene, who: Browser, why: str = "an officer asked", days: int = 30) -> str:
    answer = who.post("/holds", case=at.bench.case_id, why=why, days=days)
    assert answer.status_code == 303, answer.text
    return str(HOLD.findall(answer.headers["location"])[0])


def acts(at: Scene, who: str) -> list[tuple[str, str]]:
    told = "SELECT act, subject FROM audit WHERE who = :who ORDER BY number"
    return [(row[0], row[1]) for row in at.place.room.run(told, who=who)]


def test_the_evidence_is_masked_until_it_is_asked_for(at: Scene, wren: Browser, finch: Browser) -> None:
    hold_id = placed(at, finch)
    page = wren.get(f"/holds/{hold_id}").text
    assert "shares a link with 3 found" not in page
    assert ("hold_read", hold_id) not in acts(at, "wren")
    shown = wren.get(f"/holds/{hold_id}?evidence=shown").text
    assert "shares a link with 3 found" in shown
    assert acts(at, "wren").count(("hold_read", hold_id)) == 1
    copy = wren.get(f"/holds/{hold_id}/evidence.json")
    assert acts(at, "wren").count(("hold_read", hold_id)) == 2
    assert hashlib.sha256(copy.content).hexdigest() in page, "the digest is of the file, to the letter"
    assert copy.headers["content-disposition"].startswith("attachment")
    viewer = at.browser(at.bench.room.person("vireo", Role.VIEWER))
    for path in ("/holds", f"/holds/{hold_id}", f"/holds/{hold_id}/evidence.json"):
        assert viewer.get(path).status_code == 403, path


def test_a_hold_is_extended_and_never_set_back(at: Scene, finch: Browser) -> None:
    hold_id = placed(at, finch)
    here = f"/holds/{hold_id}"
    before = at.place.room.run("SELECT until FROM holds")
    for wrong in ("2026-11-03", "tomorrow", "2026-13-40", "9999-12-31", "0001-01-01", ""):
        assert finch.post(f"{here}/extend", until=wrong, why="x").status_code == 400, wrong
    assert at.place.room.run("SELECT until FROM holds") == before
    assert finch.post(f"{here}/extend", until="2027-06-30", why="the trial is in July").status_code == 303
    assert "1 Jul 2027, 00:00" in finch.get(here).text


def test_a_legal_hold_stays_and_a_purge_leaves_its_proof(at: Scene, finch: Browser) -> None:
    kept, gone = placed(at, finch), placed(at, finch, days=1)
    assert finch.post(f"/holds/{kept}/legal", why="a court").status_code == 303
    at.place.room.clock.later(days=40)
    finch = at.browser(at.bench.finch)
    due = finch.get("/holds?which=due").text
    assert gone in due
    assert kept not in due
    digest = due.split(f'{gone}</a><span class="under id" title="')[1][:64]
    assert finch.post("/holds/purge").status_code == 303
    page = finch.get(f"/holds/{gone}").text
    assert digest in page
    assert "It is gone" in page
    assert finch.get(f"/holds/{gone}?evidence=shown").status_code == 409
    assert finch.get(f"/holds/{gone}/evidence.json").status_code == 409
    assert gone in finch.get("/holds?which=purged").text
    [(told,)] = at.place.room.run("SELECT detail FROM audit WHERE act = 'hold_purged'")
    assert digest in told
    assert '"as_held":true' in told
    assert finch.post(f"/holds/{kept}/lift", why="the trial is over").status_code == 303
    assert finch.post("/holds/purge").headers["location"].endswith("said=purged")
    assert finch.post("/holds/purge").headers["location"].endswith("said=none_due")
    assert at.whole()


def test_only_senior_reviewers_keep_holds_and_with_a_fresh_code(at: Scene, wren: Browser, finch: Browser) -> None:
    hold_id = placed(at, finch)
    assert offered(wren.get(f"/holds/{hold_id}").text) & {"extend", "legal", "lift"} == set()
    fields = {"case": at.bench.case_id, "why": "x", "days": "3", "until": "2030-01-01"}
    for path in ("/holds", "/holds/purge", f"/holds/{hold_id}/extend", f"/holds/{hold_id}/legal"):
        assert wren.post(path, **fields).status_code == 403, path
    stale = at.browser(at.bench.finch, proved=False)
    for path in ("/holds/purge", f"/holds/{hold_id}/legal", f"/holds/{hold_id}/lift"):
        assert stale.post(path, **fields).headers["location"].startswith("/confirm"), path
    assert at.place.room.run("SELECT count(*), max(legal_by) FROM holds") == [(1, None)]


def test_a_hold_needs_a_reason_a_case_and_days(at: Scene, finch: Browser) -> None:
    here = at.bench.case_id
    for case, why, days, status in (
        (here, " ", 3, 400),
        (here, "x", 0, 400),
        (here, "x", 99_999, 400),
        ("case-0000000000000000", "x", 3, 404),
    ):
        assert finch.post("/holds", case=case, why=why, days=days).status_code == status, (case, why, days)
    assert at.place.room.count("holds") == 0


def test_what_an_approved_plan_rests_on_is_held(at: Scene, wren: Browser, finch: Browser) -> None:
    plan_id = at.approved(wren, finch)
    page = wren.get(f"/holds?about={at.bench.case_id}").text
    assert plan_id in page
    at.place.room.clock.later(days=400)
    late = at.browser(at.bench.finch)
    assert "its plan is not over" in late.get("/holds").text
    assert late.post("/holds/purge").headers["location"].endswith("said=none_due")


def test_another_tenants_holds_are_not_there(at: Scene, finch: Browser) -> None:
    theirs = Bench(at.place.room, tenant="other")
    with theirs.act(theirs.finch) as within:
        made = holds.place(within, theirs.case_id, "a court", 1)
    for path in (f"/holds/{made}", f"/holds/{made}?evidence=shown", f"/holds/{made}/evidence.json"):
        assert finch.get(path).status_code == 404, path
    for act in ("extend", "legal", "lift"):
        assert finch.post(f"/holds/{made}/{act}", why="x", until="2030-01-01").status_code == 404, act
    assert finch.post("/holds", case=theirs.case_id, why="x", days=3).status_code == 404
    assert made not in finch.get(f"/holds?about={theirs.case_id}").text
    at.place.room.clock.later(days=3)
    at.browser(at.bench.finch).post("/holds/purge")
    assert at.place.room.run("SELECT purged_at FROM holds") == [(None,)]


def test_what_was_written_to_run_is_shown_as_it_is(at: Scene, finch: Browser) -> None:
    hold_id = placed(at, finch, why=SCRIPT)
    finch.post(f"/holds/{hold_id}/legal", why=SCRIPT)
    for path in (f"/holds/{hold_id}", f"/holds/{hold_id}?evidence=shown", f"/holds?about={SCRIPT}"):
        page = finch.client.get(path, headers={"accept": "text/html"})
        assert page.status_code == 200, path
        assert runs(page.text) == [], path
    assert finch.get(f"/holds/{hold_id}").text.count("&lt;script&gt;") == 2
