"""What somebody has looked at, for themselves alone."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reveals",
        sa.Column("reveal_id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"], ["people.tenant", "people.person_id"], name=op.f("fk_reveals_people")
        ),
        sa.PrimaryKeyConstraint("reveal_id", name=op.f("pk_reveals")),
    )
    op.create_index("ix_reveals_person", "reveals", ["tenant", "person_id", "at"], unique=False)
    op.create_table(
        "rests",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("rested_at", TIME, nullable=True),
        sa.Column("put_off_until", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"], ["people.tenant", "people.person_id"], name=op.f("fk_rests_people")
        ),
        sa.PrimaryKeyConstraint("tenant", "person_id", name=op.f("pk_rests")),
    )
