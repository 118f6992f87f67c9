"""Alembic environment: run migrations on the connection that the caller passes."""

from alembic import context

from bot.store.tables.base import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
