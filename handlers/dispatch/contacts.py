"""Record the current names of people and groups in an update, and the stations they were seen at."""

from collections.abc import Collection

from bot.access.policy import EVERY_STATION, Permission
from bot.runtime.clock import Clock
from bot.store.access import contacts
from bot.store.access.contacts import Contact
from bot.store.access.grants import GrantBook
from bot.store.database import Session, Store
from bot.store.messages import outbox
from handlers.dialog.stations import StationChooser
from handlers.dispatch.update_parser import Actor, CommandTyped, Intent, Place


class ContactRecorder:
    def __init__(self, store: Store, grants: GrantBook, directory: StationChooser, clock: Clock) -> None:
        self._store = store
        self._grants = grants
        self._directory = directory
        self._clock = clock
        # Public usernames of groups, when last seen.
        self._public: dict[int, str] = {}

    async def meet(self, session: Session, intent: Intent, at: Collection[str]) -> None:
        """Record the names at these stations; ignore an update that was rejected."""
        if intent.rejected_because is not None:
            return
        await contacts.remember(session, _known(intent.actor), at)
        if isinstance(intent, CommandTyped) and intent.about is not None:
            await contacts.remember(session, _known(intent.about), at)
        if not intent.place.private and intent.place.title:
            await self._meet_group(session, intent.place, at)

    async def overhear(self, place: Place) -> None:
        """Record from a message not addressed to the bot that a group is now public."""
        if place.private or self._public.get(place.chat, "") == place.username:
            return
        async with self._store.begin() as session:
            await self._meet_group(session, place, await self._directory.met_in(session, place.chat))
        self._public[place.chat] = place.username

    async def _meet_group(self, session: Session, place: Place, at: Collection[str]) -> None:
        """Record a group. Administrators are notified once when it has become public, if it has grants or alerts."""
        before = await contacts.remember(session, Contact(place.chat, place.title, place.username or None), at)
        if not place.username or (before is not None and before.username is not None):
            return
        access, now = await self._grants.read(session), self._clock()
        given = [grant for grant in access.grants if grant.subject == place.chat and not grant.has_ended(now)]
        told = await self._directory.told_of(session, place.chat)
        stations = sorted({*told, *(grant.station for grant in given)})
        admins = {one for name in stations for one in access.people_with(Permission.GRANT, name, now)}
        for admin in sorted(admins):
            facts = {
                "station": stations[0] if len(stations) == 1 else EVERY_STATION,
                "title": place.title,
                "username": place.username,
                "chat": place.chat,
                "roles": sorted({grant.role for grant in given}),
                "alerts": bool(told),
            }
            outbox.enqueue(session, chat_id=admin, thread_id=None, template="group_public", facts=facts, now=now)


def _known(actor: Actor) -> Contact:
    return Contact(actor.id, actor.name, actor.username)
