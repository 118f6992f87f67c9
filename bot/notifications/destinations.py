"""Destinations of notifications, and the administrators that replace a chat which takes no messages."""

from collections.abc import Sequence
from datetime import datetime

from bot.access.policy import EVERY_STATION, Destination, Permission
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.messages import blocked_chats, supergroups
from bot.store.stations import bindings


class Destinations:
    """Destinations of one station. `configured` are its alert chats as the settings name them, perhaps by the id of a
    group that became a supergroup; others are bound to it. The chats of the `fleet` receive the notifications of every
    station. `last_resort` is used only when there is none of these."""

    def __init__(
        self,
        station: str,
        configured: Sequence[Destination],
        grants: Grants,
        fleet: Sequence[Destination] = (),
        last_resort: Sequence[Destination] = (),
    ) -> None:
        self._station = station
        self._configured = tuple(configured)
        self._fleet = tuple(fleet)
        self._last_resort = tuple(last_resort)
        self._grants = grants

    def configured(self, session: Session) -> Sequence[Destination]:
        """Return the alert chats by their current ids, reachable or not."""
        return self._with_bound(session, (*self._configured, *self._fleet)) or self._last_resort

    def own(self, session: Session) -> Sequence[Destination]:
        """Return the alert chats without those of the fleet and without `last_resort`."""
        return self._with_bound(session, self._configured)

    def _with_bound(self, session: Session, named: Sequence[Destination]) -> Sequence[Destination]:
        """Add the bound chats. A configured chat may have a topic; when it is bound too it is listed once."""
        now_at = list(_now_at(session, named))
        there = {to.chat for to in now_at} | {to.chat for to in _now_at(session, self._fleet)}
        bound = bindings.alert_chats_of(session, self._station) if self._station else ()
        return tuple(dict.fromkeys([*now_at, *(Destination(chat) for chat in bound if chat not in there)]))

    def reachable(self, session: Session, now: datetime, *, own: bool = False) -> Sequence[Destination]:
        """Return the alert chats that take messages; the administrators are added for one that does not."""
        configured = self.own(session) if own else self.configured(session)
        blocked = blocked_chats.closed(session)
        reachable = [to for to in configured if to.chat not in blocked]
        if len(reachable) < len(configured):
            reachable += [Destination(person) for person in self.admins(session, now)]
        return tuple(dict.fromkeys(reachable))

    def every_admin(self, session: Session, now: datetime) -> Sequence[int]:
        """Return the administrators, reachable or not."""
        return self._grants.read(session).people_with(Permission.ONCALL_WRITE, self._station, now)

    def admins(self, session: Session, now: datetime, *, own: bool = False) -> Sequence[int]:
        """Return the reachable administrators; `own`: those of this station who are not of the whole fleet."""
        left_out = set(blocked_chats.closed(session))
        if own:
            left_out.update(self._grants.read(session).people_with(Permission.ONCALL_WRITE, EVERY_STATION, now))
        return [person for person in self.every_admin(session, now) if person not in left_out]


def _now_at(session: Session, named: Sequence[Destination]) -> Sequence[Destination]:
    moved = supergroups.migrations(session)
    return tuple(dict.fromkeys(Destination(moved[to.chat]) if to.chat in moved else to for to in named))
