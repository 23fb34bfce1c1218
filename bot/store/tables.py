"""The tables. Times are seconds since the epoch; of what is announced they are milliseconds."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, String, Table, Text, text

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

answers = Table(
    "answers",  # lists, standups and single runs
    metadata,
    Column("id", String(255), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("thread", String(64), nullable=False),
    Column("message_ts", String(64), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("line", Text, nullable=False),  # what to type to ask the same
    Column("shown", Text, nullable=False),  # JSON: runs and experiments, in their order
    Index("ix_answers_thread", "channel", "thread"),
    Index("ix_answers_message", "channel", "message_ts"),
    Index("ix_answers_asked_by", "workspace", "asked_by", "at"),
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

default_changes = Table(
    "default_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("what", String(16), nullable=False),
    Column("metric", String(255), nullable=False),  # of a goal, else ""
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("before", Text, nullable=False),  # "": it was not set
    Column("after", Text, nullable=False),  # "": it was taken back
    Index("ix_default_changes_channel", "workspace", "channel", "id"),
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

watches = Table(
    "watches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("is_digest", Boolean, nullable=False),
    Column("past", Text, nullable=False),  # JSON: ids of runs
    Column("is_primed", Boolean, nullable=False),
    Column("paused_at", BigInteger, nullable=False),  # 0: it is not
    Column("paused_by", String(64), nullable=False),
    Column("paused_why", Text, nullable=False),
    Column("experiment_id", String(255), nullable=False),  # "": a pattern, or not known
    Column("gone_at", BigInteger, nullable=False),  # 0: it is there
    Column("meaning", Text, nullable=False, server_default=""),  # JSON of comparison/watch_document.py; "": the words
    Index("ix_watches_channel", "workspace", "channel"),
    Index("ix_watches_created_by", "workspace", "created_by", "created_at"),
)

watch_changes = Table(
    "watch_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("watch_id", String(64), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("ix_watch_changes_channel", "workspace", "channel", "id"),
)

# From here on times are milliseconds, 0 stands for never.

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("place", String(255), primary_key=True),
    Column("free_at", BigInteger, nullable=False),
)

ends = Table(
    "ends",
    metadata,
    Column("run_id", String(255), primary_key=True),
    Column("status", String(64), nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("look", String(255), key="fingerprint", nullable=False),
    Column("seen_at", BigInteger, nullable=False, index=True),
)

IS_DUE = text("told < revision AND state IN ('waiting', 'posted')")  # as it stands: SQLite compares it word by word

messages = Table(
    "messages",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("watch_ids", Text, nullable=False),  # JSON
    Column("experiment_ids", Text, nullable=False),  # JSON
    Column("about", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("told", Integer, key="posted_revision", nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("not_before", BigInteger, nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("is_final", Boolean, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("unconfirmed", Integer, nullable=False),
    Column("posted_at", BigInteger, nullable=False, index=True),
    Column("ts", String(64), nullable=False),
    Column("drawn", String(255), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index("ix_messages_due", "workspace", "channel", "created_at", postgresql_where=IS_DUE, sqlite_where=IS_DUE),
    Index("ix_messages_joined", "is_final", "kind", "joined_at"),
)

message_runs = Table(
    "message_runs",
    metadata,
    Column("message_id", String(64), primary_key=True),
    Column("run_id", String(255), primary_key=True, index=True),
    Column("revision", Integer, nullable=False),  # the message's, with which the run joined
    Column("place", Integer, nullable=False),  # among those that joined with it
)

# Workspaces that installed the app by themselves (OAuth). Times are seconds again, 0 stands for never.

installations = Table(
    "installations",
    metadata,
    Column("id", String(64), primary_key=True),  # of the workspace; of the organisation where it is installed in all
    Column("enterprise_id", String(64), nullable=False, index=True),  # "": of no organisation
    Column("is_enterprise", Boolean, nullable=False),  # installed in all workspaces of the organisation
    Column("app_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("bot_id", String(64), nullable=False),
    Column("bot_user_id", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # the tokens, encrypted; "": they are gone
    Column("expires_at", BigInteger, nullable=False),  # of the token; 0: it does not expire
    Column("installed_by", String(64), nullable=False),
    Column("installed_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger, nullable=False, index=True),  # 0: it is installed
)

organisation_teams = Table(
    "organisation_teams",  # workspaces heard from, of organisations that installed the app in all of theirs
    metadata,
    Column("team_id", String(64), primary_key=True),
    Column("enterprise_id", String(64), nullable=False, index=True),
    Column("removed_at", BigInteger, nullable=False),  # 0: the app may be used there
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256: what the table holds lets nobody install
    Column("expires_at", BigInteger, nullable=False, index=True),
)
