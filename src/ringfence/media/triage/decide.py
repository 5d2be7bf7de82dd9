"""What follows from a person's decision on a cluster? All its hashes go to a bank of the platform's own, or come back.

Nothing happens to any account. Who uploaded it is told to whoever decided, likely children apart.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.media.hashes import SIZES
from ringfence.media.items import Item, Page, Signal
from ringfence.media.triage import decisions
from ringfence.media.triage.decisions import Decision, Hashes
from ringfence.media.triage.kept import Group, group
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion
from ringfence.store import audit
from ringfence.store.workspace import Workspace

BANK = "triage"
OPINIONS = (Opinion.POSITIVE, Opinion.NEGATIVE, Opinion.INVESTIGATE)
SETTLED = (Opinion.POSITIVE, Opinion.NEGATIVE)  # what is to be investigated stays on the list


class Bank(Protocol):
    """What is needed of the banks."""

    def land(self, bank: str, page: Page) -> Any:
        """Take in what came, changed and went, together with the checkpoint, all or nothing."""

    def checkpoint(self, bank: str) -> str | None:
        """The checkpoint of the last page that landed."""


def decide(workspace: Workspace, cluster: str, opinion: Opinion, by: str, reason: str) -> tuple[Decision, Group]:
    """Write down one decision on all of a cluster, as the last triage saw it. `hand_over` brings it to the bank.

    Raises Fault for an opinion that is none, or without a name or a reason.
    """
    if opinion not in OPINIONS:
        raise Fault(f"{opinion} is no decision on media", where="--opinion", mend=f"choose of {', '.join(OPINIONS)}")
    _said(by, reason)
    with workspace.lock():
        decided = group(workspace, cluster)
        made = Decision(
            number=len(decisions.read(workspace)) + 1,
            cluster=cluster,
            by=by,
            reason=reason,
            at=datetime.now(UTC),
            opinion=opinion,
            hashes=tuple(Hashes(**one) for one in decided.media),  # type: ignore[arg-type]
        )
        told = f"decision {made.number}: {cluster} {opinion}, {len(made.hashes):,} media"
        audit.record(workspace, audit.Action.MEDIA_TRIAGE_DECIDED, told, actor=by)
        decisions.append(workspace, made)
    return made, decided


def undo(workspace: Workspace, number: int, by: str, reason: str) -> Decision:
    """Take one decision back: what stood before it stands again. Raises Fault where it does not stand."""
    _said(by, reason)
    with workspace.lock():
        before = decisions.read(workspace)
        undone = {one.undoes for one in before}
        stands = [one for one in before if one.number == number and not one.undoes and number not in undone]
        if not stands:
            raise Fault(f"no decision {number} stands", where="media triage", mend="undo one that is not undone yet")
        cluster = stands[0].cluster
        made = Decision(len(before) + 1, cluster, by, reason, datetime.now(UTC), undoes=number)
        told = f"decision {made.number}: undoes {number} on {cluster}"
        audit.record(workspace, audit.Action.MEDIA_TRIAGE_DECIDED, told, actor=by)
        decisions.append(workspace, made)
    return made


def hand_over(workspace: Workspace, banks: Bank, bank: str = BANK) -> int:
    """Bring the bank up to the decisions, one page each, and say how many. Doing it again changes nothing.

    A bank that could not be written is caught up the next time, since its checkpoint is the last decision it has.
    """
    made = decisions.read(workspace)
    told = banks.checkpoint(bank)
    for one in made[int(told or 0) :]:
        banks.land(bank, page(made[: one.number]))
    return len(made) - int(told or 0)


def page(made: Sequence[Decision]) -> Page:
    """What the last of these decisions changes in the bank: its cluster is there as it stands now, or not at all."""
    last = made[-1]
    stands = decisions.standing(made).get(last.cluster)
    items = (item(stands),) if stands else ()
    return Page(items=items, gone=() if stands else (last.cluster,), checkpoint=str(last.number), more=False)


def item(decision: Decision) -> Item:
    """A decided cluster as one piece of media with many hashes: of its look those of PDQ, of its bytes the digests."""
    if decision.opinion is None:
        raise ValueError("an undoing has no hashes")
    signals = dict.fromkeys(signal for one in decision.hashes for signal in _signals(one))
    return Item(
        source_id=decision.cluster,
        signals=tuple(signals),
        labels=("triage",),
        opinion=decision.opinion,
        at=decision.at,
    )


def _signals(one: Hashes) -> Iterator[Signal]:
    for kind, text in ((HashKind.PDQ, one.pdq), (HashKind.SHA256, one.sha256), (HashKind.MD5, one.md5)):
        try:
            value = bytes.fromhex(text or "")
        except ValueError:
            continue  # the platform's own digest may be of a kind that no bank knows
        if len(value) == SIZES[kind]:
            yield Signal(kind, value, one.quality if kind is HashKind.PDQ else None)


def decided(media: pa.Table, made: Sequence[Decision], opinions: Sequence[Opinion] = SETTLED) -> NDArray[np.bool_]:
    """Which media (rows with key and pdq) a standing decision of these opinions is on, by key or by equal look."""
    stand = [one for one in decisions.standing(made).values() if one.opinion in opinions]
    keys = pa.array([one.key for decision in stand for one in decision.hashes], pa.string())
    looks = pa.array([one.pdq for decision in stand for one in decision.hashes if one.pdq], pa.string())
    here = pc.or_(pc.is_in(media["key"], value_set=keys), pc.is_in(media["pdq"], value_set=looks))
    return np.asarray(here.to_numpy())


def _said(by: str, reason: str) -> None:
    for what, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            raise Fault("is empty", where=what, mend="say who decides, and why")
