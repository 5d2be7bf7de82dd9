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

# A walk for each seed is dear, and a hundred of one network say little more than thirty.
MOST = 32


class NothingToStart(Fault):
    """No positive seed is left."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Each column of `restarts` (accounts x columns) is one seed: the distribution over accounts its walk restarts at.

    `accounts` are the dense ids of the seeds that are accounts; their columns come first, and `columns` says which each
    has. Where there are more than MOST, several share one. `negatives` are the dense ids of accounts known not to
    belong; no walk restarts at one. `doubted` are those of `accounts` that nobody but one person vouches for: what
    rests on them alone is not found but held.
    """

    accounts: NDArray[np.int64]
    restarts: NDArray[np.float32]
    negatives: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    doubted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def columns(self) -> NDArray[np.int64]:
        """The column of each of `accounts`."""
        return np.arange(len(self.accounts)) % MOST

    @property
    def thing_columns(self) -> NDArray[np.int64]:
        """The columns of the seeds that are no accounts."""
        return np.arange(min(len(self.accounts), MOST), self.restarts.shape[1])


def seeds(
    graph: Graph,
    account_ids: Sequence[str],
    signals: pa.Table | None = None,
    *,
    negatives: Sequence[str] = (),
    shared: Sequence[NDArray[np.int64]] = (),
    doubted: Sequence[str] = (),
) -> Seeds:
    """Seeds from account ids, from a scan's signals, and from `shared`: for each thing the accounts that share it.

    A term is one seed, shared by the accounts that use it, and so is each thing. Weak hits, which may be another word,
    start nothing. `negatives` are account ids that are known not to belong, and `doubted` those of `account_ids` that
    one person alone vouches for.
    Raises Fault for an account that is not in the graph or is given as both, and NothingToStart when there is no
    positive seed.
    """
    accounts, against = np.unique(graph.find(list(account_ids))), np.unique(graph.find(list(negatives)))
    if len(both := np.intersect1d(accounts, against)):
        what = f"account {str(graph.accounts[int(both[0])])!r} is given as positive and as negative"
        raise Fault(what, where="seeds", mend="take one of the two back")
    things = [np.setdiff1d(users, against) for users in [*_by_term(signals), *shared]]
    things = [users for users in things if len(users)]
    restarts = np.zeros((graph.size, min(len(accounts), MOST) + min(len(things), MOST)), np.float32)
    columns = np.arange(len(accounts)) % MOST
    restarts[accounts, columns] = 1 / np.bincount(columns, minlength=1)[columns]
    for number, users in enumerate(things):
        column, sharing = number % MOST, len(range(number % MOST, len(things), MOST))
        restarts[users, min(len(accounts), MOST) + column] += 1 / (len(users) * sharing)
    if restarts.shape[1] == 0:
        raise NothingToStart(
            "there is nothing to start from: no positive seed, and no account uses a vetted term",
            where="seeds",
            mend="add accounts with `ringfence seeds add`, or terms with `ringfence lexicon import`",
        )
    return Seeds(accounts, restarts, against, np.intersect1d(accounts, graph.find(list(doubted))))


def _by_term(signals: pa.Table | None) -> list[NDArray[np.int64]]:
    if signals is not None:
        signals = signals.filter(pc.invert(pc.is_in(signals["tier"], pa.array(sorted(WEAK)))))
    if signals is None or signals.num_rows == 0:
        return []
    terms = signals["term_id"].combine_chunks().dictionary_encode()
    codes, accounts = terms.indices.to_numpy(), signals["account"].to_numpy()
    order = np.argsort(terms.dictionary.to_numpy(zero_copy_only=False))
    return [np.unique(accounts[codes == code]).astype(np.int64) for code in order]
