"""Table definitions. All times are UTC and aware; a change needs a migration.

The package imports every module of it: foreign keys and `Table.metadata` need all tables.
"""

from bot.store.tables import audit, calls, chats, dialog, incidents, messages, people

__all__ = ("audit", "calls", "chats", "dialog", "incidents", "messages", "people")
