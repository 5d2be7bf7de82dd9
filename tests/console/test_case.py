import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from tests.cases.networks import found, network, with_probability
from tests.console.conftest import Place
from tests.console.pages.platform import fill

from ringfence.cases import opening
from ringfence.cases.found import Network
from ringfence.cases.people import Role, at_shell
from ringfence.cases.reports import Report

ACCOUNT = re.compile(r'data-account="([^"]+)"')


def of_scores(made: Network, scores: Sequence[float]) -> Network:
    """The same network with other scores, each of which its contributions add up to."""
    rows = [{**row, "score": score} for row, score in zip(made.scores, scores, strict=True)]
    told = {
        row["account_id"]: {
            "against": ["in no other network"],
            "contributions": [{"words": "links", "amount": row["score"] + 1}, {"words": "age", "amount": -1.0}],
        }
        for row in rows
    }
    return replace(made, scores=rows, explanations=told)


@pytest.fixture
def case_id(place: Place) -> str:
    """Members a (likely minor), b (below), c and d (above)."""
    made = of_scores(network("net-1", "abcd", a="likely_minor"), [4.0, 3.0, 5.5, 1.25])
    [made_id] = place.open_cases(with_probability(made, {"b": 0.1, "c": 0.9, "d": 0.8}))
    return made_id


def test_members_are_in_groups_sorted_filtered_and_paged(place: Place, case_id: str) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)

    def shown(asked: str) -> str:
        return "".join(ACCOUNT.findall(wren.get(f"/cases/{case_id}?{asked}").text))

    assert shown("") == "abcd"
    assert shown("standing=above") == "cd"
    assert shown("standing=below") == "b"
    assert shown("standing=likely_minor") == "a"
    assert shown("standing=protected") == ""
    assert shown("sort=score&way=down") == "cabd"
    assert shown("sort=account&way=down") == "dcba"
    assert shown("sort=probability&way=down") == "cdba", "who has none comes last"
    assert shown("sort=probability") == "bdca"
    assert shown("least=4") == "ac"
    assert shown("find=c") == "c"
    assert shown("role=likely_minor") == "a"
    assert shown("number=9") == "abcd", "a page beyond the last is the last"
    part = wren.get(f"/cases/{case_id}?sort=score", **{"hx-request": "true"}).text
    assert "<html" not in part
    assert 'aria-sort="ascending"' in part


def test_a_large_network_comes_in_pages_without_a_gap(place: Place) -> None:
    [case_id] = place.open_cases(network("net-1", [f"m{one:04}" for one in range(130)]))
    wren = place.signed_in("wren", Role.REVIEWER)
    pages = [ACCOUNT.findall(wren.get(f"/cases/{case_id}?number={one}").text) for one in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 30]
    assert sorted(sum(pages, [])) == [f"m{one:04}" for one in range(130)]  # noqa: RUF017, three pages
    assert "130 members, page 2 of 3" in wren.get(f"/cases/{case_id}?number=2").text


def test_a_case_is_worked_from_taking_to_closing_and_begun_again(place: Place, case_id: str) -> None:
    at = place.room.clock.now
    place.report(Report("r/1", "c", "spam", None, at))
    wren = place.signed_in("wren", Role.REVIEWER)
    here = f"/cases/{case_id}"
    assert wren.post(f"{here}/close", outcome="acted", why="birds").status_code == 409, "not held"
    wren.post(f"{here}/take")
    wren.post(f"{here}/comments", text="two\nlines")
    wren.post(f"{here}/answers", report="r/1", decision="nothing_found", text="We looked.")
    wren.post(f"{here}/urgent", why="a child wrote")
    page = wren.get(here).text
    for words in ("two\nlines", "We looked.", "nothing found", "urgent", "held by you", "a child wrote"):
        assert words in page, words
    wren.post(f"{here}/not-urgent", why="she is safe")
    assert wren.post(f"{here}/close", outcome="care", why="handed over").headers["location"] == f"{here}?said=closed"
    assert "The case is closed." in wren.get(f"{here}?said=closed").text
    assert wren.post(f"{here}/take").status_code == 409
    wren.post(f"{here}/reopen", why="more came in")
    kinds = [kind for (kind,) in place.room.run("SELECT kind FROM case_events ORDER BY event_id")]
    assert kinds[-6:] == ["commented", "answered", "marked_urgent", "unmarked", "closed", "reopened"]


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("comments", {"text": " "}),
        ("comments", {}),
        ("urgent", {"why": ""}),
        ("close", {"outcome": "gone", "why": "birds"}),
        ("answers", {"report": "r-1", "decision": "maybe", "text": "birds"}),
    ],
)
def test_what_lacks_something_is_refused_and_says_what(
    place: Place, case_id: str, act: str, fields: dict[str, str]
) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    wren.post(f"/cases/{case_id}/take")
    answer = wren.post(f"/cases/{case_id}/{act}", **fields)
    assert answer.status_code == 400
    assert "That cannot be done as it was asked" in answer.text


