"""How well did discovery do, and how well would much simpler rules have done? Only this file reads the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringfence.world.plan import MEMBERS

Scores = NDArray[np.float64]

# One number an account, straight from its own events: what a rule without a graph could use.
FEATURES: Mapping[str, str] = {
    "accounts it follows": "SELECT src, count(*) FROM ties WHERE relation = 'follows' GROUP BY 1",
    "followers": "SELECT dst, count(*) FROM ties WHERE relation = 'follows' GROUP BY 1",
    "answers given": "SELECT src, count(*) FROM ties WHERE relation = 'replies' GROUP BY 1",
    "answers received": "SELECT dst, count(*) FROM ties WHERE relation = 'replies' GROUP BY 1",
    "posts": "SELECT account, count(*) FROM posts GROUP BY 1",
    "hashtags used": "SELECT account, sum(len(hashtags)) FROM posts GROUP BY 1",
    "different hashtags": "SELECT account, len(list_distinct(flatten(list(hashtags)))) FROM posts GROUP BY 1",
    "links posted": "SELECT account, sum(len(links)) FROM posts GROUP BY 1",
    "media posted": "SELECT account, sum(len(media)) FROM posts GROUP BY 1",
    "share of posts with media": "SELECT account, avg((len(media) > 0)::INT) FROM posts GROUP BY 1",
    "reports received": "SELECT id, count(*) FROM reports JOIN account_ids ON target = account_id GROUP BY 1",
    "times shown": "SELECT id, count(*) FROM impressions JOIN account_ids ON shown_id = account_id GROUP BY 1",
    "account age": "SELECT id, epoch(created_at) FROM accounts",
    "links in the profile": "SELECT id, len(links) FROM accounts",
    "declared age": "SELECT id, declared_age FROM accounts",
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted, by dense id. `kind` is "ordinary" for all that were not planted as anything."""

    kind: NDArray[np.str_]
    member: NDArray[np.bool_]


def truth(world: Path, accounts: pa.StringArray) -> Truth:
    """Read a world's truth folder for the accounts of a graph."""
    planted = pq.read_table(world / "truth" / "accounts.parquet")
    places = pc.index_in(planted["account_id"], accounts).to_numpy()
    kind = np.full(len(accounts), "ordinary", dtype="<U16")
    kind[places] = planted["kind"].to_numpy()
    return Truth(kind, np.isin(kind, [member.name.lower() for member in MEMBERS]))


def average_precision(member: NDArray[np.bool_], score: Scores) -> float:
    """Area under the precision-recall curve, as the mean precision at each member; tied scores count as one step."""
    order = np.argsort(-score, kind="stable")
    hits, ranked = np.cumsum(member[order]), score[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    gained = np.diff(hits[last], prepend=0)
    return float((gained * hits[last] / (last + 1)).sum() / max(1, member.sum()))


def best_feature(events: duckdb.DuckDBPyConnection, member: NDArray[np.bool_]) -> tuple[str, float]:
    """The single feature that separates members best, in either direction, and its average precision."""
    judged = {}
    for name, query in FEATURES.items():
        values = _column(events, query, len(member))
        judged[name] = max(average_precision(member, values), average_precision(member, -values))
    best = max(judged, key=judged.__getitem__)
    return best, judged[best]


def keyword_rule(signals: pa.Table, accounts: int) -> Scores:
    """The rule that every platform has: how often an account uses any of the vetted terms."""
    return np.bincount(signals["account"].to_numpy(), minlength=accounts).astype(np.float64)


def _column(events: duckdb.DuckDBPyConnection, query: str, accounts: int) -> Scores:
    values = np.zeros(accounts)
    table: pa.Table = events.sql(f"FROM ({query}) AS feature(account, value) WHERE value IS NOT NULL").to_arrow_table()
    values[table["account"].to_numpy()] = table["value"].cast(pa.float64()).to_numpy()
    return values
