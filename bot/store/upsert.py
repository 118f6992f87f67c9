"""Statements with ON CONFLICT, for which each engine has an `insert` of its own."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.orm import Session


class Upsert:
    """Statement built once for each engine. `build` gets the engine's `insert`."""

    def __init__(self, build: Callable[[Any], Executable]) -> None:
        self._build = build
        self._statements: dict[str, Executable] = {}

    def of(self, session: Session) -> Executable:
        """Return the statement for the engine of the session."""
        engine = session.get_bind().dialect.name
        if engine not in self._statements:
            self._statements[engine] = self._build(_insert(engine))
        return self._statements[engine]


def _insert(engine: str) -> Any:
    if engine == "postgresql":
        # A tenth of a second to load, which a start with SQLite does without.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
