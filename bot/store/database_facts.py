"""What the check of an installation reads of a database."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.store.schema import NEWEST_REVISION, revision_of
from bot.store.stations.incidents import open_at_all


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """`revision` of the schema, None for an empty database; `machines` from which bots use a server's database now, 0
    for a file; `open_kinds` of incidents, none of another revision."""

    revision: str | None
    machines: int
    open_kinds: frozenset[str]


def read(session: Session) -> DatabaseFacts:
    connection = session.connection()
    revision = revision_of(connection)
    kinds = frozenset(one.kind for one in open_at_all(session)) if revision == NEWEST_REVISION else frozenset()
    machines = 0
    if connection.dialect.name != "sqlite":
        from bot.store import postgresql

        machines = postgresql.machines_connected(connection)
    return DatabaseFacts(revision, machines, kinds)
