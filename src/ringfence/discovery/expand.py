"""From seeds to scores: who is near them, who is corroborated, which networks they form, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery import spread
from ringfence.discovery.corroborate import SHORTLIST, Corroboration, both_families, corroborate
from ringfence.discovery.explain import reasons
from ringfence.discovery.networks import Networks, networks
from ringfence.discovery.roles import roles
from ringfence.discovery.seeds import Seeds, seeds
from ringfence.graph.relations import Graph
from ringfence.model.schemas import SCORES
from ringfence.model.words import Role

MODEL = "expand-1"  # changes whenever the same events may give other scores


@dataclass(frozen=True, slots=True)
class Expansion:
    """All that discovery found. `score` has one entry an account; seeds stand above all others."""

    graph: Graph
    seeds: Seeds
    judged: Corroboration
    networks: Networks
    roles: tuple[Role | None, ...]
    score: NDArray[np.float64]

    @property
    def members(self) -> NDArray[np.bool_]:
        """The accounts found: corroborated, and in a network."""
        return np.asarray(self.networks.member_of >= 0)

    def order(self) -> NDArray[np.int64]:
        """Dense ids by score, the highest first, ties by id."""
        return np.argsort(-self.score, kind="stable")


def expand(graph: Graph, seeds: Sequence[str]) -> pa.Table:
    """Rank every account of a graph by how likely it belongs with the `seeds` (account ids).

    Returns an Arrow table account_id, rank, score, probability, role, network_id, reasons, best first. The score is
    uncalibrated: it ranks, and it is no probability, which stays null. `network_id` is null but for accounts found.
    """
    return scores(expansion(graph, _seeds(graph, seeds), np.zeros(graph.size, dtype=bool), seed=0))


def _seeds(graph: Graph, account_ids: Sequence[str]) -> Seeds:
    return seeds(graph, [str(account) for account in account_ids])


def expansion(graph: Graph, start: Seeds, minors: NDArray[np.bool_], seed: int) -> Expansion:
    """Run every step; `minors` says which accounts may be run by a child, `seed` fixes the random choices."""
    lift = spread.lifts(graph, start.restarts)
    lift[start.accounts, np.arange(len(start.accounts))] = 0.0
    near = spread.nearness(lift)
    judged = corroborate(graph, near, start.accounts)
    # With one family of ties there is nothing to corroborate with, and nearness ranks better.
    score = judged.score.copy() if both_families(judged.kinds) else near.copy()
    score[start.accounts] = score.max() + 1.0
    candidates = judged.corroborated()
    candidates[start.accounts] = True
    found = networks(graph, np.flatnonzero(candidates), seed)
    return Expansion(graph, start, judged, found, tuple(roles(graph, found, minors)), score)


def scores(found: Expansion) -> pa.Table:
    """The result as the contract's table of scores, best first; reasons for the short list and the accounts found."""
    order = found.order()
    shortlist = max(20, round(SHORTLIST * np.sqrt(found.graph.size)))
    explained = np.union1d(order[:shortlist], np.flatnonzero(found.members))
    why = reasons(found.graph, found.judged, found.members, explained)
    numbers = found.networks.member_of[order]
    return pa.Table.from_arrays(
        [
            found.graph.accounts.take(pa.array(order)),
            pa.array(np.arange(1, len(order) + 1)),
            pa.array(found.score[order]),
            pa.nulls(len(order), pa.float64()),
            pa.array([found.roles[account] for account in order], pa.string()),
            pa.array([found.networks.ids[number] if number >= 0 else None for number in numbers], pa.string()),
            pa.array([why.get(int(account)) for account in order], pa.list_(pa.string())),
        ],
        schema=SCORES,
    )
