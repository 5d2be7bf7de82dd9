"""Who leaves discovery automatically, and for how long?

Scores say who, the policy how sure they must be and for how long, the circuit breaker how many at the most. A limit
ends by itself unless a person confirms it (reviews.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.limits import journal as limit_journal
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits import waiting
from ringfence.guard.limits.breaker import Room, room
from ringfence.guard.limits.candidates import candidates
from ringfence.guard.limits.exempt import Exempt, exempt
from ringfence.guard.limits.journal import Journal
from ringfence.guard.limits.rows import AUTOMATION, Act, Batch
from ringfence.guard.limits.state import State
from ringfence.guard.policies.policy import Automatic, Policy
from ringfence.guard.policies.strengths import floored
from ringfence.guard.snapshots.flags import FLAGS
from ringfence.model.words import Role
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace

AUTOMATIC, CONFIRMED = "limit:automatic", "limit:confirmed"


@dataclass(frozen=True, slots=True)
class Applied:
    """What one run did. `batch` is its number, 0 when nobody was limited.

    `held` accounts wait for a person: the circuit breaker held them, or people disagree on them. `care` are likely
    minors. `tripped` is the cap that the breaker held accounts by, empty when it held none.
    """

    batch: int
    limited: int
    held: int
    care: int
    tripped: str


def apply(workspace: Workspace, scores: pa.Table, policy: Policy, now: datetime | None = None) -> Applied:
    """Limit the accounts that the policy's [automatic] table names, as many as the circuit breaker lets through.

    Likely minors, accounts that somebody has spoken for or given back, and those that are limited are left alone. A
    limit that has ended is set again only as a new one. Raises Fault when another process is writing.
    """
    with workspace.lock(), events.connect(workspace) as connection:
        journal = limit_journal.read(workspace)
        at = limit_state.clock(journal.batches, now or datetime.now(UTC))
        state = limit_state.fold(journal.batches)
        wanted = candidates(scores, policy.automatic)
        spared = exempt(workspace, connection, wanted["account_id"].combine_chunks())
        able, care, disputed = _sorted_out(wanted, spared, state, at)
        allowed = _room(connection, journal, state, policy.automatic, at)
        first, rest = able.slice(0, allowed.left), able.slice(allowed.left)
        batch = _set(workspace, journal, first, policy, at)
        waiting.keep(workspace, rest, allowed.cap, disputed, care)
        tripped = allowed.cap if rest.num_rows else ""
        if tripped:
            told = f"the circuit breaker ({tripped}) holds {rest.num_rows:,} accounts"
            audit.record(workspace, audit.Action.LIMITS_CHANGED, told, actor=AUTOMATION)
    return Applied(batch, first.num_rows, rest.num_rows + disputed.num_rows, care.num_rows, tripped)


def ends(at: datetime, days: int) -> datetime:
    """When a limit that is set at a time ends: after so many days, at the end of that day in UTC.

    Whole days, because a snapshot tells accounts apart by when their limits end, and there must not be too many ways.
    """
    last = at.astimezone(UTC) + timedelta(days=days)
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == last else midnight + timedelta(days=1)


def in_force(workspace: Workspace, now: datetime | None = None) -> pa.Table:
    """The limits that hold, as rows of FLAGS; an automatic one has its strength and its end."""
    batches = limit_journal.read(workspace).batches
    state, at = limit_state.fold(batches), limit_state.clock(batches, now or datetime.now(UTC))
    names = limit_state.limited(state, at)
    if not len(names):
        return FLAGS.empty_table()
    with events.connect(workspace) as connection:
        spared = exempt(workspace, connection, names)
    return flagged(state, at, spared)


def flagged(state: State, at: datetime, spared: Exempt) -> pa.Table:
    """The limits of `state` that hold at a time, as rows of FLAGS.

    No likely minor is limited, and no account automatically that somebody has spoken for since.
    """
    automatic, confirmed = holding(state, at, spared)
    return pa.concat_tables([_flags(automatic, AUTOMATIC), _flags(confirmed, CONFIRMED)])


def holding(state: State, at: datetime, spared: Exempt) -> tuple[pa.Table, pa.Table]:
    """The rows of STANDING whose limit takes effect at a time: automatic ones, and those that a person has set."""
    automatic, confirmed = limit_state.automatic(state, at), limit_state.confirmed(state)
    nobody = pa.concat_arrays([spared.minors, spared.opposed])
    return _without(automatic, nobody), _without(confirmed, spared.minors)


def _flags(rows: pa.Table, signal: str) -> pa.Table:
    columns = [rows["account_id"], pa.repeat(signal, rows.num_rows), floored(rows["strength"]), rows["until"]]
    return pa.Table.from_arrays(columns, schema=FLAGS)


def _sorted_out(wanted: pa.Table, spared: Exempt, state: State, at: datetime) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Who may be limited, who goes to care, and whom people disagree on."""
    minor = pc.fill_null(pc.equal(wanted["role"], str(Role.LIKELY_MINOR)), False)  # noqa: FBT003 - Arrow's own form
    child = pc.or_(pc.is_in(wanted["account_id"], spared.minors), minor)
    care, rest = wanted.filter(child), wanted.filter(pc.invert(child))
    settled = [spared.opposed, limit_state.restored(state), limit_state.limited(state, at)]
    rest = _without(rest, pa.concat_arrays(settled))
    doubted = pc.is_in(rest["account_id"], spared.disputed)
    return rest.filter(pc.invert(doubted)), care, rest.filter(doubted)


def _without(rows: pa.Table, names: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows["account_id"], names)))


def _room(
    connection: duckdb.DuckDBPyConnection, journal: Journal, state: State, automatic: Automatic, at: datetime
) -> Room:
    accounts = connection.execute("SELECT count(*) FROM account_ids").fetchall()[0][0]
    return room(
        automatic.per_day,
        automatic.per_share,
        accounts=accounts,
        within_a_day=limit_state.within_a_day(journal.batches, at),
        limited=limit_state.automatic(state, at).num_rows,
    )


def _set(workspace: Workspace, journal: Journal, rows: pa.Table, policy: Policy, at: datetime) -> int:
    """Write limits of these rows of CANDIDATES down; the number of their batch, 0 where there are none."""
    if not rows.num_rows:
        return 0
    columns = (rows["account_id"], rows["strength"], pc.fill_null(rows["network_id"], ""))
    names, strengths, networks = (tuple(column.to_pylist()) for column in columns)
    until, why = ends(at, policy.automatic.days), f"policy {policy.version}"
    batch = Batch(journal.next, Act.SET, at, AUTOMATION, why, names, strengths, networks, until)
    return limit_journal.append(workspace, journal, batch)
