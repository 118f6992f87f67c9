"""Input and result of an authorization, and the stations that a request can be about."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.access.policy import EVERY_STATION, Access, AccessContext, Decision, Permission
from bot.store.access.audit import EarlierDecision
from bot.store.database import Session
from handlers.dialog.choose_station import ask_which
from handlers.dialog.stations import StationChooser
from handlers.dispatch.action_lookup import ResolvedAction
from handlers.dispatch.declare import ButtonAction, Command, StationScope
from handlers.dispatch.services import Station
from handlers.dispatch.update_parser import Actor, Intent, Place

# Update id of work that the bot resumes by itself.
NO_UPDATE = 0

Look = Callable[[Session, Access, AccessContext], Awaitable[ResolvedAction]]


@dataclass(frozen=True, slots=True)
class Target:
    """Resolved action with its actor's context at each candidate station; `views[0]` decides once it is settled.
    `by_word`: the station was named. `unbound`: no station is possible here. `known` is the station in the audit."""

    subject: ResolvedAction
    views: tuple[AccessContext, ...]
    by_word: bool = False
    unbound: bool = False
    unsettled: bool = False

    @property
    def asking(self) -> AccessContext:
        return self.views[0]

    @property
    def among(self) -> tuple[str, ...]:
        return tuple(view.station for view in self.views)

    @property
    def known(self) -> str:
        return EVERY_STATION if self.unsettled else self.asking.station


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Request to authorize: a resolved action, or one that `look` resolves within the transaction. `station`: the PBX,
    if known beforehand."""

    intent: Intent
    update_id: int
    subject: ResolvedAction
    look: Look | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """Result of an authorization. `entry`: id of the audit row. `asking`: context of the actor. `before`: the decision
    of a killed run that this one resumes or drops; `again`: a killed run may have replied already. `among`: all
    stations at which the actor is allowed to do it here; `named`: the station was named; `settled`: no other station is
    possible."""

    decision: Decision
    subject: ResolvedAction
    entry: int
    asking: AccessContext
    access: Access
    station: Station
    before: EarlierDecision | None = None
    again: bool = False
    among: tuple[str, ...] = ()
    named: bool = False
    settled: bool = True

    def may(self, permission: str) -> Decision:
        return self.access.may(self.asking, permission)

    def may_at(self, station: str, permission: str) -> Decision:
        return self.access.may(replace(self.asking, station=station), permission)

    def theirs(self) -> "Authorization":
        """Return a copy with the rights of the actor only, for checks at many stations."""
        return replace(self, access=self.access.of(self.asking))

    def of(self, actor: Actor, place: Place) -> "Authorization":
        """Return a copy for another actor and place."""
        return replace(self, asking=self.asking.of(actor.id, place.chat, private=place.private))

    def seen_by(self, about: Target) -> "Authorization":
        return replace(self, among=about.among, named=about.by_word, settled=not about.unsettled)


def views(asking: AccessContext, stations: Iterable[str]) -> list[AccessContext]:
    """Return the context at each station; at the whole fleet if there is none."""
    return [replace(asking, station=name) for name in stations] or [replace(asking, station=EVERY_STATION)]


def first_allowed(access: Access, seen: Iterable[AccessContext], permission: str) -> AccessContext | None:
    return next((view for view in seen if access.may(view, permission).allowed), None)


async def of_command(
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


async def of_several(
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


def of_joining(directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext) -> Target:
    """Return the target of an addition to a chat: allowed for a person that may grant access at any station."""
    if directory.single_station is not None:
        return Target(subject, (replace(asking, station=directory.single_station),))
    given = {grant.station for grant in access.grants if grant.subject == asking.person}
    seen = views(asking, sorted(given))
    return Target(subject, (first_allowed(access, seen, Permission.GRANT) or seen[0],), unsettled=True)


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
