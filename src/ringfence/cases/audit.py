"""Who read or changed what about the cases? A chain: each row rests on the hash of the one before.

Rows are only ever added: the database itself refuses to change or remove one. Whoever gets past that cannot do it
unseen. An altered row no longer has its hash, a missing or moved one breaks the chain, and a chain made anew or cut
short does not end at the head, which is signed with a key that the database does not have (verify.py).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.dialects.postgresql import JSON

from ringfence.cases.tables import AUDIT, AUDIT_HEADS

NOTHING = "0" * 64  # what the first row rests on
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
Fact = str | int | float | bool | None | Sequence[str]


class Act(StrEnum):
    """Everything that is ever recorded about the cases."""

    DATABASE_MADE = "database_made"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    CODE_GIVEN = "code_given"
    SESSION_ENDED = "session_ended"
    PEOPLE_READ = "people_read"
    PERSON_ADDED = "person_added"
    ROLES_CHANGED = "roles_changed"
    PERSON_LEFT = "person_left"
    PASSWORD_SET = "password_set"  # noqa: S105, the name of an act
    TOTP_SET = "totp_set"
    PROTECTED_READ = "protected_read"
    PROTECTED_ADDED = "protected_added"
    PROTECTED_REMOVED = "protected_removed"
    RUN_OPENED = "run_opened"
    QUEUE_READ = "queue_read"
    CASE_READ = "case_read"
    ACCOUNT_READ = "account_read"
    PROFILE_READ = "profile_read"
    EVIDENCE_READ = "evidence_read"
    EVIDENCE_REVEALED = "evidence_revealed"
    MEDIA_REVEALED = "media_revealed"
    LEXICON_READ = "lexicon_read"
    TERM_REVEALED = "term_revealed"
    LEXICON_DECIDED = "lexicon_decided"
    DRIFT_READ = "drift_read"
    BANKS_READ = "banks_read"
    BANK_DECIDED = "bank_decided"
    TRIAGE_READ = "triage_read"
    TRIAGE_DECIDED = "triage_decided"
    LIMITS_READ = "limits_read"
    LIMITS_UNDONE = "limits_undone"
    CASE_LEASED = "case_leased"
    CASE_RELEASED = "case_released"
    CASE_MARKED = "case_marked"
    CASE_CLOSED = "case_closed"
    CASE_REOPENED = "case_reopened"
    TIES_READ = "ties_read"
    COMMENT_ADDED = "comment_added"
    REPORT_RECEIVED = "report_received"
    REPORTS_READ = "reports_read"
    REPORT_ANSWERED = "report_answered"
    AUDIT_READ = "audit_read"
    AUDIT_VERIFIED = "audit_verified"
    AUDIT_EXPORTED = "audit_exported"
    PLAN_DRAFTED = "plan_drafted"
    PLAN_EDITED = "plan_edited"
    PLAN_DROPPED = "plan_dropped"
    PLAN_READ = "plan_read"
    PLANS_READ = "plans_read"
    PLAN_FROZEN = "plan_frozen"
    PLAN_APPROVED = "plan_approved"
    PLAN_REFUSED = "plan_refused"
    PLAN_STARTED = "plan_started"
    PLAN_STOPPED = "plan_stopped"
    PLAN_DONE = "plan_done"
    PLAN_UNDO_ORDERED = "plan_undo_ordered"
    PLAN_UNDONE = "plan_undone"
    ORDERS_SENT = "orders_sent"
    ORDER_ANSWERED = "order_answered"
    ACCOUNT_RESTORED = "account_restored"
    OUTBOX_DELIVERED = "outbox_delivered"
    APPEAL_RECEIVED = "appeal_received"
    APPEALS_READ = "appeals_read"
    APPEAL_DECIDED = "appeal_decided"
    SEED_DOUBTED = "seed_doubted"
    HOLD_PLACED = "hold_placed"
    HOLDS_READ = "holds_read"
    HOLD_READ = "hold_read"
    HOLD_EXTENDED = "hold_extended"
    LEGAL_HOLD_SET = "legal_hold_set"
    LEGAL_HOLD_LIFTED = "legal_hold_lifted"
    HOLD_PURGED = "hold_purged"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is about to be recorded: the act, the id of what it was done to, and what else must be known later."""

    act: Act
    subject: str
    detail: Mapping[str, Fact] = field(default_factory=dict)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row as it is kept and exported. `detail` is JSON with sorted names; `hash` is over all the rest."""

    tenant: str
    number: int
    at: datetime
    who: str
    act: str
    subject: str
    detail: str
    before: str
    hash: str


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a chain ends, signed. `key` is the Ed25519 public key in hexadecimal, so that anybody can check it."""

    tenant: str
    number: int
    at: datetime
    hash: str
    key: str
    signature: str


