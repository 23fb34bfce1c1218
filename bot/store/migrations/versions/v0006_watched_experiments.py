"""The experiment a watch is for, whatever it is called by now, and since when it is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watches", sa.Column("experiment_id", sa.String(255), nullable=False, server_default=""))
    op.add_column("watches", sa.Column("gone_at", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("watches") as batch:
        batch.drop_column("gone_at")
        batch.drop_column("experiment_id")
