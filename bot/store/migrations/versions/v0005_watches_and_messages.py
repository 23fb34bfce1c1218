"""Watches, who changed them, how far was looked for runs that ended, the messages on them, and whose turn it is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_IS_DUE = sa.text("told < revision AND state IN ('waiting', 'posted')")


def upgrade() -> None:
    _watches()
    _looks()
    _messages()


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("is_digest", sa.Boolean, nullable=False),
        sa.Column("past", sa.Text, nullable=False),
        sa.Column("is_primed", sa.Boolean, nullable=False),
        sa.Column("paused_at", sa.BigInteger, nullable=False),
        sa.Column("paused_by", sa.String(64), nullable=False),
        sa.Column("paused_why", sa.Text, nullable=False),
    )
    op.create_index("ix_watches_channel", "watches", ["workspace", "channel"])
    op.create_index("ix_watches_created_by", "watches", ["workspace", "created_by", "created_at"])
    op.create_table(
        "watch_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("watch_id", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
    )
    op.create_index("ix_watch_changes_channel", "watch_changes", ["workspace", "channel", "id"])


def _looks() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "turns",
        sa.Column("place", sa.String(255), primary_key=True),
        sa.Column("free_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ends",
        sa.Column("run_id", sa.String(255), primary_key=True),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("look", sa.String(255), nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_ends_seen_at", "ends", ["seen_at"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("watch_ids", sa.Text, nullable=False),
        sa.Column("experiment_ids", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("joined_at", sa.BigInteger, nullable=False),
        sa.Column("is_final", sa.Boolean, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("unconfirmed", sa.Integer, nullable=False),
        sa.Column("posted_at", sa.BigInteger, nullable=False),
        sa.Column("ts", sa.String(64), nullable=False),
        sa.Column("drawn", sa.String(255), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    places = ["workspace", "channel", "created_at"]
    op.create_index("ix_messages_due", "messages", places, postgresql_where=_IS_DUE, sqlite_where=_IS_DUE)
    op.create_index("ix_messages_joined", "messages", ["is_final", "kind", "joined_at"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])
    op.create_index("ix_messages_posted_at", "messages", ["posted_at"])
    op.create_table(
        "message_runs",
        sa.Column("message_id", sa.String(64), primary_key=True),
        sa.Column("run_id", sa.String(255), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
    )
    op.create_index("ix_message_runs_run_id", "message_runs", ["run_id"])


def downgrade() -> None:
    for table in ("message_runs", "messages", "ends", "turns", "cursors", "watch_changes", "watches"):
        op.drop_table(table)
