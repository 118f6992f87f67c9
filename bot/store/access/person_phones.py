"""Extensions of people, by station: they ring for the calls that their person asks for."""

from sqlalchemy.orm import Session

from bot.store.database import Database
from bot.store.tables.people import PersonPhone


class PersonPhones:
    """Extensions of all people. Each method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, station: str, person: int) -> str | None:
        return await self._database.run(_of, station, person)

    async def set(self, station: str, person: int, phone: str | None) -> None:
        """Set the extension; None forgets it."""
        await self._database.run(_set, station, person, phone)


def _of(session: Session, station: str, person: int) -> str | None:
    row = session.get(PersonPhone, (station, person))
    return None if row is None else row.phone


def _set(session: Session, station: str, person: int, phone: str | None) -> None:
    if phone is not None:
        session.merge(PersonPhone(station=station, person_id=person, phone=phone))
    elif (row := session.get(PersonPhone, (station, person))) is not None:
        session.delete(row)
