"""Recipients of an incident: the person on call, the next one, everybody on the list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Protocol

from bot.access.policy import EVERY_STATION, Permission
from bot.oncall.local_time import moment
from bot.oncall.roster import Roster
from bot.store.access.contacts import Contact, Contacts
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.messages import blocked_chats
from bot.store.oncall import reachability

DAY = timedelta(days=1)


class RosterSource(Protocol):
    """Source of rosters and quiet hours."""

    def roster_in(self, session: Session, station: str) -> Roster: ...
    def quiet_hours(self, session: Session, person: int) -> tuple[time, time] | None: ...


@dataclass(frozen=True, slots=True)
class OnCallTargets:
    """`people` to notify now; `skipped` are on call too, and have never opened the private chat of the bot or left
    it."""

    people: tuple[int, ...]
    skipped: tuple[int, ...] = ()


class OnCallResolver:
    """On-call people of one station. Without a roster of its own, that of the whole fleet applies."""

    def __init__(self, rosters: RosterSource, grants: Grants, station: str, contacts: Contacts) -> None:
        self._rosters = rosters
        self._grants = grants
        self._contacts = contacts
        self._station = station

    def next(self, session: Session, now: datetime, already: Collection[int]) -> OnCallTargets:
        """Return the first reachable person on call that was not notified yet."""
        roster = self._roster(session)
        permitted = self.eligible(session, now)
        passed, skipped = set(already), list[int]()
        while (person := roster.next_to_ask(now, passed)) is not None:
            passed.add(person)
            if person not in permitted:
                continue
            if _is_reachable(session, person):
                return OnCallTargets((person,), tuple(skipped))
            skipped.append(person)
        return OnCallTargets((), tuple(skipped))

    def everybody(self, session: Session, now: datetime) -> OnCallTargets:
        """Return everybody on the list; without a list the administrators."""
        roster = self._roster(session)
        permitted = self.eligible(session, now)
        everyone = [person for person in roster.everyone() if person in permitted]
        if not everyone:
            granted = self._grants.read(session)
            everyone = granted.people_with(Permission.ONCALL_WRITE, self._station, now)
        # Unreachable people are retried once: they may have pressed Start since.
        blocked = blocked_chats.closed(session)
        reached = [person for person in everyone if person not in blocked]
        return OnCallTargets(tuple(reached), tuple(person for person in everyone if person not in reached))

    def _roster(self, session: Session) -> Roster:
        own = self._rosters.roster_in(session, self._station)
        return own if own.levels else self._rosters.roster_in(session, EVERY_STATION)

    def has_own(self, session: Session) -> bool:
        """Return True when the station has its own people on call."""
        return bool(self._rosters.roster_in(session, self._station).levels)

    def eligible(self, session: Session, now: datetime) -> list[int]:
        """Return the people with the permission now; one that lost the role is not notified any more."""
        granted = self._grants.read(session)
        return granted.people_with(Permission.ONCALL_TAKE, self._station, now)

    def quiet_hours(self, session: Session, person: int) -> tuple[time, time] | None:
        return self._rosters.quiet_hours(session, person)

    def names(self, session: Session, people: Collection[int]) -> dict[int, str]:
        """Return names by id; the id for a person unknown at the station."""
        known = self.known(session, people)
        return {person: known[person].name if person in known else str(person) for person in people}

    def known(self, session: Session, ids: Collection[int]) -> Mapping[int, Contact]:
        """Return the people and chats that are known at the station."""
        return self._contacts.named_in(session, ids, self._station)


def _is_reachable(session: Session, person: int) -> bool:
    """Return True unless the person is known to be unreachable."""
    if person in blocked_chats.closed(session):
        return False
    return reachability.known(session, [person]).get(person, reachability.NOT_CHECKED).reachable is not False


def quiet_until(hours: tuple[time, time] | None, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the end of the quiet hours in force at `now`; None when none are. Pure.

    Hours like 22:00-08:00 span midnight; equal ends are the whole day. They begin and end when the clock of the zone
    first shows it, also in the night in which an hour comes twice.
    """
    if hours is None:
        return None
    begins, ends = hours
    today = now.astimezone(zone).date()
    for day in (today - DAY, today):
        last = day + DAY if begins >= ends else day
        begin, end = moment(datetime.combine(day, begins), zone), moment(datetime.combine(last, ends), zone)
        if begin <= now < end:
            return end
    return None
