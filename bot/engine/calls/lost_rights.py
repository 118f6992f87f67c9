"""End of what chats are told of calls when the people who asked lose the right."""

from datetime import datetime

from bot.engine.calls.look import Look
from bot.notifications.calls import lost_rights
from bot.notifications.calls.told_chats import ToldChats
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.stations import call_subscriptions


class LostRights:
    """Consumer before those that tell: a wish without its right is over at the next look."""

    def __init__(self, station: str, grants: Grants) -> None:
        self._station = station
        self._grants = grants

    def has_news(self, _session: Session, _look: Look, _now: datetime) -> bool:
        return False

    def apply(self, session: Session, _look: Look, now: datetime) -> bool:
        chats = ToldChats(session, self._grants, self._station, now)
        return lost_rights.end(session, chats, call_subscriptions.of_station(session, self._station), now)
