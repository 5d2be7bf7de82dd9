"""Which of a set of entries are near, or the same, when some of them no longer count?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ringfence.media.hashes import SIZES, Codes
from ringfence.media.index.coded import Coded, coded
from ringfence.media.index.digests import Digests, sorted_digests
from ringfence.media.index.matches import Batch, Ids, Values, latest
from ringfence.model.words import HashKind

# Hashes of each kind and their entries, as they came.
Rows = Mapping[HashKind, tuple[Values, Ids]]
Pairs = tuple[Ids, Ids, Values]

NO_IDS = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Part:
    pdq: Coded
    digests: Mapping[HashKind, Digests]
    hidden: Ids = field(default_factory=lambda: NO_IDS)  # entries of this part that are gone or have changed, ascending

    def near(self, queries: Codes, radius: int, threads: int) -> Pairs:
        return self._shown(self.pdq.near(queries, radius, threads))

    def equal(self, kind: HashKind, wanted: Values) -> Pairs:
        return self._shown(self.digests[kind].equal(wanted))

    def _shown(self, pairs: Pairs) -> Pairs:
        query, entry, distance = pairs
        if not len(self.hidden) or not len(entry):
            return pairs
        place = np.minimum(np.searchsorted(self.hidden, entry), len(self.hidden) - 1)
        shown = self.hidden[place] != entry
        return query[shown], entry[shown], distance[shown]


def part(rows: Rows) -> Part:
    digests: dict[HashKind, Digests] = {
        kind: sorted_digests(*rows[kind]) for kind in HashKind if kind is not HashKind.PDQ
    }
    return Part(coded(*rows[HashKind.PDQ]), digests)


def rows_of(batches: Iterable[Batch]) -> Rows:
    """The batches' rows by kind; of an entry that comes twice in one kind, the later."""
    by_kind: dict[HashKind, list[Batch]] = {kind: [] for kind in HashKind}
    for batch in batches:
        by_kind[batch.kind].append(batch)
    return {kind: latest(*_joined(kind, by_kind.pop(kind))) for kind in HashKind}


def _joined(kind: HashKind, batches: list[Batch]) -> tuple[Values, Ids]:
    if len(batches) == 1:  # ten million rows are not copied for nothing
        return batches[0].values, batches[0].entries.astype(np.int64, copy=False)
    values = np.concatenate([np.empty((0, SIZES[kind]), np.uint8), *(batch.values for batch in batches)])
    return values, np.concatenate([NO_IDS, *(batch.entries for batch in batches)])


def without(rows: Rows, entries: Ids) -> Rows:
    """The rows of all other entries."""
    kept = {kind: ~np.isin(ids, entries) for kind, (_, ids) in rows.items()}
    return {kind: (values[kept[kind]], ids[kept[kind]]) for kind, (values, ids) in rows.items()}


def both(rows: Rows, more: Rows) -> Rows:
    return {
        kind: (np.concatenate((values, more[kind][0])), np.concatenate((ids, more[kind][1])))
        for kind, (values, ids) in rows.items()
    }


def count(rows: Rows) -> int:
    return sum(len(ids) for _, ids in rows.values())


def ids_of(rows: Rows) -> Ids:
    return np.concatenate([ids for _, ids in rows.values()])
