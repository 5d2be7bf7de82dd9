"""How likely does each account of the last discovery belong, and how many do? By what reviewers answered.

Accounts are drawn for review from a frame: the last discovery without vetted seeds, of whom it was told, and without
likely minors, who go to care and are no target of a review. Answers about accounts that were not drawn are learned
from. They count for nothing else, since nobody knows how those accounts came to be reviewed; so one of them may be
drawn later, like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.discovery import last_results, prevalence, propose, reviewed, vetted
from ringfence.discovery.calibrate import checked, lacking
from ringfence.discovery.classify import MODEL, UNFOLDED, classified
from ringfence.discovery.minors import likely_minors
from ringfence.discovery.reviewed import Answer, Label
from ringfence.graph import window
from ringfence.graph.build import build, names
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES
from ringfence.model.words import Role, SeedKind
from ringfence.store import audit, events
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

SAID = {Label.YES: 1, Label.NO: 0, Label.UNSURE: None}
CALIBRATED = "calibrated"
UNDRAWN = (
    "uncalibrated: no reviewed account was drawn by `ringfence review propose`, and no prevalence is given; "
    "nothing says what the platform is like"
)
ONE_KIND = "uncalibrated: {many} of the accounts that were drawn belong; draw more, or give a prevalence"


@dataclass(frozen=True, slots=True)
class Frame:
    """From whom accounts are drawn: rows of SCORES, best first.

    `answers` are all that stand; `drawn` are those of accounts in the frame that were drawn from a stratum. `seeds` and
    `minors` count who is left out.
    """

    scores: pa.Table
    answers: tuple[Answer, ...]
    drawn: tuple[Answer, ...]
    seeds: int
    minors: int


class Probabilities(msgspec.Struct, frozen=True):
    """How the probabilities came to be. `state` is `calibrated`, or `uncalibrated` and why."""

    model: str
    at: datetime
    discovered: datetime  # when the discovery ran that they belong to
    state: str
    reviewed: int
    positives: int
    prevalence: float | None  # as it was given; None where it is from the reviews


class Counted(msgspec.Struct, frozen=True):
    """How many accounts belong, besides the seeds and leaving likely minors aside: see `prevalence.Prevalence`."""

    accounts: float
    lowest: float
    highest: float
    confidence: float
    reviewed: int
    positives: int
    unseen: int
    among: int
    seeds: int
    minors: int


def proposed(workspace: Workspace, count: int) -> pa.Table:
    """Draw accounts for review, best ranks first: columns of PROPOSED, with `weight`, one over the chance.

    Ranks are those of the last discovery. The same workspace gives the same draw; another once answers are recorded.
    """
    frame = _frame(workspace)
    drawn = propose.propose(frame.scores, _table(frame.drawn), count, workspace.config.discovery.seed)
    return drawn.append_column("weight", pc.round(pc.divide(1.0, drawn["chance"]), 3))


def counted(workspace: Workspace, confidence: float = 0.9) -> Counted:
    """Estimate how many accounts belong, from the reviews that were drawn. Raises Fault when there are none."""
    frame = _frame(workspace)
    if not _sure(frame.drawn):
        mend = "review some that `ringfence review propose` draws, and record them with their strata"
        raise Fault("no reviewed account was drawn for it", where="reviews", mend=mend)
    found = prevalence.prevalence(frame.scores, _table(frame.drawn), confidence)
    return Counted(
        accounts=found.accounts,
        lowest=found.lowest,
        highest=found.highest,
        confidence=confidence,
        reviewed=found.reviewed,
        positives=found.positives,
        unseen=found.unseen,
        among=frame.scores.num_rows,
        seeds=frame.seeds,
        minors=frame.minors,
    )


def classify(workspace: Workspace, share: float | None = None) -> Probabilities:
    """Learn from the answers, and put a probability beside every score of the last discovery; no score or rank moves.

    `share` is the share of accounts that belong, where it is known; else the setting discovery.prevalence, else it is
    estimated from the reviews that were drawn. Without any of these, with too few answers, or with answers of one
    kind, probabilities are taken away and the state says why. A likely minor keeps its role and has no probability.
    """
    share = share if share is not None else workspace.config.discovery.prevalence or None
    if share is not None:
        checked(share)
    audit.record(workspace, audit.Action.CLASSIFY_RUN, MODEL)
    run = last_results.last_run(workspace)
    frame = _frame(workspace)
    if not frame.answers:
        raise Fault("nobody has answered yet", where=str(workspace.labels_file), mend="see `ringfence review record`")
    sure = _sure(frame.answers)
    asked = share if share is not None else _share(frame)
    state = _lacking(frame, asked)
    found: pa.Table | None = None
    if state is None:
        found, state = _learned(workspace, frame, asked)
    told = Probabilities(
        model=MODEL,
        at=datetime.now(UTC),
        discovered=run.at,
        state=state or CALIBRATED,
        reviewed=len(sure),
        positives=sum(one.label is Label.YES for one in sure),
        prevalence=share,
    )
    _keep(workspace, found, told)
    return told


def last(workspace: Workspace) -> Probabilities | None:
    """How the probabilities of the last discovery came to be; None when nobody has classified since it ran."""
    file = workspace.results / "probabilities.json"
    if not file.exists():
        return None
    told = msgspec.json.decode(file.read_bytes(), type=Probabilities)
    return told if told.discovered == last_results.last_run(workspace).at else None


def _frame(workspace: Workspace) -> Frame:
    scores = last_results.read_scores(workspace)
    seeds = frozenset(one.seed for one in vetted.read(workspace) if one.kind is SeedKind.ACCOUNT)
    with events.connect(workspace) as connection:
        minors = _minors(connection, scores)
    seed = _among(scores, seeds)
    minor = pc.and_(_among(scores, minors), pc.invert(seed))
    answers = tuple(one for one in reviewed.read(workspace) if one.account_id not in minors)
    rest = scores.filter(pc.invert(pc.or_(seed, minor)))
    inside = frozenset(rest["account_id"].to_pylist())
    drawn = tuple(one for one in answers if one.stratum is not None and one.account_id in inside)
    return Frame(rest, answers, drawn, pc.sum(seed).as_py() or 0, pc.sum(minor).as_py() or 0)


def _minors(connection: duckdb.DuckDBPyConnection, scores: pa.Table) -> frozenset[str]:
    """Whom the last discovery took for a child, and who reads as one by now."""
    window.everything(connection)
    ids = names(connection)
    now = ids.filter(pa.array(likely_minors(connection, len(ids)))).to_pylist()
    then = scores.filter(pc.equal(scores["role"], str(Role.LIKELY_MINOR)))["account_id"].to_pylist()
    return frozenset([*now, *then])


def _among(scores: pa.Table, accounts: Iterable[str]) -> pa.ChunkedArray:
    return pc.is_in(scores["account_id"], pa.array(sorted(accounts), pa.string()))


def _sure(answers: Sequence[Answer]) -> list[Answer]:
    return [one for one in answers if one.label is not Label.UNSURE]


def _table(answers: Sequence[Answer]) -> pa.Table:
    said = {"account_id": [one.account_id for one in answers], "label": [SAID[one.label] for one in answers]}
    return pa.table(said, schema=pa.schema([("account_id", pa.string()), ("label", pa.int8())]))


def _share(frame: Frame) -> float | None:
    """The share of the frame that belongs, going by the accounts that were drawn; None where none was."""
    if not _sure(frame.drawn):
        return None
    return float(prevalence.prevalence(frame.scores, _table(frame.drawn)).accounts / frame.scores.num_rows)


def _lacking(frame: Frame, share: float | None) -> str | None:
    """Why no probability can come of these answers and this share, in words; None when one can."""
    sure = _sure(frame.answers)
    if few := lacking(np.array([one.label is Label.YES for one in sure], dtype=bool)):
        return few
    if share is None:
        return None if any(one.weight is not None for one in sure) else UNDRAWN
    return None if 0.0 < share < 1.0 else ONE_KIND.format(many="all" if share else "none")


def _learned(workspace: Workspace, frame: Frame, share: float | None) -> tuple[pa.Table | None, str | None]:
    """Account ids with probabilities, or why there are none."""
    with events.connect(workspace) as connection:
        graph = build(connection)
        minors = pa.array(likely_minors(connection, graph.size))
    found = classified(graph, _weighed(frame), workspace.config.discovery.seed, share)
    if found.curve is None:
        return None, UNFOLDED
    probability = pc.if_else(minors, pa.scalar(None, pa.float64()), pa.array(found.curve.probability(found.score)))
    return pa.table({"account_id": graph.accounts, "probability": probability}), None


def _weighed(frame: Frame) -> pa.Table:
    """Labels with weights: of the drawn by how many of their stratum are reviewed in all, of others as given, or 1."""
    drawn = propose.weights(frame.scores, _table(frame.drawn)).to_pydict()
    weight = dict(zip(drawn["account_id"], drawn["weight"], strict=True))
    each = [weight.get(one.account_id, one.weight or 1.0) for one in frame.answers]
    return _table(frame.answers).append_column("weight", pa.array(each, pa.float64()))


def _keep(workspace: Workspace, found: pa.Table | None, told: Probabilities) -> None:
    """Put the probabilities into the scores, unless another discovery has made other scores meanwhile."""
    with workspace.lock():
        if last_results.last_run(workspace).at != told.discovered:
            mend = "run `ringfence review classify` again"
            raise Fault("discovery ran while this was learning", where=str(workspace.results), mend=mend)
        file = workspace.results / "scores.parquet"
        scores = pq.read_table(file)
        column: pa.Array | pa.ChunkedArray = pa.nulls(scores.num_rows, pa.float64())
        if found is not None:
            minor = pc.is_in(scores["role"], pa.array([str(Role.LIKELY_MINOR)]))
            placed = found["probability"].take(pc.index_in(scores["account_id"], found["account_id"].combine_chunks()))
            column = pc.if_else(minor, pa.scalar(None, pa.float64()), placed)
        whole = BytesIO()
        pq.write_table(scores.set_column(3, SCORES.field("probability"), column), whole, compression="zstd")
        write_whole(file, whole.getvalue())
        write_whole(workspace.results / "probabilities.json", msgspec.json.encode(told))
