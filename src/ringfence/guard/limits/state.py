"""Which accounts are limited, given all that was done? What was done to an account last holds, but for what is undone.

Time in the journal never goes back: where the clock does, the last limits set say how late it is at least. Else limits
that had ended would count again, beside those set since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.limits.rows import Act, Batch
from ringfence.model.schemas import TIME

DAY = timedelta(days=1)
STANDING = pa.schema(
    [
        ("account_id", pa.string()),
        ("act", pa.string()),  # set, confirm or lift
        ("strength", pa.float32()),  # 1 where a person has confirmed it
        ("network_id", pa.string()),
        ("batch", pa.int64()),
        ("at", TIME),
        ("until", TIME),  # null for none
        ("by", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class State:
    """`standing` has one row an account, in the order of their ids: what holds of it, ended limits too.

    `undone` are accounts that a batch had limited which a person has undone, each once.
    """

    standing: pa.Table
    undone: pa.Array


def fold(batches: Sequence[Batch]) -> State:
    """What holds after all batches."""
    gone = undone(batches)
    acting = [one for one in batches if one.act is not Act.UNDO and one.number not in gone]
    taken_back = [one for one in batches if one.act is Act.SET and one.number in gone]
    given_back = pc.unique(pa.array([name for one in taken_back for name in one.accounts], pa.string()))
    return State(_last(acting), given_back)


def clock(batches: Sequence[Batch], now: datetime) -> datetime:
    """How late it is: now, or when limits were last set where that is later."""
    return max([now, *(at for at, _ in _runs(batches))])


def within_a_day(batches: Sequence[Batch], at: datetime) -> int:
    """How many limits were set automatically in the 24 hours up to `at`, whatever has become of them."""
    return sum(many for set_at, many in _runs(batches) if set_at >= at - DAY)


def _runs(batches: Sequence[Batch]) -> list[tuple[datetime, int]]:
    """When each batch of automatic limits was set, and how many they are.

    It was set no later than anybody undid it: where it bears a later time, the clock ran ahead. That stays known when
    the undo is undone.
    """
    undone_at: dict[int, datetime] = {}
    for one in batches:
        if one.act is Act.UNDO:
            undone_at[one.undoes] = min(one.at, undone_at.get(one.undoes, one.at))
    return [
        (min(one.at, undone_at.get(one.number, one.at)), len(one.accounts)) for one in batches if one.act is Act.SET
    ]


def automatic(state: State, at: datetime) -> pa.Table:
    """The rows of STANDING with an automatic limit at `at`."""
    rows = state.standing
    return rows.filter(pc.and_(pc.equal(rows["act"], Act.SET), pc.greater(rows["until"], pa.scalar(at, TIME))))


def ended(state: State, at: datetime) -> pa.Table:
    """The rows of STANDING whose automatic limit has ended by `at`, with nothing done since."""
    rows = state.standing
    return rows.filter(pc.and_(pc.equal(rows["act"], Act.SET), pc.less_equal(rows["until"], pa.scalar(at, TIME))))


def confirmed(state: State) -> pa.Table:
    """The rows of STANDING with a limit that a person has set or confirmed."""
    return state.standing.filter(pc.equal(state.standing["act"], Act.CONFIRM))


def limited(state: State, at: datetime) -> pa.Array:
    """Account ids with a limit at `at`, set automatically or by a person."""
    return pa.concat_arrays([rows["account_id"].combine_chunks() for rows in (automatic(state, at), confirmed(state))])


def lifted(state: State) -> pa.Array:
    """Account ids that a person has given back by name."""
    return state.standing.filter(pc.equal(state.standing["act"], Act.LIFT))["account_id"].combine_chunks()


def restored(state: State) -> pa.Array:
    """Account ids that are never limited automatically again: lifted, or limited by a batch that was undone.

    None of them is confirmed since.
    """
    given_back = pc.unique(pa.concat_arrays([lifted(state), state.undone]))
    return given_back.filter(pc.invert(pc.is_in(given_back, confirmed(state)["account_id"].combine_chunks())))


def undone(batches: Sequence[Batch]) -> dict[int, Batch]:
    """The numbers of all that do not count, with what undid them. An undo that was undone itself undoes nothing."""
    gone: dict[int, Batch] = {}
    for one in reversed(batches):
        if one.act is Act.UNDO and one.number not in gone:
            gone[one.undoes] = one
    return gone


def _last(batches: Sequence[Batch]) -> pa.Table:
    """One row an account: what was done to it last."""
    rows = _rows(batches)
    names = rows["account_id"].combine_chunks().dictionary_encode()
    last = np.zeros(len(names.dictionary), np.int64)
    last[names.indices.to_numpy()] = np.arange(len(names))  # of several rows the last one stays
    return rows.take(pa.array(last)).sort_by("account_id")


def _rows(batches: Sequence[Batch]) -> pa.Table:
    """One row an account and batch, in the order in which it was done."""
    which = np.repeat(np.arange(len(batches)), [len(one.accounts) for one in batches])
    each: dict[str, list[Sequence[object]]] = {
        "account_id": [one.accounts for one in batches],
        "strength": [one.strengths or (1.0,) * len(one.accounts) for one in batches],
        "network_id": [one.networks or ("",) * len(one.accounts) for one in batches],
    }
    whole = {"act": "act", "batch": "number", "at": "at", "until": "until", "by": "by"}
    columns = [
        pa.array(list(chain.from_iterable(each[name])), kind)
        if name in each
        else pa.array([getattr(one, whole[name]) for one in batches], kind).take(pa.array(which))
        for name, kind in zip(STANDING.names, STANDING.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=STANDING)
