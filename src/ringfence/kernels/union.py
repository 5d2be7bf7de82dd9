"""Which things are the same, when this is the same as that? Union-find over numbers, for compiled code."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def root(parent: NDArray[np.int64], one: int) -> int:
    """The smallest of the things known to be the same as `one`."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one


@njit(nogil=True, cache=True)
def unite(parent: NDArray[np.int64], one: int, other: int) -> None:
    """Say that two things are the same. The smaller root stays, so the order of what is said does not matter."""
    first, second = root(parent, one), root(parent, other)
    if first < second:
        parent[second] = first
    elif second < first:
        parent[first] = second


@njit(nogil=True, cache=True)
def unite_all(parent: NDArray[np.int64], ones: NDArray[np.int64], others: NDArray[np.int64]) -> None:
    """`unite` for each pair."""
    for place in range(len(ones)):
        unite(parent, ones[place], others[place])


@njit(nogil=True, cache=True)
def settle(parent: NDArray[np.int64]) -> None:
    """Let every thing point at its root."""
    for one in range(len(parent)):
        parent[one] = root(parent, one)
