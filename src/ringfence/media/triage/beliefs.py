"""How surely does each account belong, by what the last discovery said of it?"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.media.triage.rank import Accounts
from ringfence.model.words import Role

FOUND = 0.8  # of an account that was found, before reviews say how likely such an account belongs


def accounts(ids: pa.Array, scores: pa.Table, minor: NDArray[np.bool_]) -> Accounts:
    """What discovery's `scores` say of the accounts with these ids, in their order.

    A calibrated probability counts as it is; without one, an account of a network counts FOUND and any other nothing:
    an uncalibrated score is a rank. `minor` are accounts that a child may run; the role that discovery gave adds to it.
    """
    rows = pc.index_in(ids, scores["account_id"].combine_chunks())
    there = rows.is_valid().to_numpy(zero_copy_only=False)
    place = np.asarray(pc.fill_null(rows, 0).to_numpy())
    found = np.zeros(len(ids), bool)
    belief = np.zeros(len(ids))
    if not scores.num_rows:
        return Accounts(belief, found, minor.copy())
    named = pc.and_(pc.is_valid(scores["network_id"]), pc.not_equal(pc.fill_null(scores["network_id"], ""), ""))
    found[there] = np.asarray(named.to_numpy())[place[there]]
    probability = np.asarray(scores["probability"].to_numpy(), np.float64)[place]
    belief = np.where(there & np.isfinite(probability), np.clip(np.nan_to_num(probability), 0, 1), FOUND * found)
    care = np.asarray(pc.fill_null(pc.equal(scores["role"], Role.LIKELY_MINOR), fill_value=False).to_numpy())
    return Accounts(belief, found, minor | (there & care[place]))
