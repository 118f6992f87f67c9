"""Parse an end time: `for 8h`, `for half an hour`, `until 18:00`, `until monday`; in Russian too. Pure.

Shared by mutes, maintenance, roles and shifts. `for` and `until` require a time after them: unparsed time must not
become part of a name or a reason.
"""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

LEADING = frozenset({"for", "until", "till", "to", "на", "до", "по"})
# Words that require a time after them.
STRICT = frozenset({"for", "until", "till", "на", "до"})
LENGTHS = {
    "minutes": r"m|min[a-z]*|м|мин[а-я]*",
    "hours": r"h|hrs?|hours?|ч|час[а-я]*",
    "days": r"d|days?|д|дн[а-я]*|день|сут[а-я]*",
    "weeks": r"w|wks?|weeks?|нед[а-я]*",
}
UNIT = "|".join(f"(?P<{name}>{forms})" for name, forms in LENGTHS.items())
LENGTH = re.compile(rf"(?P<many>\d{{1,4}}(?:[.,]\d{{1,2}})?)(?:{UNIT})")
ONE_UNIT = re.compile(UNIT)
NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")
ONE = frozenset({"a", "an", "one", "один", "одну", "одни"})
PARTS = {"half": "0.5", "полтора": "1.5", "полторы": "1.5", "полу": "0.5"}
HALVES = {"полчаса": "0.5ч", "полдня": "0.5д"}
WEEKDAYS = {
    day: number
    for number, names in enumerate(
        (
            "mon monday mondays пн понедельник понедельника понедельникам",
            "tue tuesday tuesdays вт вторник вторника вторникам",
            "wed wednesday wednesdays ср среда среду среды средам",
            "thu thursday thursdays чт четверг четверга четвергам",
            "fri friday fridays пт пятница пятницу пятницы пятницам",
            "sat saturday saturdays сб суббота субботу субботы субботам",
            "sun sunday sundays вс воскресенье воскресенья воскресеньям",
        )
    )
    for day in names.split()
}
MONTHS = re.compile(
    "|".join(
        f"(?P<m{number}>{forms})"
        for number, forms in enumerate(
            (
                "jan(?:uary)?|янв(?:ар[ья])?",
                "feb(?:ruary)?|фев(?:рал[ья])?",
                "mar(?:ch)?|мар(?:та?)?",
                "apr(?:il)?|апр(?:ел[ья])?",
                "may|ма[йя]",
                "june?|июн[ья]?",
                "july?|июл[ья]?",
                "aug(?:ust)?|авг(?:уста?)?",
                "sept?(?:ember)?|сен(?:тябр[ья])?",
                "oct(?:ober)?|окт(?:ябр[ья])?",
                "nov(?:ember)?|ноя(?:бр[ья])?",
                "dec(?:ember)?|дек(?:абр[ья])?",
            ),
            1,
        )
    )
)
DATE_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%d-%m-%Y")
SHORT_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})")
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
# 18.30 is a time: there is no month 30.
TIME_WITH_A_POINT = re.compile(r"([01]?\d|2[0-3])\.(00|1[3-9]|[2-5]\d)")
TWELVE_HOURS = re.compile(r"(0?[1-9]|1[0-2])(?::([0-5]\d))?(am|pm)")
TIMES_OF_DAY = {
    **dict.fromkeys(("morning", "утра", "утро"), time(8)),
    **dict.fromkeys(("noon", "полудня", "полдень"), time(12)),
    **dict.fromkeys(("evening", "вечера", "вечер"), time(18)),
}
PARTS_OF_DAY = {"am": "am", "pm": "pm", "утра": "am", "вечера": "pm", "дня": "pm"}
AFTERNOON = frozenset({"дня"})
UP_TO = frozenset({"until", "till", "до"})
END_OF_DAY = time(23, 59, 59)
MAX_AHEAD = timedelta(days=3660)


class NotADeadline(ValueError):
    """Text in the form of a time that is invalid, past or too far ahead."""


class MissingTime(NotADeadline):
    """`for` or `until` without a time after it."""


def take_deadline(
    words: Sequence[str], now: datetime, *, weekday_ends: time = END_OF_DAY
) -> tuple[datetime | None, list[str]]:
    """Extract the moment from anywhere in the words; return it (None if absent) and the remaining words. `now` and the
    result are naive, in the station's local time. A date ends with its last second, a weekday at `weekday_ends`. Raises
    NotADeadline."""
    day, clock, until, remaining, preposition = None, None, None, list[str](), ""
    ends = END_OF_DAY
    for word in _joined(words):
        lower = word.lower()
        if (length := length_of(lower)) is not None:
            until = now + length
        elif (found := day_of(lower, now)) is not None:
            day, ends = found, weekday_ends if lower in WEEKDAYS else END_OF_DAY
        elif (found_time := _time(lower)) is not None:
            clock = found_time
        elif lower in LEADING:
            preposition = word if lower in STRICT else preposition
            continue
        elif preposition:
            raise MissingTime(f"{preposition} {word}")
        else:
            remaining.append(word)
        preposition = ""
    if preposition:
        raise MissingTime(preposition)
    if day is not None or clock is not None:
        until = _moment(day, clock, now, ends)
    if until is not None and not now < until <= now + MAX_AHEAD:
        raise NotADeadline(f"{until:%Y-%m-%d %H:%M}")
    return until, remaining


