"""Which buckets must be looked into, so that no near code is missed, at the least cost?

A plan gives each of the sixteen words a radius r_i; -1 leaves the word's table alone. Let x_i be how many bits of word
i two codes differ in. Where their sum is at most R and the sum of r_i + 1 is more, x_i - (r_i + 1) sums to less than
nothing. Around a circle of such a sum there is a word from which on every partial sum is negative (the cycle lemma of
Dvoretzky and Motzkin, 1947). There x_i <= r_i, the pigeonhole, and x_i + x_(i+1) <= r_i + r_(i+1) + 1, which the next
word beside each code tells without the code (the idea of Qin and Xiao, "Pigeonring", VLDB 2018). So a plan is exact if
and only if the sum of r_i + 1 is more than R; one that is not is refused.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.media.index.bits import WORD_BITS, WORDS
from ringfence.media.index.scan import WITHIN

# Nanoseconds on a core of 2023, of which only the proportions matter: to look into a bucket, to judge a code in it by
# its next word, and to compare a code one after the other.
A_BUCKET, A_CODE, ONE_BY_ONE = 40.0, 0.35, 1.5
WIDEST = 5  # the radius of one word; six bits of sixteen are 14,893 buckets


@dataclass(frozen=True, slots=True)
class Plan:
    """The radius of each word for codes that differ in at most `radius` bits, and nanoseconds a query."""

    radius: int
    radii: tuple[int, ...]
    cost: float

    def __post_init__(self) -> None:
        if len(self.radii) != WORDS or min(self.radii) < -1:
            raise ValueError(f"a plan has {WORDS} radii of -1 or more")
        if sum(radius + 1 for radius in self.radii) <= self.radius:
            raise ValueError(f"radii {self.radii} would miss codes that differ in {self.radius} bits")


def choose(radius: int, met: NDArray[np.float64], count: int) -> Plan:
    """The cheapest exact plan for `count` codes.

    met: WORDS x (WORD_BITS + 1), how many codes on average differ in so many bits of the word from one of the codes;
    half of the queries are taken to be like the codes, half to be like nothing.
    """
    needed, widths = radius + 1, range(-1, WIDEST + 1)
    costs = [[_cost(met[word], width, count) for width in widths] for word in range(WORDS)]
    # best[k]: the least cost, and the radii, of the words so far that give k of what is needed.
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ()), *[(np.inf, ())] * needed]
    for word in range(WORDS):
        longer: list[tuple[float, tuple[int, ...]]] = [(np.inf, ()) for _ in best]
        for (given, (cost, radii)), width in product(enumerate(best), widths):
            reached = min(needed, given + width + 1)
            total = cost + costs[word][width + 1]
            if total < longer[reached][0]:
                longer[reached] = (total, (*radii, width))
        best = longer
    return Plan(radius, best[needed][1], best[needed][0])


def _cost(met: NDArray[np.float64], width: int, count: int) -> float:
    if width < 0:
        return 0.0
    buckets = int(WITHIN[width])
    codes = (count * buckets / (1 << WORD_BITS) + float(met[: width + 1].sum())) / 2
    return buckets * A_BUCKET + codes * A_CODE


def met_by_words(starts: NDArray[np.uint32]) -> NDArray[np.float64]:
    """`met` of `choose`, from where the buckets of each word start (WORDS x buckets + 1)."""
    sizes = np.diff(starts.astype(np.int64), axis=1).astype(np.float64)
    codes = np.maximum(sizes.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(np.stack([_pairs(one) for one in sizes]) / codes)


def _pairs(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many pairs of codes, either way round, differ in 0, 1, 2... bits of a word whose buckets have these sizes.

    By the Walsh-Hadamard transform, in which a sum over neighbours at a distance is a product (with a Krawtchouk
    polynomial of how many bits of the place are set): a million steps in place of four thousand million.
    """
    spectrum = sizes.copy()
    _transform(spectrum)
    bits = np.bitwise_count(np.arange(len(sizes)).astype(np.uint16))
    power = np.bincount(bits, weights=spectrum**2, minlength=WORD_BITS + 1)
    pairs: NDArray[np.float64] = np.maximum(_KRAWTCHOUK @ power / len(sizes), 0.0)
    return pairs


def _krawtchouk() -> NDArray[np.float64]:
    """Row d, column k: the coefficient of z^d in (1 - z)^k (1 + z)^(WORD_BITS - k)."""
    columns = []
    for weight in range(WORD_BITS + 1):
        column = np.array([1.0])
        for place in range(WORD_BITS):
            column = np.convolve(column, [1.0, -1.0 if place < weight else 1.0])
        columns.append(column)
    return np.stack(columns, axis=1)


_KRAWTCHOUK = _krawtchouk()


@njit(nogil=True, cache=True)
def _transform(values: NDArray[np.float64]) -> None:
    half = 1
    while half < len(values):
        for start in range(0, len(values), 2 * half):
            for place in range(start, start + half):
                one, other = values[place], values[place + half]
                values[place], values[place + half] = one + other, one - other
        half *= 2
