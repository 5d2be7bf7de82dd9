"""Which entries have a PDQ hash near this one? Distinct codes in tables, and the entries of each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ringfence.media.hashes import Codes
from ringfence.media.index.bits import mixed
from ringfence.media.index.matches import Ids, Values
from ringfence.media.index.order import by_columns, new_rows, taken
from ringfence.media.index.plan import ONE_BY_ONE, Plan, choose, met_by_words
from ringfence.media.index.scan import FLIPS, WITHIN, Numbers, by_tables, one_by_one
from ringfence.media.index.tables import Tables, build

FEW = 4_096  # codes; fewer are compared one after the other, and have no tables
SMALL_NUMBERS = 1 << 32  # entries below it take half the memory


@dataclass(frozen=True, slots=True)
class Coded:
    """n distinct codes, mixed (see bits) and sorted.

    tables: None where the codes are few. first: n, the smallest entry of each code. more_codes, more_entries: the
    numbers of the codes that have more entries, ascending, and those entries.
    """

    codes: Codes
    tables: Tables | None
    first: Ids
    more_codes: Ids
    more_entries: Ids
    # Made when first asked for: each radius has a plan, and all rest on how full the buckets are.
    _plans: dict[int, Plan] = field(default_factory=dict, compare=False)
    _met: list[NDArray[np.float64]] = field(default_factory=list, compare=False)

    def near(self, queries: Codes, radius: int, threads: int) -> tuple[Ids, Ids, Values]:
        """Query, entry and distance of all pairs within the radius; the queries are mixed."""
        if not len(self.codes) or not len(queries):
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8)
        search: Callable[[int, int], Numbers] = partial(one_by_one, queries, radius=radius, codes=self.codes)
        plan = self._plan(radius)
        if self.tables is not None and plan is not None:
            one = self.tables
            radii = np.array(plan.radii)
            search = partial(
                by_tables, queries, radius=radius, radii=radii, codes=one.codes, starts=one.starts, beside=one.beside,
                low=one.low, high=one.high, flips=FLIPS, within=WITHIN,
            )  # fmt: skip
        found = shared(search, len(queries), threads)
        return self._entries(found[:, 0], found[:, 1], found[:, 2].astype(np.uint8))

    def _plan(self, radius: int) -> Plan | None:
        """None where it is cheaper to compare all codes."""
        if self.tables is None:
            return None
        if radius not in self._plans:
            if not self._met:
                self._met.append(met_by_words(self.tables.starts))
            self._plans[radius] = choose(radius, self._met[0], len(self.codes))
        plan = self._plans[radius]
        return plan if plan.cost < len(self.codes) * ONE_BY_ONE else None

    def _entries(self, query: Ids, code: Ids, distance: Values) -> tuple[Ids, Ids, Values]:
        first = self.first[code].astype(np.int64)
        if not len(self.more_codes):
            return query, first, distance
        start, stop = (np.searchsorted(self.more_codes, code, side) for side in ("left", "right"))
        counts = stop - start
        which = np.repeat(np.arange(len(code)), counts)
        places = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + start[which]
        return (
            np.concatenate((query, query[which])),
            np.concatenate((first, self.more_entries[places])),
            np.concatenate((distance, distance[which])),
        )


def shared(search: Callable[[int, int], Numbers], queries: int, threads: int) -> Numbers:
    """What the search finds for all queries, each thread having a range of them."""
    if threads <= 1 or queries < 2 * threads:
        return search(0, queries)
    cuts = np.linspace(0, queries, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(lambda cut: search(*cut), pairwise(cuts))))


def coded(values: Values, entries: Ids) -> Coded:
    """Of n x 32 bytes and n entries, each entry once."""
    codes = mixed(np.ascontiguousarray(values).view(np.uint64).reshape(-1, 4))
    order = by_columns(codes, entries)
    codes, entries = taken(codes, order), entries[order]
    new = new_rows(codes)
    if new.all():
        more_codes = more_entries = np.empty(0, np.int64)
    else:
        more_codes, more_entries = (np.cumsum(new) - 1)[~new], entries[~new]
        codes, entries = codes[new], entries[new]
    if len(entries) and int(entries.max()) < SMALL_NUMBERS and int(entries.min()) >= 0:
        entries = entries.astype(np.uint32)
    return Coded(codes, build(codes) if len(codes) > FEW else None, entries, more_codes, more_entries)
