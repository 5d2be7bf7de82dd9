import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.media.hashing.hashed import AS_IT_IS, Frame, Hashed, Look, Reason, Refused
from ringfence.media.hashing.lines import LONGEST, of_line, read, to_line
from ringfence.model.faults import Fault

QUALITY = st.integers(0, 100)
VALUE = st.binary(min_size=32, max_size=32)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
LOOKS = st.builds(
    lambda first, rest: (Look(first[0], AS_IT_IS, first[1]), *rest),
    st.tuples(VALUE, QUALITY),
    st.lists(st.builds(Look, VALUE, TEXT, QUALITY), max_size=3),
)
FRAMES = st.builds(Frame, st.floats(0, 1e9), st.integers(0, 1 << 40), VALUE, QUALITY)


@st.composite
def hashed(draw: st.DrawFn) -> Hashed:
    looks = draw(st.one_of(st.just(()), LOOKS))
    return Hashed(
        draw(TEXT),
        draw(st.binary(min_size=16, max_size=16)),
        draw(st.none() | st.binary(min_size=20, max_size=20)),
        draw(st.none() | VALUE),
        looks,
        looks[0].quality if looks else None,
        draw(st.just("") | TEXT),
        tuple(draw(st.lists(FRAMES, max_size=3))),
        draw(st.none() | st.builds(Refused, st.sampled_from(Reason), TEXT, TEXT)),
    )


@given(st.lists(hashed(), max_size=5))
def test_what_is_written_is_read_again(every: list[Hashed]) -> None:
    text = b"\n".join(to_line(one) for one in every)
    assert all(b"\n" not in to_line(one) for one in every)
    assert list(read(io.BytesIO(text), "uploads")) == every


GOOD = {"media_id": "m1", "pdq": "ab" * 32, "quality": 90, "md5": "cd" * 16}


@pytest.mark.parametrize(
    "change",
    [
        {"pdq": "ab" * 31},
        {"pdq": "xy" * 32},
        {"pdq": "ab" * 32 + " "},
        {"pdq": 7},
        {"quality": 101},
        {"quality": -1},
        {"quality": 3.5},
        {"quality": None},
        {"md5": "cd" * 20},
        {"sha1": "cd" * 16},
        {"sha256": "0x" + "cd" * 31},
        {"media_id": ""},
        {"media_id": None},
        {"looks": [{"pdq": "ab", "transform": "mirrored", "quality": 1}]},
        {"frames": [{"at": -1, "number": 0, "pdq": "ab" * 32, "quality": 1}]},
        {"pdq": None, "md5": None},
    ],
)
def test_a_line_with_one_thing_wrong_is_refused_by_number_and_the_rest_go_on(change: dict[str, object]) -> None:
    bad = json.dumps(GOOD | change)
    found = list(read(io.BytesIO(f"{json.dumps(GOOD)}\n\n{bad}\n{json.dumps(GOOD)}".encode()), "uploads"))
    assert [one.refused is None for one in found] == [True, False, True]
    assert found[1].media_id == "uploads, line 3"
    refused = found[1].refused
    assert refused is not None
    assert refused.reason is Reason.LINE
    for digits in ("abab", "cdcd", "xyxy"):
        assert digits not in refused.what + refused.mend


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"\xff\xfe", b"null", b"[" * 100_000, b'{"media_id": "\\ud800", "md5": 1}']
)
def test_what_is_no_object_is_refused_in_one_line(line: bytes) -> None:
    with pytest.raises(Fault) as raised:
        of_line(line, "uploads, line 1")
    assert "\n" not in str(raised.value)


def test_a_line_without_an_end_is_read_past_and_not_kept() -> None:
    endless = io.BytesIO(b'{"a": "' + b"x" * (2 * LONGEST) + b'"}\n' + json.dumps(GOOD).encode())
    found = list(read(endless, "uploads"))
    assert [one.media_id for one in found] == ["uploads, line 1", "m1"]
