"""Extensions whose phones cause a notification when they go offline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.tables.incidents import WatchedExtension, WatchState


@dataclass(frozen=True, slots=True)
class Watched:
    number: str
    by_name: str
    at: datetime


class WatchedExtensions:
    """Watched extensions of one station. Each method is a transaction; `changed` is sent after every commit."""

    def __init__(self, database: Database, station: str, changed: Signal) -> None:
        self._database = database
        self._station = station
        self._changed = changed

    async def all(self) -> list[Watched]:
        """Return them sorted by length, then number."""
        query = select(WatchedExtension).where(WatchedExtension.station == self._station)
        rows = await self._database.run(lambda session: session.scalars(query).all())
        watched = [Watched(row.number, row.by_name, row.at) for row in rows]
        return sorted(watched, key=lambda extension: (len(extension.number), extension.number))

    async def numbers(self) -> frozenset[str]:
        return frozenset(extension.number for extension in await self.all())

    async def watch(self, numbers: Iterable[str], by_id: int, by_name: str, now: datetime) -> None:
        """Watch extensions; one that is already watched keeps its first person."""
        rows = [
            WatchedExtension(station=self._station, number=number, by_id=by_id, by_name=by_name[:128], at=now)
            for number in numbers
        ]
        await self._database.run(_add_missing, rows)
        self._changed.send()

    async def unwatch(self, numbers: Iterable[str]) -> list[str]:
        """Stop watching extensions; return those that were watched."""
        deletion = (
            delete(WatchedExtension)
            .where(WatchedExtension.station == self._station, WatchedExtension.number.in_(tuple(numbers)))
            .returning(WatchedExtension.number)
        )
        unwatched = await self._database.run(lambda session: session.scalars(deletion).all())
        self._changed.send()
        return sorted(unwatched)


def _add_missing(session: Session, rows: Sequence[WatchedExtension]) -> None:
    for row in rows:
        if session.get(WatchedExtension, (row.station, row.number)) is None:
            session.add(row)


def stations(session: Session) -> set[str]:
    return set(session.execute(select(WatchedExtension.station).distinct()).scalars())


def stations_with_state(session: Session, subject: str) -> set[str]:
    """Return the stations with a stored state of a subject that begins with `subject`."""
    like = WatchState.subject.startswith(subject, autoescape=True)
    return set(session.execute(select(WatchState.station).where(like).distinct()).scalars())
