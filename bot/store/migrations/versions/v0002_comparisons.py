"""Posted comparisons, for those who go on talking about them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("thread", sa.String(64), nullable=False),
        sa.Column("message_ts", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
    )
    op.create_index("ix_comparisons_at", "comparisons", ["at"])
    op.create_index("ix_comparisons_thread", "comparisons", ["channel", "thread"])
    op.create_index("ix_comparisons_message", "comparisons", ["channel", "message_ts"])
    op.create_index("ix_comparisons_asked_by", "comparisons", ["workspace", "asked_by", "at"])


def downgrade() -> None:
    op.drop_table("comparisons")
