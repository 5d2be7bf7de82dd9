import re

import pytest
from tests.cases.networks import network
from tests.console.conftest import Browser, Place

from ringfence.cases.people import Role
from ringfence.cases.priority import Harm
from ringfence.cases.reports import Report

CASE = re.compile(r'data-href="/cases/(case-[0-9a-f]+)"')


def shown(browser: Browser, path: str = "/queue") -> list[str]:
    return CASE.findall(browser.get(path).text)


def harm(minors: int) -> Harm:
    return Harm(viewers=100, audience=10, minors_reached=minors, minors_inside=0, growth=0.1, quiet=1.0)


@pytest.fixture
def cases(place: Place) -> list[str]:
    """Five, the first the worst."""
    return place.open_cases(*(network(f"net-{one}", [f"m{one}"], harm(500 - 100 * one)) for one in range(5)))


def test_the_queue_is_in_the_order_asked_for_and_says_what_is_in_it(place: Place, cases: list[str]) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    assert shown(browser) == cases
    browser.post(f"/cases/{cases[3]}/urgent", why="a child wrote to us")
    assert shown(browser) == [cases[3], *cases[:3], cases[4]]
    assert shown(browser, "/queue?urgent=yes") == [cases[3]]
    page = browser.get("/queue").text
    assert "exposure 40%, minors 90%" in page, "the parts, for who does not see them"
    assert page.count("<h1") == 1


def test_one_takes_the_next_gives_it_back_and_sees_who_has_which(place: Place, cases: list[str]) -> None:
    wren, finch = place.signed_in("wren", Role.REVIEWER), place.signed_in("finch", Role.REVIEWER)
    assert wren.post("/queue/next").headers["location"] == f"/cases/{cases[0]}?said=taken"
    assert finch.post("/queue/next").headers["location"] == f"/cases/{cases[1]}?said=taken"
    held = finch.post(f"/cases/{cases[0]}/take")
    assert (held.status_code, "is held by wren until" in held.text) == (409, True)
    assert shown(wren, "/queue?held=mine") == [cases[0]]
    assert shown(wren, "/queue?held=free") == cases[2:]
    assert "finch" in wren.get("/queue").text
    assert finch.post(f"/cases/{cases[0]}/release").status_code == 409
    wren.post(f"/cases/{cases[0]}/release")
    assert finch.post(f"/cases/{cases[0]}/take").status_code == 303
    place.room.clock.later(minutes=31)
    assert shown(place.signed_in("gull", Role.VIEWER), "/queue?held=free") == cases, "what ran out is free"


def test_where_all_is_held_it_says_so(place: Place) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    assert wren.post("/queue/next").headers["location"] == "/queue?said=none"
    assert "The queue is empty" in wren.get("/queue").text
    assert "Every open case is held" in wren.get("/queue?said=none").text
    assert (
        "said" not in wren.get("/queue?said=<b>words of somebody else</b>").text.split("</header>")[1].split("<nav")[0]
    )
    assert "words of somebody else" not in wren.get("/queue?said=words of somebody else").text


def test_filters_find_what_they_say(place: Place, cases: list[str]) -> None:
    at = place.room.clock.now
    place.report(Report("r-1", "m2", "spam", None, at), Report("r-2", "lonely", "spam", None, at))
    wren = place.signed_in("wren", Role.REVIEWER)
    assert shown(wren, "/queue?about=m2") == [cases[2]]
    assert shown(wren, "/queue?about=net-4") == [cases[4]]
    assert shown(wren, f"/queue?about={cases[1]}") == [cases[1]]
    [alone] = shown(wren, "/queue?kind=account")
    assert shown(wren, "/queue?about=lonely") == [alone]
    assert shown(wren, "/queue?reported=yes") == [cases[2], alone]
    assert "1 wait" in wren.get("/queue").text
    assert "No open case is like that" in wren.get("/queue?about=nobody").text


def test_pages_join_and_keep_the_filter(place: Place) -> None:
    place.open_cases(*(network(f"net-{one:03}", [f"m{one}"], harm(one)) for one in range(120)))
    wren = place.signed_in("wren", Role.REVIEWER)
    seen, path = [], "/queue?held=free"
    while path:
        page = wren.get(path).text
        seen += CASE.findall(page)
        following = re.search(r'<a href="(/queue\?[^"]*after=[^"]*)"[^>]*>Next page', page)
        path = following[1].replace("&amp;", "&") if following else ""
        assert not path or "held=free" in path
    assert len(seen) == len(set(seen)) == 120


def test_a_script_gets_the_rows_and_no_more(place: Place, cases: list[str]) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    part = wren.get("/queue", **{"hx-request": "true"}).text
    assert CASE.findall(part) == cases
    assert "<html" not in part
    fault = wren.get("/queue?order=x", **{"hx-request": "true"})
    assert (fault.status_code, "<html" in fault.text, 'role="alert"' in fault.text) == (400, False, True)


def test_who_only_reads_is_offered_nothing_to_take(place: Place, cases: list[str]) -> None:
    gull = place.signed_in("gull", Role.VIEWER)
    page = gull.get("/queue").text
    assert "/take" not in page
    assert "/queue/next" not in page
    assert "Comment</button>" not in gull.get(f"/cases/{cases[0]}").text
