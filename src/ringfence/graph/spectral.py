"""Where does each account stand in the few directions that explain most of the ties? A truncated SVD of all relations.

Randomised subspace iteration with a Rayleigh-Ritz step at the end (Halko, Martinsson and Tropp, 2011, algorithms 4.4
and 5.1). The relations stand side by side and are never put into one matrix. Small matrices are summed in float64 over
blocks of rows whose size the input alone decides, and none is given to a BLAS, whose sums depend on its threads.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.graph.csr import Csr
from ringfence.graph.local import propagate
from ringfence.kernels.threads import even, in_ranges

Dense = NDArray[np.float32]
Square = NDArray[np.float64]

# Directions carried beside those asked for: ten are what the paper above advises.
OVERSAMPLED = 10
# A direction whose share of a column is below this is rounding of float32.
_NOTHING = 1e-11
_BLOCK_ROWS, _MOST_BLOCKS = 4_096, 256


def spectral(blocks: Sequence[tuple[Csr, Csr]], rank: int, seed: int, steps: int = 3) -> Dense:
    """U times S of the truncated SVD of matrices side by side, each given with its transpose: accounts x `rank`.

    Columns go from the largest singular value down; in each, the entry that is largest without its sign is positive.
    Where the matrix has a lower rank, the last columns are zero. `steps` of subspace iteration make the directions
    exact where singular values are apart: an error shrinks by the square of their ratio with each.
    """
    accounts = blocks[0][0].rows
    width = min(rank + OVERSAMPLED, accounts)
    basis = np.random.default_rng(seed).standard_normal((accounts, width), np.float32)
    for _ in range(steps):
        basis = _orthonormal(_there_and_back(blocks, basis))
    basis = _orthonormal(basis)
    squares, turn = _eigen(sum((_gram(propagate(back, basis)) for _, back in blocks), np.zeros((width, width))))
    turned = turn * np.sqrt(np.maximum(squares, 0))
    found = np.zeros((accounts, rank), np.float32)
    kept = min(rank, width)
    found[:, :kept] = _times(basis, turned)[:, :kept]
    if accounts:
        found *= np.where(found.max(axis=0) >= -found.min(axis=0), 1, -1).astype(np.float32)
    return found


def _there_and_back(blocks: Sequence[tuple[Csr, Csr]], basis: Dense) -> Dense:
    """A times its transpose times `basis`, where A is all blocks side by side."""
    arrived = np.zeros_like(basis)
    for forward, backward in blocks:
        arrived += propagate(forward, propagate(backward, basis))
    return arrived


def _orthonormal(values: Dense) -> Dense:
    """An orthonormal basis of the columns of `values`, written over them; what is no direction of its own is zero."""
    gram = _gram(values)
    lengths = np.sqrt(np.diag(gram))
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    shares, turn = _eigen(gram * scale * scale[:, None])
    there = shares > _NOTHING * max(shares[0], _NOTHING) if len(shares) else shares > 0
    turn = scale[:, None] * turn * np.divide(1, np.sqrt(np.maximum(shares, 0)), out=np.zeros_like(shares), where=there)
    return _times(values, turn)


def _gram(values: Dense) -> Square:
    """The transpose of `values` times `values`."""
    rows, width = values.shape
    block = max(_BLOCK_ROWS, -(-rows // _MOST_BLOCKS))
    parts = np.zeros((-(-rows // block), width, width))
    in_ranges(lambda first, last: _gram_blocks(values, block, parts, first, last), even(len(parts)))
    total = parts.sum(axis=0)
    return np.asarray(np.tril(total) + np.tril(total, -1).T)


def _times(values: Dense, matrix: Square) -> Dense:
    """`values` times a square `matrix`, written over `values`."""
    in_ranges(lambda first, last: _times_rows(values, matrix, first, last), even(len(values)))
    return values


def _eigen(matrix: Square) -> tuple[NDArray[np.float64], Square]:
    """The eigenvalues of a symmetric matrix from the largest down, and its eigenvectors as columns."""
    values, vectors = matrix.copy(), np.eye(len(matrix))
    _jacobi(values, vectors)
    order = np.argsort(-np.diag(values), kind="stable")
    return np.diag(values)[order], np.ascontiguousarray(vectors[order].T)


@njit(nogil=True, cache=True)
def _gram_blocks(values: Dense, block: int, parts: NDArray[np.float64], first: int, last: int) -> None:
    """The lower triangle for each block of rows, four rows at a time, so that each sum is read once for four."""
    width = values.shape[1]
    four = np.zeros((4, width))
    for part in range(first, last):
        end = min((part + 1) * block, len(values))
        for row in range(part * block, end, 4):
            four[:] = 0
            for one in range(min(4, end - row)):
                four[one] = values[row + one]
            for i in range(width):
                a, b, c, d = four[0, i], four[1, i], four[2, i], four[3, i]
                for j in range(i + 1):
                    parts[part, i, j] += a * four[0, j] + b * four[1, j] + c * four[2, j] + d * four[3, j]


@njit(nogil=True, cache=True)
def _times_rows(values: Dense, matrix: Square, first: int, last: int) -> None:
    width = values.shape[1]
    out = np.empty(width)
    for row in range(first, last):
        out[:] = 0
        for i in range(width):
            value = np.float64(values[row, i])
            for j in range(width):
                out[j] += value * matrix[i, j]
        values[row] = out


@njit(nogil=True, cache=True)
def _jacobi(matrix: Square, vectors: Square) -> None:
    """Turn pairs of rows and columns until `matrix` is diagonal; `vectors` end as rows (Golub and Van Loan, 8.5)."""
    size = len(matrix)
    for _ in range(30):
        beside = 0.0
        for p in range(size - 1):
            for q in range(p + 1, size):
                beside = max(beside, abs(matrix[p, q]))
                if abs(matrix[p, q]) <= 1e-17 * np.sqrt(abs(matrix[p, p] * matrix[q, q])):
                    continue
                slant = (matrix[q, q] - matrix[p, p]) / (2 * matrix[p, q])
                tangent = 1 / (abs(slant) + np.sqrt(1 + slant * slant))
                tangent = tangent if slant >= 0 else -tangent
                cosine = 1 / np.sqrt(1 + tangent * tangent)
                sine = tangent * cosine
                for k in range(size):
                    left, right = matrix[k, p], matrix[k, q]
                    matrix[k, p], matrix[k, q] = cosine * left - sine * right, sine * left + cosine * right
                for k in range(size):
                    left, right = matrix[p, k], matrix[q, k]
                    matrix[p, k], matrix[q, k] = cosine * left - sine * right, sine * left + cosine * right
                    left, right = vectors[p, k], vectors[q, k]
                    vectors[p, k], vectors[q, k] = cosine * left - sine * right, sine * left + cosine * right
        if beside <= 1e-16 * np.trace(matrix):
            return
