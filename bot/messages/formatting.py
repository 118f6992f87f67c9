"""Format times, durations and numbers in the reader's language and the station's zone. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from bot.messages.message import mark
from bot.messages.sanitize import unsanitize
from bot.text import phone_numbers
from bot.text.cldr import locale_facts

UNITS = (
    (86_400, mark("%(n)d d")),
    (3_600, mark("%(n)d h")),
    (60, mark("%(n)d min")),
    (1, mark("%(n)d s")),
)
AGO = mark("%(duration)s ago")


@dataclass(frozen=True, slots=True)
class ReaderView:
    """Context of formatting.

    `now` is aware; `translate` is gettext of the language; `country` applies to numbers without a plus, "" if unknown.
    """

    language: str
    translate: Callable[[str], str]
    zone: tzinfo
    now: datetime
    country: str = ""


def clock(view: ReaderView, value: str | datetime) -> str:
    """Format as `14:02:10`, preceded by the date if not today."""
    return _time(view, value, "%H:%M:%S")


def moment(view: ReaderView, value: str | datetime) -> str:
    """Format as `14:02`, preceded by the date if not today."""
    return _time(view, value, "%H:%M")


def day(view: ReaderView, value: str | date) -> str:
    """Format as `Nov 22`, with the year if not this year. A plain date is not converted between zones."""
    if isinstance(value, str) and len(value) > len("2026-11-22"):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        value = _local(view, value).date()
    elif isinstance(value, str):
        value = date.fromisoformat(value)
    same_year = value.year == view.now.astimezone(view.zone).year
    return locale_facts(view.language).formatted("MMMd" if same_year else "yMMMd", value)


def dated_weekday(view: ReaderView, value: str | date) -> str:
    """Format as `Mon, Nov 23`, with the year if not this year."""
    value = date.fromisoformat(value) if isinstance(value, str) else value
    same_year = value.year == view.now.astimezone(view.zone).year
    return locale_facts(view.language).formatted("MMMEd" if same_year else "yMMMEd", value)


def weekdays(view: ReaderView, days: Iterable[int]) -> str:
    """Format numbers of weekdays, Monday is 0, as `Mon–Fri`, `Mon, Wed`."""
    numbers, names = sorted(days), locale_facts(view.language).weekdays
    if len(numbers) > 2 and numbers == [*range(numbers[0], numbers[-1] + 1)]:
        return f"{names[numbers[0]]}–{names[numbers[-1]]}"
    return ", ".join(names[number] for number in numbers)


def duration(view: ReaderView, seconds: float) -> str:
    """Format as `40 s`, `2 min 5 s`, `12 d 4 h`: the largest unit and the one below it."""
    remaining = max(0, int(seconds))
    for place, (size, text) in enumerate(UNITS):
        if remaining >= size:
            parts = [_amount(view, text, remaining // size)]
            below = UNITS[place + 1 : place + 2]
            parts += [_amount(view, t, remaining % size // s) for s, t in below if remaining % size >= s]
            return " ".join(parts)
    return _amount(view, UNITS[-1][1], 0)


def ago(view: ReaderView, value: str | datetime) -> str:
    return view.translate(AGO) % {"duration": duration(view, seconds_since(view.now, _local(view, value)))}


def or_now(view: ReaderView, value: str | None) -> str | datetime:
    """Return the time, or the time of rendering if unknown."""
    return value or view.now


def seconds_since(later: str | datetime, earlier: str | datetime) -> float:
    """Return the seconds between two aware times."""
    end, begin = (datetime.fromisoformat(t) if isinstance(t, str) else t for t in (later, earlier))
    return (end - begin).total_seconds()


def sentence(view: ReaderView, words: Mapping[str, str]) -> str:
    """Return a part of a sentence, given by language, as a sentence of the reader's language."""
    text = words.get(view.language) or words["en"]
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def decimal(view: ReaderView, number: str | float) -> str:
    """Format `99.05` with the language's decimal mark: `99,05`."""
    return str(number).replace(".", locale_facts(view.language).decimal_mark)


def length_of_call(seconds: float) -> str:
    """Format as `2:14`, `1:02:14`."""
    minutes, remainder = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{remainder:02}" if hours else f"{minutes}:{remainder:02}"


def phone(value: str | int, country: str = "") -> str:
    """Format a valid number as `+7 916 111-11-11`, others unchanged.

    `country` applies to numbers without a plus, "" if unknown.
    """
    written = str(value)
    found = phone_numbers.likeliest(phone_numbers.bare(unsanitize(written)), country)
    return written if found is None else phone_numbers.formatted(found)


def _time(view: ReaderView, value: str | datetime, pattern: str) -> str:
    local = _local(view, value)
    written = local.strftime(pattern)
    today = view.now.astimezone(view.zone).date()
    return written if local.date() == today else f"{day(view, local)} {written}"


def _local(view: ReaderView, value: str | datetime) -> datetime:
    """Convert to the station's zone; a time without an offset is already in it, as the PBX writes it."""
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed.replace(tzinfo=view.zone) if parsed.tzinfo is None else parsed.astimezone(view.zone)


def _amount(view: ReaderView, text: str, number: int) -> str:
    return view.translate(text) % {"n": number}
