"""How was each hashtag used over the last seven days, and by whom?

Uses are counted by hour of event time. Of each tag and hour a sample of users is kept, the uses whose draw is least:
which uses these are does not depend on the order in which they came, and up to `SAMPLE` uses an hour they are all.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from operator import attrgetter

import msgspec

HOUR = 3_600_000_000  # microseconds
HOURS = 7 * 24
SAMPLE = 32  # uses of one tag in one hour whose users are remembered; of more, the share among these stands for all
ROOM = 0.9  # how full the window is once it has been emptied, so that it is not emptied again at once

Use = tuple[int, str]  # the draw, and the account


class HourOfUse(msgspec.Struct, array_like=True, gc=False):
    hour: int
    uses: int
    sample: list[Use]  # by draw


class TagUse(msgspec.Struct, array_like=True, gc=False):
    last: int  # event time of the latest use
    hours: list[HourOfUse]  # by hour

    def of(self, hour: int) -> HourOfUse | None:
        """What is held of one hour."""
        at = self.place(hour)
        return self.hours[at] if at < len(self.hours) and self.hours[at].hour == hour else None

    def place(self, hour: int) -> int:
        """Where in `hours` it is or would be. Most uses are of the last hour, so that is looked at first."""
        last = len(self.hours) - 1
        return last if last >= 0 and self.hours[last].hour == hour else bisect_left(self.hours, hour, key=_HOUR)


_HOUR = attrgetter("hour")
Changed = set[tuple[str, int]]  # hours of tags


class TagWindow(msgspec.Struct, gc=False):
    """`most` is how many sampled uses are kept; beyond it the tags go whose last use is the longest ago."""

    most: int
    newest: int = 0  # the hour that the window ends with
    kept: int = 0
    tags: dict[str, TagUse] = {}

    def use(self, tag: str, account: str, at: int, draw: int, changed: Changed) -> None:
        """Count one use, unless it is too old to be in the window. No two uses of a tag have the same draw."""
        hour = at // HOUR
        if hour <= self.newest - HOURS:
            return
        used = self.tags.get(tag)
        if used is None:
            used = self.tags[tag] = TagUse(at, [])
        used.last = max(used.last, at)
        held = used.of(hour)
        if held is None:
            held = HourOfUse(hour, 0, [])
            used.hours.insert(used.place(hour), held)
        held.uses += 1
        changed.add((tag, hour))
        if self._sampled(held, draw, account) and self.kept > self.most:
            self._make_room(changed)

    def _sampled(self, held: HourOfUse, draw: int, account: str) -> bool:
        """Whether the use is now among those kept, in the place of another if there are enough."""
        if len(held.sample) < SAMPLE:
            self.kept += 1
        elif draw < held.sample[-1][0]:
            held.sample.pop()
        else:
            return False
        insort(held.sample, (draw, account))
        return True

    def advance(self, hour: int, changed: Changed) -> None:
        """End the window with this hour; what falls out at its start is forgotten."""
        self.newest = hour
        first = hour - HOURS + 1
        for tag, used in list(self.tags.items()):
            if used.hours[0].hour < first:
                kept = used.place(first)
                self._forget(tag, used.hours[:kept], changed)
                del used.hours[:kept]
                if not used.hours:
                    del self.tags[tag]

    def _make_room(self, changed: Changed) -> None:
        for _, tag in sorted((used.last, tag) for tag, used in self.tags.items()):
            if self.kept <= self.most * ROOM:
                return
            self._forget(tag, self.tags.pop(tag).hours, changed)

    def _forget(self, tag: str, hours: Iterable[HourOfUse], changed: Changed) -> None:
        for held in hours:
            self.kept -= len(held.sample)
            changed.add((tag, held.hour))
