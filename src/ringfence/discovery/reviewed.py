"""What have reviewers answered? A table in the workspace that only grows: who said what of which account, and when."""

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from ringfence.model.faults import Fault
from ringfence.model.schemas import TIME
from ringfence.store import audit, events
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

REVIEWS = pa.schema(
    [
        ("account_id", pa.string()),
        ("label", pa.string()),
        ("weight", pa.float64()),  # how many accounts it stands for; null where it was not drawn
        ("stratum", pa.int64()),  # where it was drawn from; null where it was not drawn
        ("settles", pa.bool_()),  # whether it replaces what was said of the account before
        ("by", pa.string()),
        ("at", TIME),
    ]
)


class Label(StrEnum):
    """What a reviewer answers: it belongs, it does not, or it cannot be told."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered of one account, and `where` that stands: a file and a line.

    `weight` and `stratum` are as `propose` gave them, None where the account was reviewed for another reason.
    """

    account_id: str
    label: Label
    weight: float | None = None
    stratum: int | None = None
    where: str = "reviews"


def history(workspace: Workspace) -> pa.Table:
    """Every answer there ever was, oldest first, as REVIEWS. Raises Fault for a file that cannot be read."""
    file = workspace.labels_file
    if not file.exists():
        return REVIEWS.empty_table()
    try:
        return pq.read_table(file).select(REVIEWS.names).cast(REVIEWS)
    except (pa.ArrowInvalid, pa.ArrowKeyError, KeyError, ValueError, OSError) as error:
        mend = "restore it from a copy, or remove it"
        raise Fault("it cannot be read as reviews", where=str(file), mend=mend) from error


def read(workspace: Workspace) -> tuple[Answer, ...]:
    """What stands of each account that was reviewed, by account id. The read is audited."""
    audit.record(workspace, audit.Action.LABELS_READ, workspace.labels_file.name)
    return tuple(standing(history(workspace).to_pylist()).values())


def standing(rows: Iterable[dict[str, object]]) -> dict[str, Answer]:
    """What stands of each account after all `rows` of REVIEWS, by account id.

    The last answer stands, but one who is unsure takes nothing back that another was sure of, unless it settles. An
    account that was drawn once remains drawn.
    """
    told: dict[str, Answer] = {}
    for row in rows:
        said = Answer(str(row["account_id"]), Label(str(row["label"])), row["weight"], row["stratum"])  # type: ignore[arg-type]  # REVIEWS has them so
        before = told.get(said.account_id)
        if before is not None and said.stratum is None:
            # It was drawn all the same, and still stands for others.
            said = replace(said, weight=before.weight, stratum=before.stratum)
        if before is None or row["settles"] or said.label is not Label.UNSURE:
            told[said.account_id] = said
    return dict(sorted(told.items()))


def record(workspace: Workspace, answers: Sequence[Answer], by: str | None = None) -> int:
    """Add answers to those before them, whole or not at all. Returns how many accounts are reviewed now.

    Raises Fault for an account of which no event tells, and for one that is answered yes and no, here or by what stands
    of it: `settle` is for that.
    """
    return _append(workspace, answers, by, settles=False)


def settle(workspace: Workspace, answers: Sequence[Answer], by: str | None = None) -> int:
    """As `record`, and what was said of these accounts before no longer counts."""
    return _append(workspace, answers, by, settles=True)


def _append(workspace: Workspace, answers: Sequence[Answer], by: str | None, *, settles: bool) -> int:
    _refuse_unknown(workspace, answers)
    who, now = by or getpass.getuser(), datetime.now(UTC)
    with workspace.lock():
        before = history(workspace)
        stood = {} if settles else standing(before.to_pylist())
        _refuse_contradictions(answers, stood)
        audit.record(workspace, audit.Action.LABELS_CHANGED, f"{len(answers):,} answers", actor=by)
        rows = [
            {"account_id": one.account_id, "label": str(one.label), "weight": one.weight, "stratum": one.stratum,
             "settles": settles, "by": who, "at": now}
            for one in answers
        ]  # fmt: skip
        after = pa.concat_tables([before, pa.Table.from_pylist(rows, REVIEWS)])
        whole = BytesIO()
        pq.write_table(after, whole, compression="zstd")
        write_whole(workspace.labels_file, whole.getvalue())
    return len(standing(after.to_pylist()))


def _refuse_unknown(workspace: Workspace, answers: Sequence[Answer]) -> None:
    asked = pa.table({"account_id": pa.array([one.account_id for one in answers], pa.string())})
    with events.connect(workspace) as connection:
        connection.register("asked", asked)
        found = connection.execute("SELECT account_id FROM account_ids SEMI JOIN asked USING (account_id)").fetchall()
    known = {name for (name,) in found}
    for one in answers:
        if one.account_id not in known:
            mend = "check the id, or ingest the events it appears in"
            raise Fault(f"{one.account_id!r} is no account of this platform", where=one.where, mend=mend)


def _refuse_contradictions(answers: Sequence[Answer], stood: dict[str, Answer]) -> None:
    sure = {name: one for name, one in stood.items() if one.label is not Label.UNSURE}
    here: dict[str, Answer] = {}
    for one in answers:
        if one.label is Label.UNSURE:
            continue
        first = here.setdefault(one.account_id, one)
        if first.label is not one.label:
            what = f"{one.account_id!r} is {one.label} here and {first.label} at {first.where}"
            raise Fault(what, where=one.where, mend="keep one of the two, or write unsure")
        recorded = sure.get(one.account_id, one)
        if recorded.label is not one.label:
            what = f"{one.account_id!r} is {one.label} here and {recorded.label} in the answers recorded before"
            raise Fault(what, where=one.where, mend="correct it, or settle it with --settle")
