"""On-call shifts from an iCalendar file. Pure.

An event is the shift of the person named in its title: by @username, numeric id, or full name. Whole-day events last
from midnight to midnight of the given zone; times without a zone are in that zone. Of overlapping events, the one that
begins first lasts to its end; of those that begin together, the first title in sort order wins.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from bot.oncall.local_time import moment, zone_named
from bot.oncall.rotation import Calendar, Duty
from bot.sandbox.task import Task, TaskRefused

MAX_BYTES = 1_000_000
# Limit of events in two months.
MAX_EVENTS = 1000
BEHIND, AHEAD = timedelta(days=7), timedelta(days=60)
TITLE_LIMIT = 200
MENTION = re.compile(r"@\w{4,32}")
ID = re.compile(r"(?<!\d)\d{4,19}(?!\d)")
# Limits of processor time, wall time and memory for parsing a calendar.
READ = Task(__name__, "read_file", seconds=5, max_result=1_000_000, within=60.0, memory=1 << 30)


class NotACalendar(TaskRefused):
    """Calendar that cannot be parsed or exceeds a limit."""


@dataclass(frozen=True, slots=True)
class Event:
    title: str
    begins: datetime
    ends: datetime


def read_file(content: bytes, zone: str, now: str) -> list[list[str]]:
    """Return [title, beginning, end] of each event as plain data. Raises NotACalendar."""
    events = read(content.decode("utf-8", "replace"), zone, datetime.fromisoformat(now))
    return [[event.title, event.begins.isoformat(), event.ends.isoformat()] for event in events]


def read(text: str, zone_name: str, now: datetime) -> list[Event]:
    """Return the events between BEHIND and AHEAD of `now`, earliest first. Raises NotACalendar.

    A hostile calendar can occupy the libraries for hours: run it in the sandbox.
    """
    import icalendar  # slow import, needed by the sandboxed process only
    import recurring_ical_events  # type: ignore[import-untyped]

    zone = zone_named(zone_name)
    begin, end = now - BEHIND, now + AHEAD
    try:
        calendar = icalendar.Calendar.from_ical(text)
        if calendar.name != "VCALENDAR":
            raise NotACalendar("not a calendar")
        found: list[Event] = []
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        for component in query.between(begin, end):
            event = _event(component, zone)
            if event is not None and event.begins < end and begin < event.ends:
                found.append(event)
            if len(found) > MAX_EVENTS:
                raise NotACalendar("too many events")
    except NotACalendar:
        raise
    except Exception as error:
        # The libraries document no common exception.
        raise NotACalendar(type(error).__name__) from error
    return sorted(found, key=lambda event: (event.begins, event.title))


def _event(component: object, zone: tzinfo) -> Event | None:
    get = component.get  # type: ignore[attr-defined]
    if str(get("STATUS", "")).upper() == "CANCELLED":
        return None
    begins, ends = get("DTSTART").dt, get("DTEND").dt
    title = " ".join(str(get("SUMMARY", "")).split())[:TITLE_LIMIT]
    event = Event(title, _moment(begins, zone), _moment(ends, zone))
    return event if event.begins < event.ends else None


def _moment(value: date, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        return moment(datetime(value.year, value.month, value.day), zone)  # noqa: DTZ001 (a day on the wall)
    return moment(value, zone) if value.tzinfo is None else value.astimezone(UTC)


def duties(events: Iterable[Event], level: int, resolve: Callable[[str], int | None]) -> Calendar:
    """Build the calendar; `resolve` returns the user id for a @username, numeric id or full name, None if unknown."""
    assigned: list[Duty] = []
    unknown: dict[str, None] = {}
    free_from: datetime | None = None
    for event in sorted(events, key=lambda event: (event.begins, event.title)):
        person = next((person for name in names_in(event.title) if (person := resolve(name)) is not None), None)
        if person is None:
            unknown[event.title] = None
            continue
        begins = event.begins if free_from is None else max(event.begins, free_from)
        if begins < event.ends:
            assigned.append(Duty(person, begins, event.ends, level))
            free_from = event.ends
    return Calendar(tuple(assigned), tuple(unknown))


def names_in(title: str) -> Iterator[str]:
    """Yield the possible names in a title, most specific first; `On call: Anna Ivanova` also yields `Anna Ivanova`."""
    yield from MENTION.findall(title)
    yield from ID.findall(title)
    yield title.strip()
    yield title.rpartition(":")[2].strip()
