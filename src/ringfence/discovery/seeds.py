"""Where does discovery start? At vetted accounts, and at the accounts that use vetted terms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.terms.term import WEAK


@dataclass(frozen=True, slots=True)
class Seeds:
    """Each column of `restarts` (accounts x seeds) is one seed: the distribution over accounts its walk restarts at.

    `accounts` are the dense ids of the seeds that are accounts; their columns come first.
    """

    accounts: NDArray[np.int64]
    restarts: NDArray[np.float32]


def seeds(graph: Graph, account_ids: Sequence[str], signals: pa.Table | None = None) -> Seeds:
    """Seeds from account ids and from a scan's signals: a term is one seed, shared by the accounts that use it.

    Weak hits, which may be another word, start nothing.
    Raises Fault for an account that is not in the graph, and when nothing is left to start from.
    """
    accounts = np.unique(graph.find(list(account_ids)))
    own = np.zeros((graph.size, len(accounts)), np.float32)
    own[accounts, np.arange(len(accounts))] = 1.0
    terms = [_users(graph.size, users) for users in _by_term(signals)]
    restarts = np.column_stack([own, *terms]) if terms else own
    if restarts.shape[1] == 0:
        raise Fault(
            "there is nothing to start from: no seed account, and no account uses a vetted term",
            where="seeds",
            mend="add accounts with `ringfence seeds add`, or terms with `ringfence lexicon import`",
        )
    return Seeds(accounts, np.ascontiguousarray(restarts, np.float32))


def _by_term(signals: pa.Table | None) -> list[NDArray[np.int64]]:
    if signals is not None:
        signals = signals.filter(pc.invert(pc.is_in(signals["tier"], pa.array(sorted(WEAK)))))
    if signals is None or signals.num_rows == 0:
        return []
    terms = signals["term_id"].combine_chunks().dictionary_encode()
    codes, accounts = terms.indices.to_numpy(), signals["account"].to_numpy()
    order = np.argsort(terms.dictionary.to_numpy(zero_copy_only=False))
    return [np.unique(accounts[codes == code]).astype(np.int64) for code in order]


def _users(size: int, users: NDArray[np.int64]) -> NDArray[np.float32]:
    column = np.zeros(size, np.float32)
    column[users] = 1 / len(users)
    return column
