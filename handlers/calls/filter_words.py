"""Parse a call filter: `yesterday missed from 201`, `7d на 89161111111`, `today Anna`, `вчера дольше 2 минут`. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from bot.pbx.resources.record_models import Direction
from bot.text.normalization import normalized_figures
from bot.text.person_names import folded
from handlers.calls.filter import ENDINGS, CallFilter
from handlers.calls.talk_words import LONGER, SECONDS, SHORTER, take_talk_length
from handlers.parsing.arguments import read_words
from handlers.parsing.periods import NotAPeriod, take_period
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import AND, FILLERS, FROM, LAST, ROLLING, SINGLE, UP_TO, word_set

ENDING_WORDS = {word: word for word in ENDINGS} | {
    "noanswer": "unanswered",
    "no-answer": "unanswered",
    "ошибка": "failed",
}
ENDING_STEMS = {
    "пропущ": "missed",
    "отвеч": "answered",
    "неотвеч": "unanswered",
    "занят": "busy",
    "неудач": "failed",
    "недоступ": "unavailable",
    "принят": "answered",
    "непринят": "missed",
}
# Behind `не`.
NEGATED_STEMS = {"отвеч": "unanswered", "принят": "missed"}
TWO_WORDS = {("no", "answer"): "unanswered", ("not", "answered"): "unanswered", ("без", "ответа"): "unanswered"}
DIRECTION_WORDS = {str(way): way for way in Direction} | {
    "inbound": Direction.INCOMING,
    "outbound": Direction.OUTGOING,
    "вх": Direction.INCOMING,
    "исх": Direction.OUTGOING,
    "внутр": Direction.INTERNAL,
}
DIRECTION_STEMS = {
    "входящ": Direction.INCOMING,
    "исходящ": Direction.OUTGOING,
    "внутренн": Direction.INTERNAL,
}
# Used before a word, or as field=value.
FIELD_WORDS = {
    "from": "source",
    "от": "source",
    "с": "source",
    "со": "source",
    # Latin: the same key.
    "c": "source",
    "src": "source",
    "to": "destination",
    "на": "destination",
    "к": "destination",
    "dst": "destination",
    "with": "party",
    "по": "party",
    "did": "did",
}
# `с 201` is who called, `с Борисом` who took part.
WITH_A_NAME = frozenset({"с", "со"})
# Longer names and texts are not searched for the name of a trunk.
MAX_NAME_WORDS, MAX_WORDS = 6, 30
# Shorter parts of names are in too many.
MIN_PART = 3
# `last` and `past` are near to too many names.
MAX_SHORT = 4
ONLY_FIELDS = {"search": "search", "поиск": "search"}
# Words offered for a typing error.
KEYWORDS = (
    SINGLE
    | ENDING_WORDS.keys()
    | DIRECTION_WORDS.keys()
    | {"пропущенные", "отвеченные", "входящие", "исходящие"}
    | {word for word in LAST | ROLLING | SECONDS if len(word) > MAX_SHORT}
)
# No names.
LINKING = FILLERS | FROM | UP_TO | LONGER | SHORTER
# What they turn round is not searched for.
TURNING = word_set(
    "no not non except without excluding least most minimum maximum не кроме без нет исключая минимум максимум"
)
# In front of a number they say nothing more. `внутренний 201` is an extension.
NUMBER_WORDS = word_set(
    "number phone ext extension номер номера номеру тел телефон телефона доб добавочный добавочного "
    "внутренний внутреннего внутреннему"
)
# They say nothing more than the command's name.
SILENT = word_set(
    "calls call all any only show by of the and звонки звонок звонков вызовы вызов вызовов все только покажи показать и"
)
BY_TRUNK = word_set("via through over trunk on from to через транк линия линии линию с на по от")
AND_OR = AND | {"or", "или"}
PHONE_PART = re.compile(r"\+?[\d().-]+")
# A number written in groups has at least so many digits.
MIN_GROUPED = 10


def read_filter(text: str, now: datetime, trunks: Mapping[str, str] = MappingProxyType({})) -> CallFilter:
    """Parse a filter; unrecognized words become the search text. `now`: station local time, naive. `trunks`: names by
    id. Raises NotAPeriod."""
    written = read_words(normalized_figures(text))
    found = _fields(written.fields)
    talk, words = take_talk_length(written.free)
    period, words = take_period(words, now)
    words = _take_trunk(_without_number_words(words), found, trunks, in_full=True)
    words = _take_fields(words, found, trunks)
    words = _take_outcome_and_direction(words, found)
    words = [word for word in _take_trunk(words, found, trunks) if fold(word) not in SILENT]
    if unread := next((word for word in words if fold(word) in FIELD_WORDS), ""):
        raise NotAPeriod(unread)
    places = [at for at, word in enumerate(words) if PHONE_PART.fullmatch(word)]
    numbers = [words[at] for at in places]
    are_apart = places != [] and places[-1] - places[0] != len(places) - 1
    if len(numbers) > 1 and (are_apart or _groups(numbers[0], numbers[1:]) != len(numbers) - 1):
        # Two extensions are no number.
        raise NotAPeriod(numbers[1])
    if numbers:
        found.setdefault("party", "".join(numbers))
    if names := [word for word in words if word not in numbers]:
        found.setdefault("search", " ".join(names))
    return CallFilter(period, longer_than=talk.longer_than, shorter_than=talk.shorter_than, **found)


def _without_number_words(words: Sequence[str]) -> list[str]:
    remaining: list[str] = []
    for word in reversed(words):
        if not (remaining and fold(word) in NUMBER_WORDS and PHONE_PART.fullmatch(remaining[-1])):
            remaining.append(word)
    return remaining[::-1]


def _take_trunk(
    words: list[str], found: dict[str, Any], trunks: Mapping[str, str], *, in_full: bool = False
) -> list[str]:
    """Extract the name of a trunk, or a part of only one's unless `in_full`."""
    if "trunk" in found:
        return words
    for length in range(min(len(words), MAX_NAME_WORDS), 0, -1):
        for at in range(min(len(words), MAX_WORDS) - length + 1):
            trunk = _trunk_named(" ".join(words[at : at + length]), trunks, in_full=in_full)
            if not trunk:
                continue
            found["trunk"], found["trunk_name"] = trunk, trunks[trunk]
            before = words[:at]
            while before and fold(before[-1]) in BY_TRUNK:
                before.pop()
            return [*before, *words[at + length :]]
    return words


