"""Whom does a reviewer see: who is limited, whose limit has ended, who is held, who goes to care?

Reading a list is for the caller to audit (cli/limits.py).
"""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard import limit_journal, limit_state, waiting
from ringfence.guard.limit_state import State
from ringfence.store.workspace import Workspace


def limited(workspace: Workspace, now: datetime | None = None, network: str | None = None) -> pa.Table:
    """Rows of STANDING with a limit, by account id; those of one network where it is named."""
    state, at = _now(workspace, now)
    return _of(pa.concat_tables([limit_state.automatic(state, at), limit_state.confirmed(state)]), network)


def expired(workspace: Workspace, now: datetime | None = None, network: str | None = None) -> pa.Table:
    """Rows of STANDING whose automatic limit has ended, with nothing done since."""
    state, at = _now(workspace, now)
    return _of(limit_state.ended(state, at), network)


def held(workspace: Workspace, now: datetime | None = None, network: str | None = None) -> pa.Table:
    """Rows of WAITING that the last run held, the surest first, without those that were decided on since."""
    rows = waiting.read(workspace)
    rows = rows.filter(pc.equal(rows["list"], waiting.HELD))
    state, at = _now(workspace, now)
    decided = pa.concat_arrays([limit_state.limited(state, at), limit_state.restored(state)])
    rows = rows.filter(pc.invert(pc.is_in(rows["account_id"], decided)))
    return rows if network is None else rows.filter(pc.equal(rows["network_id"], network))


def care(workspace: Workspace, network: str | None = None) -> pa.Table:
    """Rows of WAITING with the likely minors of the last run."""
    rows = waiting.read(workspace)
    rows = rows.filter(pc.equal(rows["list"], waiting.CARE))
    return rows if network is None else rows.filter(pc.equal(rows["network_id"], network))


def _now(workspace: Workspace, now: datetime | None) -> tuple[State, datetime]:
    batches = limit_journal.read(workspace).batches
    return limit_state.fold(batches), limit_state.clock(batches, now or datetime.now(UTC))


def _of(rows: pa.Table, network: str | None) -> pa.Table:
    rows = rows if network is None else rows.filter(pc.equal(rows["network_id"], network))
    return rows.sort_by("account_id")
