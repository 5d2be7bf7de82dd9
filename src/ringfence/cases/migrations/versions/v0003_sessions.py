"""Who is signed in at the console and how they like it; and the ways it finds cases and reports by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("proved_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"], ["people.tenant", "people.person_id"], name=op.f("fk_sessions_people")
        ),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_person", "sessions", ["tenant", "person_id"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("shortcuts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"], ["people.tenant", "people.person_id"], name=op.f("fk_preferences_people")
        ),
        sa.PrimaryKeyConstraint("tenant", "person_id", name=op.f("pk_preferences")),
    )
    op.create_index("ix_cases_by_lease", "cases", ["tenant", "lease_by"], unique=False)
    op.create_index("ix_cases_by_account", "cases", ["tenant", "account_id"], unique=False)
    op.create_index("ix_user_reports_account", "user_reports", ["tenant", "account_id"], unique=False)
