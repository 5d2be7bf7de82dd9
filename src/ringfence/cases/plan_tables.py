"""How are plans kept, and what follows from them? More tables of the same database, each row with its tenant."""

import sqlalchemy as sa

from ringfence.cases.tables import METADATA, SERIAL, Utc, key, of

PLANS = sa.Table(
    "plans",
    METADATA,
    *key("plan_id"),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("wish", sa.Text, nullable=False),  # what is asked for while it is a draft, as JSON
    sa.Column("content", sa.Text),  # canonical JSON, kept to the letter; NULL before it is frozen and after a purge
    sa.Column("digest", sa.Text),
    sa.Column("facts", sa.Text),  # the digest of the members, and the terms, as they are in the content
    sa.Column("terms", sa.Text),
    sa.Column("accounts", sa.Integer, nullable=False),
    sa.Column("decided_by", sa.Text),  # who approved or refused it
    sa.Column("decided_at", Utc),
    sa.Column("decision", sa.Text),  # in words
    sa.Column("run", sa.Integer, nullable=False),  # how often it was begun
    sa.Column("token", sa.Text),  # whoever runs it now, by a secret of theirs
    sa.Column("token_until", Utc),
    sa.Column("direction", sa.Text, nullable=False),  # of that run
    sa.Column("through", sa.Integer, nullable=False),  # the last stage that this run may do
    sa.Column("settled", sa.Integer, nullable=False),  # orders of this run that were answered, and not answered well
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("in_a_row", sa.Integer, nullable=False),
    sa.Column("stopped", sa.Text, nullable=False),  # why it stands still
    of("cases", "case_id"),
    sa.Index("ix_plans_case", "tenant", "case_id"),
    sa.Index("ix_plans_status", "tenant", "status"),
)

# Everybody who had a part in a plan, and which: who proposed it does not approve it, and none decides on its appeals.
HANDS = sa.Table("plan_hands", METADATA, *key("plan_id", "person_id", "part"), of("plans", "plan_id"))

ORDERS = sa.Table(
    "plan_orders",
    METADATA,
    *key("plan_id", "account_id", "action", "direction"),
    sa.Column("number", sa.Integer, nullable=False),  # its place in the plan, and in which stage
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),  # how often
    sa.Column("run", sa.Integer, nullable=False),  # in which it was asked last
    sa.Column("changed_at", Utc),
    sa.Column("why", sa.Text, nullable=False),  # what the target said, or why it was taken back
    of("plans", "plan_id"),
    sa.UniqueConstraint("tenant", "key"),
    sa.Index("ix_plan_orders_next", "tenant", "plan_id", "direction", "number"),
    sa.Index("ix_plan_orders_account", "tenant", "account_id"),
    # A row is changed twice, in columns that no index has: with room on its page PostgreSQL need not touch an index.
    postgresql_with={"fillfactor": "40"},
)

# On which seeds the decision on an account rests.
RESTS = sa.Table(
    "plan_rests",
    METADATA,
    *key("plan_id", "account_id", "seed"),
    of("plans", "plan_id"),
    sa.Index("ix_plan_rests_seed", "tenant", "seed"),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("number", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # the id of an account or a seed
    sa.Column("plan_id", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("parcel", sa.Text),  # what it is delivered with
    sa.Column("receipt", sa.Text, nullable=False),
    sa.Column("delivered_at", Utc),
    sa.Column("trouble", sa.Text, nullable=False),  # why it could not be delivered
    of("plans", "plan_id"),
    sa.UniqueConstraint("tenant", "kind", "subject", "plan_id"),
    sa.Index("ix_outbox_waiting", "tenant", "delivered_at", "number"),
)

APPEALS = sa.Table(
    "appeals",
    METADATA,
    *key("appeal_id"),
    sa.Column("plan_id", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),  # in the words of whoever appeals
    sa.Column("received_at", Utc, nullable=False),
    sa.Column("received_by", sa.Text, nullable=False),
    sa.Column("decided_at", Utc),
    sa.Column("decided_by", sa.Text),
    sa.Column("decision", sa.Text),
    sa.Column("answer", sa.Text),
    of("plans", "plan_id"),
    sa.Index("ix_appeals_account", "tenant", "account_id"),
    sa.Index("ix_appeals_open", "tenant", "decided_at", "received_at"),
)

HOLDS = sa.Table(
    "holds",
    METADATA,
    *key("hold_id"),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("plan_id", sa.Text),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("content", sa.Text),  # canonical JSON of the evidence; NULL once it is purged
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("legal_by", sa.Text),  # who said that it must stay whatever the clock says
    sa.Column("legal_why", sa.Text),
    sa.Column("purged_at", Utc),
    sa.Column("purged_by", sa.Text),
    of("cases", "case_id"),
    sa.Index("ix_holds_due", "tenant", "purged_at", "until"),
    sa.Index("ix_holds_case", "tenant", "case_id"),
)
