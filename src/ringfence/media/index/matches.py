"""What comes into an index, and what comes out of it?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.media.hashes import SIZES
from ringfence.model.words import HashKind

Ids = NDArray[np.int64]
Values = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that came or changed: `values` holds n hashes of one kind, a row each; `entries` their n numbers.

    Of an entry that is given twice the later value counts. Raises ValueError where the shapes do not fit.
    """

    kind: HashKind
    values: Values
    entries: Ids

    def __post_init__(self) -> None:
        if self.values.dtype != np.uint8 or self.values.shape != (len(self.entries), SIZES[self.kind]):
            raise ValueError(f"{len(self.entries)} {self.kind} hashes are so many rows of {SIZES[self.kind]} bytes")


@dataclass(frozen=True, slots=True)
class Matches:
    """m pairs: the place of a query among those asked, an entry near it, and in how many bits they differ.

    Sorted by query, then distance, then entry.
    """

    query: Ids
    entry: Ids
    distance: Values

    def __len__(self) -> int:
        return len(self.query)


def together(parts: list[tuple[Ids, Ids, Values]]) -> Matches:
    """Pairs of query, entry and distance that several parts of an index gave, in order."""
    query, entry, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((entry, distance, query))
    return Matches(query[order], entry[order], distance[order])


def latest(values: Values, entries: Ids) -> tuple[Values, Ids]:
    """Each entry once, with the last of its values."""
    if bool((np.diff(entries) > 0).all()):  # as a database gives them, and then at no cost
        return values, entries
    _, places = np.unique(entries[::-1], return_index=True)
    kept = np.sort(len(entries) - 1 - places)
    return values[kept], entries[kept]
