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
from handlers.calls.talk_words import take_talk_length
from handlers.parsing.arguments import read_words
from handlers.parsing.periods import NotAPeriod, take_period
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import SINGLE, word_set

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
}
TWO_WORDS = {("no", "answer"): "unanswered", ("not", "answered"): "unanswered", ("без", "ответа"): "unanswered"}
DIRECTION_WORDS = {str(way): way for way in Direction} | {
    "inbound": Direction.INCOMING,
    "outbound": Direction.OUTGOING,
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
    "src": "source",
    "to": "destination",
    "на": "destination",
    "к": "destination",
    "dst": "destination",
    "with": "party",
    "did": "did",
}
# `с 201` is who called, `с Борисом` who took part.
WITH_A_NAME = frozenset({"с", "со"})
# No filter leaves calls out, and their first letters are parts of names.
NEGATIONS = frozenset({"not", "except", "without", "не", "кроме", "без", "нет"})
# Longer names and texts are not searched for the name of a trunk.
MAX_NAME_WORDS, MAX_WORDS = 6, 30
# Shorter parts of names are in too many.
MIN_PART = 3
ONLY_FIELDS = {"search": "search", "поиск": "search"}
# Words offered for a typing error.
KEYWORDS = (
    SINGLE | ENDING_WORDS.keys() | DIRECTION_WORDS.keys() | {"пропущенные", "отвеченные", "входящие", "исходящие"}
)
# They say nothing more than the command's name.
SILENT = word_set(
    "calls call all any by of the and only show "
    "звонки звонок звонков вызовы вызов вызовов все всё и только покажи показать"
)
BY_TRUNK = frozenset({"via", "through", "trunk", "через", "транк", "линия", "линии"})
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
    words = _take_fields(words, found, trunks)
    words = _take_outcome_and_direction(words, found)
    words = [word for word in _take_trunk(words, found, trunks) if fold(word) not in SILENT]
    if unread := next((word for word in words if fold(word) in NEGATIONS or fold(word) in FIELD_WORDS), ""):
        raise NotAPeriod(unread)
    numbers = [word for word in words if PHONE_PART.fullmatch(word)]
    if len(numbers) > 1 and _groups(numbers[0], numbers[1:]) != len(numbers) - 1:
        # Two extensions are no number.
        raise NotAPeriod(numbers[1])
    if numbers:
        found.setdefault("party", "".join(numbers))
    if names := [word for word in words if word not in numbers]:
        found.setdefault("search", " ".join(names))
    return CallFilter(period, longer_than=talk.longer_than, shorter_than=talk.shorter_than, **found)


def _take_trunk(words: list[str], found: dict[str, Any], trunks: Mapping[str, str]) -> list[str]:
    """Extract the name of a trunk, or a part of only one's."""
    for length in range(min(len(words), MAX_NAME_WORDS), 0, -1):
        for at in range(min(len(words), MAX_WORDS) - length + 1):
            if trunk := _trunk_named(" ".join(words[at : at + length]), trunks):
                found["trunk"], found["trunk_name"] = trunk, trunks[trunk]
                before = words[:at]
                return [*(before[:-1] if before and fold(before[-1]) in BY_TRUNK else before), *words[at + length :]]
    return words


def _trunk_named(written: str, trunks: Mapping[str, str]) -> str:
    """Return the id; empty for a part of several names, or of none."""
    wanted = folded(written)
    named = [id_ for id_, name in trunks.items() if folded(name) == wanted] or [
        id_ for id_, name in trunks.items() if len(written) >= MIN_PART and wanted in folded(name)
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
        field = FIELD_WORDS.get(word.lower())
        if field is None or not words:
            remaining.append(word)
            continue
        is_name = not PHONE_PART.fullmatch(words[0])
        if is_name and _trunk_named(words[0], trunks):
            remaining.append(words.pop(0))
            continue
        field = "party" if is_name and word.lower() in WITH_A_NAME else field
        found[field] = words.pop(0)
        for _ in range(_groups(found[field], words)):
            found[field] += words.pop(0)
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
        if ending := TWO_WORDS.get((word, following)) or (
            "unanswered" if (word, following[:5]) == ("не", "отвеч") else ""
        ):
            at += 1
            found["endings"] = _added(found, "endings", ending)
        elif ending := ENDING_WORDS.get(word) or _by_stem(word, ENDING_STEMS):
            found["endings"] = _added(found, "endings", ending)
        elif way := DIRECTION_WORDS.get(word) or _by_stem(word, DIRECTION_STEMS):
            found["directions"] = _added(found, "directions", way)
        else:
            remaining.append(words[at - 1])
    return remaining


def _added(found: Mapping[str, Any], name: str, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*found.get(name, ()), value)))


def _by_stem(word: str, stems: Mapping[str, Any]) -> Any:
    return next((meaning for stem, meaning in stems.items() if word.startswith(stem)), None)
