"""On-call shifts from an iCalendar file. Pure.

An event is the shift of the person that it names (bot/oncall/calendar_names.py). Whole-day events last from midnight to
midnight; they and times without a zone are in the calendar's X-WR-TIMEZONE, else in the given zone. Of overlapping
events, the one that begins first lasts to its end; of those that begin together, the first title in sort order wins.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from bot.oncall.calendar_names import Resolve, person_of
from bot.oncall.calendar_text import calendars_in
from bot.oncall.calendar_zones import UnknownZone, zone_written
from bot.oncall.local_time import moment, zone_named
from bot.oncall.rotation import Calendar, Duty
from bot.sandbox.task import Task, TaskRefused

MAX_BYTES = 1_000_000
# Limit of events in two months.
MAX_EVENTS = 1000
BEHIND, AHEAD = timedelta(days=7), timedelta(days=60)
TITLE_LIMIT = 200
MAX_ATTENDEES = 20
ONE_DAY = timedelta(days=1)
ZONE_DEFINED = re.compile(r"^BEGIN:VTIMEZONE\n(?:(?!END:VTIMEZONE).*\n)*END:VTIMEZONE\n", re.IGNORECASE | re.MULTILINE)
ZONE_OF_CALENDAR = "X-WR-TIMEZONE"
# Properties with times of an event: one that cannot be read would be a shift that is missing, or at another time.
WITH_ZONES = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
OF_TIME = frozenset({*WITH_ZONES, "DURATION", "RRULE"})
# Limits of processor time, wall time and memory for parsing a calendar.
READ = Task(__name__, "read_file", seconds=5, max_result=1_000_000, within=60.0, memory=1 << 30)


class NotACalendar(TaskRefused):
    """Calendar that cannot be parsed or exceeds a limit. `reason`: one of the constants below, for UNKNOWN_ZONE and
    UNREADABLE_EVENT followed by `: ` and its name."""


UNPARSED = "not a calendar"
TOO_MANY = "too many events"
UNKNOWN_ZONE = "unknown zone"
UNREADABLE_EVENT = "unreadable event"


@dataclass(frozen=True, slots=True)
class Event:
    """`attendees`: their names and e-mail addresses."""

    title: str
    begins: datetime
    ends: datetime
    attendees: tuple[str, ...] = ()


def read_file(content: bytes, zone: str, now: str) -> list[list[str]]:
    """Return [title, beginning, end, attendee, …] of each event as plain data. Raises NotACalendar."""
    events = read(content.decode("utf-8", "replace"), zone, datetime.fromisoformat(now))
    return [[event.title, event.begins.isoformat(), event.ends.isoformat(), *event.attendees] for event in events]


def read(text: str, zone_name: str, now: datetime) -> list[Event]:
    """Return the events between BEHIND and AHEAD of `now`, earliest first. Raises NotACalendar.

    A hostile calendar can occupy the libraries for hours: run it in the sandbox.
    """
    import icalendar  # slow import, needed by the sandboxed process only

    calendars = calendars_in(text)
    if not calendars:
        raise NotACalendar(UNPARSED)
    # Vendors put their own path before the IANA name, as in freeassociation.sourceforge.net/Europe/Berlin.
    warnings.filterwarnings("ignore", module=icalendar.__name__)
    # A line that is no iCalendar is passed over in whatever part it stands, as it is in events.
    icalendar.Component.ignore_exceptions = True
    found: list[Event] = []
    try:
        for calendar in _parsed(calendars):
            for event in _events(calendar, zone_named(zone_name), now):
                found.append(event)
                if len(found) > MAX_EVENTS:
                    raise NotACalendar(TOO_MANY)
    except NotACalendar:
        raise
    except Exception as error:
        # The libraries document no common exception.
        raise NotACalendar(UNPARSED) from error
    return sorted(found, key=lambda event: (event.begins, event.title))


def _parsed(text: str) -> list[Any]:
    """Parse, without the definitions of zones if one is broken. Raises NotACalendar if nothing is complete."""
    import icalendar
    from icalendar.timezone import tzp

    for tried in (text, ZONE_DEFINED.sub("", text)):
        # Zones that an earlier text defined are not this one's.
        tzp.use_default()
        with suppress(ValueError, KeyError):
            if parsed := icalendar.Calendar.from_ical(tried, multiple=True):
                return parsed
    raise NotACalendar(UNPARSED)


def _events(calendar: Any, zone: tzinfo, now: datetime) -> Iterator[Event]:
    import recurring_ical_events  # type: ignore[import-untyped]

    begin, end = now - BEHIND, now + AHEAD
    own_zone = calendar.pop(ZONE_OF_CALENDAR, "")
    name = str(own_zone[0] if isinstance(own_zone, list) else own_zone)
    floating = _zone(name) if name.strip() else zone
    # An event without DTSTART begins no shift.
    calendar.subcomponents = [one for one in calendar.subcomponents if one.name != "VEVENT" or "DTSTART" in one]
    for event in calendar.walk("VEVENT"):
        if not _is_cancelled(event):
            _check(event)
        _give_zones(event)
    for component in recurring_ical_events.of(calendar, skip_bad_series=True).between(begin, end):
        event = _event(component, floating)
        if event is not None and event.begins < end and begin < event.ends:
            yield event


def _check(event: Any) -> None:
    """Raise NotACalendar if a time of the event cannot be read."""
    if any(name in OF_TIME for name, _ in event.errors):
        raise NotACalendar(f"{UNREADABLE_EVENT}: {_title(event)}")


def _give_zones(event: Any) -> None:
    """Set the zones of the event's times that the library does not know."""
    for name in WITH_ZONES:
        values = event.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            zone = getattr(value, "params", {}).get("TZID")
            for one in getattr(value, "dts", [value]):
                at = getattr(one, "dt", None)
                if zone and isinstance(at, datetime) and at.tzinfo is None:
                    one.dt = at.replace(tzinfo=zone_written(str(zone)))


