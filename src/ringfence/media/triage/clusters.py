"""Which unmatched hashes are of one picture? Those near a common middle, never those that only a chain connects.

What hangs together is split by its medoid, the code whose distances to all others are the least in sum: codes within
RADIUS of it are one cluster. The others are joined again among themselves, and split again, until none is left.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.media.hashes import BITS, RADIUS, Codes
from ringfence.media.index.scan import distance
from ringfence.media.triage.near import Ids, Join, joined

# Ordinary media is settled after one round or two. Who floods a platform with codes made to fall apart slowly gets the
# last split of `_led`, which asks no more than one comparison of each pair.
ROUNDS = 32


@dataclass(frozen=True, slots=True)
class Clusters:
    """`cluster` is the number of each code's cluster, `medoid` the place of each cluster's medoid among the codes.

    Clusters are numbered by their medoids' codes in canonical order. Equal codes are in one cluster.
    """

    cluster: Ids
    medoid: Ids

    def __len__(self) -> int:
        return len(self.medoid)


def clusters(codes: Codes, join: Join = joined) -> Clusters:
    """The clusters of codes (n x 4, equal ones allowed). The order of the codes makes no difference to them."""
    order = np.lexsort(codes.T[::-1])
    ranked = codes[order]
    fresh = np.ones(len(codes), bool)
    fresh[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    center = _centers(np.ascontiguousarray(ranked[fresh]), join)
    medoids, number = np.unique(center, return_inverse=True)
    cluster = np.empty(len(codes), np.int64)
    cluster[order] = number[np.cumsum(fresh) - 1]
    return Clusters(cluster, order[fresh][medoids])


def _centers(codes: Codes, join: Join) -> Ids:
    """For each of the codes (all different, in canonical order) the place of its cluster's medoid."""
    center = np.full(len(codes), -1)
    rest = np.arange(len(codes))
    for _ in range(ROUNDS):
        if not len(rest):
            return center
        roots = join(codes[rest])
        order = np.argsort(roots, kind="stable")
        starts = np.flatnonzero(np.concatenate(([True], np.diff(roots[order]) != 0, [True])))
        _split(codes, rest[order], starts, center)
        rest = rest[center[rest] < 0]
    _led(codes, rest, center)
    return center


@njit(cache=True)
def _split(codes: Codes, places: Ids, starts: Ids, center: Ids) -> None:
    """Give each code of a group (`places` from one of the `starts` to the next) that is near its medoid that medoid."""
    counts = np.empty(BITS, np.int64)
    for group in range(len(starts) - 1):
        within = places[starts[group] : starts[group + 1]]
        medoid = within[_medoid(codes, within, counts)] if len(within) > 1 else within[0]
        for place in within:
            if distance(codes, place, codes, medoid) <= RADIUS:
                center[place] = medoid


@njit(cache=True)
def _medoid(codes: Codes, within: Ids, counts: NDArray[np.int64]) -> int:
    """The position in `within` of the code with the least sum of distances, of equals the first.

    A bit that `counts` of n codes have set adds to a code's sum that many where it is not set in it, else n less that
    many: so all sums take n x BITS steps, and not n x n.
    """
    counts[:] = 0
    for place in within:
        for bit in range(BITS):
            counts[bit] += _is_set(codes, place, bit)
    best, least = np.int64(0), np.int64(len(within)) * BITS + 1
    for position in range(len(within)):
        away = np.int64(0)
        for bit in range(BITS):
            away += len(within) - counts[bit] if _is_set(codes, within[position], bit) else counts[bit]
        if away < least:
            best, least = np.int64(position), away
    return int(best)


@njit(cache=True)
def _is_set(codes: Codes, place: int, bit: int) -> np.int64:
    return np.int64((codes[place, bit >> 6] >> np.uint64(bit & 63)) & np.uint64(1))


@njit(cache=True)
def _led(codes: Codes, rest: Ids, center: Ids) -> None:
    """Give each code the first one before it that leads and is near, or let it lead."""
    leaders, many = np.empty(len(rest), np.int64), 0
    for place in rest:
        for one in range(many):
            if distance(codes, place, codes, leaders[one]) <= RADIUS:
                center[place] = leaders[one]
                break
        if center[place] < 0:
            center[place] = leaders[many] = place
            many += 1
