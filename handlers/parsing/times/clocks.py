"""Recognize a time of day, or two: `9:00`, `9 вечера`, `9-12`, `с 9 до 18:00`. Pure."""

import re
from collections.abc import Sequence
from datetime import time

from handlers.parsing.times.model import END_OF_DAY, HOURS, Clock, Found, Hours, NotATime
from handlers.parsing.times.numerals import OF_MONTH, cardinal_at
from handlers.parsing.times.words import AND, BETWEEN, CLOCKS, FROM, HALF_DAYS, MONTHS, OF_CLOCK, UP_TO

CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
# 18.30 and 09.00 are times: there is no month 30 or 0.
# So are 9-00 and 9-30: there is no hour 30, and none ends at 0 that begins at 9.
CLOCK_WITH_A_HYPHEN = re.compile(r"(\d{1,2})-(00|30|45)")
CLOCK_WITH_A_POINT = re.compile(r"(\d{1,2})\.(00|1[3-9]|[2-5]\d)")
# 9ч after `до` or `с`; elsewhere a length.
HOURS_WORD = re.compile(r"(\d{1,2})(?:h|ч|час|часов)")
# One o'clock needs no number in Russian: час дня.
ONE_O_CLOCK = frozenset({"час", "часа", "часу"})
# These are numbers of a length only.
NO_HOURS = frozenset({"a", "an", "couple", "пару"})
HALF_DAY_CLOCK = re.compile(r"(0?[1-9]|1[0-2])(?:[:.]([0-5]\d))?(am|pm)")


def clock_of(word: str) -> Clock | None:
    """Return the time of day of one word: `9:00`, `09.30`, `9pm`, `noon`. Raises NotATime."""
    if word in CLOCKS:
        return Clock(CLOCKS[word], is_midnight=CLOCKS[word] == time())
    if found := HALF_DAY_CLOCK.fullmatch(word):
        return Clock(time(int(found[1]) % 12 + (12 if found[3] == "pm" else 0), int(found[2] or 0)))
    if found := CLOCK.fullmatch(word) or CLOCK_WITH_A_POINT.fullmatch(word) or CLOCK_WITH_A_HYPHEN.fullmatch(word):
        if word in ("24:00", "24.00"):
            return Clock(END_OF_DAY, is_midnight_after=True)
        hours, minutes, seconds = (int(part or 0) for part in (*found.groups(), 0)[:3])
        try:
            return Clock(time(hours, minutes, seconds))
        except ValueError:
            raise NotATime(word) from None
    return None


def hour_of(word: str) -> Clock | None:
    """Return the full hour of a number up to 24, where the words around it say that it is one."""
    word = _in_digits(word)
    if not re.fullmatch(r"\d{1,2}", word) or int(word) > 24:
        return None
    return Clock(END_OF_DAY, is_midnight_after=True) if int(word) == 24 else Clock(time(int(word)))


def clock_at(words: Sequence[str]) -> Found[Clock] | None:
    """`9:00`, `9 pm`, `9 вечера`, `9 часов утра`, `девять утра`, `час дня`, `9 o'clock`."""
    first, second, third = (*words[:3], "", "", "")[:3]
    if first in ONE_O_CLOCK and second in HALF_DAYS:
        first = "1"
    elif second in OF_CLOCK or second in HALF_DAYS:
        first = _in_digits(first)
    elif written := HOURS_WORD.fullmatch(first):
        found = hour_of(written[1])
        return (found, 1) if found is not None else None
    of_clock = second in OF_CLOCK
    half = HALF_DAYS.get(third if of_clock else second)
    if half is not None and HALF_DAY_CLOCK.fullmatch(f"{first}{half}"):
        found, count = clock_of(f"{first}{half}"), 3 if of_clock else 2
    elif of_clock:
        found, count = hour_of(first), 2
    else:
        found, count = clock_of(first), 1
    return (found, count) if found is not None else None


def _in_digits(word: str) -> str:
    found = cardinal_at([word]) if word not in NO_HOURS else None
    return str(found[0]) if found is not None else word


def hours_at(words: Sequence[str]) -> Found[Hours] | None:
    """`9-12`, `9:00-12:30`, `2-4 pm`, `22-8`, `from 9 to 12`, `с 9 вечера до 2 ночи`, `с девяти до двенадцати`."""
    if words and CLOCK_WITH_A_HYPHEN.fullmatch(words[0]):
        return None
    if joined := HOURS.fullmatch(words[0]) if words else None:
        found = _from_to(joined[1], [joined[2], *words[1:2]])
        return found and (found[0], found[1])
    before = 1 if words and words[0] in FROM | BETWEEN else 0
    start = clock_at(words[before:])
    count = before + (start[1] if start is not None else 1)
    if len(words) < count + 2 or words[count] not in UP_TO | AND:
        return None
    if start is not None and start[1] > 1:
        found = _between(start[0], words[count + 1 :])
    elif before or words[before][:1].isdecimal():
        found = _from_to(words[before], words[count + 1 :])
    else:
        found = None
    return found and (found[0], count + 1 + found[1])


def _between(start: Clock, last: Sequence[str]) -> Found[Hours] | None:
    """`9 вечера` to `2 ночи`: both with the half of the day, or the second in 24 hours."""
    end = clock_at(last)
    if end is None or start.is_midnight_after or start == end[0]:
        return None
    return Hours(start.time, end[0].time), end[1]


def _from_to(first: str, last: Sequence[str]) -> Found[Hours] | None:
    """Return the hours, and the number of words of `last` that belong to them."""
    found = clock_at(last)
    # 10:00 to 2 december
    is_day = len(last) > 1 and (last[1] in MONTHS or last[1] in OF_MONTH)
    if found is None and not is_day and (hour := hour_of(last[0])) is not None:
        found = hour, 1
    start = clock_of(first) or hour_of(first)
    if found is None or start is None or start.is_midnight_after or start == found[0]:
        return None
    end, count = found
    begin = start.time
    # 2-4 pm is both in the afternoon, 9-5 pm is not.
    if first.isdecimal() and end.time.hour > begin.hour + 12 and (count > 1 or last[0].endswith("pm")):
        begin = begin.replace(hour=begin.hour + 12)
    finish = end.time
    # 9 to 5 is a day's work, 22 to 8 a night.
    if last[0].isdecimal() and count == 1 and finish < begin and begin.hour <= 12 and not end.is_midnight_after:
        finish = finish.replace(hour=finish.hour + 12)
    return Hours(begin, finish), count
