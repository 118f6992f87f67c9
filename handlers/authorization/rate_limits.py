"""Rate limits per person and per chat, for every role; acknowledging an incident is exempt."""

import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.policy import Decision
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.rules import Rule

MINUTE = timedelta(minutes=1)
TOO_MANY_FROM_PERSON = Decision(False, "too many commands of this person")
TOO_MANY_IN_CHAT = Decision(False, "too many commands in this chat")
TOO_MANY_COSTLY = Decision(False, "too many costly commands of this person")
RATE_LIMITED = (TOO_MANY_FROM_PERSON, TOO_MANY_IN_CHAT, TOO_MANY_COSTLY)
MAX_WINDOWS = 1000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Commands and button presses per minute."""

    person: int = 30
    chat: int = 60
    costly: int = 10


class RateLimits:
    """Limits for decisions, which are made in a thread of the database, and for replies, which are sent by the event
    loop."""

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        # What counts, with the request if it is known again.
        self._times: dict[tuple[str, int], deque[tuple[datetime, Hashable]]] = {}

    def exceeded_limit(
        self, rule: Rule, actor: Actor, place: Place, now: datetime, request: Hashable = None
    ) -> Decision | None:
        """Return the limit that is exceeded, or None; a denied request does not count, and a `request` that is decided
        again, since the transaction of its decision failed, counts once."""
        if rule.exempt_from_rate_limit:
            return None
        windows = [("person", actor.id, self._limits.person, TOO_MANY_FROM_PERSON)]
        windows += [("chat", place.chat, self._limits.chat, TOO_MANY_IN_CHAT)]
        windows += [("costly", actor.id, self._limits.costly, TOO_MANY_COSTLY)] if rule.costly else []
        with self._lock:
            if request is not None and any(one == request for _, one in self._window("person", actor.id, now)):
                return None
            for kind, subject_id, limit, decision in windows:
                if len(self._window(kind, subject_id, now)) >= limit:
                    return decision
            for kind, subject_id, _, _ in windows:
                self._window(kind, subject_id, now).append((now, request))
        return None

    def may_reply(
        self, decision: Decision, actor: Actor, place: Place, now: datetime, *, of_chat: bool = False
    ) -> bool:
        """Limit replies to denials: in a group rate limits once a minute per person, all other denials as many as
        commands. A denial `of_chat` is sent to the chat once a minute."""
        is_once = of_chat or (decision in RATE_LIMITED and not place.private)
        limit = 1 if is_once else self._limits.person
        kind = f"reply {decision.reason}" if of_chat else f"reply {decision.reason} in {place.chat}"
        with self._lock:
            replies = self._window(kind, place.chat if of_chat else actor.id, now)
            if len(replies) >= limit:
                return False
            replies.append((now, None))
        return True

    def _window(self, kind: str, subject_id: int, now: datetime) -> deque[tuple[datetime, Hashable]]:
        times = self._times.get((kind, subject_id))
        if times is None:
            self._evict_idle(now)
            times = self._times[kind, subject_id] = deque()
        # Both ways: times before the clock was set back lie ahead.
        while times and abs(now - times[0][0]) >= MINUTE:
            times.popleft()
        return times

    def _evict_idle(self, now: datetime) -> None:
        if len(self._times) >= MAX_WINDOWS:
            self._times = {
                key: times for key, times in self._times.items() if times and abs(now - times[-1][0]) < MINUTE
            }
