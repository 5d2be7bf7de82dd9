"""How do counts become a graph? Names that mean the same come together, mentions find who is meant, ties are weighed.

The result does not depend on the order in which anything was counted.
"""

from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.graph.count import WRITTEN, Tally
from ringfence.graph.counted import Counted
from ringfence.graph.csr import Csr, from_pairs
from ringfence.graph.relations import Graph, Ties, weighed
from ringfence.model.words import ACCOUNT_RELATIONS, Relation

# Whoever has the id is meant, else whoever has the handle; of two with one handle, the one known first.
MEANT = r"""
SELECT code, coalesce(one.id, other.id) AS id
FROM written
LEFT JOIN whole_account_ids AS one ON one.account_id = key
LEFT JOIN (SELECT lower(ltrim(trim(handle), '@')) AS handle, min(id) AS id FROM whole_accounts GROUP BY ALL) AS other
       ON other.handle = lower(ltrim(trim(key), '@')) AND other.handle <> ''
WHERE coalesce(one.id, other.id) IS NOT NULL
"""


def finished(
    events: duckdb.DuckDBPyConnection, tally: Tally, accounts: pa.StringArray, say: Callable[[str], object]
) -> Graph:
    """The graph of a tally; `events` has the views of window.py, and `say` is told how many mentions mean nobody."""
    built = [
        _between_accounts(events, tally, relation, say) for relation in sorted(ACCOUNT_RELATIONS) if relation in tally
    ]
    built += [
        _to_objects(relation, tally[relation])
        for relation in Relation
        if relation in tally and relation not in ACCOUNT_RELATIONS
    ]
    return Graph(accounts, tuple(ties for ties in built if ties.forward.ties))


def _between_accounts(
    events: duckdb.DuckDBPyConnection, tally: Tally, relation: Relation, say: Callable[[str], object]
) -> Ties:
    matrix = tally[relation].matrix
    if relation is Relation.MENTIONS and tally[WRITTEN].matrix.ties:
        written = tally[WRITTEN]
        meant = _meant(events, written)
        rows, targets = written.matrix.sources(), meant[written.matrix.targets]
        if nobody := int(written.matrix.weights[targets < 0].sum()):
            say(f"{nobody:,} mentions name no account and are left out")
        used = (targets >= 0) & (targets != rows)
        matrix = from_pairs(
            np.concatenate((matrix.sources(), rows[used])),
            np.concatenate((matrix.targets, targets[used].astype(np.uint32))),
            np.concatenate((matrix.weights, written.matrix.weights[used])),
            (matrix.rows, matrix.columns),
        )
    return weighed(relation, matrix, None)


def _meant(events: duckdb.DuckDBPyConnection, written: Counted) -> NDArray[np.int64]:
    """The account that each name of mentions means, -1 for nobody."""
    meant = np.full(written.matrix.columns, -1, np.int64)
    events.register("written", pa.table({"key": written.names, "code": np.arange(len(meant))}))
    found = events.sql(MEANT).to_arrow_table()
    events.unregister("written")
    meant[found["code"].to_numpy()] = found["id"].to_numpy()
    return meant


def _to_objects(relation: Relation, counted: Counted) -> Ties:
    matrix, names = counted.matrix, counted.names
    if counted.alike is not None:
        matrix, names = _put_together(matrix, names, counted.alike.label)
    return weighed(relation, *_in_order(matrix, names))


def _put_together(matrix: Csr, names: pa.StringArray, label: NDArray[np.int64]) -> tuple[Csr, pa.StringArray]:
    """Names with one label become one, called by the first of them in the alphabet."""
    label = np.concatenate((label, np.arange(len(label), len(names))))
    first, number = np.unique(label, return_inverse=True)
    if len(first) == len(names):
        return matrix, names
    several = np.flatnonzero(np.bincount(number)[number] > 1)
    backward = several[_order(names.take(pa.array(several)))][::-1]
    first[number[backward]] = backward
    together = from_pairs(matrix.sources(), number[matrix.targets], matrix.weights, (matrix.rows, len(first)))
    return together, names.take(pa.array(first))


def _in_order(matrix: Csr, names: pa.StringArray) -> tuple[Csr, pa.StringArray]:
    """The objects that tie somebody in the order of the alphabet, the others behind them."""
    shared = np.bincount(matrix.targets, minlength=matrix.columns) > 1
    order = np.flatnonzero(shared)
    order = np.concatenate((order[_order(names.take(pa.array(order)))], np.flatnonzero(~shared)))
    number = np.empty(len(order), np.uint32)
    number[order] = np.arange(len(order), dtype=np.uint32)
    # Seen from the other end and back: the rows are in order again.
    anew = Csr(matrix.starts, number[matrix.targets], matrix.weights, matrix.columns).transposed().transposed()
    return anew, names.take(pa.array(order))


def _order(names: pa.StringArray) -> NDArray[np.int64]:
    return np.asarray(pc.sort_indices(names).to_numpy(), dtype=np.int64)
