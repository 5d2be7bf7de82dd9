"""What may be wrong with the answers of a recommender, how often was it, and what does one such case look like?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

_LONGEST = 300  # characters of an example: what a platform sends may be long


class Trouble(StrEnum):
    """Each kind is the name of a count in `Troubles`."""

    TIMEOUT = "timeouts"
    ERROR = "errors"
    MALFORMED = "malformed"
    EMPTY = "empty"
    SHORT = "short"
    TOO_MANY = "too_many"
    VIEWER = "viewer"
    FOLLOWED = "followed"
    DUPLICATE = "duplicates"
    UNKNOWN = "unknown"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Troubles:
    """What was wrong with the answers up to a moment; `examples` holds the first case of each kind that occurred."""

    asked: int  # times the platform was asked, failures and second times among them
    asked_twice: int  # questions that were put a second time
    timeouts: int  # answers that did not come in time: an empty slate each
    errors: int  # answers that failed in any other way: an empty slate each
    malformed: int  # answers that were no list of ids: an empty slate each
    empty: int  # answers with nobody in them that can be shown
    short: int  # answers with somebody, but fewer than wanted, that can be shown
    too_many: int  # answers longer than was wanted; cut
    viewer: int  # entries that are the viewer; taken out, as are the next three
    followed: int  # entries whom the viewer follows already
    duplicates: int  # entries that the same answer had before
    unknown: int  # entries that are no account's id
    changed: int  # answers that were not those given to the same question before, or did not begin like a shorter one
    examples: Mapping[Trouble, str]

    @property
    def failed(self) -> int:
        """Answers that were none."""
        return self.timeouts + self.errors + self.malformed


@dataclass(slots=True)
class Tally:
    """Counts troubles as they come."""

    asked: int = 0
    asked_twice: int = 0
    _counts: Counter[Trouble] = field(default_factory=Counter)
    _examples: dict[Trouble, str] = field(default_factory=dict)

    def count(self, kind: Trouble, times: int, example: str) -> None:
        """Add to a kind; the first example is kept."""
        self._counts[kind] += times
        if kind not in self._examples:
            printable = "".join(character if character.isprintable() else " " for character in example)
            self._examples[kind] = printable if len(printable) <= _LONGEST else f"{printable[:_LONGEST]}..."

    def snapshot(self) -> Troubles:
        """What was counted so far."""
        return Troubles(
            asked=self.asked,
            asked_twice=self.asked_twice,
            **{str(kind): self._counts[kind] for kind in Trouble},
            examples=MappingProxyType(dict(self._examples)),
        )
