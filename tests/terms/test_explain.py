import pytest

from ringfence.terms.explain import explain
from ringfence.terms.term import Mode, Term

TERMS = (Term("k", "kittiwake"), Term("v", "vole"), Term("o", "owl"), Term("h", "heron", mode=Mode.HASHTAG))


def test_each_layer_shows_what_it_did() -> None:
    told = explain(TERMS, "k%691ttІwake")
    layers = {layer.name: layer.text for layer in told.layers}
    assert layers["original"] == "k%691ttІwake"
    assert layers["unwrapped"] == "ki1ttІwake"
    assert layers["letters"] == "ki1ttіwake"
    assert layers["classes"] == "kiittiwake"
    assert layers["joined"] == "kitiwake"
    assert told.strange == ("U+0406 CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I",)


@pytest.mark.parametrize(
    ("text", "term", "why"),
    [
        ("voie", "vole", "both plain"),
        ("owls", "owl", "longer word"),
        ("0wl", "owl", "too few letters"),
        ("f o w l s", "owl", "longer word spelled out"),
        ("kitti wake", "kittiwake", "gaps"),
        ("heron", "heron", "only in hashtags"),
    ],
)
def test_a_near_miss_says_why(text: str, term: str, why: str) -> None:
    told = explain(TERMS, text)
    assert not told.hits
    assert [miss.term for miss in told.misses] == [term]
    assert why in told.misses[0].reason
    assert term not in told.unmet


def test_a_term_that_is_held_back_is_told_so() -> None:
    terms = (
        Term("n", "nest", context=True),
        Term("e", "egg", all_of=("n",)),
        Term("o", "otter", never_inside=("sea otter",)),
    )
    for text, held in (("a nest", "nest"), ("an egg", "egg"), ("a sea otter", "otter")):
        assert [(miss.term, "held back" in miss.reason) for miss in explain(terms, text).misses] == [(held, True)]
    whole = explain(terms, "a nest with an egg", only=frozenset({"e"}))
    assert [hit.term for hit in whole.hits] == ["egg"]


def test_what_stands_nowhere_is_said_too() -> None:
    told = explain(TERMS, "nothing of it")
    assert (told.hits, told.misses, told.unmet) == ((), (), ("kittiwake", "vole", "owl", "heron"))


def test_a_hit_is_no_miss() -> None:
    told = explain(TERMS, "kittiwake kittiwakes")
    assert [hit.term for hit in told.hits] == ["kittiwake"]
    assert not told.misses


def test_a_long_text_is_shown_in_part_and_odd_ones_at_all() -> None:
    assert all(len(layer.text) <= 2_000 for layer in explain(TERMS, "é" * 100_000).layers)
    explain(TERMS, "\ud800\x00\u202e")
    explain(TERMS, "")
