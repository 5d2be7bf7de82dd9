from tests.console.conftest import Place

from ringfence.cases.people import Role


def test_one_signs_in_and_out(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    assert browser.get("/settings").status_code == 200
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert browser.get("/settings").headers["location"] == "/sign-in?back=/settings"
