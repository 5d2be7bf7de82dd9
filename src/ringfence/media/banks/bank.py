"""What is a bank? Known media from one source, how near counts as a match, and what may follow from one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringfence.media.hashes import LEAST_QUALITY, RADIUS
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion

OWN = "own"  # the source of what the platform's own reviewers put into a bank
# Anybody may submit to these, and few of their entries were reviewed (users of StopNCII in HMA's issue 1873).
UNVETTED_SOURCES = frozenset({"stopncii"})
MOST_RADIUS = 52  # bits; what an index still finds exactly. Unrelated pictures are over 100 apart.
MOST_QUALITY = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Remedy(StrEnum):
    """What may follow from a match, mildest first. None is a verdict: a report is always made by a person."""

    REVIEW = "review"  # a person looks
    SUPPRESS = "suppress"  # left out of discovery, and a person looks
    REPORT_QUEUE = "report_queue"  # left out, and first in the queue of those who report


SERIOUSNESS = tuple(Remedy)
ACTING = frozenset({Remedy.SUPPRESS, Remedy.REPORT_QUEUE})  # these leave discovery before a person looks


@dataclass(frozen=True, slots=True)
class Bank:
    """Known media of one source. Raises Fault for a setting that is out of bounds.

    A match is within `radius` bits of 256, of a picture whose quality (0 to 100) is `least_quality` or more. A negative
    bank holds what must never match. `rollout` is the share of media on which the bank acts already. With
    `sources_needed` above 1 it acts only where so many sources know the picture. Matches of a source that does not
    vet its entries always go to a person.
    """

    name: str
    source: str = OWN
    opinion: Opinion = Opinion.POSITIVE
    radius: int = RADIUS
    least_quality: int = LEAST_QUALITY
    action: Remedy = Remedy.REVIEW
    rollout: float = 1.0
    sources_needed: int = 1
    vetted: bool = True

    def __post_init__(self) -> None:
        for setting, bounds in _faults(self):
            raise Fault(f"{setting} is {getattr(self, setting)!r}", where=f"bank {self.name!r}", mend=bounds)

    @property
    def acts_alone(self) -> bool:
        """Whether anything but a review may follow from what its source says."""
        return self.vetted and self.source.casefold() not in UNVETTED_SOURCES


def _faults(bank: Bank) -> Iterator[tuple[str, str]]:
    for setting, value in (("name", bank.name), ("source", bank.source)):
        if not _NAME.fullmatch(value):
            yield setting, "use up to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
    if not 0 <= bank.radius <= MOST_RADIUS:
        yield "radius", f"give 0 to {MOST_RADIUS} bits"
    if not 0 <= bank.least_quality <= MOST_QUALITY:
        yield "least_quality", f"give 0 to {MOST_QUALITY}"
    if not 0 <= bank.rollout <= 1:  # which is false for no number, too
        yield "rollout", "give a share from 0 to 1"
    if bank.sources_needed < 1:
        yield "sources_needed", "give 1 or more"