def length_of(word: str) -> timedelta | None:
    """Parse `10m`, `1.5h`, `2недели`; None for any other word."""
    found = LENGTH.fullmatch(word.lower())
    if found is None:
        return None
    return timedelta(**{str(found.lastgroup): float(found["many"].replace(",", "."))})


def length_in(words: Sequence[str]) -> timedelta | None:
    """Parse words that are a duration and no more: `for half an hour`, `на час`."""
    parts = [word for word in _joined(words) if word.lower() not in LEADING]
    return length_of(parts[0]) if len(parts) == 1 else None


def _joined(words: Sequence[str]) -> list[str]:
    """Join words that form one time: `8 hours`, `half an hour`, `на час`, `30 november`, `9 утра`."""
    joined: list[str] = []
    at = 0
    while at < len(words):
        taken, word = _join_first(words[at : at + 3], preceding=joined[-1].lower() if joined else "")
        joined.append(word)
        at += taken
    return joined


def _join_first(words: Sequence[str], *, preceding: str) -> tuple[int, str]:
    """Return the count of leading words that form one time, and the joined word; `preceding`: the word before them."""
    first, *others = (word.lower() for word in words)
    second = others[0] if others else ""
    if first in HALVES:
        return 1, HALVES[first]
    if first in PARTS and second in ONE and len(others) > 1 and ONE_UNIT.fullmatch(others[1]):
        return 3, PARTS[first] + others[1]
    if first in PARTS | dict.fromkeys(ONE, "1") and ONE_UNIT.fullmatch(second):
        return 2, PARTS.get(first, "1") + second
    if preceding in LEADING and ONE_UNIT.fullmatch(first) and len(first) > 2:
        return 1, f"1{first}"
    # `дня` after a number is days or p.m.: на 3 дня, до 3 дня.
    of_day = preceding in UP_TO or second not in AFTERNOON
    if NUMBER.fullmatch(first) and ONE_UNIT.fullmatch(second) and not (of_day and second in AFTERNOON):
        return 2, first + second
    if of_day and first.isdecimal() and second in PARTS_OF_DAY and TWELVE_HOURS.fullmatch(first + PARTS_OF_DAY[second]):
        return 2, first + PARTS_OF_DAY[second]
    for number, name in ((first, second), (second, first)):
        if re.fullmatch(r"\d{1,2}", number) and (month := MONTHS.fullmatch(name)):
            return 2, f"{number}.{str(month.lastgroup).removeprefix('m')}"
    return 1, words[0]


def day_of(word: str, now: datetime) -> datetime | None:
    """Return the nearest future day that the word can mean; None for any other word. Raises NotADeadline."""
    if word in ("tomorrow", "завтра"):
        return now + timedelta(days=1)
    if word in WEEKDAYS:
        # The current weekday means next week.
        return now + timedelta(days=(WEEKDAYS[word] - now.weekday() - 1) % 7 + 1)
    for form in DATE_FORMS if word[:1].isdecimal() else ():
        try:
            return datetime.strptime(word, form)  # noqa: DTZ007 (station local time, naive)
        except ValueError:
            continue
    if (short := SHORT_DATE.fullmatch(word)) is None or TIME_WITH_A_POINT.fullmatch(word):
        return None
    try:
        # Without a year, the next occurrence.
        this_year = datetime(now.year, int(short[2]), int(short[1]))  # noqa: DTZ001 (the same)
        return this_year if this_year.date() >= now.date() else this_year.replace(year=now.year + 1)
    except ValueError:
        raise NotADeadline(word) from None


def _time(word: str) -> time | None:
    if word in TIMES_OF_DAY:
        return TIMES_OF_DAY[word]
    if found := TIME.fullmatch(word) or TIME_WITH_A_POINT.fullmatch(word):
        return time(int(found[1]), int(found[2]))
    if found := TWELVE_HOURS.fullmatch(word):
        return time(int(found[1]) % 12 + (12 if found[3] == "pm" else 0), int(found[2] or 0))
    return None


def _moment(day: datetime | None, clock: time | None, now: datetime, ends: time) -> datetime:
    moment = datetime.combine((day or now).date(), ends if clock is None else clock)
    return moment + timedelta(days=1) if day is None and moment <= now else moment
