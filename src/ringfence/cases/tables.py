"""How are cases kept? One table a kind of thing, each row with its tenant.

The migrations make these tables; a test says that both agree. Times are UTC. What is sensitive in a platform's data is
kept as little as a reviewer needs: ids, scores, reasons, and never media.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows by itself for INTEGER alone


class Utc(sa.types.TypeDecorator[datetime]):
    """A time with its zone, UTC. SQLite keeps it without, and gets it back here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def key(*names: str) -> list[sa.Column[str]]:
    """The columns that a row is known by: its tenant first."""
    return [sa.Column(name, sa.Text, primary_key=True) for name in ("tenant", *names)]


def of(table: str, *columns: str) -> sa.ForeignKeyConstraint:
    """That a row belongs to one of another table, of the same tenant."""
    names = ("tenant", *columns)
    return sa.ForeignKeyConstraint(names, [f"{table}.{name}" for name in names])


TENANTS = sa.Table(
    "tenants",
    METADATA,
    *key(),
    sa.Column("created_at", Utc, nullable=False),
)

PEOPLE = sa.Table(
    "people",
    METADATA,
    *key("person_id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    of("tenants"),
)

ROLES = sa.Table("roles", METADATA, *key("person_id", "role"), of("people", "person_id"))

# Apart from the people, so that nothing that lists people ever reads a secret.
CREDENTIALS = sa.Table(
    "credentials",
    METADATA,
    *key("person_id"),
    sa.Column("password", sa.Text),  # argon2id, with its own salt and settings
    sa.Column("totp", sa.LargeBinary),  # encrypted
    sa.Column("totp_step", sa.BigInteger, nullable=False),  # the last that was used; none at or before it is again
    sa.Column("attempts", sa.Integer, nullable=False),  # since the last that went well
    sa.Column("locked_until", Utc),
    of("people", "person_id"),
)

# Who is signed in. What a browser holds is a secret, of which only the hash is here.
SESSIONS = sa.Table(
    "sessions",
    METADATA,
    *key("hash"),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("way", sa.Text, nullable=False),  # how they proved who they are
    sa.Column("roles", sa.JSON, nullable=False),  # what they had then: with fewer, the session ends
    sa.Column("browser", sa.Text, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("ends_at", Utc, nullable=False),
    sa.Column("proved_at", Utc),  # when a code was last given
    of("people", "person_id"),
    sa.Index("ix_sessions_person", "tenant", "person_id"),
)

# How somebody likes the console; None is as the config says.
PREFERENCES = sa.Table(
    "preferences",
    METADATA,
    *key("person_id"),
    sa.Column("zone", sa.Text),
    sa.Column("theme", sa.Text, nullable=False),
    sa.Column("shortcuts", sa.Boolean, nullable=False),
    of("people", "person_id"),
)

# What somebody has looked at, and when they last rested: told to themselves alone, and kept for days (reveals.py).
REVEALS = sa.Table(
    "reveals",
    METADATA,
    sa.Column("reveal_id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    of("people", "person_id"),
    sa.Index("ix_reveals_person", "tenant", "person_id", "at"),
)

RESTS = sa.Table(
    "rests",
    METADATA,
    *key("person_id"),
    sa.Column("after", sa.Integer),  # reveals until a break; None is as the config says
    sa.Column("minutes", sa.Integer),  # the same in minutes
    sa.Column("rested_at", Utc),
    sa.Column("put_off_until", Utc),
    of("people", "person_id"),
)

PROTECTED = sa.Table(
    "protected",
    METADATA,
    *key("account_id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    of("tenants"),
)

RUNS = sa.Table(
    "runs",
    METADATA,
    *key("run_id"),
    sa.Column("at", Utc, nullable=False),  # of the discovery
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("lexicon", sa.Text, nullable=False),
    sa.Column("told", sa.JSON, nullable=False),  # how many cases were opened, updated, ...
    of("tenants"),
)

CASES = sa.Table(
    "cases",
    METADATA,
    *key("case_id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("network_id", sa.Text),
    sa.Column("account_id", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("merged_into", sa.Text),
    sa.Column("gone_at", Utc),  # when the network was no longer found
    sa.Column("urgent", sa.Boolean, nullable=False),  # a person said so
    sa.Column("priority", sa.Float, nullable=False),
    sa.Column("urgency", sa.Float, nullable=False),
    sa.Column("parts", sa.JSON, nullable=False),  # what the priority adds up from
    sa.Column("about", sa.JSON, nullable=False),  # what discovery tells of the network
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),  # a digest of the members and all that is said of them
    sa.Column("lease_by", sa.Text),
    sa.Column("lease_until", Utc),
    sa.Column("decided_at", Utc),  # the first decision
    sa.Column("closed_at", Utc),
    sa.Column("closed_by", sa.Text),
    sa.Column("outcome", sa.Text),
    of("tenants"),
    sa.UniqueConstraint("tenant", "network_id"),
    sa.Index("ix_cases_by_risk", "tenant", "status", "urgent", "priority", "case_id"),
    sa.Index("ix_cases_by_urgency", "tenant", "status", "urgent", "urgency", "case_id"),
    sa.Index("ix_cases_by_age", "tenant", "status", "opened_at", "case_id"),
    sa.Index("ix_cases_by_lease", "tenant", "lease_by"),
    sa.Index("ix_cases_by_account", "tenant", "account_id"),
    sa.Index(
        "ix_cases_open_account",
        "tenant",
        "account_id",
        unique=True,
        sqlite_where=sa.text("account_id IS NOT NULL AND status = 'open'"),
        postgresql_where=sa.text("account_id IS NOT NULL AND status = 'open'"),
    ),
)

MEMBERS = sa.Table(
    "members",
    METADATA,
    *key("case_id", "account_id"),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("role", sa.Text),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("against", sa.JSON, nullable=False),  # what speaks against it
    sa.Column("contributions", sa.JSON, nullable=False),  # what the score adds up from
    sa.Column("joined_at", Utc, nullable=False),
    sa.Column("left_at", Utc),
    of("cases", "case_id"),
    sa.Index("ix_members_account", "tenant", "account_id"),
)

EVENTS = sa.Table(
    "case_events",
    METADATA,
    sa.Column("event_id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    of("cases", "case_id"),
    sa.Index("ix_case_events_case", "tenant", "case_id", "event_id"),
)

COMMENTS = sa.Table(
    "comments",
    METADATA,
    sa.Column("comment_id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    of("cases", "case_id"),
    sa.Index("ix_comments_case", "tenant", "case_id", "comment_id"),
)

REPORTS = sa.Table(
    "user_reports",
    METADATA,
    *key("report_id"),
    sa.Column("account_id", sa.Text, nullable=False),  # about whom
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reporter", sa.Text),
    sa.Column("urgent", sa.Boolean, nullable=False),  # it says that a child is in danger now
    sa.Column("reported_at", Utc, nullable=False),
    sa.Column("queued_at", Utc, nullable=False),  # when a case in the queue had it
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("decided_at", Utc),  # when a person first decided on it, or on its case
    sa.Column("answered_at", Utc),
    sa.Column("answered_by", sa.Text),
    sa.Column("decision", sa.Text),
    sa.Column("answer", sa.Text),
    of("cases", "case_id"),
    sa.Index("ix_user_reports_case", "tenant", "case_id"),
    sa.Index("ix_user_reports_account", "tenant", "account_id"),
    sa.Index("ix_user_reports_open", "tenant", "decided_at", "reported_at"),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    *key(),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # canonical JSON, kept to the letter
    sa.Column("before", sa.Text, nullable=False),  # the hash of the row before
    sa.Column("hash", sa.Text, nullable=False),
)

AUDIT_HEADS = sa.Table(
    "audit_heads",
    METADATA,
    *key(),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)
