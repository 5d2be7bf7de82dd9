"""What is told of each network? Its members, who follows them, what they share, since when and how fast it grows."""

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.expand import Expansion
from ringfence.model.schemas import NETWORKS
from ringfence.model.words import Relation

YOUNG = timedelta(days=30)
MOST_TERMS, LEAST_USERS = 5, 3


def networks_table(found: Expansion, events: duckdb.DuckDBPyConnection) -> pa.Table:
    """The contract's table of networks, the largest first; times are null where accounts declare none."""
    created = _created(found, events)
    known = [at for at in created if at is not None]
    newest = max(known, default=None)
    rows = []
    for number, network_id in enumerate(found.networks.ids):
        members = found.networks.members(number)
        audience, reach = _followers(found, members)
        born = [at for at in (created[member] for member in members) if at is not None]
        rows.append(
            {
                "network_id": network_id,
                "members": found.graph.accounts.take(pa.array(members)).to_pylist(),
                "size": len(members),
                "audience": audience,
                "reach": reach,
                "terms": shared_tags(found, members),
                "first_seen": min(born, default=None),
                "growth": sum(at > newest - YOUNG for at in born) / len(members) if newest and born else None,
            }
        )
    return pa.Table.from_pylist(rows, NETWORKS)


def shared_tags(found: Expansion, members: NDArray[np.int64]) -> list[str]:
    """The hashtags that are most the network's own: by the members among their users, squared, over all users."""
    for ties in found.graph.relations:
        if ties.relation is Relation.USES_HASHTAG and ties.objects is not None:
            used = np.concatenate([ties.forward.row(int(member)) for member in members])
            by_members = np.bincount(used, minlength=ties.forward.columns)
            own = np.where(by_members >= LEAST_USERS, by_members**2 / np.maximum(ties.backward.degree(), 1), 0.0)
            best = np.argsort(-own, kind="stable")[:MOST_TERMS]
            return [str(ties.objects[int(tag)].as_py()) for tag in best if own[tag] > 0]
    return []


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
