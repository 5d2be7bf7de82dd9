"""What do all events up to here amount to?

A fold over a log. It knows the log alone: event times and positions, and neither the clock, nor how the log was cut
into batches, nor the snapshot that is served. So a log that is read again comes to the same state, to the bit.
"""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from ringfence.guard.live.accounts import AccountFacts
from ringfence.guard.live.tags import PERIOD, Changed, TagWindow

FORMAT = 1
MOST_USERS = 1_000_000
MOST_ACCOUNTS = 1_000_000


class Posted(msgspec.Struct, frozen=True):
    """A post, as far as it matters here. `tags` are folded and differ, `drawn` is the account's draw (tags.py).

    `hit`: its own words held an acting term.
    """

    post: str
    account: str
    at: int
    tags: tuple[str, ...] = ()
    hit: bool = False
    known: bool = False
    drawn: int = 0


class Declared(msgspec.Struct, frozen=True):
    account: str
    at: int
    age: int


class Cleared(msgspec.Struct, frozen=True):
    """A person's label says that the account is none of those looked for."""

    account: str
    at: int


class Unread(msgspec.Struct, frozen=True):
    """A message that held no event."""


Fact: TypeAlias = Posted | Declared | Cleared | Unread | None  # None: an event that changes nothing


class Seen(msgspec.Struct, frozen=True):
    """What one message of the log came to."""

    partition: int
    offset: int
    fact: Fact


class Changes(msgspec.Struct):
    """What has changed since somebody last looked, for the view that follows the state."""

    periods: Changed = set()
    accounts: set[str] = set()


class LiveState(msgspec.Struct, gc=False):
    """`positions` are the next offsets, by partition; `now` is the latest event time; both grow only."""

    tags: TagWindow
    accounts: AccountFacts
    positions: list[int] = []
    applied: int = 0
    unread: int = 0
    now: int = 0

    @staticmethod
    def empty(most_users: int = MOST_USERS, most_accounts: int = MOST_ACCOUNTS) -> "LiveState":
        return LiveState(TagWindow(most_users), AccountFacts(most_accounts))

    def apply(self, seen: Iterable[Seen], changes: Changes) -> None:
        """Fold messages in, in the order of the log within each partition. One that was folded in before is skipped."""
        for one in seen:
            if one.partition >= len(self.positions):
                self.positions += [0] * (one.partition + 1 - len(self.positions))
            if one.offset < self.positions[one.partition]:
                continue
            self.positions[one.partition] = one.offset + 1
            self.applied += 1
            fact = one.fact
            if isinstance(fact, Posted):
                self._post(fact, changes)
            elif isinstance(fact, Declared):
                _note(fact.account, changes, anything=self.accounts.declare(fact.account, fact.age, fact.at))
            elif isinstance(fact, Cleared):
                _note(fact.account, changes, anything=self.accounts.clear(fact.account, fact.at))
            elif fact is not None:
                self.unread += 1
            changes.accounts |= self.accounts.make_room()

    def _post(self, post: Posted, changes: Changes) -> None:
        if post.at > self.now:
            self._advance(post.at, changes)
        for tag in post.tags:
            self.tags.use(tag, (post.drawn, post.account), post.at, changes.periods)
        if post.hit:
            _note(post.account, changes, anything=self.accounts.hit(post.account, post.post, post.at))
        if post.known:
            _note(post.account, changes, anything=self.accounts.match(post.account, post.at))

    def _advance(self, now: int, changes: Changes) -> None:
        self.now = now
        number = now // PERIOD
        if number > self.tags.newest:
            self.tags.advance(number, changes.periods)
            changes.accounts |= self.accounts.advance(number * PERIOD)


def _note(account: str, changes: Changes, *, anything: bool) -> None:
    if anything:
        changes.accounts.add(account)
