"""What does the platform's own store say of an account? Its profile and the terms found in it, never its media."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ringfence.discovery.minors import is_likely_minor

_PROFILE = """
SELECT id, handle, display_name, bio, links, epoch_us(created_at), status, declared_age FROM accounts
WHERE account_id = $account_id LIMIT 1
"""
_HITS = """
SELECT category, tier, "where", count(DISTINCT term_id), count(*) FROM read_parquet($file) WHERE account = $id
GROUP BY ALL ORDER BY count(*) DESC, category, tier, "where" LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """Terms of one category in what an account wrote: how many, where, and how often; which they are is not told."""

    category: str
    tier: str
    where: str
    terms: int
    times: int


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as the platform has it. `text` is what it wrote of itself, which is shown on request only."""

    handle: str | None
    display_name: str | None
    created_at: datetime | None
    status: str | None
    may_be_minor: bool
    text: Sequence[str]
    hits: Sequence[Hit]


def profile(events: duckdb.DuckDBPyConnection, hits: Path, account_id: str) -> Profile | None:
    """An account's profile, given the store's views and the file of the last scan; None where the store has none."""
    row = events.execute(_PROFILE, {"account_id": account_id}).fetchone()
    if row is None:
        return None
    number, handle, name, bio, links, created, status, age = row
    found = events.execute(_HITS, {"file": str(hits), "id": number}).fetchall() if hits.exists() else []
    return Profile(
        handle=handle,
        display_name=name,
        created_at=datetime.fromtimestamp(created / 1e6, UTC) if created is not None else None,
        status=status,
        may_be_minor=is_likely_minor(age, bio),
        text=[one for one in (bio, *(links or ())) if one],
        hits=[Hit(*one) for one in found],
    )