def _zone(name: str) -> tzinfo:
    from icalendar.timezone import tzp

    return tzp.timezone(name) or zone_written(name)


def _event(component: Any, floating: tzinfo) -> Event | None:
    if _is_cancelled(component):
        return None
    begins, ends = component.get("DTSTART").dt, component.get("DTEND").dt
    if not isinstance(begins, datetime) and ends <= begins:
        ends = begins + ONE_DAY
    event = Event(_title(component), _moment(begins, floating), _moment(ends, floating), _attendees(component))
    return event if event.begins < event.ends else None


def _is_cancelled(component: Any) -> bool:
    return str(component.get("STATUS", "")).upper() == "CANCELLED"


def _title(component: Any) -> str:
    return " ".join(str(component.get("SUMMARY", "")).split())[:TITLE_LIMIT]


def _attendees(component: Any) -> tuple[str, ...]:
    """Return name and address of each who has not declined."""
    found = component.get("ATTENDEE", [])
    names: list[str] = []
    for one in (found if isinstance(found, list) else [found])[:MAX_ATTENDEES]:
        parameters = getattr(one, "params", {})
        if str(parameters.get("PARTSTAT", "")).upper() != "DECLINED":
            names += [str(parameters.get("CN", "")), str(one).rpartition(":")[2]]
    return tuple(" ".join(name.split())[:TITLE_LIMIT] for name in names if name.strip())


def _moment(value: date, floating: tzinfo) -> datetime:
    zone = (value.tzinfo if isinstance(value, datetime) else None) or floating
    if isinstance(zone, UnknownZone):
        raise NotACalendar(f"{UNKNOWN_ZONE}: {zone.name}")
    if not isinstance(value, datetime):
        return moment(datetime(value.year, value.month, value.day), zone)  # noqa: DTZ001 (a day on the wall)
    return moment(value, zone) if value.tzinfo is None else value.astimezone(UTC)


def duties(events: Iterable[Event], level: int, resolve: Resolve) -> Calendar:
    """Build the calendar; `resolve` returns the user id for a @username, numeric id, e-mail or full name, None if
    unknown."""
    assigned: list[Duty] = []
    unknown: dict[str, None] = {}
    free_from: datetime | None = None
    for event in sorted(events, key=lambda event: (event.begins, event.title)):
        person = person_of(event.title, event.attendees, resolve)
        if person is None:
            unknown[event.title or ", ".join(event.attendees)] = None
            continue
        begins = event.begins if free_from is None else max(event.begins, free_from)
        if begins < event.ends:
            assigned.append(Duty(person, begins, event.ends, level))
            free_from = event.ends
    return Calendar(tuple(assigned), tuple(unknown))
