"""Directory of the stations, and the choice of a request's station: by name, by the last choice in this chat, or
because there is one only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol

from bot.access.policy import EVERY_STATION, FLEET_WORD, Access, AccessContext
from bot.store.database import Session
from bot.store.stations import bindings
from handlers.dispatch.services import Station
from handlers.parsing.arguments import station_named


@dataclass(frozen=True, slots=True)
class StationChoice:
    """Result of a choice. `station` is None if undecided; `among`: the candidates. `words`: the text without the
    station's name; `by_word`: it contained one."""

    station: str | None
    among: tuple[str, ...]
    words: str
    by_word: bool = False


class Stations(Protocol):
    """Running stations."""

    @property
    def names(self) -> Collection[str]: ...

    def find(self, name: str) -> Station | None:
        """Return the station of that name; the fleet for the empty name."""

    def alert_stations_of(self, chat: int) -> Collection[str]:
        """Return the stations whose alerts the settings send to that chat."""


class StationChooser:
    """Directory of the stations and choice of one. `single_station`: name of the only PBX, if the settings describe
    just one; then every request is about it."""

    def __init__(
        self,
        *,
        single_station: str | None,
        stations: Stations,
    ) -> None:
        self.single_station = single_station
        self._stations = stations

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._stations.names))

    def station(self, name: str) -> Station | None:
        """Return the station of a stored button; buttons of a former single station carry no name."""
        return self._stations.find(
            self.single_station if self.single_station is not None and name == EVERY_STATION else name
        )

    @property
    def fleet_station(self) -> Station:
        found = self.station(EVERY_STATION)
        assert found is not None, "the fleet itself always runs"  # noqa: S101
        return found

    def zone(self, name: str) -> tzinfo:
        found = self.station(name)
        return found.zone() if found else UTC

    async def among(self, session: Session, access: Access, asking: AccessContext) -> tuple[str, ...]:
        """Return the candidates: in private the stations with a role of the person, in a group those it is bound to."""
        if self.single_station is not None:
            return (self.single_station,)
        names = self.names
        if asking.private:
            given = {g.station for g in access.grants if g.subject == asking.person and not g.has_ended(asking.now)}
            return names if EVERY_STATION in given else tuple(name for name in names if name in given)
        return await self._spoken_of(session, asking.chat)

    async def met_in(self, session: Session, chat: int) -> tuple[str, ...]:
        """Return the stations at which the people of a group are recorded; EVERY_STATION for a group of all stations,
        none with a single PBX."""
        if self.single_station is not None:
            return ()
        spoken_of = await self._spoken_of(session, chat)
        return (EVERY_STATION,) if spoken_of and len(spoken_of) == len(self.names) else spoken_of

    async def told_of(self, session: Session, chat: int) -> set[str]:
        """Return the stations whose alerts go to the chat."""
        bound = {one.station for one in await bindings.stations_of(session, chat) if one.alerts}
        return bound | set(self._stations.alert_stations_of(chat))

    async def _spoken_of(self, session: Session, chat: int) -> tuple[str, ...]:
        bound = {one.station for one in await bindings.stations_of(session, chat)}
        bound.update(self._stations.alert_stations_of(chat))
        return tuple(name for name in self.names if name in bound)

    async def choice(
        self,
        session: Session,
        access: Access,
        asking: AccessContext,
        words: str,
        *,
        to_be_named: Sequence[str] | None = None,
        of_pbx: bool = False,
    ) -> StationChoice:
        """Choose the station. `to_be_named`: candidates of which one must be named. `of_pbx`: the fleet is not
        allowed."""
        among = await self.among(session, access, asking) if to_be_named is None else tuple(to_be_named)
        if self.single_station is not None:
            return StationChoice(self.single_station, among, words)
        whole = {} if of_pbx or to_be_named is not None else self._whole(among)
        named, others = station_named(words, {name: name for name in among} | whole)
        if named is not None or to_be_named is not None:
            return StationChoice(named, among, others, by_word=named is not None)
        if len(among) == 1:
            return StationChoice(among[0], among, words)
        last = await bindings.chosen(session, chat_id=asking.chat, person_id=asking.person)
        known = last is not None and (last in among or last in whole.values())
        return StationChoice(last if known else None, among, words)

    def _whole(self, among: Sequence[str]) -> dict[str, str]:
        """Return the fleet as a candidate, in chats about all stations."""
        return {FLEET_WORD: EVERY_STATION} if len(among) == len(self.names) > 0 else {}
