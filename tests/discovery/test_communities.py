import graspologic_native
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from ringfence.discovery.communities import communities


def planted(sizes: list[int], joins: float, mixed: float, seed: int) -> tuple[sp.csr_matrix, NDArray[np.int64]]:
    """Communities of the given sizes; every account has about `joins` joins, and a share of them goes anywhere."""
    chance = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.cumsum([0, *sizes[:-1]])
    own = np.repeat(np.arange(len(truth)), chance.poisson(joins / 2 * (1 - mixed), len(truth)) + 1)
    near = starts[truth[own]] + (np.array(sizes)[truth[own]] * chance.random(len(own))).astype(int)
    ends = chance.integers(0, len(truth), (2, int(len(truth) * joins / 2 * mixed)))
    rows, columns = np.concatenate([own, ends[0]]), np.concatenate([near, ends[1]])
    half = sp.coo_matrix((np.ones(len(rows)), (rows, columns)), (len(truth), len(truth))).tocsr()
    both = (half + half.T).tocsr()
    both.setdiag(0)
    both.eliminate_zeros()
    both.sort_indices()
    return both, truth


def at_one_resolution(joined: sp.csr_matrix) -> NDArray[np.int64]:
    matrix = (joined.indptr.astype(np.int64), joined.indices.astype(np.int32), joined.data.astype(np.float64))
    _, found = graspologic_native.leiden_csr(*matrix, joined.shape[0], resolution=1.0, iterations=3, seed=0)
    return np.array([found.get(node, -1 - node) for node in range(joined.shape[0])])


MANY_SIZES = [2_000, 700, 300, 150, *[60] * 8, *[25] * 20, *[10] * 50, *[5] * 60, *[2] * 20]


@pytest.mark.parametrize("seed", range(2))
def test_communities_of_many_sizes_come_back_where_one_resolution_merges_the_small(seed: int) -> None:
    joined, truth = planted(MANY_SIZES, 8, 0.15, seed)
    found, single = communities(joined, 0), at_one_resolution(joined)
    small = np.isin(truth, np.flatnonzero((np.array(MANY_SIZES) <= 60) & (np.array(MANY_SIZES) > 2)))
    merged, told_apart = (adjusted_rand_score(truth[small], one[small]) for one in (single, found))
    assert merged < 0.75
    assert told_apart > max(0.85, merged + 0.1)
    assert adjusted_rand_score(truth, found) > 0.95
    assert len(np.unique(found[truth == 0])) < 20  # the largest is not torn


@pytest.mark.parametrize("size", [30, 200, 500])
@pytest.mark.parametrize("seed", range(2))
def test_chance_neighbours_stay_together(size: int, seed: int) -> None:
    joined, truth = planted([size, size], 12, 0.01, seed)
    assert adjusted_rand_score(truth, communities(joined, seed)) > 0.95


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.integers(1, 4)), max_size=40), st.integers(0, 3))
def test_every_node_has_a_community_that_hangs_together(joins: list[tuple[int, int, int]], seed: int) -> None:
    matrix = np.zeros((15, 15))
    for first, second, weight in joins:
        if first != second:
            matrix[first, second] = matrix[second, first] = weight
    joined = sp.csr_matrix(matrix)
    found = communities(joined, seed)
    assert found.tolist() == communities(joined, seed).tolist()
    assert set(found.tolist()) == set(range(found.max() + 1))
    for number in range(found.max() + 1):
        inside = np.flatnonzero(found == number)
        pieces, _ = sp.csgraph.connected_components(joined[inside][:, inside], directed=False)
        assert pieces == 1


def test_without_nodes_there_are_none() -> None:
    assert communities(sp.csr_matrix((0, 0)), 0).tolist() == []
