"""Alembic environment: run migrations on the connection that the caller passes."""

from alembic import context

from bot.store.tables import chats, people  # noqa: F401 (their tables are known once they are imported)
from bot.store.tables.incidents import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
