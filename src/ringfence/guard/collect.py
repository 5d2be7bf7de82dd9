"""Which accounts carry which signals? What discovery found, limits, declared ages and known media, in one table.

What leaves discovery by itself is what the journal of limits says, no more and no less. So `network:member` and a
member's role stand for those under a limit, for as long as it lasts. All that were found or came close are
`network:nearby`: when a limit ends, is undone, or the circuit breaker holds an account, it is shown last. An account
that a person has lifted, or said to be none, carries nothing. A likely minor carries that and nothing that
discovery says of a member; what the platform itself says of known media stays, since that is held back from everybody.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard import known_media
from ringfence.guard.limits import journal as limit_journal
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits.automatic import flagged
from ringfence.guard.limits.exempt import Exempt, exempt
from ringfence.guard.limits.state import State
from ringfence.guard.policies.strengths import floored
from ringfence.guard.snapshots.flags import FLAGS
from ringfence.guard.together import flags_together
from ringfence.model.words import Opinion, Role
from ringfence.store.workspace import Workspace

# Accounts that declare an age under 18. A null is no age.
DECLARED_MINORS = """
SELECT account_id, 'account:minor' AS signal, 1::FLOAT AS strength, NULL::TIMESTAMPTZ AS until
FROM accounts WHERE declared_age < 18
"""
# Accounts that a label of the platform ties to known media; of several labels the last one counts.
KNOWN_MEDIA = f"""
SELECT account_id, 'media:known' AS signal, 1::FLOAT AS strength, NULL::TIMESTAMPTZ AS until
FROM (
    SELECT account FROM labels WHERE lower(label) = 'media:known'
    GROUP BY account HAVING arg_max(opinion, labels."at") = '{Opinion.POSITIVE}'
) JOIN account_ids ON account = id
"""


@dataclass(frozen=True, slots=True)
class _Limits:
    """The journal at a moment; `rows` are the limits that hold, as FLAGS."""

    state: State
    spared: Exempt
    rows: pa.Table


def collect(workspace: Workspace, connection: duckdb.DuckDBPyConnection, scores: pa.Table, now: datetime) -> pa.Table:
    """Rows of FLAGS for a snapshot, one an account and signal; `connection` is one to the workspace's events."""
    batches = limit_journal.read(workspace).batches
    state, at = limit_state.fold(batches), limit_state.clock(batches, now)
    found = scores.filter(
        pc.or_(pc.or_(pc.is_valid(scores["network_id"]), pc.is_valid(scores["reasons"])), pc.is_valid(scores["role"]))
    )
    asked = pc.unique(pa.concat_arrays([found["account_id"].combine_chunks(), limit_state.limited(state, at)]))
    spared = exempt(workspace, connection, asked)
    limits = _Limits(state, spared, flagged(state, at, spared))
    parts = [
        _likely_minors(found, limits),
        *_network(found, limits),
        limits.rows,
        connection.sql(DECLARED_MINORS).to_arrow_table().cast(FLAGS),
        flags_together(connection.sql(KNOWN_MEDIA).to_arrow_table().cast(FLAGS), known_media.flagged(workspace, now)),
    ]
    return pa.concat_tables(parts)


def _likely_minors(found: pa.Table, limits: _Limits) -> pa.Table:
    """Those found or limited who may be children, whatever else is said of them: protection is no accusation."""
    role = found.filter(_is(found["role"], Role.LIKELY_MINOR))["account_id"].combine_chunks()
    names = pc.unique(pa.concat_arrays([role, limits.spared.minors]))
    return _flags(names, "network:likely_minor", pa.repeat(pa.scalar(1.0), len(names)))


def _network(found: pa.Table, limits: _Limits) -> list[pa.Table]:
    minors, given_back = limits.spared.minors, limit_state.lifted(limits.state)
    confirmed = limit_state.confirmed(limits.state)["account_id"].combine_chunks()
    opposed = limits.spared.opposed
    opposed = opposed.filter(pc.invert(pc.is_in(opposed, confirmed)))
    left_alone = pc.is_in(found["account_id"], pa.concat_arrays([minors, given_back, opposed]))
    rest = found.filter(pc.invert(pc.or_(left_alone, _is(found["role"], Role.LIKELY_MINOR))))
    in_network = pc.is_valid(rest["network_id"])
    near = rest.filter(pc.or_(in_network, pc.is_valid(rest["reasons"])))
    audience = rest.filter(_is(rest["role"], Role.AUDIENCE))
    members = rest.filter(pc.and_(in_network, pc.is_in(rest["account_id"], limits.rows["account_id"].combine_chunks())))
    roles = [(f"network:{role}", members.filter(_is(members["role"], role))) for role in (Role.PROMOTER, Role.BRIDGE)]
    return [
        _scored("network:nearby", near),
        _scored("network:audience", audience),
        *(_until(_scored(signal, rows), limits.rows) for signal, rows in (("network:member", members), *roles)),
    ]


def _scored(signal: str, rows: pa.Table) -> pa.Table:
    """The signal for rows of SCORES, as strong as it is probable, or 1 where that is not known."""
    probability = rows["probability"]
    known = pc.fill_null(pc.is_finite(probability), False)  # noqa: FBT003 - Arrow's own form
    return _flags(rows["account_id"], signal, floored(pc.if_else(known, probability, 1.0)))


def _until(rows: pa.Table, limits: pa.Table) -> pa.Table:
    """Rows of FLAGS that end when the account's limit does."""
    ends = limits["until"].take(pc.index_in(rows["account_id"], limits["account_id"].combine_chunks()))
    return rows.set_column(FLAGS.get_field_index("until"), FLAGS.field("until"), ends)


def _flags(names: pa.Array | pa.ChunkedArray, signal: str, strength: pa.Array | pa.ChunkedArray) -> pa.Table:
    never = pa.nulls(len(names), FLAGS.field("until").type)
    columns = [names, pa.repeat(signal, len(names)), pc.cast(strength, pa.float32(), safe=False), never]
    return pa.Table.from_arrays(columns, schema=FLAGS)


def _is(roles: pa.ChunkedArray, role: Role) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(roles, str(role)), False)  # noqa: FBT003 - Arrow's own form
