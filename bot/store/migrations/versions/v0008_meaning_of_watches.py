"""What a watch or digest means, as a document beside its words.

Words that are not understood any more are left without one: the watch is kept, and its channel is told.
"""

import logging

import sqlalchemy as sa
from alembic import op

from comparison.language.parser import document_of

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("watches", sa.Column("meaning", sa.Text, nullable=False, server_default=""))
    rows = sa.table("watches", *map(sa.column, ("id", "words", "is_digest", "meaning")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(rows.c.id, rows.c.words, rows.c.is_digest)).all():
        meaning = document_of(row.words, is_digest=bool(row.is_digest))
        if not meaning:
            log.warning("the words of watch %s are not understood any more: it is kept as it is", row.id)
            continue
        connection.execute(rows.update().where(rows.c.id == row.id).values(meaning=meaning))


def downgrade() -> None:
    with op.batch_alter_table("watches") as batch:
        batch.drop_column("meaning")
