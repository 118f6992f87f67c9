"""Where alerts go, and who stands in when a chat takes none: nothing is told to nobody."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Destination, Permission
from bot.store import chats, closed
from bot.store.grants import GrantBook


class Destinations:
    """Of one station. `configured` names the chats for alerts as the settings do, perhaps by an id that a group had
    before it became a supergroup."""

    def __init__(self, station: str, configured: Sequence[Destination], grants: GrantBook) -> None:
        self._station = station
        self._configured = tuple(configured)
        self._grants = grants

    async def named(self, session: AsyncSession) -> Sequence[Destination]:
        """The chats for alerts by the ids they have now, whether they take messages or not."""
        moved = await chats.moves(session)
        now_at = (Destination(moved[to.chat]) if to.chat in moved else to for to in self._configured)
        return tuple(dict.fromkeys(now_at))

    async def taking(self, session: AsyncSession, now: datetime) -> Sequence[Destination]:
        """The chats for alerts that take messages; for one that does not the administrators stand in."""
        configured, shut = await self.named(session), await closed.closed(session)
        reachable = [to for to in configured if to.chat not in shut]
        if len(reachable) < len(configured):
            reachable += [Destination(person) for person in await self.admins(session, now)]
        return tuple(dict.fromkeys(reachable))

    async def admins(self, session: AsyncSession, now: datetime) -> Sequence[int]:
        """Those who can be written to."""
        access, shut = await self._grants.read(session), await closed.closed(session)
        return [person for person in access.people_with(Permission.ONCALL, self._station, now) if person not in shut]
