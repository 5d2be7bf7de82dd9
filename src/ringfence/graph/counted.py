"""What was counted, before anything is weighed? Ties of one kind, which only ever grow as events come in."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.graph.csr import Csr, from_pairs, merged


@dataclass(frozen=True, slots=True)
class Alike:
    """Which names mean the same thing, and what that was seen by.

    `marks` (m x words) are fingerprints, each different, and `owners[i]` is the name that has the mark i. `label` gives
    each name the number of one name of its kind, the same for all of them.
    """

    marks: NDArray[np.uint64]
    owners: NDArray[np.int64]
    label: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """How often: accounts x accounts where `names` is None, else accounts x what `names` names, in any order."""

    matrix: Csr
    names: pa.StringArray | None = None
    alike: Alike | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Ties as they are read: account and target side by side, each pair any number of times."""

    accounts: NDArray[np.int64]
    targets: NDArray[np.int64]
    counts: NDArray[np.float64]
    names: pa.StringArray | None = None


def added(before: Counted | None, rows: Rows, size: int) -> tuple[Counted, NDArray[np.int64]]:
    """`before` and `rows` counted together over `size` accounts, and the number that each name of `rows` has in it.

    What is alike is as it was: the names that are new have no label yet.
    """
    known = before.names if before is not None else None
    names, places = _together(known, rows.names)
    shape = (size, size if names is None else len(names))
    targets = rows.targets if names is None else places[rows.targets]
    fresh = from_pairs(rows.accounts, targets, rows.counts, shape)
    if before is None:
        return Counted(fresh, names), places
    return Counted(merged(_widened(before.matrix, shape), fresh), names, before.alike), places


def widened(counted: Counted, size: int) -> Counted:
    """The same for a platform that has grown to `size` accounts."""
    matrix = _widened(counted.matrix, (size, size if counted.names is None else counted.matrix.columns))
    return Counted(matrix, counted.names, counted.alike)


def _widened(matrix: Csr, shape: tuple[int, int]) -> Csr:
    more = np.full(shape[0] - matrix.rows, matrix.starts[-1], np.int64)
    return Csr(np.concatenate((matrix.starts, more)), matrix.targets, matrix.weights, shape[1])


def _together(
    known: pa.StringArray | None, names: pa.StringArray | None
) -> tuple[pa.StringArray | None, NDArray[np.int64]]:
    """The names known and the new ones behind them, and where in them each of `names` is."""
    if names is None:
        return None, np.empty(0, np.int64)
    if known is None:
        return names, np.arange(len(names))
    # The few are put in a table and the many looked up in it, not the other way round.
    seen = pc.index_in(known, value_set=names)
    there = np.asarray(seen.is_valid())
    places = np.full(len(names), -1, np.int64)
    places[seen.drop_null().to_numpy()] = np.flatnonzero(there)
    new = places < 0
    places[new] = len(known) + np.arange(np.count_nonzero(new))
    return pa.concat_arrays([known, names.filter(pa.array(new))]), places
