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
from handlers.dialog.choose_station import ask_station
from handlers.dispatch.declare import ButtonAction, Catalogue, Command, StationScope
from handlers.dispatch.intents import AddedToChat, ButtonPressed, CommandTyped
from handlers.dispatch.services import Station
from handlers.parsing.arguments import station_named
from handlers.parsing.station_names import NamedStations, stations_named


@dataclass(frozen=True, slots=True)
class StationChoice:
    """Result of a choice. `station` is None if undecided; `arguments`: the text without the station's name;
    `named`: it contained one."""

    station: str | None
    candidates: tuple[str, ...]
    arguments: str
    named: bool = False


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

    def candidates(self, session: Session, access: Access, asking: AccessContext) -> tuple[str, ...]:
        """Return the candidates: in private the stations with a role of the person, in a group those it is bound to."""
        if self.single_station is not None:
            return (self.single_station,)
        names = self.names
        if asking.private:
            given = {g.station for g in access.grants if g.subject == asking.person and not g.has_ended(asking.now)}
            return names if EVERY_STATION in given else tuple(name for name in names if name in given)
        return self._bound_stations(session, asking.chat)

    def contact_stations(self, session: Session, chat: int) -> tuple[str, ...]:
        """Return the stations at which the people of a group are recorded; EVERY_STATION for a group of all stations,
        none with a single PBX."""
        if self.single_station is not None:
            return ()
        bound = self._bound_stations(session, chat)
        return (EVERY_STATION,) if bound and len(bound) == len(self.names) else bound

    def alert_stations(self, session: Session, chat: int) -> set[str]:
        """Return the stations whose alerts go to the chat."""
        bound = {one.station for one in bindings.stations_of(session, chat) if one.alerts}
        return bound | set(self._stations.alert_stations_of(chat))

    def _bound_stations(self, session: Session, chat: int) -> tuple[str, ...]:
        bound = {one.station for one in bindings.stations_of(session, chat)}
        bound.update(self._stations.alert_stations_of(chat))
        return tuple(name for name in self.names if name in bound)

    def choose(
        self,
        session: Session,
        access: Access,
        asking: AccessContext,
        arguments: str,
        *,
        named_only: Sequence[str] | None = None,
        excludes_fleet: bool = False,
    ) -> StationChoice:
        """Choose the station. `named_only`: candidates of which one must be named. `excludes_fleet`: the fleet is not
        allowed."""
        candidates = self.candidates(session, access, asking) if named_only is None else tuple(named_only)
        if self.single_station is not None:
            return StationChoice(self.single_station, candidates, arguments)
        fleet = {} if excludes_fleet or named_only is not None else self._fleet_candidate(candidates)
        named, remaining = station_named(arguments, {name: name for name in candidates} | fleet)
        if named is not None or named_only is not None:
            return StationChoice(named, candidates, remaining, named=named is not None)
        if len(candidates) == 1:
            return StationChoice(candidates[0], candidates, arguments)
        last = bindings.chosen(session, chat_id=asking.chat, person_id=asking.person)
        is_candidate = last is not None and (last in candidates or last in fleet.values())
        return StationChoice(last if is_candidate else None, candidates, arguments)

    def named_stations(
        self, access: Access, asking: AccessContext, candidates: Sequence[str], command: Command, arguments: str
    ) -> NamedStations | None:
        """Return those of the candidates that the arguments name in another way than by the name itself. A station at
        which the person may not do this is handled like one that does not exist."""
        if self.single_station is not None or not arguments:
            return None
        fleet = {} if command.rule.asks_pbx or command.scope is not StationScope.ONE else {EVERY_STATION: FLEET_WORD}
        names = [*candidates, *(fleet if self._fleet_candidate(candidates) else ())]
        running = {view.station: self.station(view.station) for view in contexts_at(asking, names) if names}
        permitted = {
            name: station
            for name, station in running.items()
            if station is not None and _may_be_permitted(access, replace(asking, station=name), command)
        }
        titles = {name: fleet.get(name, station.title) for name, station in permitted.items()}
        return stations_named(
            arguments,
            titles,
            lambda written: any(station.knows(written) for name, station in permitted.items() if name),
            command.own_words,
        )

    def _fleet_candidate(self, candidates: Sequence[str]) -> dict[str, str]:
        """Return the fleet as a candidate, in chats about all stations."""
        return {FLEET_WORD: EVERY_STATION} if len(candidates) == len(self.names) > 0 else {}


def _may_be_permitted(access: Access, view: AccessContext, command: Command) -> bool:
    """Return True also as long as membership, on which it depends, is not known."""
    return access.may(view, command.rule.permission).allowed or (view.member is None and access.needs_membership(view))


def contexts_at(asking: AccessContext, stations: Iterable[str]) -> list[AccessContext]:
    """Return the context at each station; at the whole fleet if there is none."""
    return [replace(asking, station=name) for name in stations] or [replace(asking, station=EVERY_STATION)]


