"""The schema that the migrations make of an empty database, as SQL."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from bot.store.schema import MIGRATIONS
from bot.store.sqlite import STATEMENT_END

FOREIGN_KEY = re.compile(r"FOREIGN KEY\(\w+\) REFERENCES \w+ \(\w+\)")


def migrated() -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.sqlite3"
        engine = create_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        engine.dispose()
        return "".join(f"{statement}{STATEMENT_END}" for statement in statements(file))


def statements(file: Path) -> list[str]:
    """Return what creates the tables, then the indexes and triggers of a database. Sorted, the foreign keys of a table
    too: Alembic copies a table with them in an order of chance."""
    with closing(sqlite3.connect(file)) as database:
        found = database.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type <> 'table', name"
        ).fetchall()
    return [_sorted_keys(sql) for (sql,) in found]


def _sorted_keys(sql: str) -> str:
    keys = iter(sorted(FOREIGN_KEY.findall(sql)))
    return FOREIGN_KEY.sub(lambda _: next(keys), sql)
