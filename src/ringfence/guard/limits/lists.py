"""Whom does a reviewer see: who is limited, whose limit has ended, who is held, who goes to care?

Reading a list is for the caller to audit (cli/limits.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.limits import journal, waiting
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits.automatic import holding
from ringfence.guard.limits.exempt import exempt
from ringfence.guard.limits.state import State
from ringfence.store import events
from ringfence.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Summary:
    """How many accounts are on each list. `tripped` are the caps by which the circuit breaker holds accounts."""

    automatic: int
    confirmed: int
    expired: int
    held: int
    care: int
    tripped: tuple[str, ...]


def limited(workspace: Workspace, now: datetime | None = None, network: str | None = None) -> pa.Table:
    """Rows of STANDING whose limit takes effect, by account id; those of one network where it is named."""
    return _of(pa.concat_tables(_holding(workspace, *_now(workspace, now))), network)


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


def summary(workspace: Workspace, now: datetime | None = None) -> Summary:
    """How many there are on each list, and by which caps the circuit breaker holds accounts."""
    state, at = _now(workspace, now)
    waits = held(workspace, at)
    automatic, confirmed = _holding(workspace, state, at)
    caps = [cap for cap in pc.unique(waits["why"]).to_pylist() if cap != waiting.DISPUTED]
    return Summary(
        automatic=automatic.num_rows,
        confirmed=confirmed.num_rows,
        expired=limit_state.ended(state, at).num_rows,
        held=waits.num_rows,
        care=care(workspace).num_rows,
        tripped=tuple(sorted(caps)),
    )


def _now(workspace: Workspace, now: datetime | None) -> tuple[State, datetime]:
    batches = journal.read(workspace).batches
    return limit_state.fold(batches), limit_state.clock(batches, now or datetime.now(UTC))


def _holding(workspace: Workspace, state: State, at: datetime) -> tuple[pa.Table, pa.Table]:
    """Limits that take effect: a likely minor has none, and somebody spoken for no automatic one."""
    with events.connect(workspace) as connection:
        return holding(state, at, exempt(workspace, connection, limit_state.limited(state, at)))


def _of(rows: pa.Table, network: str | None) -> pa.Table:
    rows = rows if network is None else rows.filter(pc.equal(rows["network_id"], network))
    return rows.sort_by("account_id")
