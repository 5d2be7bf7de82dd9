"""Which new accounts are likely run by those whose accounts were removed?

Each kind of likeness (the same followers, the same links, alike handles, ...) is held against what is usual: the share
of background pairs, of a removed account and one that was there long before, that are at least as alike. That share p
is turned into evidence as -ln(p) / 2, which is what the calibrator 1/(2 sqrt(p)) makes of a p-value (Vovk and Wang,
E-values, 2021) with its constant left out, and kinds are added up. The score ranks; kinds that go together are counted
as if they did not, so it is no probability and no verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.alike import Kind, kinds
from ringfence.discovery.minors import likely_minors
from ringfence.graph.relations import Graph
from ringfence.model.schemas import RETURNED

# Statuses of accounts that the platform has taken down.
REMOVED = ("removed", "suspended")
# An account may be opened in advance: it is new from so many days before the other's end.
AHEAD = 30.0
# How many new accounts each removed one is compared with closely, and removed ones looked at together.
CANDIDATES, BLOCK = 50, 256
# Likeness, between 0 and 1, is counted in so many bins of equal ratio; p is that of the whole bin.
BINS, LEAST = 400, 1e-4
MOST_REASONS = 4
# What tells one member from another. What they share tells only that they are of one network: on a generated world with
# seed 41 all kinds together named the right one for 0.64 of those who came back, the audience alone for 0.91.
PERSONAL = ("follows back", "shares_contact", "handle", "bio")
LONGEST_PAUSE = 60.0  # days
LOWEST = 1e-300

LIVES = """
SELECT id, lower(coalesce(status, '')) IN (SELECT unnest($removed)) AS removed, epoch(created_at) / 86400 AS opened,
       coalesce(labelled, least(last + least(pause, $longest), newest), opened) AS ended
FROM accounts
LEFT JOIN (
    SELECT account, epoch(max("at")) / 86400 AS last,
           coalesce((epoch(max("at")) - epoch(min("at"))) / 86400 / nullif(count(*) - 1, 0), $longest) AS pause
    FROM posts GROUP BY account
) AS posting ON posting.account = id
LEFT JOIN (
    SELECT account, epoch(max("at")) / 86400 AS labelled FROM labels
    WHERE lower(label) IN (SELECT unnest($removed)) GROUP BY account
) AS labelling ON labelling.account = id
CROSS JOIN (SELECT epoch(max("at")) / 86400 AS newest FROM posts) AS platform
"""


@dataclass(frozen=True, slots=True)
class Lives:
    """When each account was opened and when it was last active, in days (not a number where unknown)."""

    removed: NDArray[np.bool_]
    opened: NDArray[np.float64]
    ended: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Removed accounts and the new ones that may be theirs (dense ids), with the evidence of each kind, in columns."""

    removed: NDArray[np.int64]
    new: NDArray[np.int64]
    evidence: NDArray[np.float64]  # pairs x (kinds + 1); timing is last

    @property
    def score(self) -> NDArray[np.float64]:
        return np.asarray(self.evidence.sum(axis=1))


def returned(graph: Graph, events: duckdb.DuckDBPyConnection) -> pa.Table:
    """New accounts that are like a removed one, the likeliest first: a table of RETURNED.

    Each new account is there once. Its score is that of the likeliest removed one, by all kinds of likeness together;
    the one it stands beside (`was`, with reasons) is that whose audience, name and contacts it has. `care` is true for
    one that a child may run: it is routed to care, whatever it was before. An empty table where nothing was removed or
    nothing is new.
    """
    lives = lives_of(events, graph.size)
    compared = kinds(graph, events)
    found = pairs(compared, lives)
    personal = np.array([*(kind.name in PERSONAL for kind in compared), False])
    likeliest = np.zeros(graph.size)
    np.maximum.at(likeliest, found.new, found.score)
    best = _best(found, personal, likeliest, graph)
    minors = likely_minors(events, graph.size)
    new, was = found.new[best], found.removed[best]
    return pa.Table.from_arrays(
        [
            graph.accounts.take(pa.array(new)),
            graph.accounts.take(pa.array(was)),
            pa.array(likeliest[new]),
            pa.array(np.arange(1, len(best) + 1)),
            pa.array(minors[new]),
            pa.array([_reasons(graph, compared, lives, found, int(pair)) for pair in best], pa.list_(pa.string())),
        ],
        schema=RETURNED,
    )


def lives_of(events: duckdb.DuckDBPyConnection, size: int) -> Lives:
    """Read when accounts were opened, and when the removed ones came to their end.

    That is when they were labelled, else their last post and one usual pause between posts after it: a quiet account
    was there for longer than it shows. Of an account that never posted, the opening is the last that is known.
    """
    rows = events.sql(LIVES, params={"removed": list(REMOVED), "longest": LONGEST_PAUSE}).to_arrow_table()
    ids = rows["id"].to_numpy()
    lives = Lives(np.zeros(size, bool), np.full(size, np.nan), np.full(size, np.nan))
    lives.removed[ids] = rows["removed"].to_numpy()
    lives.opened[ids] = rows["opened"].cast(pa.float64()).to_numpy()
    lives.ended[ids] = rows["ended"].cast(pa.float64()).to_numpy()
    return lives


