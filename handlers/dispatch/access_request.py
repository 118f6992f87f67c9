"""What comes to be decided, and what was decided."""

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

# Of what the bot goes on with by itself.
NO_UPDATE = 0

Look = Callable[[Session, Access, AccessContext], Awaitable[ResolvedAction]]


@dataclass(frozen=True, slots=True)
class Target:
    """The person, seen at each station that it can be about; where it is allowed, once it is settled. `by_word`: it was
    named. `unbound`: nothing can be meant here. `known` is what the audit calls it."""

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
    """What comes to be decided: about the subject, or about what `look` finds within the transaction. `station` is
    whose PBX it is about, where that is known beforehand."""

    intent: Intent
    update_id: int
    subject: ResolvedAction
    look: Look | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """`entry` is the audit row; `asking` who, where and when, `station` about which PBX. `before` is what a killed run
    had decided, when this goes on with it or gives it up; `again` that a killed run may have answered already. `among`
    are all stations at which the person may do it here, `named` whether it was said which, `settled` whether it is
    about this one, and not just as well about another."""

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
        """For looking at many stations."""
        return replace(self, access=self.access.of(self.asking))

    def of(self, actor: Actor, place: Place) -> "Authorization":
        """The same, seen from where somebody else asked."""
        return replace(self, asking=self.asking.of(actor.id, place.chat, private=place.private))

    def seen_by(self, about: Target) -> "Authorization":
        return replace(self, among=about.among, named=about.by_word, settled=not about.unsettled)


def views(asking: AccessContext, stations: Iterable[str]) -> list[AccessContext]:
    """At the whole fleet, when there is no station."""
    return [replace(asking, station=name) for name in stations] or [replace(asking, station=EVERY_STATION)]


def first_allowed(access: Access, seen: Iterable[AccessContext], permission: str) -> AccessContext | None:
    return next((view for view in seen if access.may(view, permission).allowed), None)


async def of_command(
    session: Session, directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext
) -> Target:
    """A command that nobody knows is about no station."""
    command = subject.handler
    if not isinstance(command, Command):
        return Target(subject, tuple(views(asking, ())), unsettled=True)
    if command.whose in (StationScope.ALL, StationScope.ANY):
        among = await directory.among(session, access, asking)
        return Target(subject, tuple(views(asking, among)), unsettled=len(among) != 1)
    theirs = None
    if command.whose is StationScope.NAMED and directory.single_station is None:
        # One that is not theirs is to them as one that is not there.
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
    """A button under what shows several: about all that can be meant here, and the one that stands on it."""
    among = await directory.among(session, access, asking)
    seen = among if station in among or directory.single_station is not None else (station, *among)
    return Target(replace(subject, rule=press.rule, handler=press), tuple(views(asking, seen)), unsettled=True)


def of_joining(directory: StationChooser, subject: ResolvedAction, access: Access, asking: AccessContext) -> Target:
    """Wherever the person may give access, they may bring the bot along."""
    if directory.single_station is not None:
        return Target(subject, (replace(asking, station=directory.single_station),))
    given = {grant.station for grant in access.grants if grant.subject == asking.person}
    seen = views(asking, sorted(given))
    return Target(subject, (first_allowed(access, seen, Permission.GRANT) or seen[0],), unsettled=True)


def settled(about: Target, access: Access) -> Target:
    """Seen from where it is allowed, from the first of these above all; a command that must know which it is asks."""
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
