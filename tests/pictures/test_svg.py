"""Is every shape well formed, whatever words it is given?"""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from ringfence.pictures import svg

# Control characters have no place in XML at all; ids and names never hold them once ingested.
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


@given(WORDS, WORDS)
def test_words_come_out_as_they_went_in(title: str, about: str) -> None:
    shapes = [svg.text(1, 2, about), svg.bar((0, 0), (1, 1), "red", about), svg.dot((0, 0), 1, "red", about)]
    drawn = ET.fromstring(svg.picture("map", (10, 10), title, about, shapes))
    assert [(part.text or "") for part in (drawn[0], drawn[1], drawn[2])] == [title, about, about]
    assert [(part.text or "") for part in drawn.iter("title")][1:] == ([about] * 2 if about else [])


def test_a_picture_is_told_to_those_who_cannot_see_it() -> None:
    drawn = ET.fromstring(svg.picture("Curve: one follow", (10, 10), "a title", "a description", []))
    assert drawn.get("role") == "img"
    assert (drawn.get("aria-labelledby") or "").split() == [part.get("id") for part in drawn]
