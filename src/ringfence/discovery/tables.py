"""What is told of each network? Its members, who follows them, what they share, since when and how fast it grows."""

from datetime import datetime, timedelta
from itertools import chain

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.expand import Expansion
from ringfence.graph.relations import Ties
from ringfence.model.schemas import NETWORKS
from ringfence.model.words import Relation

YOUNG = timedelta(days=30)
MOST_TERMS, MOST_OBJECTS, LEAST_USERS = 5, 10, 3


def networks_table(found: Expansion, events: duckdb.DuckDBPyConnection, previous: pa.Table | None = None) -> pa.Table:
    """The contract's table of networks, the largest first; times are null where accounts declare none.

    `previous` is the same table of the run before, whose networks go by the same ids.
    """
    before = _members(previous)
    were = set(chain.from_iterable(before.values()))
    created = _created(found, events)
    known = [at for at in created if at is not None]
    newest = max(known, default=None)
    rows = []
    for number, network_id in enumerate(found.networks.ids):
        members = found.networks.members(number)
        audience, reach = _followers(found, members)
        born = [at for at in (created[member] for member in members) if at is not None]
        names = found.graph.accounts.take(pa.array(members)).to_pylist()
        young = sum(at > newest - YOUNG for at in born) / len(members) if newest and born else None
        rows.append(
            {
                "network_id": network_id,
                "members": names,
                "size": len(members),
                "audience": audience,
                "reach": reach,
                "terms": shared_tags(found, members),
                "first_seen": min(born, default=None),
                "growth": sum(name not in were for name in names) / len(names) if network_id in before else young,
                "key_objects": key_objects(found, members),
            }
        )
    return pa.Table.from_pylist(rows, NETWORKS)


def shared_tags(found: Expansion, members: NDArray[np.int64]) -> list[str]:
    """The hashtags that are most the network's own: by the members among their users, squared, over all users."""
    for ties in found.graph.relations:
        if ties.relation is Relation.USES_HASHTAG:
            return [name for _, name in _own(ties, found.graph.accounts, members)[:MOST_TERMS]]
    return []


def key_objects(found: Expansion, members: NDArray[np.int64]) -> list[str]:
    """The objects of every relation that are most the network's own, as relation:name, by the same measure."""
    own = [
        (-measure, f"{ties.relation}:{name}")
        for ties in found.graph.relations
        if ties.objects is not None
        for measure, name in _own(ties, found.graph.accounts, members)[:MOST_OBJECTS]
    ]
    return [name for _, name in sorted(own)[:MOST_OBJECTS]]


def _own(ties: Ties, accounts: pa.StringArray, members: NDArray[np.int64]) -> list[tuple[float, str]]:
    """The objects that enough members use, with how much they are the members' own, the most first."""
    used, by_members = np.unique(np.concatenate([ties.forward.row(int(one)) for one in members]), return_counts=True)
    enough = by_members >= LEAST_USERS
    used, by_members = used[enough].astype(np.int64), by_members[enough]
    measure = by_members**2 / (ties.backward.starts[used + 1] - ties.backward.starts[used])
    last = np.sort(measure)[-MOST_OBJECTS:].min(initial=np.inf)
    named = [(float(measure[one]), ties.name(int(used[one]), accounts)) for one in np.flatnonzero(measure >= last)]
    return sorted(named, key=lambda one: (-one[0], one[1]))


def _members(previous: pa.Table | None) -> dict[str, list[str]]:
    if previous is None:
        return {}
    return dict(zip(previous["network_id"].to_pylist(), previous["members"].to_pylist(), strict=True))


def _followers(found: Expansion, members: NDArray[np.int64]) -> tuple[int, int]:
    """Accounts that follow a member and are none, and their ties to members."""
    for ties in found.graph.relations:
        if ties.relation is Relation.FOLLOWS:
            followers = np.concatenate([ties.backward.row(int(member)) for member in members])
            followers = followers[found.networks.member_of[followers] < 0]
            return len(np.unique(followers)), len(followers)
    return 0, 0


def _created(found: Expansion, events: duckdb.DuckDBPyConnection) -> list[datetime | None]:
    created: list[datetime | None] = [None] * found.graph.size
    rows = events.execute("SELECT id, created_at AT TIME ZONE 'UTC' FROM accounts WHERE created_at IS NOT NULL")
    for account, at in rows.fetchall():
        created[account] = at
    return created
