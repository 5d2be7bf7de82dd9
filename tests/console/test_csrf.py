import re
from dataclasses import replace

import pytest
from tests.console.conftest import BROWSER, Place

from ringfence.cases.people import Role
from ringfence.console import csrf
from ringfence.console.limits import Limits, Rate, Rates
from ringfence.console.page import POST
from ringfence.console.pages import ALL

HERE = frozenset({"https://review.example"})
ACTS = [re.sub(r"\{[^}]*\}", "unknown", page.path) for page in ALL if page.method == POST]


def test_no_act_is_taken_without_the_token_of_the_session(place: Place) -> None:
    often = Rate(100_000, 1_000)  # so many acts at once are let through here
    limits = Limits.of(Rates(often, often, often))
    place.app.state.console = replace(place.app.state.console, limits=limits)
    browser, other = place.signed_in("wren", *Role), place.signed_in("finch", *Role)
    before = place.room.count("sessions")
    for path in ACTS:
        for token in ("", "0" * 64, other.token()):
            answer = browser.client.post(path, data={"csrf": token}, headers=BROWSER)
            assert (answer.status_code, "no token of this session" in answer.text) == (403, True), (path, token)
        missing = browser.client.post(path, headers=BROWSER)
        assert missing.status_code == 403, path
        by_address = browser.client.post(f"{path}?csrf={browser.token()}", headers=BROWSER)
        assert by_address.status_code == 403, path
    assert place.room.count("sessions") == before


def test_no_act_is_taken_from_another_site_even_with_the_token(place: Place) -> None:
    browser = place.signed_in("wren", *Role)
    token = browser.token()
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": place.settings.address.replace("http:", "https:")},
        {"origin": "https://elsewhere.example", "sec-fetch-site": "same-origin"},
        {},
    ):
        for path in ACTS[:6]:
            answer = browser.client.post(path, data={"csrf": token}, headers=headers)
            assert (answer.status_code, "another site" in answer.text) == (403, True), (path, headers)
    kept = {"csrf": token, "theme": "dark"}
    assert browser.client.post("/settings/theme", data=kept, headers={"origin": place.settings.address}).is_redirect


def test_a_script_may_send_the_token_in_a_header(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    headers = {**BROWSER, "x-csrf-token": browser.token()}
    assert browser.client.post("/settings/theme", data={"theme": "dark"}, headers=headers).status_code == 303


def test_somebody_elses_form_cannot_sign_a_person_in(place: Place) -> None:
    """Else a stranger's page could have a reviewer work under the stranger's name."""
    place.hire("wren", Role.REVIEWER)
    browser = place.browser()
    browser.person = "wren"
    fields = {"person": "wren", "password": "a long enough password", "code": browser.code()}
    assert browser.client.post("/sign-in", data=fields, headers=BROWSER).status_code == 403
    token = place.browser().token("/sign-in")
    assert browser.client.post("/sign-in", data={**fields, "csrf": token}, headers=BROWSER).status_code == 403


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"origin": "https://review.example"}, True),
        ({"origin": "https://review.example", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://review.example.elsewhere.example"}, False),
        ({"origin": "https://review.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": ""}, False),
        ({"referer": "https://review.example/queue"}, False),
        ({}, False),
    ],
)
def test_whether_a_request_is_from_here(headers: dict[str, str], wanted: bool) -> None:  # noqa: FBT001, a table
    assert csrf.from_here(headers, HERE) is wanted
