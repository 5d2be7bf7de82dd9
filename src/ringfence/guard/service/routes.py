"""Which paths ask for a decision, and how does each put its request to the guard?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ringfence.guard.answers import Decision, Slate
from ringfence.guard.decide import Guard
from ringfence.guard.degraded import DegradedGuard
from ringfence.guard.service import raw_slates
from ringfence.guard.service.raw_slates import Answered
from ringfence.guard.service.requests import (
    Autocomplete,
    Hashtag,
    Id,
    Number,
    Reader,
    Recommend,
    Related,
    Search,
    Suggest,
    Tagged,
    aligned,
    viewer_of,
)
from ringfence.guard.snapshots.accounts import Candidate
from ringfence.model.words import Surface

Decider = Guard | DegradedGuard
Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class JsonRoute(Generic[Asked]):
    """One path that takes JSON. `late` has what a degraded answer is about, `text` what the log knows as a hash.

    `quick` answers most bodies by themselves, and says the same as the ordinary way (raw_slates.py).
    """

    name: str
    surface: Surface
    read: Reader[Asked]
    decide: Callable[[Decider, Asked, float], Decision | Slate]
    late: Callable[[Asked], str | Sequence[Candidate]]
    text: Callable[[Asked], str] | None = None
    surface_of: Callable[[Asked], Surface] | None = None
    quick: Callable[[Guard, bytes], Answered | None] | None = None


def _recommend(guard: Decider, asked: Recommend[Any], _: float) -> Slate:
    return guard.recommend(viewer_of(asked.viewer), asked.surface, asked.candidates, asked.accounts)


def _read_recommend() -> Reader[Recommend[Any]]:
    return Reader(Recommend[Id], Recommend[Number], check=aligned)


JSON_ROUTES: tuple[JsonRoute[Any], ...] = (
    JsonRoute(
        "search",
        Surface.SEARCH,
        Reader(Search),
        lambda guard, it, _: guard.search(it.query, viewer_of(it.viewer)),
        lambda it: it.query,
        lambda it: it.query,
    ),
    JsonRoute(
        "autocomplete",
        Surface.AUTOCOMPLETE,
        Reader(Autocomplete),
        lambda guard, it, end: guard.autocomplete(it.prefix, it.candidates, viewer_of(it.viewer), deadline=end),
        lambda it: it.candidates,
        lambda it: it.prefix,
    ),
    JsonRoute(
        "related",
        Surface.AUTOCOMPLETE,
        Reader(Related),
        lambda guard, it, end: guard.related(it.query, it.candidates, viewer_of(it.viewer), deadline=end),
        lambda it: it.candidates,
        lambda it: it.query,
    ),
    JsonRoute(
        "hashtag",
        Surface.HASHTAG,
        Reader(Hashtag),
        lambda guard, it, _: guard.hashtag(it.tag, viewer_of(it.viewer)),
        lambda it: it.tag,
        lambda it: it.tag,
    ),
    JsonRoute(
        "tags",
        Surface.HASHTAG,
        Reader(Tagged),
        lambda guard, it, end: guard.tags(it.tags, viewer_of(it.viewer), deadline=end),
        lambda it: it.tags,
    ),
    JsonRoute(
        "suggest",
        Surface.SUGGESTION,
        Reader(Suggest[Id], Suggest[Number]),
        lambda guard, it, _: guard.suggest(viewer_of(it.viewer), it.candidates),
        lambda it: it.candidates,
        quick=raw_slates.suggest,
    ),
    JsonRoute(
        "recommend",
        Surface.RECOMMENDATION,
        _read_recommend(),
        _recommend,
        lambda it: it.candidates,
        surface_of=lambda it: it.surface,
        quick=raw_slates.recommend,
    ),
)
SLATE_ROUTE = "slate"
