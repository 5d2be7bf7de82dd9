"""From seeds to scores: who is near them, who is corroborated, which networks they form, and why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery import walks
from ringfence.discovery.baselines import baselines
from ringfence.discovery.corroborate import SHORTLIST, Corroboration, corroborate
from ringfence.discovery.explain import reasons
from ringfence.discovery.groups import groups
from ringfence.discovery.habits import habits
from ringfence.discovery.kinds import both_families
from ringfence.discovery.last_results import Baselines, Group
from ringfence.discovery.likeness import likeness
from ringfence.discovery.networks import Networks, networks, without
from ringfence.discovery.pool import LEARNABLE, Pool, pool
from ringfence.discovery.refine import CUT, Refined, refine
from ringfence.discovery.roles import roles
from ringfence.discovery.seeds import Seeds, seeds
from ringfence.discovery.signals import ranked, signals
from ringfence.discovery.teachers import teachers
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES
from ringfence.model.words import Role

MODEL = "expand-3"  # changes whenever the same events may give other scores

# So many accounts are looked at closely; the rest of a larger platform is ranked by what the first look says.
CLOSE = 65_536
# Trees learn where both families of ties agree on so many accounts, and on this share of the seeds. Where they do not
# agree on the seeds, what they say of others is worth no name: all are ranked, and nobody is found.
AGREED, AGREED_SEEDS = 10, 0.5
EQUALS = 1e-6  # what corroboration adds to the trees' answer, which many accounts share

Accounts = NDArray[np.int64]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expansion:
    """All that discovery found. `score` has one entry an account; seeds stand above all others.

    `rows` are the accounts that were looked at closely (dense ids, ascending), and `ranking` how. Unless the seeds are
    `agreed` on nobody is found. `held` are those that would have been, and rest on seeds that one person alone vouches
    for.
    """

    graph: Graph
    seeds: Seeds
    judged: Corroboration
    rows: Accounts
    ranking: Pool | Refined
    networks: Networks
    roles: tuple[Role | None, ...]
    score: Scores
    groups: tuple[Group, ...]
    agreed: bool
    held: NDArray[np.bool_]
    beside: Baselines

    @property
    def members(self) -> NDArray[np.bool_]:
        """The accounts found: tied as members are, and in a network."""
        return np.asarray(self.networks.member_of >= 0)

    def order(self) -> Accounts:
        """Dense ids by score, the highest first, ties by id."""
        return np.argsort(-self.score, kind="stable")

    def shortlist(self) -> Accounts:
        """The dense ids that get reasons: the first of the ranking, and everybody found."""
        return np.union1d(self.order()[: _shortlist(self.graph)], np.flatnonzero(self.members))


def expand(graph: Graph, seeds: Sequence[str], negatives: Sequence[str] = ()) -> pa.Table:
    """Rank every account of a graph by how likely it belongs with the `seeds` (account ids).

    `negatives` are accounts known not to belong. Returns an Arrow table account_id, rank, score, probability, role,
    network_id, reasons, best first. The score is uncalibrated: it ranks, on the scale of a logarithm of ranks, from 0
    to the log of how many accounts there are. It is no probability, which stays null. `network_id` is null but for
    accounts found.
    """
    start = _seeds(graph, seeds, negatives)
    return scores(expansion(graph, start, np.zeros(graph.size, dtype=bool), seed=0))


def _seeds(graph: Graph, account_ids: Sequence[str], negatives: Sequence[str]) -> Seeds:
    return seeds(graph, [str(one) for one in account_ids], negatives=[str(one) for one in negatives])


def expansion(graph: Graph, start: Seeds, minors: NDArray[np.bool_], seed: int) -> Expansion:
    """Run every step; `minors` says which accounts may be run by a child, `seed` fixes the random choices.

    Raises Fault for a graph that has no relation.
    """
    if not graph.relations:
        raise Fault("the graph has no relation", where="relations", mend="give at least one table or matrix of ties")
    near = walks.walks(graph, start.restarts)
    near.long[start.accounts, start.columns] = 0.0  # its own mass says nothing of a seed
    near.short[start.accounts, start.columns] = 0.0
    nearness = walks.nearness(near.long)
    judged = corroborate(graph, nearness, start.accounts)
    both, agree = both_families(judged.kinds), agreed(judged, start)
    fit = teachers(graph, judged, seed) if both else judged.corroborated()
    fit[start.negatives] = False  # nobody learns from those that a person said are none
    if both and agree and fit.sum() >= AGREED:
        rows = _close(judged.score, start)
        refined = refine(judged.kinds, rows, judged.score, fit, start.negatives, seed)
        candidates = refined.above(CUT, graph.size)
        answer = refined.score + EQUALS * (1 - ranked(judged.score[rows]))
        score = _scored(rows, answer * math.log(len(rows)), judged.score)
        ranking: Pool | Refined = refined
    else:
        rows = _close(nearness, start)
        ranking = _pooled(graph, judged, near, start, rows, nearness, seed)
        score = _scored(rows, ranking.score, nearness)
        candidates = fit & agree & (score >= np.sort(score)[-min(_shortlist(graph), graph.size)])
    score[start.negatives] = -1.0
    score[start.accounts] = score.max() + 1.0
    candidates[start.accounts] = True
    candidates[start.negatives] = False
    every = networks(graph, np.flatnonzero(candidates), seed)
    told, held = groups(graph, start, near.long, every)
    found = without(every, held)
    return Expansion(
        graph=graph,
        seeds=start,
        judged=judged,
        rows=rows,
        ranking=ranking,
        networks=found,
        roles=tuple(roles(graph, found, minors)),
        score=score,
        groups=told,
        agreed=agree,
        held=(every.member_of >= 0) & (found.member_of < 0),
        beside=baselines(graph, judged.kinds, rows, start, found.member_of >= 0, seed),
    )


def agreed(judged: Corroboration, start: Seeds) -> bool:
    """Whether what speaks for at least AGREED_SEEDS of the seeds is of both families of ties.

    A term or another thing speaks for itself; where there is one family only there is nothing to disagree with.
    """
    if not both_families(judged.kinds):
        return True
    things = len(start.thing_columns)
    agreeing = int(judged.corroborated()[start.accounts].sum()) + things
    return agreeing >= AGREED_SEEDS * (len(start.accounts) + things)


def _close(score: Scores, start: Seeds) -> Accounts:
    """Who is looked at closely: the first by `score`, and every account that a person named."""
    first = np.argsort(-score, kind="stable")[:CLOSE]
    return np.unique(np.concatenate([first, start.accounts, start.negatives]))


def _pooled(
    graph: Graph, judged: Corroboration, near: walks.Walks, start: Seeds, rows: Accounts, nearness: Scores, seed: int
) -> Pool:
    like = likeness(judged.kinds, rows, graph.size, seed)
    does = [habits(kind, rows, graph.size) for kind in judged.kinds]
    columns = [*does, graph.features[rows]] if graph.features is not None else does
    activity = sum((one[:, 1].astype(np.float64) for one in does), np.zeros(len(rows)))
    return pool(
        like,
        signals(like, near, start.restarts),
        np.ascontiguousarray(np.hstack(columns)),
        activity,
        np.searchsorted(rows, positives(start, nearness)),
        np.searchsorted(rows, start.negatives),
        seed,
    )


def positives(start: Seeds, nearness: Scores) -> Accounts:
    """Whom a learner may take for members, by dense id: the seed accounts.

    Where there are too few, the users of the seed terms as well, the nearest to all seeds first, as many as there are
    seeds twice over: a term's user may be anybody.
    """
    if len(start.accounts) >= LEARNABLE:
        return start.accounts
    users = np.setdiff1d(np.flatnonzero(start.restarts.any(axis=1)), np.union1d(start.accounts, start.negatives))
    nearest = users[np.argsort(-nearness[users], kind="stable")]
    return np.union1d(start.accounts, nearest[: 2 * start.restarts.shape[1]])


def _scored(rows: Accounts, close: Scores, first: Scores) -> Scores:
    """One score an account: of those looked at closely what that said, of all others their place behind them."""
    accounts = len(first)
    score = np.empty(accounts)
    others = np.setdiff1d(np.arange(accounts), rows)
    behind = others[np.argsort(-first[others], kind="stable")]
    score[rows] = close + np.log(accounts / len(rows))
    score[behind] = -np.log((len(rows) + 1 + np.arange(len(behind))) / accounts)
    return score


def _shortlist(graph: Graph) -> int:
    return max(20, round(SHORTLIST * math.sqrt(graph.size)))


def scores(found: Expansion) -> pa.Table:
    """The result as the contract's table of scores, best first; reasons for the short list and the accounts found."""
    order = found.order()
    why = reasons(found.graph, found.judged, found.members, found.shortlist())
    told = np.full(found.graph.size, -1)
    told[list(why)] = np.arange(len(why))
    return pa.Table.from_arrays(
        [
            found.graph.accounts.take(pa.array(order)),
            pa.array(np.arange(1, len(order) + 1)),
            pa.array(found.score[order]),
            pa.nulls(len(order), pa.float64()),
            pa.array(found.roles, pa.string()).take(pa.array(order)),
            _numbered(found.networks.ids, found.networks.member_of[order], pa.string()),
            _numbered(list(why.values()), told[order], pa.list_(pa.string())),
        ],
        schema=SCORES,
    )


def _numbered(values: Sequence[object], numbers: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """Each of `numbers` as the value it numbers; none for -1."""
    return pa.array(values, kind).take(pa.array(numbers, mask=numbers < 0))
