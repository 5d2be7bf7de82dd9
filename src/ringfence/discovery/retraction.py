"""What rested on a seed that was taken back? What discovery no longer finds without it, and what was done since.

Nothing is inferred from a score's parts: discovery is run again without the seed, and the two results are compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.discovery import last_results, results, vetted
from ringfence.discovery.expand import scores
from ringfence.discovery.opinions import Standing
from ringfence.discovery.seeds import NothingToStart
from ringfence.model.schemas import NETWORKS, SCORES
from ringfence.model.words import Opinion
from ringfence.store import audit
from ringfence.store.audit import Action, Entry
from ringfence.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Found:
    """What one discovery found: tables of SCORES and NETWORKS."""

    scores: pa.Table
    networks: pa.Table


NOTHING = Found(SCORES.empty_table(), NETWORKS.empty_table())


@dataclass(frozen=True, slots=True)
class Resized:
    """A network whose members differ between two results; zero members where it is not there."""

    network_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Account ids that are members only before (`left`) or only after (`entered`), or in another network (`moved`)."""

    left: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    networks: tuple[Resized, ...] = ()


@dataclass(frozen=True, slots=True)
class Rested:
    """What rested on seeds that were taken back.

    `snapshots` were published since the first of them was put on the list, and `reads` are of explanations of accounts
    that are found no more. `without` is what discovery finds now, None where nothing was discovered since they were put
    on the list, and where nothing is left to start from.
    """

    difference: Difference
    snapshots: tuple[Entry, ...]
    reads: tuple[Entry, ...]
    without: results.Discovery | None
    nothing_left: bool = False


def difference(before: Found, after: Found) -> Difference:
    """Compare the members and networks of two results. Every list is in order of id."""
    was, now = _network_of(before.scores), _network_of(after.scores)
    changed = {one for account in was.keys() | now.keys() if was.get(account) != now.get(account)
               for one in (was.get(account), now.get(account)) if one is not None}  # fmt: skip
    sizes = [dict(zip(*table.networks.select(["network_id", "size"]).to_pydict().values(), strict=True))
             for table in (before, after)]  # fmt: skip
    return Difference(
        left=tuple(sorted(was.keys() - now.keys())),
        entered=tuple(sorted(now.keys() - was.keys())),
        moved=tuple(sorted(account for account in was.keys() & now.keys() if was[account] != now[account])),
        networks=tuple(Resized(one, sizes[0].get(one, 0), sizes[1].get(one, 0)) for one in sorted(changed)),
    )


def rested(workspace: Workspace, taken_back: Sequence[Standing]) -> Rested:
    """What rested on seeds that are off the list by now. Discovery is run without them, and nothing of it is kept.

    The reads of the last result and of the audit are audited.
    """
    used = [one for one in taken_back if one.opinion in (Opinion.POSITIVE, Opinion.NEGATIVE)]
    run = last_results.last_run(workspace) if (workspace.results / "run.json").exists() else None
    since = min((one.since for one in used), default=None)
    if since is None or run is None or run.at < since:
        return Rested(Difference(), _published(audit.read(workspace), since), (), None)
    before = Found(last_results.read_scores(workspace), last_results.read_networks(workspace))
    try:
        made = results.discovered(workspace, vetted.read(workspace), run.given)
    except NothingToStart:
        made = None
    told = difference(before, NOTHING if made is None else Found(scores(made.found), made.networks))
    entries = audit.read(workspace)
    reads = _reads(entries, since, frozenset(told.left))
    return Rested(told, _published(entries, since), reads, made, nothing_left=made is None)


def _network_of(scores: pa.Table) -> dict[str, str]:
    members = scores.filter(pc.is_valid(scores["network_id"]))
    return dict(zip(members["account_id"].to_pylist(), members["network_id"].to_pylist(), strict=True))


def _published(entries: Iterable[Entry], since: datetime | None) -> tuple[Entry, ...]:
    if since is None:
        return ()
    return tuple(one for one in entries if one.action is Action.SNAPSHOT_PUBLISHED and one.at >= since)


def _reads(entries: Iterable[Entry], since: datetime, accounts: frozenset[str]) -> tuple[Entry, ...]:
    return tuple(
        one for one in entries if one.action is Action.EXPLANATION_READ and one.at >= since and one.subject in accounts
    )
