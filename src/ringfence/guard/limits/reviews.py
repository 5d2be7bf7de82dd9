"""What may a person do about limits? Confirm them, give accounts back, undo a batch; each by name."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.limits import journal as limit_journal
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits import waiting
from ringfence.guard.limits.exempt import exempt
from ringfence.guard.limits.rows import AUTOMATION, Act, Batch
from ringfence.guard.limits.state import State
from ringfence.model.faults import Fault
from ringfence.store import events
from ringfence.store.workspace import Workspace


def confirm(
    workspace: Workspace, account_ids: Sequence[str], by: str, why: str = "", now: datetime | None = None
) -> int:
    """Limit accounts until a person lifts it. Returns the number of the batch.

    Raises Fault for an account that is none of this platform, and for a likely minor, who goes to care.
    """
    names = _known(workspace, account_ids)
    with events.connect(workspace) as connection:
        minors = exempt(workspace, connection, pa.array(names, pa.string())).minors.to_pylist()
    if minors:
        mend = "leave it out: it goes to care, see `ringfence limits list --care`"
        raise Fault("it may be a child's and is not limited", where=f"account {minors[0]!r}", mend=mend)
    with workspace.lock():
        journal = limit_journal.read(workspace)
        networks = _networks(workspace, limit_state.fold(journal.batches), names)
        batch = Batch(journal.next, Act.CONFIRM, _utc(now), _person(by), why, names, (), networks)
        return limit_journal.append(workspace, journal, batch)


def lift(workspace: Workspace, account_ids: Sequence[str], by: str, why: str, now: datetime | None = None) -> int:
    """Give accounts back: no limit, and none is set automatically again. Returns the number of the batch.

    Raises Fault for an account that is none of this platform, and where nobody says why.
    """
    names = _known(workspace, account_ids)
    if not why.strip():
        raise Fault("nobody says why", where="limits lift", mend="say it with --why")
    with workspace.lock():
        journal = limit_journal.read(workspace)
        batch = Batch(journal.next, Act.LIFT, _utc(now), _person(by), why, names)
        return limit_journal.append(workspace, journal, batch)


def undo(workspace: Workspace, number: int, by: str, why: str = "", now: datetime | None = None) -> Batch:
    """Make a batch count as if it had never been, and return it. What was done to its accounts since remains.

    Accounts that it had limited are not limited automatically again. Raises Fault where there is no such batch, or it
    is undone already.
    """
    with workspace.lock():
        journal = limit_journal.read(workspace)
        if not 1 <= number < journal.next:
            raise Fault("there is none", where=f"batch {number}", mend="see `ringfence limits batches`")
        if number in limit_state.undone(journal.batches):
            raise Fault("it is undone already", where=f"batch {number}", mend="see `ringfence limits batches`")
        batch = Batch(journal.next, Act.UNDO, _utc(now), _person(by), why, undoes=number)
        limit_journal.append(workspace, journal, batch)
        return journal.batches[number - 1]


def _networks(workspace: Workspace, state: State, names: Sequence[str]) -> tuple[str, ...]:
    """The network of each account, as it was when it was limited or held; "" where that is not known."""
    rows = pa.concat_tables(
        [table.select(["account_id", "network_id"]) for table in (waiting.read(workspace), state.standing)]
    )
    rows = rows.filter(pc.is_in(rows["account_id"], pa.array(names, pa.string())))
    known = {row["account_id"]: row["network_id"] for row in rows.to_pylist() if row["network_id"]}
    return tuple(known.get(name, "") for name in names)


def _known(workspace: Workspace, account_ids: Sequence[str]) -> tuple[str, ...]:
    """The accounts, each once. Raises Fault where there are none, or one is none of this platform."""
    names = tuple(dict.fromkeys(account_ids))
    if not names:
        raise Fault("no account is named", where="limits", mend="name at least one account id")
    strange = [name for name in names if any("\ud800" <= letter <= "\udfff" for letter in name)]
    if not strange:
        with events.connect(workspace) as connection:
            connection.register("asked", pa.table({"account_id": pa.array(names, pa.string())}))
            query = "SELECT account_id FROM account_ids SEMI JOIN asked USING (account_id)"
            known = {name for (name,) in connection.execute(query).fetchall()}
        strange = [name for name in names if name not in known]
    if strange:
        mend = "check the id, or ingest the events it appears in"
        raise Fault(f"{strange[0]!r} is no account of this platform", where="limits", mend=mend)
    return names


def _person(by: str) -> str:
    """Who decides, by name: automation confirms and lifts nothing."""
    if not by.strip() or by.strip() == AUTOMATION:
        raise Fault(f"{by!r} names no person", where="--by", mend="give the name of whoever decides")
    return by.strip()


def _utc(now: datetime | None) -> datetime:
    return now or datetime.now(UTC)
