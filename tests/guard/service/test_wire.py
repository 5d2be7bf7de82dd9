import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.policies.policy import Cause
from ringfence.guard.service import wire
from ringfence.guard.service.wire import (
    CAUSES,
    SURFACES,
    VERDICTS,
    SlateRequest,
    SlateVerdicts,
    WireError,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)
from ringfence.model.words import Surface, Verdict

IDS = st.lists(st.integers(0, 2**32 - 1), max_size=60)
REQUESTS = st.builds(
    lambda surface, ids, viewer, minor: SlateRequest(surface, np.array(ids, np.uint32), viewer, minor),
    st.sampled_from(SURFACES),
    IDS,
    st.none() | st.integers(0, 2**32 - 2),
    st.booleans(),
)
ANSWERS = st.builds(
    lambda verdicts, version, cause: SlateVerdicts(np.array(verdicts, np.uint8), version, cause),
    st.lists(st.integers(0, 4), max_size=60),
    st.binary(min_size=8, max_size=8),
    st.sampled_from(CAUSES),
)
GOOD = encode_request(SlateRequest(Surface.SUGGESTION, np.array([7, 8], np.uint32), 5, minor=True))


def test_the_layout_is_the_published_one() -> None:
    assert b"RFS1" + bytes([3, 1, 0, 0]) + struct.pack("<II", 5, 2) + struct.pack("<II", 7, 8) == GOOD
    answer = SlateVerdicts(np.array([0, 3, 4], np.uint8), b"01234567", Cause.DEADLINE)
    assert encode_answer(answer) == b"RFA1" + bytes([4, 0, 0, 0]) + b"01234567" + struct.pack("<I", 3) + bytes(
        [0, 3, 4]
    )


def test_every_word_has_a_number_for_good() -> None:
    assert set(SURFACES) == set(Surface)
    assert set(CAUSES) == {"", *Cause}
    assert tuple(Verdict) == VERDICTS


@given(REQUESTS)
def test_a_request_comes_back_as_it_was(request: SlateRequest) -> None:
    back = decode_request(encode_request(request), 60)
    assert (back.surface, back.viewer, back.minor) == (request.surface, request.viewer, request.minor)
    assert back.ids.tolist() == request.ids.tolist()


@given(ANSWERS)
def test_an_answer_comes_back_as_it_was(answer: SlateVerdicts) -> None:
    back = decode_answer(encode_answer(answer))
    assert (back.version, back.degraded) == (answer.version, answer.degraded)
    assert back.verdicts.tolist() == answer.verdicts.tolist()


@given(REQUESTS, st.data())
def test_no_request_is_read_from_a_part_of_one_or_from_more(request: SlateRequest, data: st.DataObject) -> None:
    body = encode_request(request)
    cut = data.draw(st.integers(0, len(body) - 1))
    more = data.draw(st.binary(min_size=1, max_size=9))
    for wrong in (body[:cut], body + more):
        with pytest.raises(WireError):
            decode_request(wrong, 60)


@given(ANSWERS, st.data())
def test_no_answer_is_read_from_a_part_of_one_or_from_more(answer: SlateVerdicts, data: st.DataObject) -> None:
    body = encode_answer(answer)
    cut = data.draw(st.integers(0, len(body) - 1))
    for wrong in (body[:cut], body + b"\0"):
        with pytest.raises(WireError):
            decode_answer(wrong)


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda rest: b"RFS1" + rest))
def test_any_bytes_are_a_request_of_one_meaning_or_refused(body: bytes) -> None:
    try:
        request = decode_request(body, 10)
    except WireError:
        return
    assert encode_request(request) == body


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"RFA1" + rest))
def test_any_bytes_are_an_answer_of_one_meaning_or_refused(body: bytes) -> None:
    try:
        answer = decode_answer(body)
    except WireError:
        return
    assert encode_answer(answer) == body


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (0, 0, "RFS1"),
        (4, 5, "surface"),
        (5, 2, "reserved"),
        (6, 1, "reserved"),
        (15, 1, "more than"),
        (12, 3, "length"),
    ],
)
def test_what_is_wrong_is_named(place: int, value: int, told: str) -> None:
    body = bytearray(GOOD)
    body[place] = value
    with pytest.raises(WireError, match=told):
        decode_request(bytes(body), 10_000)


def test_a_count_that_no_body_could_hold_reserves_nothing() -> None:
    with pytest.raises(WireError):
        decode_request(wire.REQUEST_HEADER.pack(b"RFS1", 3, 0, 0, 1, 2**32 - 1), 10_000)


def test_an_unknown_verdict_is_refused_by_a_client() -> None:
    body = bytearray(encode_answer(SlateVerdicts(np.array([0], np.uint8), bytes(8))))
    body[-1] = 5
    with pytest.raises(WireError):
        decode_answer(bytes(body))
