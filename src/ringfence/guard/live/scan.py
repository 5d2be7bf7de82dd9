"""What does each message of the log come to, by the lexicon, the known hashes and the banks of known media?

Texts of a batch are scanned together, which is many times faster; what a message comes to does not depend on its batch.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

import pyarrow as pa

from ringfence.guard.live.accounts import DAY
from ringfence.guard.live.screen import Screen, nothing
from ringfence.guard.live.state import Cleared, Declared, Fact, Posted, Seen, Unread
from ringfence.guard.live.tags import draw
from ringfence.ingest.streams import messages
from ringfence.ingest.streams.messages import Account, Event, Label, Post, Refused
from ringfence.ingest.streams.stream import Message
from ringfence.model.words import Opinion
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import Field, Matcher
from ringfence.terms.plain import plain
from ringfence.terms.term import bare

_EPOCH = date(1970, 1, 1).toordinal()
FIELDS: tuple[Field, ...] = ("post", "hashtag")  # of a post
_MATCHERS = 2  # kept at a time: the days of a batch seldom fall on both sides of more than one expiry

Refusal = tuple[Message, Refused]


class Scanner:
    """A lexicon and known hashes, ready. Terms that expire are looked for in the posts up to their day."""

    __slots__ = ("_ends", "_hashes", "_key", "_lexicon", "_matchers", "_screen", "hashes_version", "lexicon_version")

    def __init__(
        self,
        lexicon: Lexicon,
        hashes: frozenset[bytes] = frozenset(),
        hashes_version: str = "",
        key: bytes = b"",
        screen: Screen = nothing,
    ) -> None:
        """`key` is that of the draws of accounts; another one gives other samples of a busy tag's users."""
        self._key = key
        self.lexicon_version = lexicon.version
        self.hashes_version = hashes_version
        self._lexicon = lexicon
        self._hashes = hashes
        self._screen = screen
        self._ends = sorted({term.expires for term in lexicon if term.expires is not None})
        self._matchers: dict[int, Matcher] = {}

    def ready(self) -> None:
        """Build what is built once, before anything waits for it."""
        matcher = self._matcher(len(self._ends))
        for field in FIELDS:
            list(_acting(matcher, ["a"], field))

    def read(self, batch: Sequence[Message]) -> tuple[list[Seen], list[Refusal]]:
        """What each message comes to, in their order; and those that held no event, with the reason."""
        events = [messages.read(message) for message in batch]
        posts = [event for event in events if isinstance(event, Post)]
        hits, banked = self._hits(posts), self._screen(posts)
        seen = []
        refused = []
        number = 0
        for message, event in zip(batch, events, strict=True):
            fact: Fact
            if isinstance(event, Refused):
                refused.append((message, event))
                fact = Unread()
            elif isinstance(event, Post):
                fact = self._posted(event, hit=number in hits, banked=number in banked)
                number += 1
            else:
                fact = _fact(event)
            seen.append(Seen(message.partition, message.offset, fact))
        return seen, refused

    def _posted(self, post: Post, *, hit: bool, banked: bool) -> Posted:
        tags = tuple(dict.fromkeys(map(folded, post.hashtags)))
        known = banked or (bool(post.hashes) and not self._hashes.isdisjoint(post.hashes))
        drawn = draw(post.account_id, self._key) if tags else 0
        return Posted(post.post_id, post.account_id, post.at, tags, hit=hit, known=known, drawn=drawn)

    def _hits(self, posts: Sequence[Post]) -> set[int]:
        """Which posts are an account's own and hold a term that a policy may act on."""
        found: set[int] = set()
        for matcher, numbers in self._by_matcher(posts):
            texts = [posts[number].text for number in numbers]
            found |= {numbers[row] for row in _acting(matcher, texts, "post")}
            tags: dict[str, list[int]] = {}
            for number in numbers:
                for tag in posts[number].hashtags:
                    tags.setdefault(tag, []).append(number)
            listed = list(tags)
            for row in _acting(matcher, listed, "hashtag"):
                found.update(tags[listed[row]])
        return found

    def _by_matcher(self, posts: Sequence[Post]) -> Iterator[tuple[Matcher, list[int]]]:
        """The numbers of the own posts, by the terms that were looked for on their day."""
        groups: dict[int, list[int]] = {}
        for number, post in enumerate(posts):
            if post.own:
                groups.setdefault(self._era(post.at), []).append(number)
        for era, numbers in groups.items():
            yield self._matcher(era), numbers

    def _era(self, at: int) -> int:
        """How many expiry dates lie before a time: between two of them the same terms are looked for."""
        return bisect_left(self._ends, date.fromordinal(max(_EPOCH + at // DAY, 1))) if self._ends else 0

    def _matcher(self, era: int) -> Matcher:
        matcher = self._matchers.pop(era, None)
        if matcher is None:
            day = self._ends[era] if era < len(self._ends) else date.max
            matcher = Matcher(self._lexicon, day)
        self._matchers[era] = matcher  # the last is the one used last
        while len(self._matchers) > _MATCHERS:
            del self._matchers[next(iter(self._matchers))]
        return matcher


def _acting(matcher: Matcher, texts: Sequence[str], field: Field) -> Iterator[int]:
    return (row for row, hit in matcher.finds(pa.array(texts, pa.large_string()), field) if hit.acts)


def _fact(event: Event) -> Fact:
    if isinstance(event, Account) and event.declared_age is not None:
        return Declared(event.account_id, event.at, event.declared_age)
    if isinstance(event, Label) and event.opinion is Opinion.NEGATIVE:
        return Cleared(event.account_id, event.at)
    return None


@lru_cache(maxsize=65_536)
def folded(tag: str) -> str:
    """The name by which the guard knows a tag."""
    return plain(bare(tag))
