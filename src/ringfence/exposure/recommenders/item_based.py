"""Which accounts have the followers of those already followed? Item-based collaborative filtering, by `implicit`."""

import numpy as np

from ringfence.exposure.recommenders.library import THREADS, needed, one_thread_in_blas
from ringfence.exposure.recommenders.paths import Paths, Worth
from ringfence.exposure.recommenders.popular import backfilled, most_followed
from ringfence.exposure.recommenders.ranking import in_grains
from ringfence.exposure.recommenders.suggestions import NOBODY, Suggestions
from ringfence.graph.csr import Csr, Ids, from_pairs

NEIGHBOURS = 50  # similar accounts kept for each account


class ItemBased:
    """Suggests the accounts whose followers are most like the followers of those already followed.

    score(c) = sum over followed i of cos(i, c), where cos(i, c) = |followers of i and c| / sqrt(|followers of i| x
    |followers of c|) and c is among the `neighbours` most similar to i (Sarwar et al., WWW 2001; Deshpande and Karypis,
    2004). With weights in `follows`, sums of products take the place of counts. Trained once, by
    `implicit.nearest_neighbours.ItemItemRecommender`; which of equally similar accounts are kept is its choice, the
    same each time. Equal scores go by id; backfill is by in-degree.
    """

    __slots__ = ("_paths", "_popular")

    def __init__(self, follows: Csr, neighbours: int = NEIGHBOURS) -> None:
        """Raises Fault where the library is not installed."""
        near = similar(follows, neighbours)
        self._paths = Paths(near, Worth(ties=in_grains(near.weights)))
        self._popular = most_followed(follows)

    def __call__(self, followed: Ids, wanted: int, viewer: int = NOBODY) -> Suggestions:
        """See `Recommender`. Costs one look at each neighbour of each followed account."""
        found = self._paths.best(followed, wanted, viewer)
        return backfilled(found, self._popular, followed, wanted, viewer)


def similar(follows: Csr, neighbours: int) -> Csr:
    """Each account's most similar accounts, itself left out: accounts x accounts, weighted with the cosine."""
    library, ties = needed("implicit.nearest_neighbours"), follows.to_scipy().astype(np.float64)
    norms = np.sqrt(np.bincount(follows.targets, weights=ties.data**2, minlength=follows.columns))
    ties.data /= np.where(norms > 0, norms, 1)[follows.targets]  # products of columns are then cosines
    with one_thread_in_blas():
        model = library.ItemItemRecommender(K=neighbours + 1, num_threads=THREADS)  # one more: itself
        model.fit(ties, show_progress=False)
    found = model.similarity.tocoo()
    others = found.row != found.col
    shape = follows.columns, follows.columns
    return from_pairs(found.row[others], found.col[others], found.data[others], shape)
