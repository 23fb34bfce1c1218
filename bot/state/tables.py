"""The tables. Times are whole seconds since the epoch."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

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
