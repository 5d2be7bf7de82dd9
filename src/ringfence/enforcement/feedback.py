"""How do discovery and the guard learn what was decided? A parcel at a time, each once, whoever dies meanwhile.

A parcel's name goes along to where it is kept: who finds one that was begun looks there first.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from ringfence.cases import outbox
from ringfence.cases.database import Database
from ringfence.cases.outbox import Kind, Parcel
from ringfence.cases.people import service
from ringfence.discovery import reviewed, vetted
from ringfence.discovery.reviewed import Answer, Label
from ringfence.discovery.vetted import Said
from ringfence.guard.limits import journal, reviews
from ringfence.guard.limits.exempt import exempt
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store import disk, events
from ringfence.store.workspace import Workspace

NAME = "feedback"
STRANGE, CHILD = "is no account of this platform", "may be a child's: it goes to care"
LABELS: Mapping[Kind, Label] = MappingProxyType(
    {Kind.BELONGS: Label.YES, Kind.DOES_NOT_BELONG: Label.NO, Kind.OPEN_AGAIN: Label.UNSURE}
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many things were told, and how many of them could not be used (the plan says why)."""

    labels: int = 0
    limits: int = 0
    doubts: int = 0
    unusable: int = 0


def deliver(workspace: Workspace, database: Database) -> Delivered:
    """Tell discovery and the guard all that waits to be told. Raises Fault while another process writes there."""
    person = service(workspace.config.cases.tenant, NAME)
    count = {"labels": 0, "limits": 0, "doubts": 0, "unusable": 0}
    with _alone(workspace):
        while True:
            with database.transaction(person) as within:
                parcel = outbox.take(within)
            if parcel is None:
                return Delivered(**count)
            trouble = _unusable(workspace, parcel)
            usable = [one.subject for one in parcel.rows if one.number not in trouble]
            receipt = _place(parcel.kind)(workspace, parcel, usable)
            with database.transaction(person) as within:
                outbox.delivered(within, parcel, receipt, trouble)
            count[_counted(parcel.kind)] += len(parcel.rows) - len(trouble)
            count["unusable"] += len(trouble)


Place = Callable[[Workspace, Parcel, Sequence[str]], str]  # hands over what is not there yet, and says where it is


def _unusable(workspace: Workspace, parcel: Parcel) -> dict[int, str]:
    """By number, which rows cannot be used, and why: accounts that no event tells of, and limits on a likely minor."""
    if parcel.kind is Kind.DOUBT:
        return {}
    names = pa.array([one.subject for one in parcel.rows], pa.string())
    with events.connect(workspace) as connection:
        connection.register("asked", pa.table({"account_id": names}))
        query = "SELECT account_id FROM account_ids SEMI JOIN asked USING (account_id)"
        known = {name for (name,) in connection.execute(query).fetchall()}
        minors = set(exempt(workspace, connection, names).minors.to_pylist()) if parcel.kind is Kind.LIMIT else set()
    told = {one.number: STRANGE for one in parcel.rows if one.subject not in known}
    return told | {one.number: CHILD for one in parcel.rows if one.subject in minors}


def _labels(workspace: Workspace, parcel: Parcel, subjects: Sequence[str]) -> str:
    """What a plan and an appeal settle replaces what was answered of the account before."""
    there = _labelled(workspace, parcel)
    new = [one for one in subjects if one not in there]
    if new:
        reviewed.settle(workspace, [Answer(one, LABELS[parcel.kind]) for one in new], _author(parcel))
    return f"labels by {_author(parcel)}"


def _labelled(workspace: Workspace, parcel: Parcel) -> set[str]:
    table = reviewed.history(workspace)
    rows = zip(table["account_id"].to_pylist(), table["by"].to_pylist(), strict=True)
    return {account for account, by in rows if by == _author(parcel)}


def _limits(workspace: Workspace, parcel: Parcel, subjects: Sequence[str]) -> str:
    there = _limited(workspace, parcel)
    new = [one for one in subjects if one not in there]
    if new:
        act = reviews.confirm if parcel.kind is Kind.LIMIT else reviews.lift
        act(workspace, new, parcel.by, _note(parcel))
    return f"limits, {parcel.parcel_id}"


def _limited(workspace: Workspace, parcel: Parcel) -> set[str]:
    batches = journal.read(workspace).batches
    return {account for one in batches if one.why == _note(parcel) for account in one.accounts}


def _doubts(workspace: Workspace, parcel: Parcel, subjects: Sequence[str]) -> str:
    """A seed that was vetted is disputed now, until somebody settles it. What is no seed any more needs no doubt."""
    on_list = {one.seed for one in vetted.read(workspace)}
    known = _doubted(workspace, parcel)
    said = [
        Said(one, Opinion.DISPUTED, source="appeal", by=parcel.by, note=_note(parcel))
        for one in subjects
        if one in on_list and one not in known
    ]
    if said:
        vetted.say(workspace, said)
    return f"seeds, {parcel.parcel_id}"


def _doubted(workspace: Workspace, parcel: Parcel) -> set[str]:
    return {one.seed for one in vetted.history(workspace) if one.note == _note(parcel)}


def _place(kind: Kind) -> Place:
    if kind in LABELS:
        return _labels
    return _doubts if kind is Kind.DOUBT else _limits


def _counted(kind: Kind) -> str:
    if kind in LABELS:
        return "labels"
    return "doubts" if kind is Kind.DOUBT else "limits"


def _author(parcel: Parcel) -> str:
    """Labels have no room for a note, so the parcel's name is with its author's."""
    return f"{parcel.by}, {parcel.parcel_id}"


def _note(parcel: Parcel) -> str:
    return f"{parcel.rows[0].plan_id}, {parcel.parcel_id}"


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """One process delivers at a time; the system frees it even when that is killed."""
    with disk.writing(workspace.path):
        file = (workspace.path / ".outbox.lock").open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = "another process tells discovery and the guard already"
            raise Fault(what, where=str(workspace.path), mend="nothing need be done") from None
        yield
