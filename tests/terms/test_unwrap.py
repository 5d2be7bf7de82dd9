from hypothesis import given
from hypothesis import strategies as st

from ringfence.terms.unwrap import unwrap

WRAPPING = st.text(st.sampled_from("k%6Bb2<>/ &#107;amp\n\u202e\u202d\u202c\u202aé🐦"), max_size=60)


@given(WRAPPING)
def test_every_character_has_a_span_of_the_original(text: str) -> None:
    seen = unwrap(text)
    starts, ends = (places.tolist() for places in seen.origins())
    assert len(seen.text) == len(starts) == len(ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    for character, start, end in zip(seen.text, starts, ends, strict=True):
        assert end - start > 1 or text[start] == character or "<" in text or character == "\n"


@given(st.text(st.characters(exclude_characters="%&<\u202d\u202e\u202a\u202b\u202c")))
def test_what_nothing_wraps_stays(text: str) -> None:
    seen = unwrap(text)
    assert (seen.text, seen.origins()[0].tolist(), seen.reversed) == (text, list(range(len(text))), False)


def test_each_wrapping() -> None:
    assert unwrap("%66%69re").text == "fire"
    assert unwrap("%C3%A9").text == "é"
    assert unwrap("%C3%41").text == "%C3%41"  # no UTF-8: left as it is
    assert unwrap("&#102;ire &amp; &#x66;ire").text == "fire & fire"
    assert unwrap("fi<b>re</b>cr<br>est").text == "firecr\nest"
    assert unwrap("a <b and c> d").text == "a  d"
    assert unwrap("a <kittiwake> d </firecrest>").text == "a <kittiwake> d </firecrest>"  # no tag: it is text
    assert unwrap("see \u202ewons\u202c fall").text == "see snow fall"
    assert unwrap("\u202eab\u202dcd\u202cef\u202c").text == "fecdba"
    assert unwrap("\u202eab\ncd").text == "ba\ncd"


def test_a_million_overrides_end() -> None:
    assert unwrap("\u202ea" * 300_000).text == "a" * 300_000
    assert unwrap("\u202e\u202d" * 300_000).text == ""
    assert len(unwrap("%" * 1_000_000).text) == len(unwrap("<" * 1_000_000).text) == 1_000_000
