"""Where alerts go, and who stands in when a chat takes none: nothing is told to nobody."""

from collections.abc import Sequence
from datetime import datetime

from bot.access.policy import Destination, Permission
from bot.store.access.grants import GrantBook
from bot.store.database import Session
from bot.store.messages import blocked_chats, supergroups
from bot.store.stations import bindings


class Destinations:
    """Of one station. `configured` names its own chats for alerts as the settings do, perhaps by an id that a group had
    before it became a supergroup; others are bound to it. The chats of the `fleet` are told of every station. Only when
    there is none of all these the `last_resort` is told."""

    def __init__(
        self,
        station: str,
        configured: Sequence[Destination],
        grants: GrantBook,
        fleet: Sequence[Destination] = (),
        last_resort: Sequence[Destination] = (),
    ) -> None:
        self._station = station
        self._configured = tuple(configured)
        self._fleet = tuple(fleet)
        self._last_resort = tuple(last_resort)
        self._grants = grants

    async def named(self, session: Session) -> Sequence[Destination]:
        """The chats for alerts by the ids they have now, whether they take messages or not."""
        return await self._with_bound(session, (*self._configured, *self._fleet)) or self._last_resort

    async def own(self, session: Session) -> Sequence[Destination]:
        """Without the fleet's, and without those that stand in when there is none."""
        return await self._with_bound(session, self._configured)

    async def _with_bound(self, session: Session, named: Sequence[Destination]) -> Sequence[Destination]:
        """A chat that is named may be named with a topic, and is not told once more because it is bound."""
        now_at = list(await _now_at(session, named))
        there = {to.chat for to in now_at} | {to.chat for to in await _now_at(session, self._fleet)}
        bound = await bindings.told_of(session, self._station) if self._station else ()
        return tuple(dict.fromkeys([*now_at, *(Destination(chat) for chat in bound if chat not in there)]))

    async def taking(self, session: Session, now: datetime, *, own: bool = False) -> Sequence[Destination]:
        """The chats for alerts that take messages; for one that does not the administrators stand in."""
        configured = await (self.own(session) if own else self.named(session))
        shut = await blocked_chats.closed(session)
        reachable = [to for to in configured if to.chat not in shut]
        if len(reachable) < len(configured):
            reachable += [Destination(person) for person in await self.admins(session, now)]
        return tuple(dict.fromkeys(reachable))

    async def every_admin(self, session: Session, now: datetime) -> Sequence[int]:
        """Whether they can be written to or not."""
        return (await self._grants.read(session)).people_with(Permission.ONCALL, self._station, now)

    async def admins(self, session: Session, now: datetime) -> Sequence[int]:
        """Those who can be written to."""
        shut = await blocked_chats.closed(session)
        return [person for person in await self.every_admin(session, now) if person not in shut]


async def _now_at(session: Session, named: Sequence[Destination]) -> Sequence[Destination]:
    moved = await supergroups.moves(session)
    return tuple(dict.fromkeys(Destination(moved[to.chat]) if to.chat in moved else to for to in named))
