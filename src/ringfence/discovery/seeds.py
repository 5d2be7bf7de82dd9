"""Where does discovery start? At vetted accounts, and at the accounts that use vetted terms."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.terms.term import WEAK


class NothingToStart(Fault):
    """No positive seed is left."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Each column of `restarts` (accounts x seeds) is one seed: the distribution over accounts its walk restarts at.

    `accounts` are the dense ids of the seeds that are accounts; their columns come first. `negatives` are the dense ids
    of accounts known not to belong; no walk restarts at one.
    """

    accounts: NDArray[np.int64]
    restarts: NDArray[np.float32]
    negatives: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def seeds(
    graph: Graph,
    account_ids: Sequence[str],
    signals: pa.Table | None = None,
    *,
    negatives: Sequence[str] = (),
    shared: Sequence[NDArray[np.int64]] = (),
) -> Seeds:
    """Seeds from account ids, from a scan's signals, and from `shared`: for each thing the accounts that share it.

    A term is one seed, shared by the accounts that use it, and so is each thing. Weak hits, which may be another word,
    start nothing. `negatives` are account ids that are known not to belong.
    Raises Fault for an account that is not in the graph or is given as both, and NothingToStart when there is no
    positive seed.
    """
    accounts, against = np.unique(graph.find(list(account_ids))), np.unique(graph.find(list(negatives)))
    if len(both := np.intersect1d(accounts, against)):
        what = f"account {str(graph.accounts[int(both[0])])!r} is given as positive and as negative"
        raise Fault(what, where="seeds", mend="take one of the two back")
    own = np.zeros((graph.size, len(accounts)), np.float32)
    own[accounts, np.arange(len(accounts))] = 1.0
    groups = [np.setdiff1d(users, against) for users in [*_by_term(signals), *shared]]
    terms = [_users(graph.size, users) for users in groups if len(users)]
    restarts = np.column_stack([own, *terms]) if terms else own
    if restarts.shape[1] == 0:
        raise NothingToStart(
            "there is nothing to start from: no positive seed, and no account uses a vetted term",
            where="seeds",
            mend="add accounts with `ringfence seeds add`, or terms with `ringfence lexicon import`",
        )
    return Seeds(accounts, np.ascontiguousarray(restarts, np.float32), against)


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
