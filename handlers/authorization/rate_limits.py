"""Rate limits per person and per chat, for every role; acknowledging an incident is exempt."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.policy import Decision
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.rules import Rule

MINUTE = timedelta(minutes=1)
TOO_MUCH_FROM_ONE = Decision(False, "too many commands of this person")
TOO_MUCH_IN_CHAT = Decision(False, "too many commands in this chat")
TOO_COSTLY = Decision(False, "too many costly commands of this person")
TOO_MUCH = (TOO_MUCH_FROM_ONE, TOO_MUCH_IN_CHAT, TOO_COSTLY)
MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Commands and button presses per minute."""

    person: int = 30
    chat: int = 60
    costly: int = 10


class RateLimits:
    def __init__(self, pace: RequestLimits) -> None:
        self._pace = pace
        self._times: dict[tuple[str, int], deque[datetime]] = {}

    def objection(self, rule: Rule, actor: Actor, place: Place, now: datetime) -> Decision | None:
        """Return the limit that is exceeded, or None; a denied request does not count."""
        if rule.exempt_from_rate_limit:
            return None
        windows = [("person", actor.id, self._pace.person, TOO_MUCH_FROM_ONE)]
        windows += [("chat", place.chat, self._pace.chat, TOO_MUCH_IN_CHAT)]
        windows += [("costly", actor.id, self._pace.costly, TOO_COSTLY)] if rule.costly else []
        for kind, number, most, decision in windows:
            if len(self._window(kind, number, now)) >= most:
                return decision
        for kind, number, _, _ in windows:
            self._window(kind, number, now).append(now)
        return None

    def may_be_told(
        self, decision: Decision, actor: Actor, place: Place, now: datetime, *, of_chat: bool = False
    ) -> bool:
        """Limit replies to denials: rate limits once a minute per person and chat, other denials as many as commands. A
        denial `of_chat` is sent to the chat once a minute."""
        if of_chat:
            told = self._window(f"told {decision.reason}", place.chat, now)
            most = 1
        else:
            most = 1 if decision in TOO_MUCH else self._pace.person
            told = self._window(f"told {decision.reason} in {place.chat}", actor.id, now)
        if len(told) >= most:
            return False
        told.append(now)
        return True

    def _window(self, kind: str, number: int, now: datetime) -> deque[datetime]:
        times = self._times.get((kind, number))
        if times is None:
            self._forget_idle(now)
            times = self._times[kind, number] = deque()
        while times and now - times[0] >= MINUTE:
            times.popleft()
        return times

    def _forget_idle(self, now: datetime) -> None:
        if len(self._times) >= MOST_REMEMBERED:
            self._times = {key: times for key, times in self._times.items() if times and now - times[-1] < MINUTE}