def digest(tenant: str, number: int, at: datetime, who: str, act: str, subject: str, detail: str, before: str) -> str:
    """The hash of a row: SHA-256 over one JSON array without spaces: act, at in microseconds since 1970 (UTC), the hash
    before, detail, number, subject, tenant, who.
    """
    told = (act, (at - EPOCH) // MICROSECOND, before, detail, number, subject, tenant, who)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def signed(tenant: str, number: int, at: datetime, last: str, key: Ed25519PrivateKey) -> Head:
    """The head of a chain whose last row has the hash `last`."""
    public = key.public_key().public_bytes_raw().hex()
    return Head(tenant, number, at, last, public, key.sign(content(tenant, number, at, last)).hex())


def content(tenant: str, number: int, at: datetime, last: str) -> bytes:
    """What the signature of a head is of."""
    return msgspec.json.encode(("ringfence audit head", tenant, number, at.isoformat(), last))


def begin(connection: sa.Connection, tenant: str, at: datetime, key: Ed25519PrivateKey) -> None:
    """Make the head of a tenant's empty chain."""
    connection.execute(sa.insert(AUDIT_HEADS).values(**msgspec.structs.asdict(signed(tenant, 0, at, NOTHING, key))))


def append(
    connection: sa.Connection, tenant: str, who: str, entries: Sequence[Entry], at: datetime, key: Ed25519PrivateKey
) -> Head:
    """Add rows in the caller's transaction, and return the new head.

    The chain is locked from here until the transaction ends, so this comes last in it. No row is dated before the one
    it follows.
    """
    where = AUDIT_HEADS.c.tenant == tenant
    head = connection.execute(
        sa.select(AUDIT_HEADS.c.number, AUDIT_HEADS.c.at, AUDIT_HEADS.c.hash).where(where).with_for_update()
    ).one()
    at = max(at, head.at)
    rows = list(_rows(tenant, who, entries, at, head.number, head.hash))
    _keep(connection, rows)
    new = signed(tenant, head.number + len(rows), at, str(rows[-1]["hash"]), key)
    connection.execute(sa.update(AUDIT_HEADS).where(where).values(**msgspec.structs.asdict(new)))
    return new


def _keep(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows. PostgreSQL is sent many as one statement, as one each takes it several times as long."""
    if connection.dialect.name != "postgresql" or len(rows) == 1:
        connection.execute(sa.insert(AUDIT), rows)
        return
    columns = [sa.column(column.name, column.type) for column in AUDIT.c]
    given = sa.cast(sa.bindparam("rows", msgspec.json.encode(rows).decode(), sa.Text), JSON)
    made = sa.func.json_to_recordset(given).table_valued(*columns).render_derived(with_types=True)
    connection.execute(sa.insert(AUDIT).from_select(list(made.c.keys()), sa.select(made)))


def _rows(
    tenant: str, who: str, entries: Sequence[Entry], at: datetime, number: int, before: str
) -> Iterator[dict[str, object]]:
    for number, entry in enumerate(entries, number + 1):  # noqa: B020, PLR1704, the chain goes on from the number given
        detail = msgspec.json.encode(entry.detail, order="sorted").decode()
        made = digest(tenant, number, at, who, entry.act, entry.subject, detail, before)
        yield {
            "tenant": tenant,
            "number": number,
            "at": at,
            "who": who,
            "act": str(entry.act),
            "subject": entry.subject,
            "detail": detail,
            "before": before,
            "hash": made,
        }
        before = made
