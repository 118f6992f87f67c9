"""Chats that are told of calls."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations import missed_gatherings
from bot.store.tables.calls import CallKind, CallSubscription

# The PBX lists a call so long after its end at most, and the bot reads it.
LISTED_WITHIN = timedelta(minutes=2)


class CallSubscriptions:
    """Subscriptions of all chats, one of a chat for each station and kind of calls. Each method is a transaction.
    `changed` is sent the name of the station after every commit."""

    def __init__(self, database: Database, changed: Signal) -> None:
        self._database = database
        self._changed = changed

    async def of_chat(self, station: str, chat_id: int) -> dict[CallKind, CallSubscription]:
        return await self._database.run(_of_chat, station, chat_id)

    async def set(
        self,
        station: str,
        chat_id: int,
        thread_id: int | None,
        kind: CallKind,
        *,
        phones: Sequence[str],
        numbers: Sequence[str],
        by_id: int,
        by_name: str,
        now: datetime,
        read_at: datetime | None,
    ) -> None:
        """Tell the chat of the calls of this kind that end from now on, in place of what it was told of before. A chat
        that was told of some is told of those that ended just before, too: the PBX may not have listed them yet; and of
        all that were not read since. `read_at`: when they were read last, None if not since the start."""
        row = CallSubscription(
            station=station,
            chat_id=chat_id,
            kind=kind,
            thread_id=thread_id,
            phones=list(phones),
            numbers=list(numbers),
            by_id=by_id,
            by_name=by_name[:128],
            at=now,
            read_until=now,
        )
        await self._database.run(_merge, row, read_at)
        self._changed.send(station)

    async def remove(self, station: str, chat_id: int, kind: CallKind | None = None) -> None:
        """Tell the chat of no calls of the station any more, or of none of one kind."""
        await self._database.run(remove, station, chat_id, kind)
        self._changed.send(station)


def of_station(session: Session, station: str, kind: CallKind | None = None) -> Sequence[CallSubscription]:
    """Return the subscriptions of a station, of one kind or of all."""
    query = select(CallSubscription).where(CallSubscription.station == station)
    if kind is not None:
        query = query.where(CallSubscription.kind == kind)
    return session.execute(query.order_by(CallSubscription.chat_id, CallSubscription.kind)).scalars().all()


def stations(session: Session) -> set[str]:
    """Return the stations with a subscription."""
    return set(session.execute(select(CallSubscription.station).distinct()).scalars())


def _of_chat(session: Session, station: str, chat_id: int) -> dict[CallKind, CallSubscription]:
    found = session.execute(
        select(CallSubscription).where(CallSubscription.station == station, CallSubscription.chat_id == chat_id)
    )
    return {CallKind(one.kind): one for one in found.scalars()}


def _merge(session: Session, row: CallSubscription, read_at: datetime | None) -> None:
    before = session.get(CallSubscription, (row.station, row.chat_id, row.kind))
    if before is not None:
        read_until = before.unread_since or read_at or before.read_until
        row.at = max(before.at, min(row.at, read_until) - LISTED_WITHIN)
        row.read_until = before.read_until
    session.merge(row)


def remove(session: Session, station: str, chat_id: int, kind: CallKind | None) -> None:
    if kind in (None, CallKind.MISSED):
        missed_gatherings.remove_untold(session, station, chat_id)
    found = delete(CallSubscription).where(CallSubscription.station == station, CallSubscription.chat_id == chat_id)
    session.execute(found if kind is None else found.where(CallSubscription.kind == kind))
