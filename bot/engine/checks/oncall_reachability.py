"""Check before a shift that its person can be notified, and refresh on-call calendars.

Due times derive from stored times, so that a restart neither skips a check nor repeats a warning.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import structlog

from bot.access.policy import EVERY_STATION, Destination, Permission
from bot.engine import calendar_feed
from bot.engine.calendar_feed import FETCHED_IN_THE_BACKGROUND, CalendarFault, CalendarFeed, NoCalendar
from bot.notifications.destinations import Destinations
from bot.oncall.calendar import Event, duties
from bot.oncall.roster import AHEAD, MOMENT, Roster
from bot.oncall.rotation import Duty
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.sandbox.process import IN_THE_BACKGROUND
from bot.store.access.contacts import Contact, Contacts
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages.notices import Notice
from bot.store.oncall.calendars import UNREADABLE, StoredCalendar
from bot.store.oncall.reachability import NOT_CHECKED, Reachability
from bot.store.oncall.schedules import OnCallSchedules

log = structlog.get_logger(__name__)

CHECK_EVERY = 60.0
BEFORE = (timedelta(hours=24), timedelta(hours=1))
# Retry interval for an unreachable person: they may have pressed Start since.
TRY_AGAIN = timedelta(minutes=10)
FETCH_EVERY = timedelta(minutes=10)
READ_EVERY = timedelta(days=1)
# Creation time of the text, which some servers rewrite at each request.
MADE_AT = re.compile(r"^DTSTAMP[^\r\n]*", re.MULTILINE)


class Basis(NamedTuple):
    """Cache key of the events of a calendar: SHA-256 of its text, time zone, and day."""

    digest: str
    zone: str
    day: date


@dataclass(frozen=True, slots=True)
class DueCheck:
    """Due check of a person and the shift it is for; None without a shift soon."""

    person: int
    duty: Duty | None


def due_checks(roster: Roster, reach: Mapping[int, Reachability], now: datetime) -> tuple[DueCheck, ...]:
    """Return the checks due: 24 h and 1 h before each shift, and at once after a change of a person's shifts, which
    clears `checked_at`.
    """
    found: list[DueCheck] = []
    for person in sorted(roster.people_named):
        known = reach.get(person, NOT_CHECKED)
        soon = roster.duties_of(person, now, now + max(BEFORE) + MOMENT)
        if known.checked_at is None:
            ahead = soon or roster.duties_of(person, now, now + AHEAD)
            found.append(DueCheck(person, ahead[0] if ahead else None))
        elif soon and _is_due(soon, known, known.checked_at, now):
            found.append(DueCheck(person, soon[0]))
    return tuple(found)


def _is_due(soon: Sequence[Duty], known: Reachability, checked_at: datetime, now: datetime) -> bool:
    if known.reachable is False and now - checked_at >= TRY_AGAIN:
        return True
    return any(checked_at < duty.begins - before <= now for duty in soon for before in BEFORE)


def should_warn(check: DueCheck, known: Reachability) -> bool:
    """Return True if no warning was sent for this shift yet."""
    if known.warned_at is None:
        return True
    return check.duty is not None and known.warned_at < check.duty.begins - max(BEFORE)


def is_due(kept: StoredCalendar, now: datetime) -> bool:
    """Return True if the calendar is due to be fetched or parsed again."""
    if kept.problem == UNREADABLE:
        return False
    return now - kept.fetched_at >= (FETCH_EVERY if kept.url else READ_EVERY)


class CanWrite(Protocol):
    async def can_write_to(self, person: int) -> bool:
        """Ask Telegram if the bot may write to that person in private."""


class ReachabilityCheck:
    """Check of one station's roster, or the fleet's. `can_write_to` asks Telegram; `wake` wakes the delivery worker."""

    def __init__(
        self,
        station: str,
        *,
        schedules: OnCallSchedules,
        grants: Grants,
        people: Contacts,
        sender: CanWrite,
        database: Database,
        destinations: Destinations,
        clock: Clock,
        wake: Signal,
        source: CalendarFeed,
    ) -> None:
        self._station = station
        self._schedules = schedules
        self._grants = grants
        self._people = people
        self._sender = sender
        self._database = database
        self._destinations = destinations
        self._clock = clock
        self._wake = wake
        self._source = source
        # By level. Parsing takes a process and 0.5 s of processor time, at each of a thousand PBXs.
        self._events: dict[int, tuple[Basis, list[Event]]] = {}

    async def run_once(self) -> None:
        await self._refresh_calendars()
        roster = await self._schedules.roster(self._station)
        reach = await self._schedules.reachability_of(sorted(roster.people_named))
        for check in due_checks(roster, reach, self._clock()):
            await self._check(check, reach.get(check.person, NOT_CHECKED))

    async def _check(self, check: DueCheck, known: Reachability) -> None:
        access = await self._grants.current()
        permitted = access.people_with(Permission.ONCALL_TAKE, self._station, self._clock())
        reachable = await self._sender.can_write_to(check.person)
        in_order = reachable and check.person in permitted
        warnings: list[Notice] = []
        if not in_order and should_warn(check, known):
            facts = await self._facts_of(check.person) | {
                "level": check.duty.level if check.duty else 1,
                "begins": check.duty.begins.isoformat() if check.duty else None,
                "reachable": reachable,
                "able": check.person in permitted,
            }
            admins = access.people_with(Permission.ONCALL_WRITE, self._station, self._clock())
            transition = dict.fromkeys([*map(Destination, admins), *await self._chats()])
            warnings = [Notice(to, "oncall_unreachable", facts) for to in transition if to.chat != check.person]
        await self._schedules.store_reachability(check.person, reachable=in_order, warnings=warnings)
        if warnings:
            self._wake.send()

    async def _refresh_calendars(self) -> None:
        for kept in await self._schedules.calendars(self._station):
            if is_due(kept, self._clock()):
                await self._refresh(kept)

    async def _refresh(self, kept: StoredCalendar) -> None:
        now = self._clock()
        renewed = await self._refreshed(kept, now)
        notices = await self._change_notices(kept, renewed, now)
        if renewed.problem and not kept.problem:
            notices += await self._failure_notices(renewed)
        if await self._schedules.replace_calendar(self._station, kept, renewed, notices) and notices:
            self._wake.send()

    async def _refreshed(self, kept: StoredCalendar, now: datetime) -> StoredCalendar:
        """Return the refreshed calendar.

        After a failed fetch or parse the old text is kept, and parsed for the weeks ahead.
        """
        text, calendar, problem = kept.text, kept.calendar, ""
        try:
            text = await self._fetched(kept.url) if kept.url else kept.text
        except NoCalendar as error:
            problem = error.problem
        try:
            whose = await calendar_feed.names(self._grants, self._people, self._station, now)
            calendar = duties(await self._events_of(kept, text, now), kept.level, whose)
        except NoCalendar as error:
            text, problem = kept.text, problem or error.problem
        if problem:
            log.warning(
                "calendar refresh failed, old calendar kept", station=self._station, level=kept.level, reason=problem
            )
        return replace(kept, text=text, calendar=calendar, fetched_at=now, problem=problem)

    async def _fetched(self, url: str) -> str:
        return await self._source.fetch(url, owner=self._station, places=FETCHED_IN_THE_BACKGROUND)

    async def _events_of(self, kept: StoredCalendar, text: str, now: datetime) -> list[Event]:
        """Parse the calendar, or return the cached events of the same text and day. Raises NoCalendar."""
        basis = Basis(
            hashlib.sha256(MADE_AT.sub("", text).encode("utf-8", "replace")).hexdigest(), kept.zone, now.date()
        )
        known, events = self._events.get(kept.level, (None, []))
        if known != basis:
            events = await calendar_feed.events(text, kept.zone, now, owner=self._station, places=IN_THE_BACKGROUND)
            self._events[kept.level] = basis, events
        return events

    async def _failure_notices(self, failed: StoredCalendar) -> list[Notice]:
        """Build the notification of a failure, sent once until it works again; the exact reason only for administrators
        of all stations.
        """
        access, now = await self._grants.current(), self._clock()
        everywhere = set(access.people_with(Permission.ONCALL_WRITE, EVERY_STATION, now))
        facts = {
            "station": self._station,
            "level": failed.level,
            "problem": failed.problem,
            "by_address": bool(failed.url),
        }
        return [
            Notice(
                Destination(admin),
                "oncall_calendar_problem",
                facts if admin in everywhere or not failed.url else {**facts, "problem": str(CalendarFault.UNSAID)},
            )
            for admin in access.people_with(Permission.ONCALL_WRITE, self._station, now)
        ]

    async def _change_notices(self, old: StoredCalendar, new: StoredCalendar, now: datetime) -> list[Notice]:
        """Build the notifications of a change in the person on call now."""
        roster = await self._schedules.roster(self._station)
        before = roster.on_call(now).get(old.level)
        after = replace(roster, calendars={**roster.calendars, old.level: new.calendar}).on_call(now).get(old.level)
        if before == after:
            return []
        facts = {
            "station": self._station,
            "level": old.level,
            "before": await self._facts_of(before) if before is not None else None,
            "after": await self._facts_of(after) if after is not None else None,
        }
        transition = [*await self._chats(), *(Destination(person) for person in (before, after) if person is not None)]
        return [Notice(to, "oncall_changed", facts) for to in dict.fromkeys(transition)]

    async def _chats(self) -> Sequence[Destination]:
        return await self._database.run(self._destinations.reachable, self._clock())

    async def _facts_of(self, person: int) -> dict[str, Any]:
        known = (await self._people.named([person], self._station)).get(person, Contact(person, ""))
        return {"station": self._station, "subject": person, "name": known.name, "username": known.username or ""}
