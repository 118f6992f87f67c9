"""Hours in which a chat is told of missed calls. Pure; hours are in the PBX's time, moments in UTC."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo

from bot.config.working_hours import DAYS, MIDNIGHT, WorkingHours, read_hours
from bot.oncall.local_time import moment

# Where nobody has said otherwise, nothing makes a sound between these.
NIGHT = (time(22), time(8))
# Minutes since midnight.
Span = tuple[int, int]
# Openings that follow one another without a gap are one, at most so long.
LOOK_BACK = timedelta(days=8)
DAY = timedelta(days=1)


def opened_at(hours: WorkingHours, at: datetime, zone: tzinfo) -> datetime | None:
    """Return when the opening that contains the moment began; None while it is closed.

    An opening begins and ends when the clock of the zone first shows it, also in the night in which an hour comes
    twice; one at a time that is skipped begins with the hour after it.
    """
    today = datetime.combine(at.astimezone(zone).date(), time())
    openings = sorted(
        (moment(day + timedelta(minutes=opening.begins), zone), moment(day + timedelta(minutes=opening.ends), zone))
        for day in (today - DAY * back for back in range(LOOK_BACK.days + 1))
        for opening in hours.openings
        if day.weekday() in opening.days
    )
    begun: datetime | None = None
    ended: datetime | None = None
    for begins, ends in openings:
        if ended is None or begins > ended:
            begun, ended = begins, ends
        ended = max(ended, ends)
        if begun is not None and begun <= at < ended:
            return begun
    return None


def outside(quiet: tuple[time, time]) -> WorkingHours:
    """Return the hours of every day that are not quiet; quiet ones with an end before their begin span midnight."""
    begins, ends = (at.hour * 60 + at.minute for at in quiet)
    spans = [(ends, begins)] if begins > ends else [(0, begins), (ends, MIDNIGHT)]
    return of_spans(dict.fromkeys(range(len(DAYS)), spans))


def of_spans(spans: Mapping[int, Sequence[Span]]) -> WorkingHours:
    """Return the hours with these spans by day of the week, Monday is 0; spans that overlap or meet become one. Raises
    ValueError for none at all."""
    days: dict[tuple[Span, ...], list[int]] = {}
    for day in sorted(spans):
        if joined := _joined(spans[day]):
            days.setdefault(joined, []).append(day)
    return read_hours(
        ", ".join(f"{_written_days(found)} {' '.join(map(_written, joined))}" for joined, found in days.items())
    )


def spans_of(hours: WorkingHours) -> list[tuple[list[int], list[Span]]]:
    """Return the days that have the same spans, with these."""
    found: dict[tuple[int, ...], list[Span]] = {}
    for opening in hours.openings:
        found.setdefault(tuple(sorted(opening.days)), []).append((opening.begins, opening.ends))
    return [(list(days), spans) for days, spans in found.items()]


def runs(days: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last day of each run of days that follow one another."""
    found: list[tuple[int, int]] = []
    for day in days:
        if found and day == found[-1][1] + 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for begins, ends in sorted(span for span in spans if span[0] < span[1]):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return tuple(joined)


def _written_days(days: Sequence[int]) -> str:
    return ",".join(DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}" for first, last in runs(days))


def _written(span: Span) -> str:
    return f"{clock(span[0])}-{clock(span[1])}"


BY_DAY = outside(NIGHT)
ALWAYS = of_spans({day: [(0, MIDNIGHT)] for day in range(len(DAYS))})
