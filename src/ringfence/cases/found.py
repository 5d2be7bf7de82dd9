"""What did the last discovery find, as cases need it? One state of its files, and what the events say of it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.cases.priority import Harm
from ringfence.cases.reach import harms
from ringfence.discovery import last_results
from ringfence.discovery.last_results import Run
from ringfence.model.faults import Fault
from ringfence.model.words import NetworkEvent
from ringfence.store import events
from ringfence.store.workspace import Workspace

# What discovery tells of a network that a reviewer is told as well.
ABOUT = ("size", "audience", "reach", "terms", "key_objects", "growth")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Network:
    """One network: its row of NETWORKS, and of each member the row of SCORES and of EXPLANATIONS, where it has one."""

    row: Row
    scores: Sequence[Row]
    explanations: Mapping[str, Row]
    harm: Harm

    @property
    def network_id(self) -> str:
        return str(self.row["network_id"])

    def about(self) -> dict[str, object]:
        """What is kept of it with its case."""
        first = self.row["first_seen"]
        told = {name: self.row[name] for name in ABOUT}
        return {**told, "first_seen": first.isoformat() if first else None, "harm": self.harm.kept()}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a network at a run, from the networks' history."""

    at: datetime
    network_id: str
    event: NetworkEvent
    other: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """`run_id` is another for another discovery, and for the same one with other probabilities."""

    run_id: str
    run: Run
    networks: Sequence[Network]
    minors: frozenset[str]  # members who are likely minors by now
    changes: Sequence[Change]


def found(workspace: Workspace) -> Found:
    """Read it. Raises Fault where nothing was discovered, or while a discovery is being written."""
    with workspace.lock():
        run_id, run = _run_id(workspace), last_results.last_run(workspace)
        networks, scores = last_results.read_networks(workspace), last_results.read_scores(workspace)
        scores = scores.filter(pc.is_valid(scores["network_id"]))
        told = {row["account_id"]: row for row in last_results.read_explanations(workspace).to_pylist()}
        _, history = last_results.previous_networks(workspace)
    if _run_id(workspace) != run_id or not _agree(networks, scores):
        what, mend = "are not all of one discovery", "run `ringfence discover`, then this again"
        raise Fault(what, where=str(workspace.results), mend=mend)
    rows = networks.to_pylist()
    with events.connect(workspace) as connection:
        members = {row["network_id"]: row["members"] for row in rows}
        harm, minors = harms(connection, members, {row["network_id"]: row["growth"] for row in rows})
    made = [_network(row, of, told, harm[row["network_id"]]) for row, of in _with_scores(rows, scores.to_pylist())]
    return Found(run_id, run, made, minors, _changes(history))


def _with_scores(networks: Sequence[Row], scores: Sequence[Row]) -> Iterator[tuple[Row, Sequence[Row]]]:
    of: dict[str, list[Row]] = {row["network_id"]: [] for row in networks}
    for row in scores:
        of[row["network_id"]].append(row)
    for row in networks:
        yield row, of[row["network_id"]]


def _network(row: Row, scores: Sequence[Row], explanations: Mapping[str, Row], harm: Harm) -> Network:
    names = [one["account_id"] for one in scores]
    return Network(row, scores, {name: explanations[name] for name in names if name in explanations}, harm)


def _run_id(workspace: Workspace) -> str:
    last_results.last_run(workspace)
    digest = hashlib.sha256((workspace.results / "run.json").read_bytes())
    probabilities = workspace.results / "probabilities.json"
    if probabilities.exists():
        digest.update(probabilities.read_bytes())
    return f"run-{digest.hexdigest()[:16]}"


def _agree(networks: pa.Table, scores: pa.Table) -> bool:
    """Whether the scores' members are the networks': files of a discovery that broke off are of two."""
    of_scores = set(zip(scores["network_id"].to_pylist(), scores["account_id"].to_pylist(), strict=True))
    of_networks = {(row["network_id"], member) for row in networks.to_pylist() for member in row["members"]}
    return of_scores == of_networks


def _changes(history: pa.Table) -> list[Change]:
    """Splits and merges, oldest first."""
    told = [
        Change(row["at"], row["network_id"], NetworkEvent(row["event"]), row["other"]) for row in history.to_pylist()
    ]
    kinds = {NetworkEvent.SPLIT_FROM, NetworkEvent.MERGED_FROM}
    return sorted((one for one in told if one.event in kinds), key=lambda one: one.at)
