"""Who is most followed? What fills a slate when nothing personal is left to show."""

import numpy as np

from ringfence.exposure.recommenders.suggestions import Suggestions
from ringfence.graph.csr import Csr, Ids


def most_followed(follows: Csr) -> Ids:
    """All accounts with a follower, in order of in-degree, then id."""
    followers = np.bincount(follows.targets, minlength=follows.columns)
    return np.argsort(-followers, kind="stable")[: np.count_nonzero(followers)].astype(np.uint32)


def backfilled(found: Ids, popular: Ids, followed: Ids, wanted: int, viewer: int) -> Suggestions:
    """What was `found`, and the first of `popular` that are neither found nor followed nor the viewer."""
    if len(found) >= wanted:
        return Suggestions(found, 0)
    taken = np.concatenate([followed.astype(np.int64), [viewer], found])
    head = popular[: wanted - len(found) + len(taken)]  # long enough even when all of `taken` is in it
    more = head[~np.isin(head, taken)][: wanted - len(found)]
    return Suggestions(np.concatenate([found, more]), len(more))
