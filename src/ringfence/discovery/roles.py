"""What does each account do in its network? Likely minors are told apart first: they go to care, whatever they did."""

import re

import duckdb
import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.networks import Networks
from ringfence.graph.relations import Graph
from ringfence.model.words import Relation, Role

# A bridge has at least this share of its joins, and this many of them, in networks other than its own.
BRIDGE_SHARE, BRIDGE_JOINS = 0.4, 3
# An audience account follows at least so many members and is none.
FOLLOWED = 2
ADULT = 18

# How a profile reads that a child may have written: a school year, a class, an age under 18.
CHILD = re.compile(
    r"\b(?:year|class|grade)\s?(?:[1-9]|1[0-2])[a-z]?\b|\b(?:1[0-7])\s*(?:yo|y/o|years)?\b", re.IGNORECASE
)


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


def likely_minors(events: duckdb.DuckDBPyConnection, size: int) -> NDArray[np.bool_]:
    """Accounts that declare an age under 18, or whose profile reads as a child's. When in doubt, it is a child."""
    minors = np.zeros(size, dtype=bool)
    for account, age, bio in events.execute("SELECT id, declared_age, bio FROM accounts").fetchall():
        minors[account] = (age is not None and age < ADULT) or bool(bio and CHILD.search(bio))
    return minors


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
    outside = found.member_of[ends] != found.member_of[others]
    joins = np.bincount(ends, minlength=size)
    out = np.bincount(ends[outside], minlength=size)
    return np.asarray((out >= BRIDGE_JOINS) & (out >= BRIDGE_SHARE * joins))
