import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import svds

from ringfence.graph.csr import Csr, from_pairs
from ringfence.graph.spectral import _eigen, _orthonormal, spectral
from ringfence.kernels import threads


def both_ways(table: sp.coo_matrix) -> tuple[Csr, Csr]:
    matrix = from_pairs(table.row, table.col, table.data, table.shape)
    return matrix, matrix.transposed()


def grouped(accounts: int, objects: int, groups: int, seed: int) -> sp.coo_matrix:
    """Accounts of some groups of different size, each tied to objects of its own and to a few at random."""
    rng = np.random.default_rng(seed)
    group = (rng.random(accounts) ** 2 * groups).astype(int)
    rows = np.repeat(np.arange(accounts), 12)
    own = group[rows] * (objects // groups) + rng.integers(0, objects // groups, len(rows))
    columns = np.where(rng.random(len(rows)) < 0.8, own, rng.integers(0, objects, len(rows)))
    return sp.coo_matrix((np.ones(len(rows)), (rows, columns)), (accounts, objects))


def blocks() -> list[sp.coo_matrix]:
    return [grouped(3_000, 400, 8, 0), grouped(3_000, 90, 5, 1)]


def test_it_is_the_truncated_svd_of_the_matrices_side_by_side() -> None:
    tables, rank = blocks(), 12
    found = spectral([both_ways(table) for table in tables], rank, seed=0, steps=6)
    left, values, _ = svds(sp.hstack(tables).tocsr(), rank, random_state=0)
    order = np.argsort(-values)
    assert np.allclose(np.linalg.norm(found, axis=0)[:5], values[order][:5], rtol=1e-4)
    assert np.allclose(np.linalg.norm(found, axis=0), values[order], rtol=2e-2)
    # In the directions that stand out, the angles between the two subspaces are near none.
    unit = found[:, :5] / np.linalg.norm(found[:, :5], axis=0)
    assert np.linalg.svd(unit.T @ left[:, order[:5]])[1].min() > 0.999


@settings(deadline=None, max_examples=25)  # the first call compiles
@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 12), st.integers(0, 9))
def test_a_small_random_matrix_is_given_back(rows: int, columns: int, rank: int, seed: int) -> None:
    table = sp.random(rows, columns, 0.3, format="coo", random_state=seed)
    found = spectral([both_ways(table)], rank, seed=seed, steps=6)
    assert found.shape == (rows, rank)
    values = np.zeros(rank)
    there = np.linalg.svd(table.toarray(), compute_uv=False)[:rank]
    values[: len(there)] = there
    assert np.allclose(np.linalg.norm(found, axis=0), values, atol=2e-2 * max(values.max(), 1e-9))
    energy = np.linalg.norm(found.T @ table.toarray(), axis=1) / np.maximum(np.linalg.norm(found, axis=0), 1e-9)
    assert np.allclose(energy[values > 1e-3], values[values > 1e-3], atol=2e-2 * max(values.max(), 1e-9))


def test_the_answer_does_not_hang_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    given_blocks, answers = [both_ways(table) for table in [grouped(20_000, 900, 8, 2), grouped(20_000, 90, 5, 1)]], []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "THREADS", count)
        answers.append(spectral(given_blocks, 16, seed=3).tobytes())
    assert len(set(answers)) == 1


def test_signs_are_fixed_and_the_seed_hardly_matters() -> None:
    given_blocks = [both_ways(table) for table in blocks()]
    one, other = (spectral(given_blocks, 3, seed=seed, steps=6) for seed in (0, 1))
    assert (one.max(axis=0) >= -one.min(axis=0)).all()
    assert np.allclose(one, other, atol=1e-2 * np.abs(one).max())


def test_a_matrix_without_ties_or_accounts_has_no_directions() -> None:
    for accounts in (0, 5):
        assert (spectral([both_ways(sp.coo_matrix((accounts, 4)))], 3, seed=0) == np.zeros((accounts, 3))).all()


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(0, 99))
def test_eigenvectors_are_those_of_lapack(size: int, seed: int) -> None:
    half = np.random.default_rng(seed).standard_normal((size, size))
    matrix = half @ half.T
    values, vectors = _eigen(matrix)
    assert np.allclose(values, np.linalg.eigvalsh(matrix)[::-1], atol=1e-10 * values[0])
    assert np.allclose(vectors @ np.diag(values) @ vectors.T, matrix, atol=1e-10 * values[0])
    assert np.allclose(vectors.T @ vectors, np.eye(size), atol=1e-12)


def test_a_basis_is_orthonormal_whatever_the_lengths_of_its_columns() -> None:
    values = np.random.default_rng(0).standard_normal((500, 6)) * [1e6, 1e3, 1, 1, 1e-3, 0]
    basis = _orthonormal(values.astype(np.float32)).astype(np.float64)
    assert np.allclose(basis.T @ basis, np.diag([1, 1, 1, 1, 1, 0]), atol=1e-5)