def first_allowed(access: Access, contexts: Iterable[AccessContext], permission: str) -> AccessContext | None:
    return next((view for view in contexts if access.may(view, permission).allowed), None)


def resolve_target(
    session: Session,
    directory: StationChooser,
    catalogue: Catalogue,
    request: AccessRequest,
    access: Access,
    asking: AccessContext,
) -> Target:
    """Return the stations that the request is or can be about."""
    if isinstance(request.intent, CommandTyped):
        return _command_target(session, directory, request.subject, access, asking)
    if isinstance(request.intent, AddedToChat):
        return _joining_target(directory, request.subject, access, asking)
    station = request.station
    if isinstance(request.intent, ButtonPressed) and station is None:
        action, station = stored_actions.button_target(session, request.intent)
        press = catalogue.buttons.get(action)
        if press is not None and press.scope is StationScope.ALL:
            return _shared_button_target(session, directory, press, request.subject, access, asking, station)
    return Target(request.subject, (replace(asking, station=station or asking.station),))


def _command_target(
    session: Session, directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext
) -> Target:
    """Return the target of a command. An unknown command has no station."""
    command = subject.handler
    if not isinstance(command, Command):
        return Target(subject, tuple(contexts_at(asking, ())), unsettled=True)
    if command.scope in (StationScope.ALL, StationScope.ANY):
        candidates = directory.candidates(session, access, asking)
        return Target(subject, tuple(contexts_at(asking, candidates)), unsettled=len(candidates) != 1)
    permitted = None
    if command.scope is StationScope.NAMED and directory.single_station is None:
        # A station without the right is handled like one that does not exist.
        contexts = contexts_at(asking, directory.names)
        permitted = [view.station for view in contexts if access.may(view, command.rule.permission).allowed]
    choice = directory.choose(
        session, access, asking, subject.arguments, named_only=permitted, excludes_fleet=command.rule.asks_pbx
    )
    if not choice.named:
        found = directory.named_stations(access, asking, choice.candidates, command, subject.arguments)
        if found is not None and len(found.stations) > 1:
            subject = replace(subject, arguments=found.remaining)
            return Target(subject, tuple(contexts_at(asking, found.stations)), unsettled=True, written=found.written)
        if found is not None:
            choice = StationChoice(found.stations[0], choice.candidates, found.remaining, named=True)
    subject = replace(subject, arguments=choice.arguments)
    if choice.station is not None:
        return Target(subject, (replace(asking, station=choice.station),), named=choice.named)
    unbound = command.scope is StationScope.ONE and not choice.candidates
    return Target(subject, tuple(contexts_at(asking, choice.candidates)), unbound=unbound, unsettled=True)


def _shared_button_target(
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
    candidates = directory.candidates(session, access, asking)
    station_names = (
        candidates if station in candidates or directory.single_station is not None else (station, *candidates)
    )
    return Target(
        replace(subject, rule=press.rule, handler=press), tuple(contexts_at(asking, station_names)), unsettled=True
    )


def _joining_target(
    directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext
) -> Target:
    """Return the target of an addition to a chat: allowed for a person that may grant access at any station."""
    if directory.single_station is not None:
        return Target(subject, (replace(asking, station=directory.single_station),))
    given = {grant.station for grant in access.grants if grant.subject == asking.person}
    contexts = contexts_at(asking, sorted(given))
    return Target(subject, (first_allowed(access, contexts, Permission.ACCESS_GRANT) or contexts[0],), unsettled=True)


def settle(target: Target, access: Access) -> Target:
    """Settle the target on the stations at which it is allowed; a command about one station asks for it if there are
    several."""
    handler, rule = target.subject.handler, target.subject.rule
    if not target.unsettled or handler is None or rule is None or target.unbound:
        return replace(target, contexts=target.contexts[:1])
    allowed = [view for view in target.contexts if access.may(view, rule.permission).allowed]
    subject = target.subject
    if len(allowed) == 1 and isinstance(handler, Command) and handler.scope is not StationScope.ALL:
        return replace(target, contexts=tuple(allowed), unsettled=False)
    if isinstance(handler, Command) and allowed and (handler.scope is StationScope.ONE or target.written):
        subject = _ask_station(subject, handler, allowed, target.written)
    return replace(target, subject=subject, contexts=tuple(allowed) or target.contexts[:1])


def _ask_station(
    subject: ResolvedAction, command: Command, allowed: Sequence[AccessContext], written: str
) -> ResolvedAction:
    data = {
        "command": command.name,
        "written": written,
        "among": [view.station for view in allowed],
        "only_looks": command.rule.is_read_only,
    }
    return replace(subject, handler=replace(command, handler=ask_station), data=data)
