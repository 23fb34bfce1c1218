"""Workspaces that install the app by themselves: their tokens, encrypted, and installs that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("enterprise_id", sa.String(64), nullable=False),
        sa.Column("is_enterprise", sa.Boolean, nullable=False),
        sa.Column("app_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bot_id", sa.String(64), nullable=False),
        sa.Column("bot_user_id", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("installed_by", sa.String(64), nullable=False),
        sa.Column("installed_at", sa.BigInteger, nullable=False),
        sa.Column("removed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_installations_enterprise_id", "installations", ["enterprise_id"])
    op.create_index("ix_installations_removed_at", "installations", ["removed_at"])
    op.create_table(
        "organisation_teams",
        sa.Column("team_id", sa.String(64), primary_key=True),
        sa.Column("enterprise_id", sa.String(64), nullable=False),
        sa.Column("removed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_organisation_teams_enterprise_id", "organisation_teams", ["enterprise_id"])
    op.create_table(
        "oauth_states",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_oauth_states_expires_at", "oauth_states", ["expires_at"])


def downgrade() -> None:
    for table in ("oauth_states", "organisation_teams", "installations"):
        op.drop_table(table)
