"""What did the last discovery on a workspace find? Two tables and a line about how they came to be, kept whole."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.discovery import vetted
from ringfence.discovery.expand import MODEL, Expansion, expansion, scores
from ringfence.discovery.roles import likely_minors
from ringfence.discovery.seeds import seeds
from ringfence.discovery.tables import networks_table
from ringfence.graph.build import build
from ringfence.model.faults import Fault
from ringfence.store import audit, events
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.scan import SIGNALS, scan_posts


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


def scan(workspace: Workspace, progress: Callable[[int], object] = lambda _: None) -> pa.Table:
    """Look for the lexicon's terms in every post and profile of the store; the signals are kept in the workspace."""
    lexicon = Lexicon.load(workspace.lexicon_file)
    with events.connect(workspace) as connection:
        signals = scan_posts(connection, lexicon.matcher, progress)
    _write(workspace, workspace.signals / "terms.parquet", signals)
    return signals


def signals(workspace: Workspace) -> pa.Table:
    """What the last scan found; empty before the first."""
    file = workspace.signals / "terms.parquet"
    return pq.read_table(file) if file.exists() else SIGNALS.empty_table()


def discover(workspace: Workspace, more_seeds: Sequence[str] = ()) -> Expansion:
    """Start from the vetted seeds, `more_seeds` and the scan's signals; keep the result in the workspace.

    Raises Fault when there are no events, no seeds, or a seed is no account of this platform.
    """
    start_from = tuple(dict.fromkeys([*vetted.positive(workspace), *more_seeds]))
    with events.connect(workspace) as connection:
        graph = build(connection)
        if graph.size == 0:
            raise Fault("there are no events", where=str(workspace.store), mend="run `ringfence ingest` first")
        if not graph.relations:
            raise Fault("no two accounts are tied", where=str(workspace.store), mend="ingest ties, or posts that share")
        found_signals = signals(workspace)
        start = seeds(graph, start_from, found_signals)
        minors = likely_minors(connection, graph.size)
        found = expansion(graph, start, minors, workspace.config.discovery.seed)
        _keep(workspace, found, connection, start_from, found_signals)
    return found


def read_scores(workspace: Workspace) -> pa.Table:
    """The scores of the last discovery. The read is audited."""
    audit.record(workspace, audit.Action.SCORES_READ, "results/scores.parquet")
    return _read(workspace, "scores")


def read_networks(workspace: Workspace) -> pa.Table:
    """The networks of the last discovery. The read is audited."""
    audit.record(workspace, audit.Action.NETWORK_READ, "results/networks.parquet")
    return _read(workspace, "networks")


def explain(workspace: Workspace, account_id: str) -> dict[str, object]:
    """One account's row of the scores. The read is audited. Raises Fault for an account that has none."""
    audit.record(workspace, audit.Action.EXPLANATION_READ, account_id)
    table = _read(workspace, "scores")
    rows: list[dict[str, object]] = table.filter(pc.equal(table["account_id"], account_id)).to_pylist()
    if not rows:
        raise Fault(f"{account_id!r} has no score", where="scores", mend="check the id, or run `ringfence discover`")
    return rows[0]


def last_run(workspace: Workspace) -> Run:
    """How the tables came to be."""
    file = workspace.results / "run.json"
    if not file.exists():
        raise Fault("nothing was discovered yet", where=str(workspace.results), mend="run `ringfence discover`")
    return msgspec.json.decode(file.read_bytes(), type=Run)


def _read(workspace: Workspace, name: str) -> pa.Table:
    last_run(workspace)
    return pq.read_table(workspace.results / f"{name}.parquet")


def _keep(
    workspace: Workspace,
    found: Expansion,
    connection: duckdb.DuckDBPyConnection,
    start_from: tuple[str, ...],
    found_signals: pa.Table,
) -> None:
    lexicon = Lexicon.load(workspace.lexicon_file).version if workspace.lexicon_file.exists() else ""
    run = Run(
        model=MODEL,
        lexicon=lexicon,
        seed_accounts=start_from,
        seed_terms=len(pc.unique(found_signals["term_id"])),
        seed=workspace.config.discovery.seed,
        at=datetime.now(UTC),
        accounts=found.graph.size,
        ties=found.graph.ties,
        members=int(np.count_nonzero(found.members)),
        networks=len(found.networks.ids),
    )
    _write(workspace, workspace.results / "scores.parquet", scores(found))
    _write(workspace, workspace.results / "networks.parquet", networks_table(found, connection))
    write_whole(workspace.results / "run.json", msgspec.json.encode(run))


def _write(workspace: Workspace, file: Path, table: pa.Table) -> None:
    whole = BytesIO()
    pq.write_table(table, whole, compression="zstd")
    with workspace.lock():
        write_whole(file, whole.getvalue())
