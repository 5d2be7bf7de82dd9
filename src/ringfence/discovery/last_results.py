"""What did the last discovery on a workspace find, as it was kept? Reading it needs nothing of what finds."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.model.faults import Fault
from ringfence.model.schemas import EXPLANATIONS, NETWORKS, NETWORKS_HISTORY, SIGNALS
from ringfence.store import audit
from ringfence.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Group:
    """Seeds that support one another: how many `accounts` (by id) and how many terms and other things.

    `rest` are the ids of the networks that rest on this group alone, and `resting` how many accounts are in them. Of a
    `doubted` group no seed is more than one person's word, and these are held until one is.
    """

    accounts: tuple[str, ...]
    things: int
    rest: tuple[str, ...]
    resting: int
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Baselines:
    """Of the accounts found, seeds left out, how many each rule has among its own first as many.

    `keyword` is None where the graph has no content to have words in.
    """

    found: int
    keyword: int | None
    without_graph: int


class Run(msgspec.Struct, frozen=True):
    """How the tables came to be: what a reader needs to repeat them."""

    model: str
    lexicon: str
    seed_accounts: tuple[str, ...]
    seed_terms: int
    seed: int
    at: datetime
    accounts: int
    ties: int
    members: int
    networks: int
    given: tuple[str, ...] = ()  # of the seed accounts, those named by hand and not on the list
    unknown_seeds: tuple[str, ...] = ()  # on the list, and nothing of this platform
    agreed: bool = True  # whether both families of ties speak for the seeds; else nobody is found
    held: int = 0  # accounts that rest on seeds of one person alone
    groups: tuple[Group, ...] = ()
    beside: Baselines | None = None


def signals(workspace: Workspace) -> pa.Table:
    """What the last scan found; empty before the first."""
    file = workspace.signals / "terms.parquet"
    return pq.read_table(file) if file.exists() else SIGNALS.empty_table()


def previous_networks(workspace: Workspace) -> tuple[pa.Table, pa.Table]:
    """The networks of the last discovery and what became of networks so far; empty before the first."""
    file, history = workspace.results / "networks.parquet", workspace.networks_history
    return (
        pq.read_table(file) if file.exists() else NETWORKS.empty_table(),
        pq.read_table(history) if history.exists() else NETWORKS_HISTORY.empty_table(),
    )


def read_scores(workspace: Workspace) -> pa.Table:
    """The scores of the last discovery. The read is audited."""
    audit.record(workspace, audit.Action.SCORES_READ, "results/scores.parquet")
    return _read(workspace, "scores")


def read_networks(workspace: Workspace) -> pa.Table:
    """The networks of the last discovery. The read is audited."""
    audit.record(workspace, audit.Action.NETWORK_READ, "results/networks.parquet")
    return _read(workspace, "networks")


def read_explanations(workspace: Workspace) -> pa.Table:
    """What there is to read about each account of the last discovery's short list. The read is audited.

    There is nothing of a discovery from before there were explanations.
    """
    audit.record(workspace, audit.Action.EXPLANATION_READ, "results/explanations.parquet")
    there = (workspace.results / "explanations.parquet").exists()
    return _read(workspace, "explanations") if there else EXPLANATIONS.empty_table()


def explain(workspace: Workspace, account_id: str) -> dict[str, object]:
    """One account's row of the scores, and its row of the explanations as `explanation`, null off the short list.

    The read is audited. Raises Fault for an account that has no score.
    """
    audit.record(workspace, audit.Action.EXPLANATION_READ, account_id)
    table = _read(workspace, "scores")
    rows: list[dict[str, object]] = table.filter(pc.equal(table["account_id"], account_id)).to_pylist()
    if not rows:
        raise Fault(f"{account_id!r} has no score", where="scores", mend="check the id, or run `ringfence discover`")
    file = workspace.results / "explanations.parquet"  # there is none of a discovery before there were explanations
    told = pq.read_table(file, filters=[("account_id", "=", account_id)]).to_pylist() if file.exists() else []
    return {**rows[0], "explanation": told[0] if told else None}


def are_there(workspace: Workspace) -> bool:
    """Whether anything was discovered yet."""
    return (workspace.results / "run.json").exists()


def last_run(workspace: Workspace) -> Run:
    """How the tables came to be."""
    if not are_there(workspace):
        raise Fault("nothing was discovered yet", where=str(workspace.results), mend="run `ringfence discover`")
    return msgspec.json.decode((workspace.results / "run.json").read_bytes(), type=Run)


def _read(workspace: Workspace, name: str) -> pa.Table:
    last_run(workspace)
    return pq.read_table(workspace.results / f"{name}.parquet")
