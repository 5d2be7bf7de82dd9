"""Which known hashes are near these, as of the last change? A segment on the disk, and what has come since in memory.

Readers take no lock: what they search is never changed, and a change puts a new whole in its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np

from ringfence.media import hashes
from ringfence.media.hashes import RADIUS, SIZES, Codes
from ringfence.media.index import segment
from ringfence.media.index.bits import mixed
from ringfence.media.index.matches import Batch, Ids, Matches, Values, together
from ringfence.media.index.part import Part, Rows, both, count, ids_of, part, rows_of, without
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

FURTHEST = 52  # bits; unrelated pictures are 104 and more apart, and beyond this a search costs milliseconds
TRIES = 3  # to open a segment that is removed meanwhile

# Entries that are compared one after the other; more of them, and more than this share of what has come, get tables.
TAIL, TAIL_SHARE = 2_048, 16


@dataclass(frozen=True, slots=True)
class _View:
    """What is searched: the segment, what came after it, and what came last."""

    segment: Part
    middle: Part
    middle_rows: Rows
    tail: Part
    tail_rows: Rows
    upto: int

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        return self.segment, self.middle, self.tail


NOTHING = rows_of([])


class MediaIndex:
    """Known hashes and the numbers of their entries. Open one from a folder, or make one of hashes in memory."""

    def __init__(self, folder: Path | None, whole: Part, upto: int, radius: int = RADIUS) -> None:
        none = part(NOTHING)
        self._folder, self._radius = folder, radius
        self._view = _View(whole, none, NOTHING, none, NOTHING, upto)
        self._changing = Lock()

    @classmethod
    def open(cls, folder: Path) -> "MediaIndex":
        """The index over the newest segment of a folder, mapped; an empty one where there is none.

        Raises Fault where the newest segment is damaged: to serve an older one, or none, would let known media pass.
        """
        for _ in range(TRIES):
            found = segment.newest(folder)
            if found is None:
                return cls(folder, part(NOTHING), 0)
            try:
                return cls(folder, *segment.read(found))
            except FileNotFoundError as error:  # two builds later it is removed; then there is a newer one
                missing = error
        raise Fault("is damaged", where=str(found), mend=segment.MEND) from missing

    @classmethod
    def of_hashes(cls, texts: Sequence[str], radius: int = RADIUS) -> "MediaIndex":
        """An index in memory of PDQ hashes in hexadecimal; the entry of each is its place. Raises Fault."""
        batch = Batch(HashKind.PDQ, _values(texts), np.arange(len(texts)))
        return cls(None, part(rows_of([batch])), 0, _checked(radius))

    @property
    def upto(self) -> int:
        """The number of the last change that is known here."""
        return self._view.upto

    @property
    def waiting(self) -> int:
        """How many entries have come since the segment was built: past some 50,000 a new one is due."""
        view = self._view
        return count(view.middle_rows) + count(view.tail_rows)

    def search(self, codes: Codes, radius: int | None = None, threads: int = 1) -> Matches:
        """Every entry whose PDQ hash differs from one of the codes (n x 4) in at most `radius` bits, 0 to 52."""
        radius = self._radius if radius is None else _checked(radius)
        queries = mixed(codes)
        return together([one.near(queries, radius, threads) for one in self._view.parts])

    def near(self, texts: Sequence[str], radius: int | None = None) -> Matches:
        """`search` for PDQ hashes in hexadecimal. Raises Fault with the place of the first that is none."""
        return self.search(_values(texts).view(np.uint64), radius)

    def exact(self, kind: HashKind, values: Values) -> Matches:
        """Every entry that has one of the digests (n x bytes of the kind)."""
        if kind is HashKind.PDQ:
            return self.search(np.ascontiguousarray(values).view(np.uint64), 0)
        return together([one.equal(kind, values) for one in self._view.parts])

    def change(self, upto: int, came: Sequence[Batch], gone: Ids) -> None:
        """Take in, for the very next query, entries that came or changed and such that are gone.

        The changes are numbered; those up to `upto` are then known here. Of an entry that is in both, `came` counts.
        """
        with self._changing:
            view = self._view
            new = rows_of(came)
            out = np.union1d(gone, ids_of(new))
            middle_rows, tail_rows = view.middle_rows, both(without(view.tail_rows, out), new)
            middle = _without(view.middle, out)
            if count(tail_rows) > max(TAIL, count(middle_rows) // TAIL_SHARE):
                middle_rows = both(without(middle_rows, middle.hidden), tail_rows)
                middle, tail_rows = part(middle_rows), NOTHING
            whole = _without(view.segment, out)
            self._view = _View(whole, middle, middle_rows, part(tail_rows), tail_rows, max(upto, view.upto))

    def rebuild(self, upto: int, batches: Iterable[Batch]) -> "MediaIndex":
        """Write a new segment of these entries, all that count as of change `upto`; and the index over it.

        This one goes on to answer as it did. Raises Fault where the segment cannot be written; the old one then
        stays the newest.
        """
        if self._folder is None:
            return MediaIndex(None, part(rows_of(batches)), upto, self._radius)
        with segment.building(self._folder):
            made = segment.write(self._folder, upto, part(rows_of(batches)))
            segment.clear(self._folder)
        return MediaIndex(self._folder, *segment.read(made), self._radius)

    def verify(self) -> None:
        """Read all of the newest segment. Raises Fault where a file is not as it was written."""
        found = segment.newest(self._folder) if self._folder else None
        if found is not None:
            segment.verify(found)


def _without(one: Part, entries: Ids) -> Part:
    return replace(one, hidden=np.union1d(one.hidden, entries)) if len(entries) else one


def _checked(radius: int) -> int:
    if not 0 <= radius <= FURTHEST:
        raise Fault(f"is {radius}", where="radius", mend=f"give a whole number of bits from 0 to {FURTHEST}")
    return radius


def _values(texts: Sequence[str]) -> Values:
    parsed = b"".join(hashes.parse(HashKind.PDQ, text, f"hash {place}") for place, text in enumerate(texts, 1))
    return np.frombuffer(parsed, np.uint8).reshape(-1, SIZES[HashKind.PDQ])
