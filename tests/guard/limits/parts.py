"""A small platform with scores, and a policy whose caps it reaches."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa

from ringfence.guard.policies.policy import Automatic, Policy, default_policy
from ringfence.model.schemas import EVENTS, SCORES
from ringfence.model.words import Table

THEN = datetime(2026, 11, 2, tzinfo=UTC)
PER_DAY, SHARE, DAYS = 3, 0.2, 5
ALL = [f"a{n:02d}" for n in range(40)]
DECLARED, READS = "a38", "a39"  # a child by the age it declares, and by its profile


def policy(per_day: int = PER_DAY, per_share: float = SHARE, uncalibrated: str = "members") -> Policy:
    """The default policy with caps that a small platform reaches."""
    return replace(default_policy(), automatic=Automatic(0.8, uncalibrated, per_day, per_share, DAYS))


def scored(
    probabilities: Mapping[str, float | None], network: str | None = "net-1", role: str = "promoter"
) -> pa.Table:
    """Scores of these accounts, the first with the best rank; all of them in one network."""
    rows = [
        {
            "account_id": name,
            "rank": rank,
            "score": 100.0 - rank,
            "probability": probability,
            "role": role if network else None,
            "network_id": network,
            "reasons": ["a reason"],
        }
        for rank, (name, probability) in enumerate(probabilities.items(), 1)
    ]
    return pa.Table.from_pylist(rows, SCORES)


def accounts() -> pa.Table:
    rows = [
        {
            "account_id": name,
            "declared_age": 13 if name == DECLARED else 30 if name == READS else None,
            "bio": "13 and loves drawing" if name == READS else "likes long walks",
        }
        for name in ALL
    ]
    return pa.Table.from_pylist(rows, EVENTS[Table.ACCOUNTS])


def names(flags: pa.Table) -> list[str]:
    return sorted(flags["account_id"].to_pylist())
