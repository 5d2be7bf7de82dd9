import pytest
from tests.console.conftest import BROWSER, PASSWORD, MakePlace, Place

from ringfence.cases.people import Role
from ringfence.console.drawing import see
from ringfence.console.limits import Buckets, Limits, Rate, Rates, TooOften
from ringfence.console.page import POST, Page

OFTEN = Rates(door=Rate(1_000, 1_000))


def test_one_signs_in_to_the_page_that_was_wanted_and_out(place: Place) -> None:
    place.hire("wren", Role.REVIEWER)
    browser = place.browser()
    wanted = browser.get("/queue?order=age").headers["location"]
    assert wanted == "/sign-in?back=/queue%3Forder%3Dage"
    assert "/queue?order=age" in browser.get(wanted).text
    assert browser.sign_in("wren", back="/queue?order=age").headers["location"] == "/queue?order=age"
    assert browser.get("/queue").status_code == 200
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert browser.get("/queue").status_code == 303


@pytest.mark.parametrize(
    "back", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "/\n/x"]
)
def test_signing_in_leads_nowhere_else(place: Place, back: str) -> None:
    place.hire("wren", Role.REVIEWER)
    assert place.browser().sign_in("wren", back=back).headers["location"] == "/"


def test_a_code_is_good_once(place: Place) -> None:
    place.signed_in("wren", Role.REVIEWER)
    again = place.browser()
    again.person = "wren"
    fields = {"person": "wren", "password": PASSWORD, "code": again.code()}
    assert again.post("/sign-in", "/sign-in", **fields).status_code == 403
    place.room.clock.later(seconds=31)
    assert again.post("/sign-in", "/sign-in", **{**fields, "code": again.code()}).status_code == 303


def test_every_refusal_reads_the_same_and_tells_nothing(place: Place) -> None:
    place.hire("wren", Role.REVIEWER)
    told = set()
    for person, password, code in (
        ("wren", "wrong password here", "000000"),
        ("wren", PASSWORD, "000000"),
        ("nobody", PASSWORD, "000000"),
        ("' OR 1=1 --", "' OR 1=1 --", "0' OR1"),
    ):
        browser = place.browser()
        answer = browser.post("/sign-in", "/sign-in", person=person, password=password, code=code)
        assert answer.status_code == 403
        assert password not in answer.text
        assert not browser.cookie()
        told.add(answer.text.split('role="alert">')[1].split("</div>")[0])
    assert len(told) == 1


def test_guessing_locks_the_person_out_for_a_while(make_place: MakePlace) -> None:
    place = make_place(rates=OFTEN)
    place.hire("wren", Role.REVIEWER)
    guesser = place.browser()
    guesser.person = "wren"
    for _ in range(6):
        guesser.post("/sign-in", "/sign-in", person="wren", password="a guess that is long", code="123456")
    assert place.browser().sign_in("wren").status_code == 403, "even the right ones, for a minute"
    place.room.clock.later(minutes=16)
    assert place.browser().sign_in("wren").status_code == 303


def test_one_address_knocks_ten_times_and_then_waits(make_place: MakePlace) -> None:
    assert Rates().door.burst == 10
    browser = make_place(rates=Rates(door=Rate(10, 0.001))).browser()
    token = browser.token("/sign-in")
    fields = {"csrf": token, "person": "nobody", "password": "a guess that is long", "code": "123456"}
    answers = [browser.client.post("/sign-in", data=fields, headers=BROWSER) for _ in range(12)]
    assert [one.status_code for one in answers] == [403] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0


def test_an_act_that_asks_for_proof_waits_for_a_fresh_code(make_place: MakePlace) -> None:
    done: list[str] = []

    def act() -> object:
        done.append("done")
        return see("/settings")

    place = make_place(Page("/act", "act", act, None, POST, proof=True))
    browser = place.signed_in("wren", Role.REVIEWER)
    assert browser.post("/act").headers["location"] == "/settings", "signing in was proof enough"
    place.room.clock.later(minutes=5)
    assert browser.post("/act").headers["location"] == "/confirm"
    script = {**BROWSER, "hx-request": "true", "x-csrf-token": browser.token()}
    assert browser.client.post("/act", headers=script).headers["hx-redirect"] == "/confirm"
    assert done == ["done"]
    code = browser.code()
    assert browser.post("/confirm", "/confirm", code="000000").status_code == 403
    assert browser.post("/confirm", "/confirm", code=code, back="/queue").headers["location"] == "/queue?said=proved"
    assert browser.post("/act").headers["location"] == "/settings"
    place.room.clock.later(minutes=5)
    assert browser.post("/confirm", "/confirm", code=code).status_code == 403, "the code was used"
    assert done == ["done", "done"]


def test_a_code_somebody_gave_to_sign_in_is_no_fresh_one(place: Place) -> None:
    browser = place.signed_in("wren", Role.REVIEWER)
    assert browser.post("/confirm", "/confirm", code=browser.code()).status_code == 403


def test_before_anybody_can_sign_in_the_form_says_how(place: Place) -> None:
    assert "ringfence people add" in place.browser().get("/sign-in").text
    place.hire("wren", Role.REVIEWER)
    assert "ringfence people add" not in place.browser().get("/sign-in").text


def test_each_session_and_each_address_has_its_rate(make_place: MakePlace) -> None:
    place = make_place(rates=Rates(session=Rate(5, 0.001)))
    wren, finch = place.signed_in("wren", Role.REVIEWER), place.signed_in("finch", Role.REVIEWER)
    codes = [wren.get("/settings").status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2
    assert finch.get("/settings").status_code == 200
    place = make_place(rates=Rates(address=Rate(5, 0.001)))
    assert [place.browser().get("/sign-in").status_code for _ in range(7)] == [200] * 5 + [429] * 2


def test_a_bucket_fills_slowly_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.console.limits.MOST_KEYS", 2)
    buckets = Buckets(Rate(2, 1))
    buckets.take("wren", 0)
    buckets.take("wren", 0)
    with pytest.raises(TooOften) as caught:
        buckets.take("wren", 0.5)
    assert caught.value.wait == pytest.approx(0.5)
    buckets.take("wren", 1.1)
    buckets.take("finch", 2)
    buckets.take("gull", 2)
    buckets.take("wren", 1.2)  # forgotten, so full again
    assert Limits.of(Rates()).door is not Limits.of(Rates()).door
