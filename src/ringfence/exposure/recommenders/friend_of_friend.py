"""Whom do the followed accounts follow? The first recommender that exposure is measured against."""

import numpy as np

from ringfence.exposure.recommenders.paths import Paths, Weights, Worth
from ringfence.exposure.recommenders.popular import backfilled, most_followed
from ringfence.exposure.recommenders.ranking import in_grains
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.graph.csr import Csr, Ids

# Ties read of one intermediate. A hub with tens of thousands of followees says little about taste (its damping is
# already below a tenth) and would otherwise cost more than all other intermediates of a viewer together.
READS = 1_000


class FriendOfFriend:
    """Suggests whom the followed accounts follow, and popular accounts when those run out.

    score(c) = sum over followed i with a tie to c of 1 / ln(1 + out-degree(i)), after Adamic and Adar (2003): one path
    through somebody who follows few is a choice, one through somebody who follows everybody is noise; the logarithm
    keeps a path through a large account worth something. Equal scores go by id. Of an intermediate with more than
    `reads` followees, `reads` of them spread evenly over the row are read. Backfill is in order of in-degree, then id.

    With `weights` (one from 0 to 1 an account, as in docs/damping.md) a path through i to c counts with the weights of
    its two ties, w(i) and min(w(i), w(c)): what a platform shows that learns less from flagged accounts.
    """

    __slots__ = ("_paths", "_popular")

    def __init__(self, follows: Csr, reads: int = READS, weights: Weights | None = None) -> None:
        # An account that follows nobody is on no path, and its figure is never read.
        rarity = 1.0 / np.log1p(np.maximum(follows.degree(), 1))
        self._paths = Paths(follows, Worth(rows=in_grains(rarity), weights=weights, reads=reads))
        self._popular = most_followed(follows)

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """See `Recommender`. Costs one look at each tie read, at most `reads` for each followed account."""
        found = self._paths.best(followed, wanted, viewer)
        return backfilled(found, self._popular, followed, wanted, viewer)
