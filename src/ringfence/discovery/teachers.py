"""Whom may trees learn from? The corroborated, but for groups that are tied otherwise than the suspects are.

Every seed has a life beside its network. A small community that it lives in follows the same accounts and uses the same
tags, so both families of ties speak for its neighbours. But such a group stands out where suspects stand out little,
and hardly at all where they stand out most: it shares none of their media and links. So do bird watchers whom somebody
reported as seeds, among true ones.
"""

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.corroborate import STRONG, Corroboration
from ringfence.discovery.networks import networks
from ringfence.graph.relations import Graph

# A group's strengths of all kinds summed, as a share of the suspects', against the mean of its shares kind by kind: 1
# where it is tied as they are, at whatever strength. Chosen on generated worlds 41, 42, 44 and 45, where groups of
# members have 0.74 and more and groups of their ordinary neighbours 0.64 and less.
ALIKE = 0.7


def teachers(graph: Graph, judged: Corroboration, seed: int) -> NDArray[np.bool_]:
    """The corroborated accounts (one entry an account of the graph) that are in a group tied as the suspects are."""
    groups = networks(graph, np.flatnonzero(judged.corroborated()), seed)
    fit = [alike(judged, groups.members(number)) >= ALIKE for number in range(len(groups.ids))]
    return np.asarray(np.array([*fit, False], dtype=bool)[groups.member_of])


def alike(judged: Corroboration, accounts: NDArray[np.int64]) -> float:
    """How far a group's kinds of tie are as strong among one another as those of the suspects.

    Only kinds by which suspects themselves are strong are compared; 1 where there is none.
    """
    suspects = judged.of_suspects()
    telling = suspects >= STRONG
    group = judged.strengths[telling][:, accounts].mean(axis=1)
    shares = group / suspects[telling]
    return float(group.sum() / suspects[telling].sum() / shares.mean()) if shares.any() else 1.0
