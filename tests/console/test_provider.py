import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import Response
from joserfc import jwk, jwt
from tests.console.conftest import Browser, MakePlace, Place
from tests.console.oidc import CLIENT, SECRET, Local, serving

from ringfence.cases.people import Role
from ringfence.console import provider
from ringfence.console import settings as settings_of
from ringfence.console.limits import Rate, Rates
from ringfence.console.page import POST, Page
from ringfence.console.settings import Provider
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


@pytest.fixture
def local() -> Iterator[Local]:
    with serving(Local()) as made:
        yield made


@pytest.fixture
def place(make_place: MakePlace, local: Local) -> Place:
    people = {"subject-of-wren": "wren", "subject-of-finch": "finch", "subject-of-nobody": "nobody"}
    given = Provider(local.address, CLIENT, SECRET, people)
    act = Page("/act", "act", lambda: Response("done"), None, POST, proof=True)
    made = make_place(act, provider=given, rates=Rates(door=Rate(1_000, 1_000)))
    made.hire("wren", Role.REVIEWER)
    made.hire("finch", Role.REVIEWER)
    return made


def go(browser: Browser, path: str = "/sign-in/provider") -> str:
    """To the provider and as far as its answer: where it sends the browser back to."""
    there = browser.get(path)
    assert there.status_code == 303, there.text
    return str(httpx.get(there.headers["location"]).headers["location"])


def come(browser: Browser, back: str) -> httpx.Response:
    # The browser comes from another site, which is what a link from there looks like.
    return browser.client.get(back, headers={"accept": "text/html", "sec-fetch-site": "cross-site"})


def test_one_signs_in_by_the_provider(place: Place) -> None:
    browser = place.browser()
    assert "/sign-in/provider" in browser.get("/sign-in").text
    answer = come(browser, go(browser, "/sign-in/provider?back=/settings"))
    assert answer.headers["location"] == "/settings"
    page = browser.get("/settings").text
    assert "your provider" in page
    told = place.room.run("SELECT who, subject, detail FROM audit WHERE act = 'signed_in'")
    assert told == [("service:sign-in", "wren", '{"way":"provider"}')]


def test_what_is_asked_of_the_provider_has_state_nonce_and_a_challenge(place: Place) -> None:
    first, second = place.browser().get("/sign-in/provider"), place.browser().get("/sign-in/provider")
    asked = [parse_qs(urlsplit(one.headers["location"]).query) for one in (first, second)]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name][0]) >= 43
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["scope"] == ["openid"]
    assert SECRET not in str(first.headers)


def test_a_code_that_another_browser_fetched_is_not_taken(place: Place) -> None:
    """Else a stranger's link could sign a reviewer in as the stranger."""
    stranger, reviewer = place.browser(), place.browser()
    back = go(stranger)
    assert come(reviewer, back).status_code == 403
    go(reviewer)
    assert come(reviewer, back).status_code == 403, "the state is the other's"
    assert not reviewer.cookie()
    assert come(stranger, back).status_code == 303
    assert come(stranger, back).status_code == 403, "and good once"


