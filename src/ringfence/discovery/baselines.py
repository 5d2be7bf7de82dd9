"""What would much simpler rules have found? Every run says so beside its own result.

The keyword rule counts uses of the five things the seeds share most. The rule without a graph knows how much each
account does and nothing of whom or what it ties to.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.forest import grow
from ringfence.discovery.habits import habits
from ringfence.discovery.kinds import Kind
from ringfence.discovery.last_results import Baselines
from ringfence.discovery.seeds import Seeds
from ringfence.graph.relations import Graph

KEYWORDS, TREES, OTHERS = 5, 60, 3_000


def baselines(
    graph: Graph, kinds: Sequence[Kind], rows: NDArray[np.int64], start: Seeds, members: NDArray[np.bool_], seed: int
) -> Baselines:
    """Compare the accounts found (`members`, one entry an account) with what two rules would name."""
    found = members.copy()
    found[start.accounts] = False
    words, alone = keyword_rule(graph, start), without_graph(kinds, rows, graph, start, seed)
    return Baselines(
        found=int(found.sum()),
        keyword=None if words is None else _among_first(words, found, start),
        without_graph=_among_first(alone, found, start),
    )


def keyword_rule(graph: Graph, start: Seeds) -> NDArray[np.float64] | None:
    """How many of the KEYWORDS things that most seeds use each account uses; None where nothing is used."""
    mass = start.restarts.sum(axis=1)
    score, best = np.zeros(graph.size), []
    for number, ties in enumerate(graph.relations):
        if ties.objects is not None:
            back = ties.backward
            shared = np.bincount(back.sources(), weights=mass[back.targets], minlength=back.rows)
            first = np.argsort(-shared, kind="stable")[:KEYWORDS]
            best += [(-float(shared[one]), number, int(one)) for one in first if shared[one] > 0]
    if not best:
        return None
    for _, number, one in sorted(best)[:KEYWORDS]:
        score[graph.relations[number].backward.row(one)] += 1
    return score


def without_graph(
    kinds: Sequence[Kind], rows: NDArray[np.int64], graph: Graph, start: Seeds, seed: int
) -> NDArray[np.float64]:
    """Trees on what accounts do, seeds against a sample of all; -1 for accounts not among `rows`."""
    score = np.full(graph.size, -1.0)
    columns = np.hstack([np.zeros((len(rows), 1), np.float32), *(habits(kind, rows, graph.size) for kind in kinds)])
    mass = start.restarts.sum(axis=1)[rows]
    positive, rest = np.flatnonzero(mass > 0), np.flatnonzero(mass == 0)
    if not len(rest) or not len(positive):
        return score
    chance = np.random.default_rng(seed)
    forest = grow(columns[positive], columns[chance.choice(rest, OTHERS)], TREES, seed)
    score[rows] = forest.ask(columns)
    return score


def _among_first(score: NDArray[np.float64], found: NDArray[np.bool_], start: Seeds) -> int:
    ranked = score.copy()
    ranked[start.accounts] = -2.0
    first = np.argsort(-ranked, kind="stable")[: int(found.sum())]
    return int(found[first].sum())