def _trunk_named(written: str, trunks: Mapping[str, str], *, in_full: bool = False) -> str:
    """Return the id; empty for a part of several names, for any part if `in_full`, and for no name."""
    wanted = folded(written)
    named = [id_ for id_, name in trunks.items() if folded(name) == wanted] or [
        id_ for id_, name in trunks.items() if not in_full and len(written) >= MIN_PART and wanted in folded(name)
    ]
    return named[0] if len(named) == 1 else ""


def _fields(written: Mapping[str, str]) -> dict[str, Any]:
    known = FIELD_WORDS | ONLY_FIELDS
    for name, value in written.items():
        if name not in known or not value:
            raise NotAPeriod(f"{name}={value}")
    return {known[name]: value for name, value in written.items()}


def _take_fields(words: list[str], found: dict[str, Any], trunks: Mapping[str, str]) -> list[str]:
    """Extract `from 201` and `to 8 916 111-11-11`. A trunk behind such a word, as in `на Манго`, is left."""
    remaining: list[str] = []
    while words:
        word = words.pop(0)
        field = FIELD_WORDS.get(fold(word))
        if field is None or not words or fold(words[0]) in BY_TRUNK:
            remaining.append(word)
            continue
        is_name = not PHONE_PART.fullmatch(words[0])
        if is_name and _trunk_named(words[0], trunks):
            remaining += [word, words.pop(0)]
            continue
        field = "party" if is_name and fold(word) in WITH_A_NAME else field
        found[field] = words.pop(0)
        for _ in range(_groups(found[field], words)):
            found[field] += words.pop(0)
        second = words[1:2] if words and fold(words[0]) in AND_OR else words[:1]
        if PHONE_PART.fullmatch(found[field]) and second and PHONE_PART.fullmatch(second[0]):
            # From 201 and 202: one of them would be lost.
            raise NotAPeriod(second[0])
    return remaining


def _groups(first: str, following: Sequence[str]) -> int:
    """Return how many of the following words are groups of the number: it begins with a country code or trunk prefix,
    or has as many digits as no extension."""
    if not PHONE_PART.fullmatch(first):
        return 0
    count = next((at for at, word in enumerate(following) if not PHONE_PART.fullmatch(word)), len(following))
    digits = sum(char.isdecimal() for word in (first, *following[:count]) for char in word)
    return count if re.fullmatch(r"\+\d+|\d", first) or digits >= MIN_GROUPED else 0


def _take_outcome_and_direction(words: Sequence[str], found: dict[str, Any]) -> list[str]:
    remaining: list[str] = []
    at = 0
    while at < len(words):
        word, following = fold(words[at]), fold(words[at + 1]) if at + 1 < len(words) else ""
        at += 1
        if ending := TWO_WORDS.get((word, following)) or (_by_stem(following, NEGATED_STEMS) if word == "не" else None):
            at += 1
            found["endings"] = _added(found, "endings", ending)
        elif ending := ENDING_WORDS.get(word) or _by_stem(word, ENDING_STEMS):
            found["endings"] = _added(found, "endings", ending)
        elif way := DIRECTION_WORDS.get(word) or _by_stem(word, DIRECTION_STEMS):
            found["directions"] = _added(found, "directions", way)
        elif word in TURNING:
            raise NotAPeriod(" ".join(words[at - 1 : at + 1]))
        else:
            remaining.append(words[at - 1])
    return remaining


def _added(found: Mapping[str, Any], name: str, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*found.get(name, ()), value)))


def _by_stem(word: str, stems: Mapping[str, Any]) -> Any:
    return next((meaning for stem, meaning in stems.items() if word.startswith(stem)), None)