def pairs(compared: tuple[Kind, ...], lives: Lives) -> Pairs:
    """The CANDIDATES likeliest new accounts of each removed one, by all kinds together."""
    removed = np.flatnonzero(lives.removed)
    tails = [_tail(kind, removed, lives) for kind in compared]
    found = [_closest(compared, tails, block, lives) for block in _blocks(removed)]
    if not found:
        none = np.empty(0, np.int64)
        return Pairs(none, none, np.empty((0, len(compared) + 1)))
    return Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def is_new(lives: Lives, removed: NDArray[np.int64], others: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Pair by pair, whether the other was opened since the removed one's end, or shortly before. Not where unknown."""
    return np.asarray(~lives.removed[others] & (lives.opened[others] >= lives.ended[removed] - AHEAD))


def evidence(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a share of background pairs is worth, in nats: 0 where all are as alike."""
    return np.asarray(-np.log(np.maximum(p, LOWEST)) / 2)


def _tail(kind: Kind, removed: NDArray[np.int64], lives: Lives) -> NDArray[np.float64]:
    """For each bin of likeness the share of background pairs in it or above; the pairs themselves are not kept."""
    counts = np.zeros(BINS + 1)
    for block in _blocks(removed):
        alike = kind.alike(block).tocoo()
        old = ~lives.removed[alike.col] & ~is_new(lives, block[alike.row], alike.col)
        counts += np.bincount(_bins(alike.data[old]), minlength=BINS + 1)
    above = np.cumsum(counts[::-1])[::-1]
    return np.asarray((1 + above) / (1 + _background(removed, lives)))


def _background(removed: NDArray[np.int64], lives: Lives) -> int:
    """How many pairs there are of a removed account and one that is neither removed nor new."""
    others = np.sort(lives.opened[~lives.removed])
    known = int((~np.isnan(others)).sum())
    fresh = known - np.searchsorted(others[:known], lives.ended[removed] - AHEAD)
    return int((len(others) - fresh).sum())


def _bins(likeness: NDArray[np.floating]) -> NDArray[np.int64]:
    bins: NDArray[np.int64] = np.digitize(likeness, np.geomspace(LEAST, 1.0, BINS))
    return bins


def _closest(
    compared: tuple[Kind, ...], tails: list[NDArray[np.float64]], block: NDArray[np.int64], lives: Lives
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    told = []
    for kind, tail in zip(compared, tails, strict=True):
        alike = kind.alike(block).tocsr()
        alike.data = evidence(tail[_bins(alike.data)])
        told.append(alike)
    total = sum(told[1:], told[0]).tocoo()
    fresh = is_new(lives, block[total.row], total.col)
    row, new = total.row[fresh].astype(np.int64), total.col[fresh].astype(np.int64)
    worth = total.data[fresh] + timing(lives, block[row], new)
    order = np.lexsort((new, -worth, row))
    place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    chosen = order[place < CANDIDATES]
    row, new = row[chosen], new[chosen]
    each = [np.asarray(one[row, new]).ravel() for one in told]
    return block[row], new, np.column_stack([*each, timing(lives, block[row], new)])


def timing(lives: Lives, removed: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pair by pair the evidence of when the new one was opened: how few accounts were, from shortly before the end on.

    None where it was opened before the end.
    """
    opened = np.sort(lives.opened[~np.isnan(lives.opened)])
    end, when = lives.ended[removed], lives.opened[new]
    between = np.searchsorted(opened, when, side="right") - np.searchsorted(opened, end - AHEAD)
    return np.where(when >= end, evidence((1 + between) / (1 + len(opened))), 0.0)


def _best(found: Pairs, personal: NDArray[np.bool_], likeliest: NDArray[np.float64], graph: Graph) -> NDArray[np.int64]:
    """One pair of each new account, by the kinds that are `personal`; the `likeliest` account first; ties by id."""
    if not len(found.new):
        return found.new
    names = graph.accounts.to_numpy(zero_copy_only=False)
    own = found.evidence[:, personal].sum(axis=1)
    order = np.lexsort((names[found.removed], -found.score, -own, names[found.new]))
    _, first = np.unique(found.new[order], return_index=True)
    best = order[first]
    return np.asarray(best[np.lexsort((names[found.new[best]], -likeliest[found.new[best]]))])


def _blocks(removed: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (removed[start : start + BLOCK] for start in range(0, len(removed), BLOCK))


def _reasons(graph: Graph, compared: tuple[Kind, ...], lives: Lives, found: Pairs, pair: int) -> list[str]:
    """What speaks for a pair, the strongest kind first."""
    was, new = int(found.removed[pair]), int(found.new[pair])
    name = str(graph.accounts[was])
    told = []
    for worth, kind in zip(found.evidence[pair], compared, strict=False):
        if worth > 0:
            told.append((float(worth), kind.sentence(name, was, new)))
    if found.evidence[pair, -1] > 0:
        days = lives.opened[new] - lives.ended[was]
        told.append((float(found.evidence[pair, -1]), f"was opened {days:,.0f} days after {name} was last active"))
    return [words for _, words in sorted(told, key=lambda one: (-one[0], one[1]))[:MOST_REASONS]]
