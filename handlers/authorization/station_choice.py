"""Directory of the stations, and the choice of the stations that a request can be about: by name, by the last choice in
this chat, or because there is one only."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Protocol

from bot.access.policy import EVERY_STATION, FLEET_WORD, Access, AccessContext, Permission
from bot.store.database import Session
from bot.store.stations import bindings
from handlers.authorization import stored_actions
from handlers.authorization.access_request import AccessRequest, ResolvedAction, Target
from handlers.dialog.choose_station import ask_which
from handlers.dispatch.declare import ButtonAction, Catalogue, Command, StationScope
from handlers.dispatch.intents import AddedToChat, ButtonPressed, CommandTyped
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
        """The fleet, as a station."""
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


def views(asking: AccessContext, stations: Iterable[str]) -> list[AccessContext]:
    """Return the context at each station; at the whole fleet if there is none."""
    return [replace(asking, station=name) for name in stations] or [replace(asking, station=EVERY_STATION)]


def first_allowed(access: Access, seen: Iterable[AccessContext], permission: str) -> AccessContext | None:
    return next((view for view in seen if access.may(view, permission).allowed), None)


async def target_of(
    session: Session,
    directory: StationChooser,
    catalogue: Catalogue,
    matter: AccessRequest,
    access: Access,
    asking: AccessContext,
) -> Target:
    """Return the stations that the request is or can be about."""
    if isinstance(matter.intent, CommandTyped):
        return await _of_command(session, directory, matter.subject, access, asking)
    if isinstance(matter.intent, AddedToChat):
        return _of_joining(directory, matter.subject, access, asking)
    station = matter.station
    if isinstance(matter.intent, ButtonPressed) and station is None:
        action, station = await stored_actions.pressed_for(session, matter.intent)
        press = catalogue.presses.get(action)
        if press is not None and press.whose is StationScope.ALL:
            return await _of_several(session, directory, press, matter.subject, access, asking, station)
    return Target(matter.subject, (replace(asking, station=station or asking.station),))


async def _of_command(
    session: Session, directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext
) -> Target:
    """Return the target of a command. An unknown command has no station."""
    command = subject.handler
    if not isinstance(command, Command):
        return Target(subject, tuple(views(asking, ())), unsettled=True)
    if command.whose in (StationScope.ALL, StationScope.ANY):
        among = await directory.among(session, access, asking)
        return Target(subject, tuple(views(asking, among)), unsettled=len(among) != 1)
    theirs = None
    if command.whose is StationScope.NAMED and directory.single_station is None:
        # A station without the right is handled like one that does not exist.
        seen = views(asking, directory.names)
        theirs = [view.station for view in seen if access.may(view, command.rule.permission).allowed]
    choice = await directory.choice(
        session, access, asking, subject.arguments, to_be_named=theirs, of_pbx=command.rule.asks_pbx
    )
    subject = replace(subject, arguments=choice.words)
    if choice.station is not None:
        return Target(subject, (replace(asking, station=choice.station),), by_word=choice.by_word)
    unbound = command.whose is StationScope.ONE and not choice.among
    return Target(subject, tuple(views(asking, choice.among)), unbound=unbound, unsettled=True)


async def _of_several(
    session: Session,
    directory: StationChooser,
    press: ButtonAction,
    subject: ResolvedAction,
    access: Access,
    asking: AccessContext,
    station: str,
) -> Target:
    """Return the target of a button below several stations: all stations possible here, and the one stored with the
    button."""
    among = await directory.among(session, access, asking)
    seen = among if station in among or directory.single_station is not None else (station, *among)
    return Target(replace(subject, rule=press.rule, handler=press), tuple(views(asking, seen)), unsettled=True)


def _of_joining(directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext) -> Target:
    """Return the target of an addition to a chat: allowed for a person that may grant access at any station."""
    if directory.single_station is not None:
        return Target(subject, (replace(asking, station=directory.single_station),))
    given = {grant.station for grant in access.grants if grant.subject == asking.person}
    seen = views(asking, sorted(given))
    return Target(subject, (first_allowed(access, seen, Permission.ACCESS_GRANT) or seen[0],), unsettled=True)


def settled(about: Target, access: Access) -> Target:
    """Settle the target on the stations at which it is allowed; a command about one station asks for it if there are
    several."""
    handler, rule = about.subject.handler, about.subject.rule
    if not about.unsettled or handler is None or rule is None or about.unbound:
        return replace(about, views=about.views[:1])
    allowed = [view for view in about.views if access.may(view, rule.permission).allowed]
    subject = about.subject
    if len(allowed) == 1 and isinstance(handler, Command) and handler.whose is not StationScope.ALL:
        return replace(about, views=tuple(allowed), unsettled=False)
    if isinstance(handler, Command) and handler.whose is StationScope.ONE and allowed:
        subject = _which(subject, handler, allowed)
    return replace(about, subject=subject, views=tuple(allowed) or about.views[:1])


def _which(subject: ResolvedAction, command: Command, allowed: Sequence[AccessContext]) -> ResolvedAction:
    data = {"command": command.name, "among": [view.station for view in allowed], "only_looks": command.rule.only_looks}
    return replace(subject, handler=replace(command, handler=ask_which), data=data)
