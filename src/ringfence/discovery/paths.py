"""By which ties does an account lead to a seed? The shortest way over ties of any kind, through accounts and objects.

One search from all seeds at once, so that a path costs no more than its own steps. Of equally short ways it takes the
one through what the fewest accounts are tied to: a way through a thing that everybody uses says least.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.discovery.kinds import Kind
from ringfence.graph.csr import Ids, Index

MOST_STEPS = 8  # a longer way leads from anybody to anybody
_FAR = -1

Nodes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ways:
    """The way of every node to the nearest source. Nodes are the accounts, then each kind's objects, kind by kind.

    `steps` is how many ties away the source is (0 for one, -1 where none is near), `onward` the next node towards it
    and `kind` the number of the kind of tie to that. `offset` says where each kind's targets start among the nodes.
    """

    steps: Nodes
    onward: Nodes
    kind: Nodes
    offset: tuple[int, ...]

    def to_source(self, account: int) -> list[tuple[int, int]]:
        """The steps from an account to a source as (number of the kind of tie, node it leads to); none if none is."""
        way, node = [], account
        while self.steps[node] > 0:
            way.append((int(self.kind[node]), int(self.onward[node])))
            node = int(self.onward[node])
        return way


def ways(found: Sequence[Kind], accounts: int, sources: NDArray[np.int64], most: int = MOST_STEPS) -> Ways:
    """Search from `sources` (dense ids) over every kind of tie, up to `most` ties away.

    Ties between equally short and equally rare ways are broken by the order of kinds, then by the smaller node.
    """
    offset, nodes = [], accounts
    for kind in found:
        offset.append(0 if kind.company else nodes)
        nodes += 0 if kind.company else kind.matrix.columns
    steps, cost = np.full(nodes, _FAR), np.zeros(nodes, np.int64)
    onward, by = np.full(nodes, -1), np.full(nodes, -1)
    tied = _tied(found, offset, nodes)
    steps[sources] = 0
    front = np.unique(sources)
    reached = np.empty(nodes, np.int64)
    for step in range(1, most + 1):
        count = 0
        for number, kind in enumerate(found):
            begin = offset[number]
            # Seen from the front, so by the transpose: the step will be walked the other way.
            behind = front if kind.company else front[(front >= begin) & (front < begin + kind.matrix.columns)] - begin
            behind = behind[behind < kind.back.rows]
            ahead = kind.back.starts, kind.back.targets
            count = _spread(*ahead, behind, begin, 0, number, step, tied, steps, cost, onward, by, reached, count)
            if not kind.company:
                own = kind.matrix.starts, kind.matrix.targets
                users = front[front < accounts]
                count = _spread(*own, users, 0, begin, number, step, tied, steps, cost, onward, by, reached, count)
        if not count:
            break
        front = np.sort(reached[:count])
    return Ways(steps, onward, by, tuple(offset))


def _tied(found: Sequence[Kind], offset: Sequence[int], nodes: int) -> Nodes:
    """How many ties lead to each node, of all kinds."""
    total = np.zeros(nodes, np.int64)
    for kind, begin in zip(found, offset, strict=True):
        total[begin : begin + kind.back.rows] += kind.back.degree()
    return total


@njit(nogil=True, cache=True)
def _spread(
    starts: Index,
    targets: Ids,
    front: Nodes,
    from_offset: int,
    to_offset: int,
    number: int,
    step: int,
    tied: Nodes,
    steps: Nodes,
    cost: Nodes,
    onward: Nodes,
    by: Nodes,
    reached: Nodes,
    count: int,
) -> int:
    """Reach from `front`, at step - 1, whatever is new or reached by a way that is no rarer; how many are reached."""
    for place in front:
        node = place + from_offset
        # A source is where the way ends, and does not count as passed through.
        passing = cost[node] + (tied[node] if steps[node] > 0 else 0)
        for tie in range(starts[place], starts[place + 1]):
            new = np.int64(targets[tie]) + to_offset
            if steps[new] == -1:
                steps[new] = step
                reached[count] = new
                count += 1
            elif steps[new] != step or (passing, number, node) >= (cost[new], by[new], onward[new]):
                continue
            cost[new], onward[new], by[new] = passing, node, number
    return count
