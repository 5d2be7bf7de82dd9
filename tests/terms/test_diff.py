from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ringfence.terms.diff import Changed, Field, diff
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.rows import from_row
from ringfence.terms.term import Mode, Tier

BIRDS = [from_row({"term": term}) for term in ("firecrest", "kittiwake", "snow goose", "bittern")]
SUBSETS = st.lists(
    st.sampled_from(BIRDS).flatmap(lambda term: st.sampled_from([term, replace(term, severity="high")])),
    unique_by=lambda term: term.id,
)


def test_added_removed_and_changed_with_their_fields() -> None:
    firecrest, kittiwake, goose, bittern = BIRDS
    changed = replace(goose, mode=Mode.TOKEN, layers=((Tier.LEET, None),), finds=("a | b",))
    found = diff(Lexicon.of([firecrest, kittiwake, goose]), Lexicon.of([kittiwake, changed, bittern]))
    assert (found.added, found.removed) == ((bittern,), (firecrest,))
    fields = (Field("mode", "", "token"), Field("layers", "", "leet=off"), Field("finds", "", "a \\| b"))
    assert found.changed == (Changed(goose.id, fields),)


@given(SUBSETS, SUBSETS)
def test_what_is_added_one_way_is_removed_the_other(old: list, new: list) -> None:  # type: ignore[type-arg]
    there, back = diff(Lexicon.of(old), Lexicon.of(new)), diff(Lexicon.of(new), Lexicon.of(old))
    assert (set(there.added), set(there.removed)) == (set(back.removed), set(back.added))
    assert {one.id for one in there.changed} == {one.id for one in back.changed}
    assert bool(there) == (set(old) != set(new))
    unchanged = set(old) - set(there.removed) - {term for term in old if term.id in {one.id for one in there.changed}}
    assert unchanged == set(old) & set(new)
