"""People and chats seen by the bot, per station: resolve @usernames, and show names for numeric ids. Names known at one
station are not disclosed at another."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bot.access.policy import EVERY_STATION
from bot.store.database import Database
from bot.store.tables.people import ContactRow, ContactStationRow, FormerUsername, GrantRow
from bot.store.upsert import Upsert

# Core statements, built once: run for every decision, where the ORM's overhead is most of the cost.
_PEOPLE = ContactRow.metadata.tables[ContactRow.__tablename__]
_MET_AT = ContactStationRow.metadata.tables[ContactStationRow.__tablename__]
_SELECT_CONTACT = select(_PEOPLE.c.name, _PEOPLE.c.username).where(_PEOPLE.c.id == bindparam("of"))
_SELECT_STATIONS = select(_MET_AT.c.station).where(_MET_AT.c.id == bindparam("of"))
_INSERT_STATION = Upsert(lambda insert: insert(ContactStationRow).on_conflict_do_nothing())
_INSERT_USERNAME = Upsert(lambda insert: insert(FormerUsername).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Contact:
    """`id` identifies; name and username are the last seen ones, for display only."""

    id: int
    name: str
    username: str | None = None


class AlertedStations(Protocol):
    def alert_stations_of(self, chat: int) -> Collection[str]:
        """Return the stations for whose notifications the settings name that chat."""


class Contacts:
    """With `isolated`, a station knows people and chats seen there, and those with a role at all stations, including
    `everywhere` from the settings; `stations` returns those whose alerts a chat gets by the settings. Otherwise, and at
    EVERY_STATION, all are known."""

    def __init__(
        self,
        database: Database,
        *,
        isolated: bool = False,
        everywhere: Collection[int] = (),
        stations: AlertedStations | None = None,
    ) -> None:
        self._database = database
        self._isolated = isolated
        self._everywhere = frozenset(everywhere)
        self._stations = stations

    async def by_username(self, username: str, at: str) -> Contact | None:
        """Return the current owner of a username, with or without @, if known at that station."""
        return await self._database.run(self._by_username, _normalized(username), at)

    async def named(self, ids: Iterable[int], at: str) -> Mapping[int, Contact]:
        """Return those of the ids that are known at that station."""
        return await self._database.run(self.named_in, tuple(ids), at)

    def named_in(self, session: Session, ids: Iterable[int], at: str) -> Mapping[int, Contact]:
        """`named` in the caller's session."""
        found = session.execute(select(ContactRow).where(ContactRow.id.in_(tuple(ids))))
        return self._visible_at(session, found.scalars().all(), at)

    async def owners_of(self, username: str, at: str) -> Mapping[int, Contact | None]:
        """Return all current and former owners of a username; None for those not known at that station."""
        return await self._database.run(self._owners_of, _normalized(username), at)

    def _by_username(self, session: Session, username: str, at: str) -> Contact | None:
        row = session.scalar(select(ContactRow).where(ContactRow.username == username))
        return self._visible_at(session, [row], at).get(row.id) if row else None

    def _owners_of(self, session: Session, username: str, at: str) -> Mapping[int, Contact | None]:
        ids = session.scalars(select(FormerUsername.person_id).where(FormerUsername.username == username)).all()
        known = self.named_in(session, ids, at)
        return {person: known.get(person) for person in ids}

    def _visible_at(self, session: Session, rows: Collection[ContactRow], at: str) -> Mapping[int, Contact]:
        if not self._isolated or at == EVERY_STATION:
            return {row.id: _contact(row) for row in rows}
        ids = [row.id for row in rows]
        seen_here = select(ContactStationRow.id).where(
            ContactStationRow.station.in_((at, EVERY_STATION)), ContactStationRow.id.in_(ids)
        )
        granted = select(GrantRow.subject_id).where(GrantRow.station == EVERY_STATION, GrantRow.subject_id.in_(ids))
        visible = {*session.execute(seen_here.union(granted)).scalars(), *self._everywhere}
        visible.update(
            chat
            for chat in ids
            if chat < 0 and self._stations is not None and at in self._stations.alert_stations_of(chat)
        )
        return {row.id: _contact(row) for row in rows if row.id in visible}


def record(session: Session, contact: Contact, at: Collection[str] = ()) -> Contact | None:
    """Store a person or chat seen at the stations `at`; return the previous entry. Does not commit the session. A
    username that moved to another account is removed from the old one, which must not be found by it."""
    connection = session.connection()
    for station in set(at) - set(connection.execute(_SELECT_STATIONS, {"of": contact.id}).scalars() if at else ()):
        make_known_at(session, contact.id, station)
    username = contact.username.lower() if contact.username else None
    before = connection.execute(_SELECT_CONTACT, {"of": contact.id}).one_or_none()
    if before == (contact.name[:128], username):
        return Contact(contact.id, *before)
    if username is not None:
        session.execute(_INSERT_USERNAME.of(session), {"username": username, "person_id": contact.id})
        former = update(ContactRow).where(ContactRow.username == username, ContactRow.id != contact.id)
        session.execute(former.values(username=None))
    session.merge(ContactRow(id=contact.id, name=contact.name[:128], username=username))
    return Contact(contact.id, *before) if before else None


def record_title(session: Session, chat: int, title: str) -> None:
    """Store the title of a chat in which nobody has written yet; what people showed of it since is newer. Does not
    commit the session."""
    if session.connection().execute(_SELECT_CONTACT, {"of": chat}).one_or_none() is None:
        record(session, Contact(chat, title))


def make_known_at(session: Session, contact_id: int, station: str) -> None:
    """Allow that station to show this person or chat by name."""
    session.execute(_INSERT_STATION.of(session), {"station": station, "id": contact_id})


def _normalized(username: str) -> str:
    return username.removeprefix("@").lower()


def _contact(row: ContactRow) -> Contact:
    return Contact(row.id, row.name, row.username)
