"""Updates taken from Telegram and not yet finished, and which of them the program died on.

Of what was in the inbox when the program died nobody knows what its handlers were doing: that counts as the first death
of each. Then one is begun after another, each marked before it begins, so that the next death tells the culprit. What
is stored in an ordinary run is marked as begun with it, so that it costs no transaction more.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import Received

# Telegram itself keeps an update for a day; ids seen within that time must be remembered.
KEPT = timedelta(days=2)
# The program died on it so often: it is not begun again.
DEATHS_BORNE = 2
# Core statements, built once: run for every update, where the ORM's overhead is most of the cost.
_RECEIVED = Received.metadata.tables[Received.__tablename__]
_TAKE_IN = insert(_RECEIVED).on_conflict_do_nothing().returning(_RECEIVED.c.update_id)
_RECEIVED_AT = select(_RECEIVED.c.received_at).where(_RECEIVED.c.update_id == bindparam("about"))
_FINISH = (
    update(_RECEIVED).where(_RECEIVED.c.update_id == bindparam("about")).values(done_at=bindparam("now"), payload={})
)
_COUNT_DEATHS = (
    update(_RECEIVED)
    .where(_RECEIVED.c.done_at.is_(None), _RECEIVED.c.begun)
    .values(deaths=_RECEIVED.c.deaths + 1, begun=False)
)
_DEATHS = (
    select(_RECEIVED.c.update_id, _RECEIVED.c.received_at, _RECEIVED.c.deaths)
    .where(_RECEIVED.c.done_at.is_(None))
    .order_by(_RECEIVED.c.update_id)
)
_BEGIN = update(_RECEIVED).where(_RECEIVED.c.update_id == bindparam("about")).values(begun=True)
_SPARE = update(_RECEIVED).where(_RECEIVED.c.done_at.is_(None)).values(begun=False)


class LeftOver(NamedTuple):
    """An update that an earlier run did not finish; `deaths` is how often the program died on it."""

    update_id: int
    payload: dict[str, Any]
    received_at: datetime
    deaths: int

    @property
    def is_deadly(self) -> bool:
        return self.deaths >= DEATHS_BORNE


async def take_in(session: AsyncSession, updates: dict[int, dict[str, Any]], now: datetime) -> list[int]:
    """Store a batch; returns the ids that were not known before, in order."""
    if not updates:
        return []
    rows = [{"update_id": i, "payload": payload, "received_at": now} for i, payload in updates.items()]
    new = await session.execute(_TAKE_IN, rows)
    return sorted(new.scalars())


async def unfinished(session: AsyncSession) -> dict[int, dict[str, Any]]:
    """What an earlier run took in but did not finish, in order."""
    found = await session.execute(select(Received).where(Received.done_at.is_(None)).order_by(Received.update_id))
    return {row.update_id: row.payload for row in found.scalars()}


async def left_over(session: AsyncSession) -> list[LeftOver]:
    """At a start, what an earlier run did not finish, in order. Those that may have been under way when it died have
    one death more; none is under way now."""
    await session.execute(_COUNT_DEATHS)
    payloads = await unfinished(session)
    found = await session.execute(_DEATHS)
    return [LeftOver(row.update_id, payloads[row.update_id], row.received_at, row.deaths) for row in found]


async def begin(session: AsyncSession, update_id: int) -> None:
    """What is left over is about to be handled: a death from now on is its own."""
    await session.execute(_BEGIN, {"about": update_id})


async def spare(session: AsyncSession) -> None:
    """The program ends in order: what it does not finish is not to blame."""
    await session.execute(_SPARE)


async def received_at(session: AsyncSession, update_id: int) -> datetime | None:
    return (await session.execute(_RECEIVED_AT, {"about": update_id})).scalar_one_or_none()


async def finish(session: AsyncSession, update_id: int, now: datetime) -> None:
    """The payload goes at once: what people write is not kept, only the fact that the id was seen."""
    await session.execute(_FINISH, {"about": update_id, "now": now})


async def forget_old_updates(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(Received).where(Received.done_at < now - KEPT))
