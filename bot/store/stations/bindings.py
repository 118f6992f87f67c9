"""Stations bound to a chat, and the station that each person chose last there."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.store.database import Database
from bot.store.tables.chats import Binding, StationChoiceRow


class Bindings:
    """Bindings of all chats. Each method is a transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, chat_id: int) -> Sequence[Binding]:
        return await self._database.run(stations_of, chat_id)

    async def bind(self, chat_id: int, station: str, *, alerts: bool, by_id: int, by_name: str) -> None:
        await self._database.run(
            bind,
            chat_id=chat_id,
            station=station,
            alerts=alerts,
            by_id=by_id,
            by_name=by_name,
            now=self._clock(),
        )

    async def unbind(self, chat_id: int, station: str) -> bool:
        """Delete a binding; False if there was none."""
        return await self._database.run(unbind, chat_id=chat_id, station=station)


def bind(
    session: Session, *, chat_id: int, station: str, alerts: bool, by_id: int, by_name: str, now: datetime
) -> None:
    """Insert or replace a binding; `alerts` enables outage notifications in the chat."""
    session.merge(Binding(chat_id=chat_id, station=station, alerts=alerts, by_id=by_id, by_name=by_name[:128], at=now))


def unbind(session: Session, *, chat_id: int, station: str) -> bool:
    """Delete a binding and the choices of its station; False if there was none."""
    deleted = session.execute(
        delete(Binding).where(Binding.chat_id == chat_id, Binding.station == station).returning(Binding.station)
    )
    session.execute(
        delete(StationChoiceRow).where(StationChoiceRow.chat_id == chat_id, StationChoiceRow.station == station)
    )
    return deleted.scalar_one_or_none() is not None


def stations_of(session: Session, chat_id: int) -> Sequence[Binding]:
    found = session.execute(select(Binding).where(Binding.chat_id == chat_id).order_by(Binding.station))
    return found.scalars().all()


def alert_chats_of(session: Session, station: str) -> Sequence[int]:
    """Return the chats that get a station's outage notifications because of a binding."""
    found = session.execute(
        select(Binding.chat_id).where(Binding.station == station, Binding.alerts).order_by(Binding.chat_id)
    )
    return found.scalars().all()


def choose(session: Session, *, chat_id: int, person_id: int, station: str) -> None:
    session.merge(StationChoiceRow(chat_id=chat_id, person_id=person_id, station=station))


def chosen(session: Session, *, chat_id: int, person_id: int) -> str | None:
    choice = session.get(StationChoiceRow, (chat_id, person_id))
    return choice.station if choice else None


def alert_chats(session: Session) -> set[int]:
    """Return the chats that get outage notifications of any bound station."""
    return set(session.execute(select(Binding.chat_id).where(Binding.alerts)).scalars())
