"""Who answered what, and what workspaces can draw."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_claims_claimed_at", "claims", ["claimed_at"])
    op.create_table(
        "capabilities",
        sa.Column("team", sa.String(64), primary_key=True),
        sa.Column("rung", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("capabilities")
    op.drop_table("claims")
