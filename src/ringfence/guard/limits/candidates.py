"""Whom would automation limit? Those found surely enough, the surest first."""

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.policies.policy import Automatic

MEMBERS = "members"
CANDIDATES = pa.schema(
    [("account_id", pa.string()), ("strength", pa.float64()), ("network_id", pa.string()), ("role", pa.string())]
)


def calibrated(scores: pa.Table) -> bool:
    """Whether any account has a probability."""
    return bool(pc.any(pc.is_finite(scores["probability"])).as_py())


def candidates(scores: pa.Table, automatic: Automatic) -> pa.Table:
    """The rows of CANDIDATES, the highest probability first, then the best rank, then by id.

    Where no probability is known, they are the members found, each with strength 1, or nobody, as the policy says.
    """
    if calibrated(scores):
        sure = scores.filter(pc.greater_equal(scores["probability"], automatic.at_least))
        strength = sure["probability"]
    elif automatic.uncalibrated == MEMBERS:
        sure = scores.filter(pc.is_valid(scores["network_id"]))
        strength = pa.repeat(pa.scalar(1.0, pa.float64()), sure.num_rows)
    else:
        return CANDIDATES.empty_table()
    order = [("strength", "descending"), ("rank", "ascending"), ("account_id", "ascending")]
    ranked = sure.select(["account_id", "network_id", "role", "rank"]).append_column("strength", strength)
    return ranked.sort_by(order).select(CANDIDATES.names).cast(CANDIDATES)
