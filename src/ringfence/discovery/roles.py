"""What does each account do in its network? Likely minors (minors.py) are told apart first: they go to care."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.discovery.networks import Networks
from ringfence.graph.relations import Graph
from ringfence.model.words import Relation, Role

# A bridge has at least BRIDGE_JOINS joins outside its own network, and of all the things that join it to members at
# least this share joins it to one other network. Chosen on generated platforms with seeds below 100, where it told
# bridges apart better than the share outside or the participation coefficient.
BRIDGE_JOINS, BRIDGE_SHARE = 3, 0.25
# An audience account follows at least so many members and is none.
FOLLOWED = 2


def roles(graph: Graph, found: Networks, minors: NDArray[np.bool_]) -> list[Role | None]:
    """One role an account, None for those that have no part in any network."""
    member = found.member_of >= 0
    named: list[Role | None] = [None] * graph.size
    for account in np.flatnonzero(_audience(graph, member)):
        named[account] = Role.AUDIENCE
    bridge = _bridges(graph.size, found)
    for account in np.flatnonzero(member):
        named[account] = Role.BRIDGE if bridge[account] else Role.PROMOTER
        if minors[account]:
            named[account] = Role.LIKELY_MINOR
    return named


def _audience(graph: Graph, member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    followed = np.zeros(graph.size, dtype=np.int64)
    for ties in graph.relations:
        if ties.relation is Relation.FOLLOWS:
            matrix = ties.forward
            followed += np.bincount(matrix.sources(), weights=member[matrix.targets], minlength=graph.size).astype(int)
    return np.asarray((followed >= FOLLOWED) & ~member)


def _bridges(size: int, found: Networks) -> NDArray[np.bool_]:
    ends = np.concatenate([found.first, found.second])
    others = np.concatenate([found.second, found.first])
    pieces = np.tile(found.pieces, 2)
    outside = found.member_of[ends] != found.member_of[others]
    each = (ends[outside], found.member_of[others[outside]])
    to_one = sp.coo_matrix((pieces[outside], each), (size, max(1, len(found.ids)))).tocsr().max(axis=1)
    strongest = np.asarray(to_one.toarray()).ravel()
    enough = np.bincount(ends[outside], minlength=size) >= BRIDGE_JOINS
    return np.asarray(enough & (strongest >= BRIDGE_SHARE * np.bincount(ends, weights=pieces, minlength=size)))
