"""Plans with their orders, what others are told of them, appeals and holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _plans()
    _orders()
    _outbox()
    _appeals()
    _holds()


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("token_until", TIME, nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "case_id"], ["cases.tenant", "cases.case_id"], name=op.f("fk_plans_cases")),
        sa.PrimaryKeyConstraint("tenant", "plan_id", name=op.f("pk_plans")),
    )
    op.create_index("ix_plans_case", "plans", ["tenant", "case_id"], unique=False)
    op.create_index("ix_plans_status", "plans", ["tenant", "status"], unique=False)
    op.create_table(
        "plan_hands",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "plan_id"], ["plans.tenant", "plans.plan_id"], name=op.f("fk_plan_hands_plans")
        ),
        sa.PrimaryKeyConstraint("tenant", "plan_id", "person_id", "part", name=op.f("pk_plan_hands")),
    )
    op.create_table(
        "plan_rests",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "plan_id"], ["plans.tenant", "plans.plan_id"], name=op.f("fk_plan_rests_plans")
        ),
        sa.PrimaryKeyConstraint("tenant", "plan_id", "account_id", "seed", name=op.f("pk_plan_rests")),
    )
    op.create_index("ix_plan_rests_seed", "plan_rests", ["tenant", "seed"], unique=False)


def _orders() -> None:
    op.create_table(
        "plan_orders",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("changed_at", TIME, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "plan_id"], ["plans.tenant", "plans.plan_id"], name=op.f("fk_plan_orders_plans")
        ),
        sa.PrimaryKeyConstraint("tenant", "plan_id", "account_id", "action", "direction", name=op.f("pk_plan_orders")),
        sa.UniqueConstraint("tenant", "key", name=op.f("uq_plan_orders_tenant_key")),
        postgresql_with={"fillfactor": "40"},
    )
    op.create_index("ix_plan_orders_account", "plan_orders", ["tenant", "account_id"], unique=False)
    op.create_index("ix_plan_orders_next", "plan_orders", ["tenant", "plan_id", "direction", "number"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", SERIAL, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("parcel", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "plan_id"], ["plans.tenant", "plans.plan_id"], name=op.f("fk_outbox_plans")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        sa.UniqueConstraint("tenant", "kind", "subject", "plan_id", name=op.f("uq_outbox_tenant_kind_subject_plan_id")),
    )
    op.create_index("ix_outbox_waiting", "outbox", ["tenant", "delivered_at", "number"], unique=False)


def _appeals() -> None:
    op.create_table(
        "appeals",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("appeal_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "plan_id"], ["plans.tenant", "plans.plan_id"], name=op.f("fk_appeals_plans")
        ),
        sa.PrimaryKeyConstraint("tenant", "appeal_id", name=op.f("pk_appeals")),
    )
    op.create_index("ix_appeals_account", "appeals", ["tenant", "account_id"], unique=False)
    op.create_index("ix_appeals_open", "appeals", ["tenant", "decided_at", "received_at"], unique=False)


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("legal_by", sa.Text(), nullable=True),
        sa.Column("legal_why", sa.Text(), nullable=True),
        sa.Column("purged_at", TIME, nullable=True),
        sa.Column("purged_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant", "case_id"], ["cases.tenant", "cases.case_id"], name=op.f("fk_holds_cases")),
        sa.PrimaryKeyConstraint("tenant", "hold_id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_case", "holds", ["tenant", "case_id"], unique=False)
    op.create_index("ix_holds_due", "holds", ["tenant", "purged_at", "until"], unique=False)
