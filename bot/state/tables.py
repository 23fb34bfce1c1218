"""The tables. Times are whole seconds since the epoch."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

claims = Table(
    "claims",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("claimed_at", BigInteger, nullable=False, index=True),
)

capabilities = Table(
    "capabilities",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("rung", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
)

comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("thread", String(64), nullable=False),
    Column("message_ts", String(64), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("told", Text, nullable=False),  # JSON: runs and options
    Index("ix_comparisons_thread", "channel", "thread"),
    Index("ix_comparisons_message", "channel", "message_ts"),
    Index("ix_comparisons_asked_by", "workspace", "asked_by", "at"),
)

defaults = Table(
    "defaults",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("what", String(16), primary_key=True),
    Column("metric", String(255), primary_key=True),  # of a goal, else ""
    Column("value", Text, nullable=False),  # "": it was taken back
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Index("ix_defaults_changed_by", "workspace", "changed_by", "changed_at"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("owner", String(255), nullable=False, index=True),  # the process that answers
    Column("asked_at", BigInteger, nullable=False, index=True),
    Column("said", Text, nullable=False),  # JSON
    Column("stage", String(16), nullable=False),
    Column("told_at", BigInteger, nullable=False),  # 0: telling has not begun
    Column("working_ts", String(64), nullable=False),
    Column("times", Integer, nullable=False),  # how often it was left by a process that ended
)

processes = Table(
    "processes",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("beat_at", BigInteger, nullable=False),
)
