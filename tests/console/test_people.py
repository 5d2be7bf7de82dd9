import re

from tests.console.conftest import Place

from ringfence.cases.people import Role


def test_an_administrator_hires_somebody_who_then_signs_in(place: Place) -> None:
    heron = place.signed_in("heron", Role.ADMINISTRATOR)
    added = heron.post("/people", "/people", person="wren", name="Wren", roles="reviewer")
    assert added.headers["location"] == "/people?said=added"
    shown = heron.post("/people/way-in", "/people", person="wren").text
    [password] = re.findall(r'<dt>Password</dt><dd class="id">([^<]+)<', shown)
    [secret] = re.findall(r'<dt>Secret for codes</dt><dd class="id">([^<]+)<', shown)
    place.secrets["wren"] = secret
    wren = place.browser()
    assert wren.sign_in("wren", password).status_code == 303
    assert wren.get("/queue").status_code == 200
    assert password not in heron.get("/people").text, "shown once"


def test_roles_change_people_leave_and_nobody_changes_their_own(place: Place) -> None:
    heron = place.signed_in("heron", Role.ADMINISTRATOR)
    place.hire("wren", Role.REVIEWER)
    heron.post("/people/roles", "/people", person="wren", roles="auditor")
    assert place.room.run("SELECT role FROM roles WHERE person_id = 'wren'") == [("auditor",)]
    own = heron.post("/people/roles", "/people", person="heron", roles="senior_reviewer")
    assert (own.status_code, "may not change their own roles" in own.text) == (403, True)
    heron.post("/people/leave", "/people", person="wren")
    assert "has left" in heron.get("/people").text
    assert place.browser().sign_in("wren").status_code == 403


def test_a_change_of_people_asks_for_a_fresh_code(place: Place) -> None:
    heron = place.signed_in("heron", Role.ADMINISTRATOR)
    place.room.clock.later(minutes=6)
    for path in ("/people", "/people/roles", "/people/leave", "/people/way-in"):
        answer = heron.post(path, "/people", person="wren", name="Wren", roles="administrator")
        assert answer.headers["location"] == "/confirm"
    assert place.room.run("SELECT person_id FROM people") == [("heron",)]


def test_a_new_way_in_ends_the_sessions_of_the_old(place: Place) -> None:
    heron, wren = place.signed_in("heron", Role.ADMINISTRATOR), place.signed_in("wren", Role.REVIEWER)
    heron.post("/people/way-in", "/people", person="wren")
    assert wren.get("/queue").status_code == 303
    assert heron.get("/people").status_code == 200


def test_one_changes_ones_own_password_with_a_fresh_code(place: Place) -> None:
    wren, elsewhere = place.signed_in("wren", Role.REVIEWER), place.signed_in("wren")
    place.room.clock.later(minutes=6)
    new = "another password that is long"
    assert wren.post("/settings/password", password=new).headers["location"] == "/confirm"
    wren.post("/confirm", "/confirm", code=wren.code())
    assert wren.post("/settings/password", password="short").status_code == 400
    assert wren.post("/settings/password", password=new).headers["location"] == "/settings?said=password"
    assert (wren.get("/queue").status_code, elsewhere.get("/queue").status_code) == (200, 303)
    assert place.browser().sign_in("wren").status_code == 403
    assert place.browser().sign_in("wren", new).status_code == 303


def test_settings_are_kept_and_shown_in_the_zone_chosen(place: Place) -> None:
    wren = place.signed_in("wren", Role.REVIEWER)
    wren.post("/settings", theme="dark", zone="Pacific/Auckland")
    page = wren.get("/settings").text
    assert 'data-theme="dark"' in page
    assert '<meta name="shortcuts" content="off">' in page
    assert 'datetime="2026-11-02T09:00:31Z" title="2026-11-02 09:00:31 UTC">2 Nov 2026, 22:00</time>' in page
    assert wren.post("/settings", theme="dark", zone="Nowhere/Land").status_code == 400
    assert wren.post("/settings", theme="sepia").status_code == 400
    assert wren.post("/settings/theme", theme="light", back="//elsewhere.example").headers["location"] == "/"
    assert 'data-theme="light"' in wren.get("/settings").text
    assert "Pacific/Auckland</option>" in wren.get("/settings").text
