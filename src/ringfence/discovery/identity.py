"""Which network is which, from one run to the next? A network keeps its id as it grows, shrinks, splits and merges.

The new networks and the old are matched by how many members they share, the most first. So the largest part of a split
keeps the id, and a merged network keeps the id of its largest part. An id is never used for two networks, nor again for
another once its network is gone.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from ringfence.discovery.networks import Networks, name
from ringfence.model.schemas import NETWORKS_HISTORY
from ringfence.model.words import NetworkEvent

# What two networks share is the same network when it is at least this share of the smaller of the two.
SAME = 0.5


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one network. `other` is the id it split from or that was merged into it; None for the rest."""

    network_id: str
    event: NetworkEvent
    other: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Overlap:
    shared: int
    old: str
    new: int


def identified(
    members: Sequence[Collection[str]], previous: Mapping[str, Collection[str]], retired: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """An id for each network, given by its member ids, and what became of every network, old and new.

    `previous` are the last run's networks by id; no account is in two. `retired` are ids that were ever used. Nothing
    hangs on the order of networks or members.
    """
    overlaps = _overlaps(members, previous)
    ids: dict[int, str] = {}
    inherited: set[str] = set()
    for one in overlaps:
        if one.new not in ids and one.old not in inherited:
            ids[one.new] = one.old
            inherited.add(one.old)
    changes = [Change(old, NetworkEvent.KEPT, None, len(members[new])) for new, old in ids.items()]
    from_old = {one.new: one.old for one in reversed(overlaps)}
    into_new = {one.old: one.new for one in reversed(overlaps)}
    taken = {*previous, *retired}
    for new in sorted(set(range(len(members))) - ids.keys(), key=lambda number: min(members[number])):
        ids[new] = name(members[new], taken)
        taken.add(ids[new])
        event = NetworkEvent.SPLIT_FROM if new in from_old else NetworkEvent.NEW
        changes.append(Change(ids[new], event, from_old.get(new), len(members[new])))
    for old in sorted(previous.keys() - inherited):
        if old in into_new:
            new = into_new[old]
            changes.append(Change(ids[new], NetworkEvent.MERGED_FROM, old, len(members[new])))
        else:
            changes.append(Change(old, NetworkEvent.GONE, None, 0))
    told = sorted(changes, key=lambda one: (one.network_id, one.event, one.other or ""))
    return tuple(ids[new] for new in range(len(members))), tuple(told)


def kept(
    found: Networks, accounts: pa.StringArray, previous: pa.Table, history: pa.Table
) -> tuple[Networks, tuple[Change, ...]]:
    """The same networks under the ids of a `previous` run's table, and what became of each; `history` is the runs'."""
    members = [accounts.take(pa.array(found.members(number))).to_pylist() for number in range(len(found.ids))]
    before = dict(zip(previous["network_id"].to_pylist(), previous["members"].to_pylist(), strict=True))
    retired = set(history["network_id"].to_pylist()) | set(history["other"].drop_null().to_pylist())
    ids, changes = identified(members, before, retired)
    return replace(found, ids=ids), changes


def history_rows(changes: Sequence[Change], at: datetime) -> pa.Table:
    """What became of the networks at one run, as rows of their history."""
    rows = [
        {"at": at, "network_id": one.network_id, "event": str(one.event), "other": one.other, "size": one.size}
        for one in changes
    ]
    return pa.Table.from_pylist(rows, NETWORKS_HISTORY)


def _overlaps(members: Sequence[Collection[str]], previous: Mapping[str, Collection[str]]) -> list[Overlap]:
    """What is the same network, the most members shared first; ties by the closest in size, then by name."""
    was = {member: old for old, names in previous.items() for member in names}
    found = []
    for new, names in enumerate(members):
        for old, shared in Counter(was[member] for member in names if member in was).items():
            if shared >= SAME * min(len(names), len(previous[old])):
                found.append(Overlap(shared, old, new))

    def first(one: Overlap) -> tuple[int, int, str, str]:
        united = len(members[one.new]) + len(previous[one.old]) - one.shared
        return -one.shared, united, one.old, min(members[one.new])

    return sorted(found, key=first)
