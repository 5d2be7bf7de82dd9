"""Do the seeds support one another, and what rests on a few of them alone? To be looked at before their names count.

Somebody who reports an innocent community as seeds makes a group that supports itself and that no other seed supports.
So does a network that nobody else is tied to: nothing in the ties tells the two apart, and a person has to. Trust
computed from held-out seeds was measured to fail, since false seeds support one another and true ones are often alone.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ringfence.discovery.last_results import Group
from ringfence.discovery.networks import Networks
from ringfence.discovery.seeds import Seeds
from ringfence.discovery.walks import HALF, Mass
from ringfence.graph.relations import Graph

# Two seeds support each other from this lift on, that of one's walk where the other restarts. A network rests on a
# group where its members' nearness falls by more than RESTS with that group left out.
SUPPORT, RESTS = 8.0, 0.8


def groups(graph: Graph, start: Seeds, lift: Mass, found: Networks) -> tuple[tuple[Group, ...], frozenset[str]]:
    """The seeds as groups, the one that most accounts rest on first, and which networks rest on doubted ones alone.

    `lift` is accounts x columns of the seeds' walks. A network may rest on several doubted groups together.
    """
    group_of = _grouped(start, lift)
    whole = _by_network(np.log1p(lift / np.float32(HALF)), found)
    told, doubted = [], np.zeros(len(group_of), dtype=bool)
    for number in range(group_of.max(initial=-1) + 1):
        columns = group_of == number
        accounts = start.accounts[columns[start.columns]]
        things = int(np.count_nonzero(columns[start.thing_columns]))
        rest = _resting(whole, columns)
        group = Group(
            accounts=tuple(graph.accounts.take(pa.array(accounts)).to_pylist()),
            things=things,
            rest=tuple(found.ids[network] for network in rest),
            resting=int(np.isin(found.member_of, rest).sum()),
            doubted=not things and bool(np.isin(accounts, start.doubted).all()),
        )
        told.append(group)
        doubted |= columns & group.doubted
    held = frozenset(found.ids[network] for network in _resting(whole, doubted))
    return tuple(sorted(told, key=lambda group: (-group.resting, group.accounts))), held


def _resting(whole: NDArray[np.float64], columns: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The networks (rows of `whole`) whose nearness comes from some of the columns alone."""
    share = whole[:, columns].sum(axis=1) / np.maximum(whole.sum(axis=1), 1e-12)
    return np.flatnonzero(share > RESTS)


def _grouped(start: Seeds, lift: Mass) -> NDArray[np.int64]:
    """The number of each column's group: those joined by support, directly or through others."""
    mean = start.restarts / np.maximum(start.restarts.sum(axis=0), 1e-12)
    support = lift.T @ mean  # [i, j]: the lift of i's walk where j restarts
    np.fill_diagonal(support, 0)
    first, second = np.nonzero(np.maximum(support, support.T) >= SUPPORT)
    size = start.restarts.shape[1]
    joined = coo_array((np.ones(len(first)), (first, second)), (size, size))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


def _by_network(pull: Mass, found: Networks) -> NDArray[np.float64]:
    """The mean of `pull` over the members of each network: networks x columns."""
    total = np.zeros((len(found.ids), pull.shape[1]))
    member = np.flatnonzero(found.member_of >= 0)
    np.add.at(total, found.member_of[member], pull[member])
    return total
