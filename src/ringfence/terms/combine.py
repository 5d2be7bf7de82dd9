"""Which hits of one text stand, once exceptions, overlaps and combinations are looked at?

A combination is an anchor with other terms around it: all of some, any of some, none of some, within a window. It is
looked at only where its anchor was found. Terms that are there for combinations alone are no hits by themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ringfence.terms.term import Term


@dataclass(frozen=True, slots=True)
class Found:
    """A verified find, before combinations: term, tier and evidence by number, the span in code points."""

    term: int
    start: int
    end: int
    tier: int
    evidence: int
    exception: bool = False
    together: tuple[str, ...] = ()


def standing(found: Sequence[Found], terms: Sequence[Term], numbers: Mapping[str, int]) -> list[Found]:
    """The finds that are hits, by place, the longer first. `numbers` has each term's place in `terms` by id."""
    kept = list(_each_place_once(found)) if len(found) > 1 else list(found)
    if any(one.exception for one in kept):
        kept = _outside_exceptions(kept)
    if any(terms[one.term].context or terms[one.term].combines for one in kept):
        kept = list(_combined(kept, terms, numbers))
    return sorted(kept, key=lambda one: (one.start, -one.end, one.term))


def _each_place_once(found: Iterable[Found]) -> Iterable[Found]:
    """Of finds of one term that overlap, the plainest. Different terms may overlap: both were vetted."""
    last: dict[tuple[int, bool], Found] = {}
    for one in sorted(found, key=lambda one: (one.start, one.tier, -one.end)):
        key = (one.term, one.exception)
        before = last.get(key)
        if before is None:
            last[key] = one
        elif one.start >= before.end:
            yield before
            last[key] = one
        elif one.tier < before.tier:
            last[key] = one
    yield from last.values()


def _outside_exceptions(found: Sequence[Found]) -> list[Found]:
    shields: dict[int, list[Found]] = {}
    for one in found:
        if one.exception:
            shields.setdefault(one.term, []).append(one)
    return [
        one
        for one in found
        if not one.exception
        and not any(shield.start <= one.start and one.end <= shield.end for shield in shields.get(one.term, ()))
    ]


def _combined(found: Sequence[Found], terms: Sequence[Term], numbers: Mapping[str, int]) -> Iterable[Found]:
    places: dict[int, list[Found]] = {}
    for one in found:
        places.setdefault(one.term, []).append(one)
    for one in found:
        term = terms[one.term]
        if not term.combines:
            if not term.context:
                yield one
            continue
        near = {
            other
            for other in (*term.all_of, *term.any_of, *term.none_of)
            if any(_within(one, part, term.window) for part in places.get(numbers.get(other, -1), ()))
        }
        some = [other for other in term.any_of if other in near]
        if near.issuperset(term.all_of) and (some or not term.any_of) and near.isdisjoint(term.none_of):
            yield Found(one.term, one.start, one.end, one.tier, one.evidence, together=(*term.all_of, *some))


def _within(anchor: Found, part: Found, window: int | None) -> bool:
    if part is anchor:
        return False
    return window is None or max(part.start - anchor.end, anchor.start - part.end) <= window
