"""How does a recommender fill a slate when the guard takes some of it away?

It asks for more candidates until enough are kept, for a few rounds, and shows fewer rather than any that were not
judged. The recommender is a reference one: it counts how many of the accounts that somebody follows follow another.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from ringfence.guard.answers import Slate, Viewer

ROUNDS = 5
Follows = Mapping[str, frozenset[str]]


class Guards(Protocol):
    """What is asked here: a Guard in this process, or Current.guard()."""

    def suggest(self, viewer: Viewer, candidates: Sequence[str]) -> Slate: ...


def candidates(follows: Follows, viewer: str, weight: Callable[[str], float] = lambda _: 1.0) -> Iterator[str]:
    """Accounts that the viewer may like to follow, the best first. `weight` is how much an account's ties count."""
    mine = follows.get(viewer, frozenset())
    counts: Counter[str] = Counter()
    for followed in mine:
        for other in follows.get(followed, frozenset()):
            counts[other] += weight(followed)  # type: ignore[assignment]
    ranked = sorted(counts, key=lambda account: (-counts[account], account))
    return (account for account in ranked if account != viewer and account not in mine and counts[account] > 0)


def suggestions(guard: Guards, viewer: Viewer, ranked: Iterator[str], wanted: int) -> list[str]:
    """Up to `wanted` accounts that the guard lets through, in the recommender's order, demoted ones last."""
    first: list[str] = []
    last: list[str] = []
    for _ in range(ROUNDS):
        asked = _take(ranked, wanted - len(first))
        if not asked:
            break
        slate = guard.suggest(viewer, asked)
        demoted = {name for name in slate.kept if name in slate.judged and slate.judged[name].verdict == "demote"}
        first += [str(name) for name in slate.kept if name not in demoted]
        last += [str(name) for name in slate.kept if name in demoted]
        if len(first) >= wanted or slate.degraded:  # a degraded guard says the same of whoever comes next
            break
    return (first + last)[:wanted]


def _take(ranked: Iterator[str], count: int) -> list[str]:
    return list(islice(ranked, count))
