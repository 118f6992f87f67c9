"""Whom and which chats the bot has met: to know a person by @username, and to show a name beside a numeric id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.database import Store
from bot.store.people_tables import Acquaintance

# Core statements, built once: run for every decision, where the ORM's overhead is most of the cost.
_PEOPLE = Acquaintance.metadata.tables[Acquaintance.__tablename__]
_AS_KNOWN = select(_PEOPLE.c.name, _PEOPLE.c.username).where(_PEOPLE.c.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Known:
    """`id` decides; name and username are what was last seen, and only shown."""

    id: int
    name: str
    username: str | None = None


class Acquaintances:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def by_username(self, username: str) -> Known | None:
        """`username` with or without its @."""
        wanted = username.removeprefix("@").lower()
        async with self._store.begin() as session:
            found = await session.execute(select(Acquaintance).where(Acquaintance.username == wanted))
            row = found.scalar_one_or_none()
        return _known(row) if row else None

    async def named(self, ids: Iterable[int]) -> Mapping[int, Known]:
        """Those of the ids that the bot has met."""
        async with self._store.begin() as session:
            return await named_in(session, ids)


async def named_in(session: AsyncSession, ids: Iterable[int]) -> Mapping[int, Known]:
    """Those of the ids that the bot has met."""
    found = await session.execute(select(Acquaintance).where(Acquaintance.id.in_(tuple(ids))))
    return {row.id: _known(row) for row in found.scalars()}


async def meet(session: AsyncSession, one: Known) -> None:
    """A username that moved from one account to another is the new one's: the old must not be found by it."""
    username = one.username.lower() if one.username else None
    if (await session.execute(_AS_KNOWN, {"of": one.id})).one_or_none() == (one.name[:128], username):
        return
    if username is not None:
        taken = update(Acquaintance).where(Acquaintance.username == username, Acquaintance.id != one.id)
        await session.execute(taken.values(username=None))
    await session.merge(Acquaintance(id=one.id, name=one.name[:128], username=username))


def _known(row: Acquaintance) -> Known:
    return Known(row.id, row.name, row.username)
