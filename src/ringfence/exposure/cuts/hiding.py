"""How would a member look whom nobody had flagged? Flags are hidden, and accounts disguised, to learn it.

Members are missed in ways of their own: one here and there, the newest, those who mix with others, a whole network. So
a learner that is to find them is shown flagged accounts as they would look then: with their own flag hidden, with the
flags of their whole neighbourhood hidden, with fewer ties, with more ties to others.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.exposure.cuts.columns import Follows, of_matrix
from ringfence.graph.csr import Ids

PARTS = 4  # a quarter of the evidence is hidden at a time
AS_IS, FEWER, MIXED = range(3)  # disguises

# Each disguised account draws its own measure, so that none is learned by heart.
KEPT = (0.08, 0.8)  # share of ties left in FEWER, on a logarithmic scale
CREW_KEPT = (0.3, 1.0)  # share of its follows to evidence left in MIXED
MORE_FOLLOWERS = (0.5, 4.0)  # further followers drawn from all accounts, as a multiple of those it has
MORE_FOLLOWING = 60  # at most so many further follows, drawn like the platform's own


def scattered(evidence: Ids, rng: np.random.Generator) -> Iterator[Ids]:
    """The evidence in four parts at random."""
    shuffled = rng.permutation(evidence)
    for part in range(PARTS):
        yield shuffled[part::PARTS]


def neighbourhoods(evidence: Ids, near: Any, rng: np.random.Generator) -> Iterator[Ids]:
    """The evidence in four parts that hang together: each grows from one account by who is nearest to the part."""
    among = near[evidence][:, evidence]
    tied = (among + among.T).toarray()
    left = np.ones(len(evidence), dtype=bool)
    size = -(-len(evidence) // PARTS)
    while left.any():
        chosen = [int(rng.choice(np.flatnonzero(left)))]
        left[chosen] = False
        pull = tied[chosen[0]] + 1e-9 * rng.random(len(evidence))  # the last breaks ties
        while len(chosen) < size and left.any():
            following = int(np.where(left, pull, -1.0).argmax())
            chosen.append(following)
            left[following] = False
            pull = pull + tied[following]
        yield evidence[chosen]


def disguised(follows: Follows, accounts: Ids, evidence: NDArray[np.bool_], rng: np.random.Generator) -> Follows:
    """The graph as it would be had `accounts` fewer ties, or more ties to others; each gets one disguise or none."""
    size, drawn = follows.accounts, rng.integers(0, MIXED + 1, len(accounts))
    left, crew_left = np.ones(size), np.ones(size)
    fewer, mixed = accounts[drawn == FEWER], accounts[drawn == MIXED]
    left[fewer] = np.exp(rng.uniform(np.log(KEPT[0]), np.log(KEPT[1]), len(fewer)))
    crew_left[mixed] = rng.uniform(*CREW_KEPT, len(mixed))
    ties = follows.forward.tocoo()
    src, dst = ties.row, ties.col
    chance = np.minimum(left[src], left[dst]) * np.where(evidence[dst], crew_left[src], 1.0)
    kept = rng.random(len(src)) < chance
    came = (follows.followers[mixed] * rng.uniform(*MORE_FOLLOWERS, len(mixed))).astype(np.int64)
    gone = rng.integers(0, MORE_FOLLOWING, len(mixed))
    src = np.concatenate([src[kept], rng.integers(0, size, came.sum()), np.repeat(mixed, gone)])
    dst = np.concatenate([dst[kept], np.repeat(mixed, came), rng.choice(ties.col, gone.sum())])
    other = src != dst
    matrix = sp.csr_matrix((np.ones(other.sum()), (src[other], dst[other])), (size, size))
    matrix.data[:] = 1.0  # a tie drawn twice is one tie
    return of_matrix(matrix)
