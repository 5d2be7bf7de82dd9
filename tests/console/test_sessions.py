import hashlib

import pytest
from tests.console.conftest import Browser, MakePlace, Place

from ringfence.cases import staff
from ringfence.cases.people import Role, at_shell
from ringfence.console import cookies


def alive(browser: Browser) -> bool:
    return browser.get("/settings").status_code == 200


def test_the_database_has_no_secret_of_a_session(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    rows = str(place.room.run("SELECT * FROM sessions")) + str(place.room.run("SELECT * FROM audit"))
    assert len(browser.cookie()) == 43
    assert browser.cookie() not in rows
    assert hashlib.sha256(browser.cookie().encode()).hexdigest() in rows


def test_signing_in_gives_another_id_and_ends_the_one_before(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    before = browser.cookie()
    browser.sign_in("wren")
    assert browser.cookie() != before
    thief = place.browser()
    thief.client.cookies.set("ringfence-session", before)
    assert not alive(thief)
    assert alive(browser)


def test_an_id_that_somebody_planted_is_not_taken_over(place: Place) -> None:
    place.hire("wren", Role.REVIEWER)
    browser = place.browser()
    browser.client.cookies.set("ringfence-session", "planted", domain="127.0.0.1")
    browser.sign_in("wren")
    thief = place.browser()
    thief.client.cookies.set("ringfence-session", "planted")
    assert not alive(thief)


@pytest.mark.parametrize("forged", ["0" * 43, "' OR 1=1 --", "x" * 5_000, "a;b", "%00"])
def test_a_forged_session_is_none(place: Place, forged: str) -> None:
    place.signed_in("wren", Role.REVIEWER)
    browser = place.browser()
    answer = browser.client.get("/settings", headers={"cookie": f"ringfence-session={forged}", "accept": "text/html"})
    assert answer.headers["location"] == "/sign-in?back=/settings"


def test_the_hash_in_the_database_opens_nothing(place: Place) -> None:
    place.signed_in("wren", Role.REVIEWER)
    browser = place.browser()
    browser.client.cookies.set("ringfence-session", str(place.room.run("SELECT hash FROM sessions")[0][0]))
    assert not alive(browser)


def test_a_session_ends_when_nothing_is_asked(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    for _ in range(4):
        place.room.clock.later(minutes=29)
        assert alive(browser), "each request has it begin anew"
    place.room.clock.later(minutes=30)
    assert not alive(browser)
    assert place.room.count("sessions") == 0
    place.room.clock.later(minutes=-20)
    assert not alive(browser), "it is gone, whatever the clock says"


def test_a_session_ends_after_a_days_work(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    for _ in range(35):
        place.room.clock.later(minutes=20)
        assert alive(browser)
    place.room.clock.later(minutes=20)
    assert not alive(browser)


def test_a_session_that_was_signed_out_of_is_of_no_more_use(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    secret, token = browser.cookie(), browser.token()
    browser.post("/sign-out")
    assert browser.cookie() == ""
    browser.client.cookies.set("ringfence-session", secret)
    assert not alive(browser)
    fields = {"csrf": token, "theme": "dark"}
    again = browser.client.post("/settings/theme", data=fields, headers={"sec-fetch-site": "same-origin"})
    assert again.status_code == 401
    assert place.room.run("SELECT who FROM audit WHERE act = 'session_ended'") == [("wren",)]


def test_who_loses_a_role_or_leaves_is_signed_out(place: Place) -> None:
    wren = place.signed_in("wren", Role.REVIEWER, Role.VIEWER)
    finch = place.signed_in("finch", Role.REVIEWER)
    gull = place.signed_in("gull", Role.REVIEWER)
    with place.room.database.transaction(at_shell("own")) as within:
        staff.set_roles(within, "wren", [Role.VIEWER])
        staff.leave(within, "finch")
        staff.set_roles(within, "gull", [Role.REVIEWER, Role.VIEWER])
    assert (alive(wren), alive(finch), alive(gull)) == (False, False, True)
    with place.room.database.transaction(at_shell("own")) as within:
        staff.set_roles(within, "wren", [Role.VIEWER, Role.REVIEWER])
    assert not alive(wren), "it does not come back with the role"
    ended = place.room.run("SELECT subject FROM audit WHERE act = 'session_ended' ORDER BY subject")
    assert ended == [("finch",), ("wren",)]


def test_who_leaves_is_signed_out_even_if_they_had_no_role_to_lose(place: Place) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    with place.room.database.transaction(at_shell("own")) as within:
        staff.set_roles(within, "wren", [])
    wren.sign_in("wren")
    assert alive(wren)
    with place.room.database.transaction(at_shell("own")) as within:
        staff.leave(within, "wren")
    assert wren.get("/settings").status_code == 303
    assert place.room.run("SELECT subject FROM audit WHERE act = 'session_ended'")[-1] == ("wren",)


def test_one_ends_ones_own_sessions_and_nobody_elses(place: Place) -> None:
    here, there = place.signed_in("wren", Role.REVIEWER), place.signed_in("wren", Role.REVIEWER)
    other = place.signed_in("finch", Role.REVIEWER)
    for browser in (there, other):
        here.post("/settings/sessions/end", session=hashlib.sha256(browser.cookie().encode()).hexdigest())
    assert (alive(here), alive(there), alive(other)) == (True, False, True)
    assert here.get("/settings").text.count("this one") == 1


def test_cookies_are_for_no_script_no_other_site_and_with_tls_for_no_other_host(make_place: MakePlace) -> None:
    place = make_place(secure=True)
    place.hire("wren", Role.REVIEWER)
    browser = place.browser()
    given = browser.get("/sign-in").headers["set-cookie"]
    assert given.startswith("__Host-ringfence-door=")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in given
    assert "Domain" not in given
    assert "strict-transport-security" in browser.get("/sign-in").headers
    assert cookies.name(place.settings, cookies.SESSION) == "__Host-ringfence-session"
