import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from ringfence.exposure.cuts.columns import NEAREST, Follows, columns, nearest, of_csr, of_matrix
from ringfence.graph.csr import from_pairs


def graph(seed: int, accounts: int = 30, ties: int = 120) -> Follows:
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, accounts, ties), rng.integers(0, accounts, ties)
    matrix = sp.csr_matrix((np.ones((src != dst).sum()), (src[src != dst], dst[src != dst])), (accounts, accounts))
    matrix.data[:] = 1.0
    return of_matrix(matrix)


@given(st.integers(0, 10_000))
def test_the_nearest_are_those_of_the_dense_cosine(seed: int) -> None:
    follows = graph(seed)
    dense = follows.forward.toarray()
    shared = dense.T @ dense
    np.fill_diagonal(shared, 0)
    cosine = shared / np.sqrt(np.maximum(follows.followers, 1))[None, :]
    total = cosine.sum(axis=1, keepdims=True)
    near = nearest(follows).toarray()
    np.testing.assert_allclose(near, np.where(total > 0, cosine / np.maximum(total, 1e-12), 0), atol=1e-9)


def test_some_accounts_have_the_rows_that_they_have_among_all() -> None:
    follows = graph(1, accounts=200, ties=6_000)
    asked = np.array([7, 3, 150], dtype=np.uint32)
    near = nearest(follows)
    assert near.getnnz(axis=1).max() == NEAREST
    np.testing.assert_array_equal(nearest(follows, asked).toarray(), near[asked].toarray())
    evidence = np.zeros(200, dtype=bool)
    evidence[::9] = True
    np.testing.assert_allclose(columns(follows, near[asked], evidence, asked), columns(follows, near, evidence)[asked])


@given(st.integers(0, 10_000))
def test_columns_are_finite_and_no_account_speaks_for_itself_by_its_flag_alone(seed: int) -> None:
    follows = graph(seed)
    near, nobody = nearest(follows), np.zeros(30, dtype=bool)
    alone = nobody.copy()
    alone[np.argmin(follows.followers + follows.following)] = True
    for evidence in (nobody, alone, ~nobody):
        assert np.isfinite(columns(follows, near, evidence)).all()


def test_weights_of_a_csr_are_not_read() -> None:
    ties = np.array([0, 1, 1]), np.array([1, 2, 0]), np.array([0.5, 3.0, 9.0])
    follows = of_csr(from_pairs(*ties, (3, 3)))
    np.testing.assert_array_equal(follows.forward.toarray(), [[0, 1, 0], [1, 0, 1], [0, 0, 0]])
    assert follows.following.tolist() == [1, 2, 0]
    assert follows.followers.tolist() == [1, 1, 1]


def test_more_evidence_among_those_followed_raises_taste() -> None:
    follows = graph(4)
    source = int(follows.following.argmax())
    evidence = np.zeros(30, dtype=bool)
    before = columns(follows, nearest(follows), evidence)[source]
    evidence[follows.forward[source].indices] = True
    after = columns(follows, nearest(follows), evidence)[source]
    assert (after != before).any()
    assert after == pytest.approx(after)
