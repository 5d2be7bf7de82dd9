"""What does a log of events look like, whichever broker keeps it?"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """One entry of a log. `offset` rises within a `partition`; `stored` is when the broker took it, in microseconds."""

    partition: int
    offset: int
    stored: int
    body: bytes


class Stream(Protocol):
    """A log that is read from a position on, in order within each partition and with no gap.

    `name` says which log it is: one that was deleted and made anew has another name, so that positions in the old one
    are never taken for positions in the new one. `missed` counts entries that the broker had dropped before they could
    be read. `trouble` is empty while the broker answers, and otherwise says in words what it does.
    """

    name: str
    missed: int
    trouble: str

    def pull(self, most: int, wait: float) -> Sequence[Message]:
        """What comes next: at most `most` messages, and none after `wait` seconds without any, or in trouble."""
        ...

    def caught_up(self) -> bool:
        """Whether everything that the log held when this was asked has been pulled."""
        ...

    def acknowledge(self, positions: Mapping[int, int]) -> None:
        """Tell the broker, for its own lists of who lags, that all before these offsets (by partition) is kept."""
        ...

    def close(self) -> None: ...
