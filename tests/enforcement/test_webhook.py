import logging
import time

import pytest
from tests.enforcement.platform import SECRET, SLOW, Platform

from ringfence.cases.actions import REVERSIBLE, Action, Direction, Done, Order, Outcome, Refused, Unclear, Unsent, key
from ringfence.enforcement.webhook import Patience, WebhookEnforcer, signature
from ringfence.model.faults import Fault

PATIENCE = Patience(seconds=SLOW / 3, retries=1, failures=100, pause=0.3)
ONCE = Patience(seconds=SLOW / 3, retries=0, failures=100)


def order(account: str = "ant", direction: Direction = Direction.DO, undoes: str = "") -> Order:
    return Order(key("d" * 64, account, Action.LIMIT, direction), account, Action.LIMIT, direction, "plan-0", undoes)


def webhook(platform: Platform, patience: Patience = PATIENCE, secret: bytes = SECRET) -> WebhookEnforcer:
    return WebhookEnforcer(platform.url, secret, patience)


DONE_BUT_UNHEARD = ("500", "slam", "half", "slow", "drip", "flood", "page", "other", "202", "204")
NOT_DONE = ("500 before", "slam before", "late", "redirect")


@pytest.mark.parametrize("manner", [*DONE_BUT_UNHEARD, *NOT_DONE])
def test_whatever_is_no_clear_answer_is_none_and_is_asked_again_with_the_same_key(
    platform: Platform, manner: str
) -> None:
    platform.behave(manner)
    assert isinstance(webhook(platform, ONCE).carry_out(order()), Unclear)
    platform.behave(manner)
    assert webhook(platform).carry_out(order("bee")) == Done()
    told = platform.told()
    assert told["asked"] == {order().key: 1, order("bee").key: 2}
    assert set(told["did"].values()) == {1}
    assert (order().key in told["did"]) == (manner in DONE_BUT_UNHEARD)


def test_an_answer_given_twice_is_not_taken_for_the_next_order(platform: Platform) -> None:
    hook = webhook(platform, ONCE)
    accounts = [f"a{number}" for number in range(20)]
    for manners in (["twice"] * 10, ["twice", "refuse"] * 5):
        platform.behave(*manners)
        told: list[Outcome] = [hook.carry_out(order(one)) for one in accounts[:10]]
        assert all(isinstance(one, Done | Unclear | Refused) for one in told)
        did = platform.told()["did"]
        for account, one in zip(accounts, told, strict=False):
            assert not isinstance(one, Done) or order(account).key in did
        accounts = accounts[10:]
    assert isinstance(told[1], Refused | Unclear)


def test_a_refusal_is_final_and_one_after_silence_is_not(platform: Platform) -> None:
    hook = webhook(platform)
    platform.behave("refuse")
    assert hook.carry_out(order()) == Refused("has left")
    platform.behave("500", "refuse")
    assert hook.carry_out(order("bee")) == Unclear("refused after a try without an answer: has left")


def test_what_was_taken_back_before_it_came_is_refused_when_it_comes(platform: Platform) -> None:
    hook, late = webhook(platform), order()
    assert hook.carry_out(order("ant", Direction.UNDO, late.key)) == Done()
    assert isinstance(hook.carry_out(late), Refused)
    assert platform.told()["on"] == {}


def test_what_is_sent_is_signed_and_names_its_time_and_key(platform: Platform) -> None:
    assert webhook(platform).carry_out(order()) == Done()
    (headers,) = platform.told()["headers"]
    assert headers["idempotency-key"] == order().key
    assert abs(int(headers["x-ringfence-timestamp"]) - time.time()) < 60
    assert headers["x-ringfence-signature"].startswith("v1=")
    assert isinstance(webhook(platform, secret=b"another secret, not theirs").carry_out(order("bee")), Unclear)
    assert platform.told()["forged"] == 2
    assert len({signature(SECRET, at, body) for at in ("1", "2") for body in (b"a", b"b")}) == 4


def test_the_secret_is_in_no_log_and_no_message(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    hook = webhook(platform)
    with caplog.at_level(logging.DEBUG):
        platform.behave("500", "slam")
        said = hook.carry_out(order())
    for text in (caplog.text, repr(said), repr(hook), str(hook)):
        assert SECRET.decode() not in text


def test_after_many_failures_it_is_left_alone_and_then_asked_once_to_see(platform: Platform) -> None:
    hook = webhook(platform, Patience(seconds=SLOW / 3, retries=0, failures=3, pause=1.0))
    platform.behave(*["500 before"] * 4)
    assert all(isinstance(hook.carry_out(order(f"a{number}")), Unclear) for number in range(3))
    assert isinstance(hook.carry_out(order("bee")), Unsent)
    assert sum(platform.told()["asked"].values()) == 3
    time.sleep(1.1)
    assert isinstance(hook.carry_out(order("bee")), Unclear)
    assert isinstance(hook.carry_out(order("bee")), Unsent)
    time.sleep(1.1)
    assert hook.carry_out(order("bee")) == Done()
    assert hook.carry_out(order("cat")) == Done()


def test_nobody_there_is_no_answer(platform: Platform) -> None:
    platform.stop()
    assert isinstance(webhook(platform).carry_out(order()), Unclear)


@pytest.mark.parametrize(
    "url", ["http://example.org/orders", "ftp://localhost/", "https://wren:word@example.org/", "localhost:80"]
)
def test_only_an_address_that_keeps_orders_to_itself_is_asked(url: str) -> None:
    with pytest.raises(Fault):
        WebhookEnforcer(url, SECRET)
    assert WebhookEnforcer("https://example.org/orders", SECRET).reversible == REVERSIBLE
