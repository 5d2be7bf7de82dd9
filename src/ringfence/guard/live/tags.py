"""Who used each hashtag over the last seven days?

People are counted, not posts: an account that floods a tag counts once, and can neither make it look risky nor bury the
others. Users are kept by periods of six hours of event time. Of each tag and period those are kept whose draw is least,
a number that follows from the account: which these are does not depend on the order in which they came. Up to `SAMPLE`
they are all; of more, those kept stand for all (Bar-Yossef and others, "Counting distinct elements in a data stream",
2002, the third algorithm).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from operator import attrgetter

import msgspec

HOUR = 3_600_000_000  # microseconds
PERIOD = 6 * HOUR
PERIODS = 28  # seven days
SAMPLE = 64
ROOM = 0.9  # how full the window is once it has been emptied, so that it is not emptied again at once

User = tuple[int, str]  # the draw, and the account
Changed = set[tuple[str, int]]  # periods of tags


class PeriodOfUse(msgspec.Struct, array_like=True, gc=False):
    number: int
    users: list[User]  # by draw


class TagUse(msgspec.Struct, array_like=True, gc=False):
    last: int  # event time of the latest use
    periods: list[PeriodOfUse]  # by number

    def of(self, number: int) -> PeriodOfUse | None:
        """What is held of one period."""
        at = self.place(number)
        return self.periods[at] if at < len(self.periods) and self.periods[at].number == number else None

    def place(self, number: int) -> int:
        """Where in `periods` it is or would be. Most uses are of the last one, so that is looked at first."""
        last = len(self.periods) - 1
        return last if last >= 0 and self.periods[last].number == number else bisect_left(self.periods, number, key=_N)


_N = attrgetter("number")


class TagWindow(msgspec.Struct, gc=False):
    """`most` is how many users are kept; beyond it the tags go whose last use is the longest ago."""

    most: int
    newest: int = 0  # the period that the window ends with
    kept: int = 0
    tags: dict[str, TagUse] = {}

    def use(self, tag: str, user: User, at: int, changed: Changed) -> None:
        """Note one use, unless it is too old to be in the window."""
        number = at // PERIOD
        if number <= self.newest - PERIODS:
            return
        used = self.tags.get(tag)
        if used is None:
            used = self.tags[tag] = TagUse(at, [])
        used.last = max(used.last, at)
        held = used.of(number)
        if held is None:
            held = PeriodOfUse(number, [])
            used.periods.insert(used.place(number), held)
        if self._noted(held.users, user):
            changed.add((tag, number))
            if self.kept > self.most:
                self._make_room(changed)

    def _noted(self, users: list[User], user: User) -> bool:
        """Whether the user is now among those kept and was not before, in the place of another if there are enough."""
        at = bisect_left(users, user)
        if at == SAMPLE or (at < len(users) and users[at] == user):
            return False
        users.insert(at, user)
        if len(users) > SAMPLE:
            users.pop()
        else:
            self.kept += 1
        return True

    def advance(self, number: int, changed: Changed) -> None:
        """End the window with this period; what falls out at its start is forgotten."""
        self.newest = number
        first = number - PERIODS + 1
        for tag, used in list(self.tags.items()):
            if used.periods[0].number < first:
                kept = used.place(first)
                self._forget(tag, used.periods[:kept], changed)
                del used.periods[:kept]
                if not used.periods:
                    del self.tags[tag]

    def _make_room(self, changed: Changed) -> None:
        for _, tag in sorted((used.last, tag) for tag, used in self.tags.items()):
            if self.kept <= self.most * ROOM:
                return
            self._forget(tag, self.tags.pop(tag).periods, changed)

    def _forget(self, tag: str, periods: Iterable[PeriodOfUse], changed: Changed) -> None:
        for held in periods:
            self.kept -= len(held.users)
            changed.add((tag, held.number))


def known_users(periods: Sequence[PeriodOfUse]) -> set[User]:
    """A sample of all users over these periods: all of them, or those whose draws no period has left any out below.

    No two are the same account, and each is there whichever of the periods it was in.
    """
    full = [held.users[-1] for held in periods if len(held.users) == SAMPLE]
    if not full:
        return {user for held in periods for user in held.users}
    last = min(full)
    return {user for held in periods for user in held.users if user <= last}


def draw(account: str, key: bytes) -> int:
    """A number below 2^63 that looks random; without the key nobody can choose an account id for its draw."""
    return int.from_bytes(blake2b(account.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()) >> 1