def test_it_is_not_taken_late_or_with_another_cookie(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = place.browser()
    back = go(browser)
    with monkeypatch.context() as patched:
        patched.setattr(provider, "SECONDS", -1)
        assert "took too long" in come(browser, back).text
    for forged in ("", "AAAA", "x" * 300):
        answer = httpx.get(back, headers={"cookie": f"ringfence-provider={forged}"})
        assert "did not begin here" in answer.text, forged


def part(told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def unsigned(_: Local, claims: dict[str, Any]) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_the_public_key(local: Local, claims: dict[str, Any]) -> str:
    """The confusion of a public key with a shared secret."""
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    mac = hmac.digest(local.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def by_another_key(_: Local, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, jwk.RSAKey.generate_key(2048, {"kid": "one"}))


@pytest.mark.parametrize("signed", [unsigned, by_the_public_key, by_another_key, lambda *_: "", lambda *_: "a.b.c"])
def test_a_token_that_the_provider_did_not_sign_is_refused(place: Place, local: Local, signed: Any) -> None:
    local.signed = signed
    browser = place.browser()
    answer = come(browser, go(browser))
    assert (answer.status_code, browser.cookie()) == (403, "")


@pytest.mark.parametrize(
    "mischief",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://elsewhere.example"},
        {"exp": int(time.time()) - 3_600},
        {"exp": None},
        {"sub": None},
        {"sub": "a stranger"},
        {"sub": "subject-of-nobody"},
        {"sub": "wren"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_token_for_somebody_or_something_else_is_refused(
    place: Place, local: Local, mischief: dict[str, object]
) -> None:
    local.mischief = mischief
    browser = place.browser()
    answer = come(browser, go(browser))
    assert (answer.status_code, browser.cookie()) == (403, "")
    assert "Traceback" not in answer.text


def test_a_provider_that_is_gone_or_calls_itself_something_else_is_said_so(place: Place, local: Local) -> None:
    local.issuer = "https://elsewhere.example"
    assert "calls itself something else" in place.browser().get("/sign-in/provider").text
    address, local.address = local.address, "http://provider.example"
    local.issuer = address
    assert "not reached over TLS" in place.browser().get("/sign-in/provider").text


def test_proving_anew_goes_to_the_provider_which_must_ask_again(place: Place, local: Local) -> None:
    browser = place.browser()
    come(browser, go(browser))
    assert browser.post("/act").headers["location"] == "/confirm"
    assert "/sign-in/provider?again=yes" in browser.get("/confirm").text
    asked = parse_qs(urlsplit(browser.get("/sign-in/provider?again=yes").headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])

    def again() -> int:
        return come(browser, go(browser, "/sign-in/provider?again=yes&back=/settings")).status_code

    local.auth_time = lambda: int(time.time()) - 3_600
    assert again() == 403, "it had them signed in since an hour ago"
    local.auth_time = lambda: None
    assert again() == 403, "it does not say"
    local.auth_time = lambda: int(time.time())
    local.subject = "subject-of-finch"
    assert again() == 403, "somebody else at the same screen"
    assert browser.post("/act").headers["location"] == "/confirm"
    local.subject = "subject-of-wren"
    assert again() == 303
    assert browser.post("/act").status_code == 200


def test_who_has_left_is_not_let_in_by_the_provider(place: Place) -> None:
    place.room.run("UPDATE people SET active = false WHERE person_id = 'wren'")
    browser = place.browser()
    assert come(browser, go(browser)).status_code == 403
    assert place.room.run("SELECT subject FROM audit WHERE act = 'sign_in_refused'") == [("wren",)]


def test_the_provider_is_set_in_the_config_and_its_secret_is_a_file_of_its_own(place: Place) -> None:
    file = place.room.workspace.path / "ringfence.toml"
    text = file.read_text().replace('oidc_issuer = ""', 'oidc_issuer = "https://id.example/"')
    file.write_text(text.replace("oidc_people = []", 'oidc_people = ["a=b=wren", "8f3a=finch"]'))
    workspace = Workspace.open(file.parent)
    with pytest.raises(Fault, match="cannot be read"):
        settings_of.read(workspace, "localhost", 8788)
    secret = file.parent / "console_oidc.secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o644)
    with pytest.raises(Fault, match="may be read by others"):
        settings_of.read(workspace, "localhost", 8788)
    secret.chmod(0o600)
    made = settings_of.read(workspace, "localhost", 8788)
    assert made.provider == Provider("https://id.example", "", SECRET, {"a=b": "wren", "8f3a": "finch"})
    assert SECRET not in repr(made)
    file.write_text(text.replace("oidc_people = []", 'oidc_people = ["wren"]'))
    with pytest.raises(Fault, match="subject=person"):
        Workspace.open(file.parent)


def test_a_console_for_others_needs_an_address(place: Place) -> None:
    with pytest.raises(Fault, match="has no address"):
        settings_of.read(place.room.workspace, "0.0.0.0", 8788)
    made = settings_of.read(place.room.workspace, "localhost", 8788)
    assert not made.secure
    assert made.hosts == {"127.0.0.1:8788", "localhost:8788", "[::1]:8788"}
