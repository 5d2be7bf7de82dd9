"""Which signals has an account earned by its own recent events?

A hit counts once a post. What a person cleared before a time counts no more up to that time. The order in which events
come makes no difference.
"""

from typing import NamedTuple

import msgspec

from ringfence.discovery.minors import ADULT
from ringfence.guard.live.tags import HOUR, ROOM

DAY = 24 * HOUR
LASTS = 7 * DAY  # how long hits count, and how long the signal stands after the last of them
LEAST_POSTS = 2
FULL = 5  # posts with hits at which the signal is as strong as it gets
STEPS = 20  # a strength is a whole number of these

HITS, KNOWN, MINOR = "account:hits", "media:known", "account:minor"


class Flag(NamedTuple):
    """`steps` is the strength in twentieths; `until` the microsecond from which the signal no longer stands.

    A snapshot has room for few different endings, so they are on the hour: a signal may stand an hour longer.
    """

    account_id: str
    signal: str
    steps: int
    until: int | None


class AccountFacts(msgspec.Struct, gc=False):
    """Event times by account. `most` is how many accounts each of the lists holds but `known`, which holds them all."""

    most: int
    oldest: int = 0  # hits from before are forgotten
    hits: dict[str, dict[str, int]] = {}  # the latest posts that held a term, by post
    known: dict[str, int] = {}  # the latest post with known media
    minors: dict[str, int] = {}
    cleared: dict[str, int] = {}

    def hit(self, account: str, post: str, at: int) -> bool:
        """Count a post that held an acting term; whether anything changed."""
        if at < self.oldest or at <= self.cleared.get(account, at - 1):
            return False
        posts = self.hits.setdefault(account, {})
        posts[post] = max(at, posts.get(post, at))
        if len(posts) > FULL:
            del posts[min(posts, key=lambda name: (posts[name], name))]
        return True

    def match(self, account: str, at: int) -> bool:
        """Note known media; whether anything changed."""
        if at <= max(self.cleared.get(account, at - 1), self.known.get(account, at - 1)):
            return False
        self.known[account] = at
        return True

    def declare(self, account: str, age: int, at: int) -> bool:
        """Note the age that an account declares; the last declaration counts."""
        if age >= ADULT:
            return self.minors.pop(account, None) is not None
        self.minors[account] = at
        return True

    def clear(self, account: str, at: int) -> bool:
        """Forget the account's risk signals up to a time, as a person decided. A declared age is no such signal."""
        if at <= self.cleared.get(account, at - 1):
            return False
        self.cleared[account] = at
        if self.known.get(account, at + 1) <= at:
            del self.known[account]
        self._keep(account, at + 1)
        return True

    def advance(self, now: int) -> set[str]:
        """Forget hits that can no longer count at a time; gives the accounts that had some."""
        self.oldest = now - 2 * LASTS - HOUR  # a hit counts with one that came so much later, which stands so long
        old = {account for account, posts in self.hits.items() if min(posts.values()) < self.oldest}
        for account in old:
            self._keep(account, self.oldest)
        return old

    def make_room(self) -> set[str]:
        """Forget accounts whose last event is the longest ago until each list is within its bound; gives them."""
        gone: set[str] = set()
        if len(self.hits) > self.most:
            gone |= _shortened(self.hits, {account: max(posts.values()) for account, posts in self.hits.items()}, self)
        for times in (self.minors, self.cleared):
            if len(times) > self.most:
                gone |= _shortened(times, dict(times), self)
        return gone

    def flags(self, account: str, now: int) -> tuple[Flag, ...]:
        """The signals that stand at a time, by name."""
        found = []
        posts = self.hits.get(account)
        if posts:
            last = max(posts.values())
            count = sum(at > last - LASTS for at in posts.values())
            until = -(-(last + LASTS) // HOUR) * HOUR
            if count >= LEAST_POSTS and until > now:
                found.append(Flag(account, HITS, min(count, FULL) * STEPS // FULL, until))
        if account in self.minors:
            found.append(Flag(account, MINOR, STEPS, None))
        if account in self.known:
            found.append(Flag(account, KNOWN, STEPS, None))
        return tuple(found)

    def _keep(self, account: str, oldest: int) -> None:
        posts = self.hits.get(account, {})
        for post in [post for post, at in posts.items() if at < oldest]:
            del posts[post]
        if not posts:
            self.hits.pop(account, None)


def _shortened(held: dict[str, int] | dict[str, dict[str, int]], last: dict[str, int], facts: AccountFacts) -> set[str]:
    ordered = sorted(last, key=lambda account: (last[account], account))
    gone = ordered[: len(held) - int(facts.most * ROOM)]
    for account in gone:
        del held[account]
    return set(gone)
