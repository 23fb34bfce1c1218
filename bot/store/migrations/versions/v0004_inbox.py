"""What was said and is not answered yet, and which processes live."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("working_ts", sa.String(64), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_index("ix_inbox_owner", "inbox", ["owner"])
    op.create_index("ix_inbox_asked_at", "inbox", ["asked_at"])
    op.create_table(
        "processes",
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("beat_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("processes")
    op.drop_table("inbox")
