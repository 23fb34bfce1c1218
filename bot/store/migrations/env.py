"""Run by Alembic, on the connection it is given."""

from alembic import context

from bot.store.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
