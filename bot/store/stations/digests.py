"""Digests of calls that chats asked for."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.database import Database
from bot.store.tables.calls import Digest


class Digests:
    """Digests of all chats, one of each kind in a chat for each station. Each method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_chat(self, station: str, chat_id: int) -> Sequence[Digest]:
        return await self._database.run(_of_chat, station, chat_id)

    async def set(
        self,
        station: str,
        chat_id: int,
        thread_id: int | None,
        *,
        kind: str,
        days: Collection[int],
        at: str,
        zone: str,
        by_id: int,
        by_name: str,
        done_on: date,
    ) -> None:
        """Send the chat digests of the dates after `done_on`, in place of those of that kind before."""
        row = Digest(
            station=station,
            chat_id=chat_id,
            thread_id=thread_id,
            kind=kind,
            days=sorted(days),
            at=at,
            zone=zone,
            by_id=by_id,
            by_name=by_name[:128],
            done_on=done_on,
            failed=False,
        )
        await self._database.run(_merge, row)

    async def remove(self, station: str, chat_id: int, kinds: Collection[str]) -> None:
        await self._database.run(remove, station, chat_id, kinds)


def of_station(session: Session, station: str) -> Sequence[Digest]:
    found = session.execute(select(Digest).where(Digest.station == station).order_by(Digest.chat_id, Digest.kind))
    return found.scalars().all()


def stations(session: Session) -> set[str]:
    """Return the stations with a digest."""
    return set(session.execute(select(Digest.station).distinct()).scalars())


def _of_chat(session: Session, station: str, chat_id: int) -> Sequence[Digest]:
    return [row for row in of_station(session, station) if row.chat_id == chat_id]


def _merge(session: Session, row: Digest) -> None:
    session.merge(row)


def remove(session: Session, station: str, chat_id: int, kinds: Collection[str]) -> None:
    for row in _of_chat(session, station, chat_id):
        if row.kind in kinds:
            session.delete(row)
