"""What ties the members of a case to one another? Worked out once for what is known, and kept beside in a file.

A case whose members changed, or a store that events came into, is worked out anew. What is kept can be removed at any
time; only its owner can read it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ringfence.cases.cases import Case
from ringfence.cases.members import Member
from ringfence.cases.ties import Numbers, Pairs, pairs
from ringfence.graph.inside import inside
from ringfence.store import batches, events
from ringfence.store.kept import kept
from ringfence.store.workspace import Workspace

BUILD = 2  # grows with every change to what pairs are, or to how they are kept


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    first: bytes
    second: bytes
    kinds: bytes
    weight: bytes
    objects: bytes  # a Parquet file


@dataclass(frozen=True, slots=True)
class Tied:
    """Who is tied to whom. Places in `pairs` are places in `accounts`; `of` is a digest of all that this rests on."""

    of: str
    accounts: tuple[str, ...]
    pairs: Pairs
    parquet: bytes

    @property
    def objects(self) -> pa.Table:
        """What ties them, as `Inside.objects` has it."""
        return pq.read_table(BytesIO(self.parquet))

    def degree(self) -> Numbers:
        """With how many others each account is paired."""
        ends = np.concatenate((self.pairs.first, self.pairs.second))
        return np.bincount(ends, minlength=len(self.accounts)).astype(np.int64)


def tied(workspace: Workspace, case: Case, members: Sequence[Member]) -> Tied:
    """What ties the members that are still in a case, from the store as it is now.

    Whoever shows it has asked for the case, which is recorded.
    """
    accounts = tuple(one.account_id for one in members if one.left_at is None)
    of = _digest(workspace, accounts)
    file = workspace.case_ties / f"{case.case_id}.ties"
    packed = msgspec.msgpack.decode(kept(file, of, lambda: _worked_out(workspace, accounts)), type=_Packed)
    first, second, kinds = (np.frombuffer(held, np.int64) for held in (packed.first, packed.second, packed.kinds))
    return Tied(of, accounts, Pairs(first, second, kinds, np.frombuffer(packed.weight, np.float64)), packed.objects)


def _digest(workspace: Workspace, accounts: Sequence[str]) -> str:
    held = sorted((one.name, one.attempt) for one in batches.committed(workspace.store))
    return hashlib.sha256(msgspec.json.encode((BUILD, accounts, held))).hexdigest()


def _worked_out(workspace: Workspace, accounts: Sequence[str]) -> bytes:
    with events.connect(workspace) as connection:
        found = inside(connection, accounts)
        ((platform,),) = connection.execute("SELECT count(*) FROM account_ids").fetchall()
    made, whole = pairs(found, int(platform)), BytesIO()
    pq.write_table(found.objects, whole, compression="zstd")
    first, second, kinds, weight = (one.tobytes() for one in (made.first, made.second, made.kinds, made.weight))
    return msgspec.msgpack.encode(_Packed(first, second, kinds, weight, whole.getvalue()))
