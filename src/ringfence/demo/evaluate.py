"""How well did discovery do, and how well would much simpler rules have done? Only this file reads the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringfence.exposure import estimates
from ringfence.world.plan import MEMBERS

Scores = NDArray[np.float64]
wilson = estimates.wilson


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

    @property
    def innocent(self) -> NDArray[np.bool_]:
        """Everybody but members and their audience, who are on neither side."""
        return np.asarray(~self.member & (self.kind != "audience"))

    def but(self, accounts: NDArray[np.int64]) -> tuple["Truth", NDArray[np.bool_]]:
        """The truth of all others, and which those are: a seed is given, not found."""
        others = np.ones(len(self.kind), dtype=bool)
        others[accounts] = False
        return Truth(self.kind[others], self.member[others]), others


@dataclass(frozen=True, slots=True)
class Cut:
    """What an operator gets who acts on the accounts `named`. `touched` counts innocents by kind, all kinds there are.

    `precision` is NaN where nobody is named, `recall` where there is no member.
    """

    named: int
    members: int
    precision: float
    recall: float
    touched: Mapping[str, int]

    @property
    def innocents(self) -> int:
        return sum(self.touched.values())


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


def recall_at_precision(member: NDArray[np.bool_], score: Scores, least: float = 0.95) -> float:
    """The highest recall of any cut of the ranking that is at least this precise; 0 where no cut is.

    A cut never parts tied scores: which of them come first is chance.
    """
    order = np.argsort(-score, kind="stable")
    hits, ranked = np.cumsum(member[order]), score[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    precise = hits[last] / (last + 1) >= least
    return float(hits[last][precise].max(initial=0) / max(1, member.sum()))


def cut(truth: Truth, named: NDArray[np.bool_]) -> Cut:
    """How right it is to name these accounts, and whom it touches."""
    hits, count, members = int((named & truth.member).sum()), int(named.sum()), int(truth.member.sum())
    kinds, numbers = np.unique(truth.kind[truth.innocent], return_inverse=True)
    touched = np.bincount(numbers[named[truth.innocent]], minlength=len(kinds))
    return Cut(
        named=count,
        members=hits,
        precision=hits / count if count else float("nan"),
        recall=hits / members if members else float("nan"),
        touched=dict(zip(kinds.tolist(), touched.tolist(), strict=True)),
    )


def cuts(truth: Truth, score: Scores, sizes: Sequence[int]) -> tuple[Cut, ...]:
    """The ranking cut after its first accounts, once for each of the `sizes`; ties go by id, as discovery's order."""
    order = np.argsort(-score, kind="stable")
    named = np.zeros((len(sizes), len(score)), dtype=bool)
    for row, size in zip(named, sizes, strict=True):
        row[order[:size]] = True
    return tuple(cut(truth, row) for row in named)


def best_feature(events: duckdb.DuckDBPyConnection, member: NDArray[np.bool_]) -> tuple[str, float]:
    """The single feature that separates members best, in either direction, and its average precision."""
    return best_of(features(events, len(member)), member)[:2]


def features(events: duckdb.DuckDBPyConnection, accounts: int) -> dict[str, Scores]:
    """Every single feature, one number an account."""
    return {name: _column(events, query, accounts) for name, query in FEATURES.items()}


def best_of(columns: Mapping[str, Scores], member: NDArray[np.bool_]) -> tuple[str, float, Scores]:
    """Which column separates members best, in either direction: its name, average precision, and it, members high.

    It is chosen by the truth, which flatters it: no operator could choose so well.
    """
    judged = {
        (name, sign): average_precision(member, sign * values) for name, values in columns.items() for sign in (1, -1)
    }
    name, sign = max(judged, key=judged.__getitem__)
    return name, judged[name, sign], sign * columns[name]


def keyword_rule(signals: pa.Table, accounts: int) -> Scores:
    """The rule that every platform has: how often an account uses any of the vetted terms."""
    return np.bincount(signals["account"].to_numpy(), minlength=accounts).astype(np.float64)


def _column(events: duckdb.DuckDBPyConnection, query: str, accounts: int) -> Scores:
    values = np.zeros(accounts)
    table: pa.Table = events.sql(f"FROM ({query}) AS feature(account, value) WHERE value IS NOT NULL").to_arrow_table()
    values[table["account"].to_numpy()] = table["value"].cast(pa.float64()).to_numpy()
    return values
