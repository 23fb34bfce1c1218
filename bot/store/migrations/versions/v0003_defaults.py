"""What channels agreed on: experiment, metric, goals and the pinned run."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "defaults",
        sa.Column("workspace", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("what", sa.String(16), primary_key=True),
        sa.Column("metric", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_defaults_changed_by", "defaults", ["workspace", "changed_by", "changed_at"])


def downgrade() -> None:
    op.drop_table("defaults")
