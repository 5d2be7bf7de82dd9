"""A small platform with a crew in it, for tests: members who follow one another, fans who follow members."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ringfence.exposure.cuts.columns import Follows, of_matrix
from ringfence.exposure.cuts.odds import Mask
from ringfence.graph.csr import Ids


@dataclass(frozen=True, slots=True)
class Planted:
    follows: Follows
    members: Ids
    withheld: Ids
    wrong: Ids  # flagged, and no members
    flagged: Mask


def planted(seed: int, *, accounts: int = 3_000, members: int = 40, withheld: int = 8, wrong: int = 10) -> Planted:
    rng = np.random.default_rng([seed, 3])
    shuffled = rng.permutation(accounts)
    crew, fans = shuffled[:members], shuffled[members : members + 200]
    others = shuffled[members + 200 :]
    ties = [
        (np.repeat(shuffled, 12), (accounts * rng.random(12 * accounts) ** 2).astype(np.int64)),
        (np.repeat(crew, 6), rng.choice(crew, 6 * members)),
        (np.repeat(fans, 4), rng.choice(crew, 4 * len(fans))),
    ]
    src, dst = (np.concatenate(ends) for ends in zip(*ties, strict=True))
    other = src != dst
    matrix = sp.csr_matrix((np.ones(other.sum()), (src[other], dst[other])), (accounts, accounts))
    matrix.data[:] = 1.0
    flagged = np.zeros(accounts, dtype=bool)
    flagged[crew[withheld:]] = True
    flagged[others[:wrong]] = True
    hidden, wrongly = crew[:withheld].astype(np.uint32), others[:wrong].astype(np.uint32)
    return Planted(of_matrix(matrix), crew.astype(np.uint32), hidden, wrongly, flagged)
