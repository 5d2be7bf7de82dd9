"""Which posts bring media that the platform's banks know, and let act by itself?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ringfence.ingest.streams.messages import Medium, Post
from ringfence.media.banks import schema
from ringfence.media.banks.bank import ACTING, MOST_QUALITY
from ringfence.media.hashes import parse
from ringfence.media.items import Signal
from ringfence.media.matcher import Matcher
from ringfence.media.queries import Look, Query
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store.workspace import Workspace

Screen = Callable[[Sequence[Post]], frozenset[int]]  # posts, and the places of those with known media


def nothing(_: Sequence[Post]) -> frozenset[int]:
    """The screen of a platform without banks."""
    return frozenset()


@dataclass(slots=True)
class BankScreen:
    """The banks of a workspace, from when there are any. What a bank learns holds for the next batch of posts.

    A match that is for a person first flags nobody. Raises Fault where the banks cannot be asked: no post is taken for
    clean then.
    """

    workspace: Workspace
    _matcher: Matcher | None = field(init=False, default=None)

    def __call__(self, posts: Sequence[Post]) -> frozenset[int]:
        asked = [(place, query) for place, post in enumerate(posts) for query in _queries(post)]
        if not asked or (matcher := self._opened()) is None:
            return frozenset()
        answers = matcher.match_all([query for _, query in asked], remember=False)
        return frozenset(place for (place, _), one in zip(asked, answers, strict=True) if one.remedy in ACTING)

    def close(self) -> None:
        if self._matcher is not None:
            self._matcher.close()

    def _opened(self) -> Matcher | None:
        if self._matcher is None and (self.workspace.media / schema.FILE).exists():
            self._matcher = Matcher.open(self.workspace)
        return self._matcher


def _queries(post: Post) -> Iterator[Query]:
    """Each medium by itself: what a negative bank knows of one says nothing of another."""
    for medium in post.media:
        digests = tuple(_signals(medium))
        code = _value(HashKind.PDQ, medium.pdq)
        good = medium.quality is None or 0 <= medium.quality <= MOST_QUALITY
        looks = (Look(code, quality=medium.quality if good else 0),) if code else ()
        if digests or looks:
            yield Query(post.post_id, digests, looks)


def _signals(medium: Medium) -> Iterator[Signal]:
    for kind, text in ((HashKind.SHA256, medium.sha256), (HashKind.MD5, medium.md5)):
        if value := _value(kind, text):
            yield Signal(kind, value)


def _value(kind: HashKind, text: str) -> bytes:
    """The hash, or none for a text that is none: it cannot be a known one."""
    try:
        return parse(kind, text, "media") if text else b""
    except Fault:
        return b""