def test_every_reading_of_a_case_and_an_account_is_in_the_audit(place: Place, case_id: str) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    for path in ("/queue", f"/cases/{case_id}", "/accounts/c", "/accounts/c?text=shown"):
        assert wren.get(path).status_code == 200
    acts = place.room.run("SELECT act, subject FROM audit WHERE who = 'wren' ORDER BY number")
    read = ["queue_read", "case_read", "account_read", "account_read", "profile_read"]
    assert acts == list(zip(read, ["queue", case_id, "c", "c", "c"], strict=True))
    gull = place.signed_in("gull", Role.VIEWER)
    assert gull.get("/accounts/c?text=shown").status_code == 403


def test_an_account_says_why_and_what_its_score_adds_up_from(place: Place, case_id: str) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    page = wren.get("/accounts/c").text
    amounts = [float(one) for one in re.findall(r'<td class="right num">([+-][0-9.]+)</td>', page)]
    [total] = re.findall(r"<strong>([0-9.]+)</strong></td></tr></tfoot>", page)
    assert sum(amounts) == pytest.approx(float(total)) == 5.5
    assert "Tell whoever runs discovery" not in page
    assert "in no other network" in page
    assert case_id in page
    room = place.room
    room.run("UPDATE members SET score = 5.6 WHERE account_id = 'c'")
    assert "Tell whoever runs discovery" in wren.get("/accounts/c").text, "a score that its parts do not give"
    assert wren.get("/accounts/nobody").status_code == 404


def test_a_senior_reviewer_protects_an_account_and_everybody_sees_it(place: Place, case_id: str) -> None:
    wren, finch = place.signed_in("wren", Role.REVIEWER), place.signed_in("finch", Role.SENIOR_REVIEWER)
    assert wren.post("/protected", account="c", kind="reporter", why="reports for us").status_code == 403
    assert finch.post("/protected", account="c", kind="reporter", why="reports for us").status_code == 303
    assert "protected: reporter" in wren.get("/accounts/c").text
    assert ACCOUNT.findall(wren.get(f"/cases/{case_id}?standing=protected").text) == ["c"]
    finch.post("/protected/remove", account="c")
    assert ACCOUNT.findall(wren.get(f"/cases/{case_id}?standing=below").text) == ["b", "c"]


def test_growth_is_drawn_once_there_are_two_days(place: Place, case_id: str) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    assert "Members over time" not in wren.get(f"/cases/{case_id}").text
    place.room.clock.later(days=2)
    with place.room.database.transaction(at_shell("own")) as within:
        opening.open_cases(within, found(3, [network("net-1", "acdefgh")]), 0.5)
    again = place.signed_in("wren")
    page = again.get(f"/cases/{case_id}").text
    assert "2026-11-02 4; 2026-11-04 7" in page
    assert ACCOUNT.findall(again.get(f"/cases/{case_id}?left=yes").text) == ["b"]


@pytest.mark.parametrize("name", ["https://birds.example/users/wren?x=1#y %2e 100%", "reed/../../people", "a//b"])
def test_an_id_may_be_whatever_the_platform_has(place: Place, name: str) -> None:
    [case_id] = place.open_cases(network("net-1", [name]))
    wren = place.signed_in("wren", Role.REVIEWER)
    [path] = re.findall(r'data-href="(/accounts/[^"]+)"', wren.get(f"/cases/{case_id}").text)
    assert urljoin(place.settings.address, path) == place.settings.address + path, "as a browser makes it of the link"
    assert "In which cases" in wren.get(path).text
    back = place.browser().get(path).headers["location"]
    assert wren.get(unquote(back.partition("?back=")[2])).status_code == 200, "where somebody comes once signed in"


def test_an_account_names_no_term(place: Place, tmp_path: Path) -> None:
    fill(place.room, tmp_path / "events")
    page = place.signed_in("gull", Role.VIEWER).get("/accounts/a").text
    assert "Terms of the lexicon in what it wrote" in page
    assert "kittiwake" not in page
