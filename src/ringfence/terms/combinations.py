"""Do the terms that combinations name exist, and does no combination rest on itself?"""

from collections.abc import Iterable, Iterator, Mapping

from ringfence.terms.rows import Wrong
from ringfence.terms.term import Term


def parts_of(term: Term) -> tuple[str, ...]:
    """The ids of all terms that a combination looks for around its anchor."""
    return (*term.all_of, *term.any_of, *term.none_of)


def broken(terms: Iterable[Term]) -> Iterator[tuple[str, Wrong]]:
    """What is wrong with each combination, under the id of its anchor; a cycle once, under one of its anchors."""
    anchors: dict[str, tuple[str, ...]] = {}
    known = set()
    for term in terms:
        known.add(term.id)
        if term.combines:
            anchors[term.id] = parts_of(term)
    for anchor, parts in anchors.items():
        if anchor in parts:
            yield anchor, Wrong(f"the combination {anchor!r} names itself", "remove its own id from its row")
        for part in parts:
            if part not in known:
                yield anchor, Wrong(f"it names {part!r}, and no term has that id", "add that term, or remove the id")
    for cycle in _cycles({anchor: [part for part in parts if part != anchor] for anchor, parts in anchors.items()}):
        what = f"combinations rest on each other in a circle: {' > '.join(cycle)}"
        yield cycle[0], Wrong(what, "remove one of them from the row before it")


def _cycles(anchors: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """A cycle out of each walk that meets one; without recursion, as a chain may be as long as the list."""
    done: set[str] = set()
    for start in anchors:
        path: dict[str, Iterator[str]] = {}
        if start not in done:
            path[start] = iter(anchors[start])
        while path:
            at, left = next(reversed(path.items()))
            part = next(left, None)
            if part is None:
                done.add(at)
                path.popitem()
            elif part in path:
                ids = list(path)
                yield [*ids[ids.index(part) :], part]
                return
            elif part in anchors and part not in done:
                path[part] = iter(anchors[part])
