"""The quick way gives the ordinary way's bytes, or nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.decide import Guard
from ringfence.guard.policies.policy import DEFAULT_POLICY, Policy
from ringfence.guard.service import raw_slates, replies
from ringfence.guard.service.refusals import Refusal
from ringfence.guard.service.routes import JSON_ROUTES
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.guard.snapshots.tokens import NOT_PLAIN, NUMBERS, TEXTS, tokens

ACCOUNTS = {
    "network:member": ["bo", "7", "9007199254740993"],
    "network:nearby": ["ny", "8"],
    "account:minor": ["kid"],
    "media:known": ["al"],
}
ROUTES = {route.name: route for route in JSON_ROUTES}
QUICK = {"suggest": raw_slates.suggest, "recommend": raw_slates.recommend}
ENCODE = msgspec.json.Encoder().encode


@pytest.fixture(scope="module")
def guard(make: Callable[..., Built], read_back: Callable[[Built], Snapshot]) -> Guard:
    return Guard(read_back(make(["firecrest"], ACCOUNTS)))


def ordinary(guard: Guard, name: str, body: bytes) -> bytes | None:
    """What the ordinary way says; None for a refusal."""
    route: Any = ROUTES[name]
    try:
        asked = route.read(body)
    except Refusal:
        return None
    return ENCODE(replies.sent(route.decide(guard, asked, float("inf"))))


texts = st.sampled_from(
    ["bo", "ny", "kid", "al", "cy", "7", "ü", 'a"b', "a\\b", "", "x" * 256, "x" * 257, " bo ", "\x7f", "\n"]
)
numbers = st.sampled_from([7, 8, 0, 1, 9007199254740993, 2**63 - 1, 2**63, 10**17, -1, 1.5])
viewers = st.sampled_from([None, "kid", "bo", 7, {"id": "cy", "minor": True}, {"id": "", "country": "DE"}, {"nest": 1}])
bodies = st.fixed_dictionaries(
    {"candidates": st.one_of(st.lists(texts, max_size=9), st.lists(numbers, max_size=9), st.lists(texts | numbers))},
    optional={
        "viewer": viewers,
        "surface": st.sampled_from(["search", "suggestion", "nest"]),
        "accounts": st.just(["bo"]),
    },
)
AROUND = (
    (b'{"candidates":', b"}"), (b'{"candidates":[', b"]}"), (b'{"candidates":["bo"]', b"}"),
    (b'{"candidates":["bo"],', b"}"), (b'{"viewer":"bo', b'"candidates":["bo"]}'), (b"{", b'"candidates":["bo"]}'),
)  # fmt: skip
written = st.sampled_from([msgspec.json.encode, lambda body: msgspec.json.format(msgspec.json.encode(body), indent=3)])


@settings(max_examples=500, deadline=None)
@given(bodies, written, st.sampled_from(["suggest", "recommend"]))
def test_the_quick_answer_is_the_ordinary_one(
    guard: Guard, body: Any, write: Callable[[Any], bytes], name: str
) -> None:
    raw = write(body)
    quick = QUICK[name](guard, raw)
    if quick is not None:
        assert quick.payload == ordinary(guard, name, raw)
        assert quick.subjects == len(body["candidates"])


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:0123456789ab\\ \n', max_size=40).map(str.encode))
def test_no_bytes_are_answered_that_the_ordinary_way_refuses(guard: Guard, junk: bytes) -> None:
    for before, after in ((b"", b""), *AROUND):
        body = before + junk + after
        for name, answer in QUICK.items():
            quick = answer(guard, body)
            assert quick is None or quick.payload == ordinary(guard, name, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"candidates":["bo"]0}', b'{"candidates":["bo"].0}', b'{"candidates":["bo"]e5}', b'{"candidates":["bo"],}',
        b'{"candidates":["bo"],"candidates":null}', b'{"candidates":["bo"],"c\\u0061ndidates":null}',
        b'{"candidates":["bo"],"viewer":{"candidates":["ny"]}}', b'{"viewer":"candidates":["bo"]}',
        b'{"viewer":"\\"candidates":["bo"]}', b'{"candidates":["bo]"]}', b'{"candidates":[["bo"]]}',
        b'{"candidates":["bo"]}}', b'{"candidates":["bo"]}\xff', b'{"candidates":["bo"],"viewer":"\xff"}',
        b'["candidates":["bo"]]', b'"candidates":["bo"]', b'{"candidates":["bo"', b'{"candidates":]', b'{"candidates":',
    ],
)  # fmt: skip
def test_what_only_looks_like_a_slate_is_read_in_the_ordinary_way(guard: Guard, body: bytes) -> None:
    assert raw_slates.suggest(guard, body) is None


def test_the_order_of_fields_and_a_blank_make_no_difference(guard: Guard) -> None:
    for body in (
        b'{"viewer": "kid", "candidates": ["bo", "cy"]}',
        b'{"candidates":["bo","cy"],"viewer":"kid"}',
        b' {"viewer":{"id":"kid","minor":true},"candidates":["bo","cy"]} ',
    ):
        quick = raw_slates.suggest(guard, body)
        assert quick is not None
        assert quick.payload == ordinary(guard, "suggest", body)


@pytest.mark.parametrize("candidates", [["bo", "cy", "bo", "ny"], [7, 1, 7, 8], ["a"] * 10_000, list(range(10_000))])
def test_plain_slates_do_take_the_quick_way(guard: Guard, candidates: list[Any]) -> None:
    for name, answer in QUICK.items():
        body = ENCODE({"candidates": candidates})
        quick = answer(guard, body)
        assert quick is not None
        assert quick.payload == ordinary(guard, name, body)
    assert raw_slates.suggest(guard, ENCODE({"candidates": [*candidates, candidates[0]] * 10_000})) is None


def test_a_stale_snapshot_that_is_not_answered_from_has_no_quick_answer(
    make: Callable[..., Built], read_back: Callable[[Built], Snapshot]
) -> None:
    start = DEFAULT_POLICY.index("[degraded.stale_snapshot]")
    policy = Policy.parse(DEFAULT_POLICY[:start] + DEFAULT_POLICY[start:].replace('"answer"', '"drop"'), "x")
    old = datetime.now(UTC) - timedelta(hours=100)
    stale = Guard(read_back(make(["firecrest"], policy=policy, created_at=old)))
    assert raw_slates.suggest(stale, ENCODE({"candidates": ["a"]})) is None
    answered = Guard(read_back(make(["firecrest"], created_at=old)))
    quick = raw_slates.suggest(answered, ENCODE({"candidates": ["a"]}))
    assert quick is not None
    assert (quick.degraded, b'"degraded":"stale_snapshot"' in quick.payload) == ("stale_snapshot", True)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 18).flatmap(lambda digits: st.integers(0, max(0, 10**digits - 1))))
    | st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
)
def test_tokens_are_where_json_has_them(ids: list[Any]) -> None:
    raw = ENCODE(ids)
    kind, starts, ends, values = tokens(np.frombuffer(raw, np.uint8), 1000, 256)
    if not ids or any('"' in one or "\\" in one for one in ids if isinstance(one, str)):
        assert kind == NOT_PLAIN
    elif isinstance(ids[0], int):
        assert (kind, values.tolist()) == (NUMBERS, ids)
    else:
        assert (kind, [raw[s:e].decode() for s, e in zip(starts, ends, strict=True)]) == (TEXTS, ids)


@settings(max_examples=1000, deadline=None)
@given(st.text("019,", max_size=60) | st.text('0123456789,-. "[]e', max_size=60))
def test_what_is_no_json_is_not_plain(inside: str) -> None:
    raw = f"[{inside}]".encode()
    kind, _, _, values = tokens(np.frombuffer(raw, np.uint8), 1000, 256)
    try:
        read = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        assert kind == NOT_PLAIN
    else:
        if kind == NUMBERS:
            assert values.tolist() == read
