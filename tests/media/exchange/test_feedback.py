"""Is what reviewers thought sent in each service's own words, once, and noted only when it was taken?"""

import json
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from tests.media.exchange.standin import BASIC, KEYS, TOKEN, StandIn, digest, says, serving, status

from ringfence.media.exchange import markup
from ringfence.media.exchange.again import Patience
from ringfence.media.exchange.asking import Line
from ringfence.media.exchange.feedback import Given, Teller, send
from ringfence.media.exchange.sent import Judged
from ringfence.media.exchange.settings import Exchange
from ringfence.media.items import Signal
from ringfence.model.words import HashKind, Opinion

MD5, SHA1, PDQ = (bytes.fromhex(text) for text in digest("siskin"))
BOTH = (Signal(HashKind.PDQ, PDQ, 88), Signal(HashKind.MD5, MD5), Signal(HashKind.SHA256, PDQ))
CARRIED = {"ncmec": (BASIC, ""), "stopncii": (KEYS, ""), "threatexchange": ({}, TOKEN)}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving(StandIn()) as one:
        yield one


def give(stand_in: StandIn, service: str, *judged: Judged, reason: str | None = None) -> tuple[Given, list[int]]:
    exchange = Exchange.model_validate({"service": service, "bank": "x", "secret_env": "X", "negative_reason": reason})
    noted: list[int] = []
    headers, query = CARRIED[service]
    with Line(stand_in.address, headers, query, seconds=5) as line:
        teller = Teller(exchange, line, Patience(tries=2, sleep=lambda _: None))
        return send(teller, judged, noted.append), noted


def test_ncmec_is_told_of_each_hash_and_of_a_reason(stand_in: StandIn) -> None:
    given, noted = give(
        stand_in,
        "ncmec",
        Judged(1, "42/a b/c", BOTH, Opinion.POSITIVE),
        Judged(2, "43/wren", BOTH, Opinion.NEGATIVE),
        Judged(3, "43/robin", BOTH, Opinion.DISPUTED),
        Judged(4, "43/lark", (), Opinion.POSITIVE),
    )
    assert (given, noted) == (Given(2, 2), [1, 2, 3, 4])
    puts = [(path, markup.read(body, "it")) for method, path, body in stand_in.asked if method == "PUT"]
    assert [path for path, _ in puts] == [
        "/v2/entries/42/a%20b%2Fc/MD5/feedback",
        "/v2/entries/42/a%20b%2Fc/PDQ/feedback",
        "/v2/entries/43/wren/MD5/feedback",
        "/v2/entries/43/wren/PDQ/feedback",
    ]
    assert [root[0].tag for _, root in puts] == ["affirmative", "affirmative", "negative", "negative"]
    assert puts[2][1].findtext("negative/reasonIds/guid") == "0-1"


def test_ncmec_wants_one_of_several_reasons_to_be_chosen(stand_in: StandIn) -> None:
    two = b'<r><reason guid="0-1" name="Wrong bird"/><reason guid="0-2" name="No bird"/></r>'
    judged = Judged(1, "43/wren", BOTH[:1], Opinion.NEGATIVE)
    stand_in.troubles[:] = [says(two)]
    given, noted = give(stand_in, "ncmec", judged)
    assert "0-1 (Wrong bird), 0-2 (No bird)" in str(given.trouble)
    assert noted == []
    stand_in.troubles[:] = [says(two)]
    assert give(stand_in, "ncmec", judged, reason="0-2") == (Given(1, 0), [1])
    assert b"0-2" in stand_in.asked[-1][2]


def test_stopncii_is_told_in_its_own_words(stand_in: StandIn) -> None:
    given, noted = give(
        stand_in,
        "stopncii",
        Judged(7, "x", BOTH[:1], Opinion.POSITIVE),
        Judged(8, "y", BOTH[:1], Opinion.NEGATIVE),
    )
    assert (given, noted) == (Given(2, 0), [7, 8])
    bodies = [json.loads(body) for _, path, body in stand_in.asked if path == "/SubmitFeedback"]
    assert [body["hashFeedbacks"] for body in bodies] == [
        [{"hashValue": PDQ.hex(), "feedbackValue": word, "tags": []}] for word in ("Blocked", "NotBlocked")
    ]


def test_threatexchange_is_told_by_a_reaction_to_each_descriptor(stand_in: StandIn) -> None:
    given, noted = give(
        stand_in,
        "threatexchange",
        Judged(1, "ind-wren", BOTH[:1], Opinion.POSITIVE),
        Judged(2, "ind-lark", BOTH[:1], Opinion.NEGATIVE),
    )
    assert (given, noted) == (Given(2, 0), [1, 2])
    posts = [(unquote(path), body) for method, path, body in stand_in.asked if method == "POST"]
    assert [body for _, body in posts] == [b"reactions=HELPFUL", b"reactions=DISAGREE_WITH_TAGS"]
    assert all(path.startswith("/77?") for path, _ in posts)


@pytest.mark.parametrize("code", [401, 500, 302])
@pytest.mark.parametrize("service", CARRIED)
def test_what_was_not_taken_is_not_noted(stand_in: StandIn, service: str, code: int) -> None:
    judged = [Judged(number, "ind-4/x", BOTH[:1], Opinion.POSITIVE) for number in (1, 2, 3)]
    asked = 2 if service == "threatexchange" else 1  # questions an item
    stand_in.troubles[:] = [None] * asked + [status(code)] * 2
    given, noted = give(stand_in, service, *judged)
    assert (given.sent, noted) == (1, [1])
    assert f"status {code}" in str(given.trouble)
