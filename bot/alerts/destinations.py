"""Where alerts go, and who stands in when a chat takes none: nothing is told to nobody."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Destination, Permission
from bot.store import chats, closed
from bot.store.grants import GrantBook


class Destinations:
    """Of one station. `configured` names its own chats for alerts as the settings do, perhaps by an id that a group had
    before it became a supergroup, and `fleet` those that are told of every station."""

    def __init__(
        self,
        station: str,
        configured: Sequence[Destination],
        grants: GrantBook,
        fleet: Sequence[Destination] = (),
    ) -> None:
        self._station = station
        self._configured = tuple(configured)
        self._grants = grants
        self._fleet = tuple(fleet)

    async def named(self, session: AsyncSession) -> Sequence[Destination]:
        """The chats for alerts by the ids they have now, whether they take messages or not."""
        return await _now_at(session, (*self._configured, *self._fleet))

    async def own(self, session: AsyncSession) -> Sequence[Destination]:
        """Without the fleet's."""
        return await _now_at(session, self._configured)

    async def taking(self, session: AsyncSession, now: datetime, *, own: bool = False) -> Sequence[Destination]:
        """The chats for alerts that take messages; for one that does not the administrators stand in."""
        configured = await (self.own(session) if own else self.named(session))
        shut = await closed.closed(session)
        reachable = [to for to in configured if to.chat not in shut]
        if len(reachable) < len(configured):
            reachable += [Destination(person) for person in await self.admins(session, now)]
        return tuple(dict.fromkeys(reachable))

    async def admins(self, session: AsyncSession, now: datetime) -> Sequence[int]:
        """Those who can be written to."""
        access, shut = await self._grants.read(session), await closed.closed(session)
        return [person for person in access.people_with(Permission.ONCALL, self._station, now) if person not in shut]


async def _now_at(session: AsyncSession, named: Sequence[Destination]) -> Sequence[Destination]:
    moved = await chats.moves(session)
    return tuple(dict.fromkeys(Destination(moved[to.chat]) if to.chat in moved else to for to in named))
