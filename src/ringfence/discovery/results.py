"""How does a discovery on a workspace come to be kept whole: two tables, and a line about how they came to be?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.discovery import vetted
from ringfence.discovery.expand import MODEL, Expansion, expansion, scores
from ringfence.discovery.explanations import explanations, table
from ringfence.discovery.identity import Change, history_rows, kept
from ringfence.discovery.last_results import Run, previous_networks, signals
from ringfence.discovery.minors import likely_minors
from ringfence.discovery.opinions import Standing
from ringfence.discovery.seeds import seeds
from ringfence.discovery.starts import starts
from ringfence.discovery.tables import networks_table
from ringfence.graph.kept import Say, graph_of
from ringfence.model.faults import Fault
from ringfence.store import audit, events
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.scan import scan_posts


def scan(workspace: Workspace, progress: Callable[[int], object] = lambda _: None) -> pa.Table:
    """Look for the lexicon's terms in every post and profile of the store; the signals are kept in the workspace."""
    lexicon = Lexicon.load(workspace.lexicon_file)
    with events.connect(workspace) as connection:
        signals = scan_posts(connection, lexicon.matcher, progress)
    _write(workspace, workspace.signals / "terms.parquet", signals)
    return signals


@dataclass(frozen=True, slots=True)
class Discovery:
    """One discovery before it is kept: what was found, from what, and what became of the networks of the run before."""

    found: Expansion
    start_from: tuple[str, ...]
    given: tuple[str, ...]
    unknown: tuple[str, ...]
    seed_terms: int
    changes: tuple[Change, ...]
    networks: pa.Table


def discover(workspace: Workspace, more_seeds: Sequence[str] = (), say: Say = lambda _: None) -> Expansion:
    """Start from the vetted seeds, `more_seeds` and the scan's signals; keep the result in the workspace.

    A vetted seed that is nothing of this platform is skipped, and the run names it. `say` is told, a line each time,
    what the graph leaves out. Raises Fault when there are no
    events, none of the seeds is known, or one of `more_seeds` is no account of this platform.
    """
    audit.record(workspace, audit.Action.DISCOVERY_RUN, MODEL)
    made = discovered(workspace, vetted.read(workspace), tuple(more_seeds), say)
    keep(workspace, made)
    return made.found


def discovered(
    workspace: Workspace, standing: Sequence[Standing], given: tuple[str, ...], say: Say = lambda _: None
) -> Discovery:
    """What discovery finds from some seeds on the list and some accounts named by hand; nothing is kept."""
    with events.connect(workspace) as connection:
        graph = graph_of(workspace, connection, say)
        if graph.size == 0:
            raise Fault("there are no events", where=str(workspace.store), mend="run `ringfence ingest` first")
        if not graph.relations:
            raise Fault("no two accounts are tied", where=str(workspace.store), mend="ingest ties, or posts that share")
        begin = starts(connection, standing)
        found_signals = begin.allowed(signals(workspace))
        start_from = tuple(dict.fromkeys([*begin.accounts, *given]))
        begin.refuse_unknown(start_from, found_signals)
        holding = workspace.config.discovery.hold_unconfirmed_groups
        start = seeds(
            graph,
            start_from,
            found_signals,
            negatives=begin.negatives,
            shared=begin.shared,
            doubted=[one for one in start_from if one not in begin.vouched] if holding else (),
        )
        minors = likely_minors(connection, graph.size)
        found = expansion(graph, start, minors, workspace.config.discovery.seed)
        before, history = previous_networks(workspace)
        same, changes = kept(found.networks, graph.accounts, before, history)
        ids = dict(zip(found.networks.ids, same.ids, strict=True))
        renamed = (replace(one, rest=tuple(ids.get(network, network) for network in one.rest)) for one in found.groups)
        found = replace(found, networks=same, groups=tuple(renamed))
        terms = len(pc.unique(found_signals["term_id"])) + len(begin.shared)
        given = tuple(one for one in given if one not in begin.accounts)
        return Discovery(
            found, start_from, given, begin.unknown, terms, changes, networks_table(found, connection, before)
        )


def keep(workspace: Workspace, made: Discovery) -> None:
    """Make `made` the last discovery of the workspace."""
    found = made.found
    lexicon = Lexicon.load(workspace.lexicon_file).version if workspace.lexicon_file.exists() else ""
    run = Run(
        model=MODEL,
        lexicon=lexicon,
        seed_accounts=made.start_from,
        seed_terms=made.seed_terms,
        seed=workspace.config.discovery.seed,
        at=datetime.now(UTC),
        accounts=found.graph.size,
        ties=found.graph.ties,
        members=int(np.count_nonzero(found.members)),
        networks=len(found.networks.ids),
        given=made.given,
        unknown_seeds=made.unknown,
        agreed=found.agreed,
        held=int(np.count_nonzero(found.held)),
        groups=found.groups,
        beside=found.beside,
    )
    _, history = previous_networks(workspace)
    history = pa.concat_tables([history, history_rows(made.changes, run.at)])
    _write(workspace, workspace.results / "scores.parquet", scores(found))
    _write(workspace, workspace.results / "explanations.parquet", table(explanations(found, found.shortlist())))
    _write(workspace, workspace.networks_history, history)
    _write(workspace, workspace.results / "networks.parquet", made.networks)
    write_whole(workspace.results / "run.json", msgspec.json.encode(run))


def _write(workspace: Workspace, file: Path, table: pa.Table) -> None:
    whole = BytesIO()
    pq.write_table(table, whole, compression="zstd")
    with workspace.lock():
        write_whole(file, whole.getvalue())
