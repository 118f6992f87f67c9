"""Revision of the database's schema, and the migration to the newest."""

import re
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from bot.store.database_errors import ForeignSchema

# Newest revision in migrations/versions. Kept here so that a normal start does not import Alembic (half a second).
NEWEST_REVISION = "0017"
# Of four digits: revisions are compared as texts.
REVISION = re.compile(r"\d{4}")
MIGRATIONS = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the schema; None for an empty database. Raises ForeignSchema."""
    seen = inspect(connection)
    if not seen.has_table("alembic_version"):
        # A file is one program's; a server's database may hold the tables of an extension.
        if connection.dialect.name == "sqlite" and seen.get_table_names():
            raise ForeignSchema
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if found is not None and not REVISION.fullmatch(found):
        raise ForeignSchema
    return found


def upgrade(connection: Connection) -> None:
    """Migrate the schema to NEWEST_REVISION."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
