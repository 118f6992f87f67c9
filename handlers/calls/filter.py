"""Parse and apply a call filter: `yesterday missed from 201`, `7d на 89161111111`, `today Anna`. Pure.

The PBX searches for a part of a number in single legs; its results are matched again as whole numbers of whole calls:
201 is not 79268201045, and 8 916 111-11-11 is +7 916 111-11-11. It is not queried by name: measured, it finds `анна`
and not `Анна`, and no name with ё. The employees' numbers are searched for instead.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from bot.pbx import CallRecord
from bot.pbx.resources.record_models import EVERYTHING, Direction, ServerFilter, direction
from bot.text.person_names import folded
from bot.text.phone_numbers import plain
from handlers.calls.outcome import Outcome, failure_outcome, outcome
from handlers.parsing.arguments import read_words
from handlers.parsing.periods import NotAPeriod, Period, from_stored, take_period
from handlers.parsing.phone_numbers import as_number, has_part, is_among, same_number
from handlers.parsing.times.model import fold
from handlers.parsing.times.words import SINGLE

# Accepted words for the end of a call, and their outcomes.
ENDINGS: Mapping[str, frozenset[Outcome]] = {
    "answered": frozenset({Outcome.ANSWERED}),
    "missed": frozenset({Outcome.MISSED}),
    "unanswered": frozenset({Outcome.MISSED, Outcome.NO_ANSWER}),
    "busy": frozenset({Outcome.BUSY}),
    "failed": frozenset({Outcome.FAILED}),
    "unavailable": frozenset({Outcome.UNAVAILABLE}),
}
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
    "src": "source",
    "to": "destination",
    "на": "destination",
    "к": "destination",
    "dst": "destination",
    "with": "party",
    "did": "did",
}
TEXTS = ("ending", "source", "destination", "party", "did", "trunk", "trunk_name", "search")
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
SILENT = frozenset({"calls", "call", "all", "by", "of", "the", "and", "звонки", "звонок", "вызовы", "все", "и"})
BY_TRUNK = frozenset({"via", "through", "trunk", "через", "транк", "линия", "линии"})
# Numbers searched for one by one; for more, all records are read once.
MAX_NUMBERS = 4
PHONE_PART = re.compile(r"\+?[\d().-]+")
# A number written in groups has at least so many digits.
MIN_GROUPED = 10


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Call filter. `source`, `destination` and `party` (either) are numbers or parts of names; `did` is a number;
    `trunk` is the id of one, `trunk_name` its name; `search` is a part of the number or name of a participant."""

    period: Period
    ending: str = ""
    direction: Direction | None = None
    source: str = ""
    destination: str = ""
    party: str = ""
    did: str = ""
    trunk: str = ""
    trunk_name: str = ""
    search: str = ""

    def server_filters(self, numbers: Collection[str] = ()) -> tuple[ServerFilter, ...]:
        """Return the PBX queries to run one by one, so that not every record of the period is read. `numbers` are those
        of the employees that `search` matches."""
        if self.search and as_number(self.search):
            return (ServerFilter(search=as_number(self.search)),)
        if self.search:
            searched = [ServerFilter(search=same_number(number)) for number in numbers]
            return tuple(searched) if 0 < len(searched) <= MAX_NUMBERS else (EVERYTHING,)
        return (self._server_filter(),)

    def _server_filter(self) -> ServerFilter:
        if digits := as_number(self.source):
            return ServerFilter(source=digits)
        # The dialled number of an incoming call is the DID, so only `search` finds its other numbers.
        if digits := as_number(self.destination) or as_number(self.party):
            return ServerFilter(search=digits)
        if digits := as_number(self.did):
            return ServerFilter(did=digits)
        return ServerFilter(answered=True) if self.ending == "answered" else EVERYTHING

    def matches(self, record: CallRecord, numbers: Collection[str] = ()) -> bool:
        """Match a record. `numbers` as above; if not empty, the name matches only by them."""
        return (
            (not self.ending or not ENDINGS[self.ending].isdisjoint(_endings(record)))
            and (self.direction is None or direction(record) is self.direction)
            and (not self.source or is_among(self.source, _callers(record)))
            and (not self.destination or is_among(self.destination, _callees(record)))
            and (not self.party or is_among(self.party, [*_callers(record), *_callees(record)]))
            and (not self.did or is_among(self.did, [(record.did, "")]))
            and (not self.trunk or any(self.trunk in (leg.from_account, leg.to_account) for leg in record.legs))
            and (not self.search or self._is_found(record, numbers))
        )

    def _is_found(self, record: CallRecord, numbers: Collection[str]) -> bool:
        parties = [*_callers(record), *_callees(record)]
        parties += [(leg.source_number, leg.source_name) for leg in record.legs]
        if numbers:
            return any(is_among(number, parties) for number in numbers)
        return has_part(self.search, parties)

    def with_ending(self, ending: str) -> "CallFilter":
        return replace(self, ending=ending)

    def facts(self) -> dict[str, str]:
        """Return the filter without its period, as plain text."""
        return {
            "ending": self.ending,
            "direction": str(self.direction or ""),
            "source": self.source,
            "destination": self.destination,
            "party": self.party,
            "did": self.did,
            "trunk": self.trunk,
            "trunk_name": self.trunk_name,
            "search": self.search,
        }

    def stored(self) -> dict[str, str]:
        return self.period.stored() | self.facts()


def from_button(data: Mapping[str, Any]) -> CallFilter:
    """Restore a filter from `stored`."""
    way = Direction(data["direction"]) if data["direction"] else None
    return CallFilter(from_stored(data), direction=way, **{name: str(data.get(name, "")) for name in TEXTS})


def read_filter(text: str, now: datetime, trunks: Mapping[str, str] = MappingProxyType({})) -> CallFilter:
    """Parse a filter; unrecognized words become the search text. `now`: station local time, naive. `trunks`: names by
    id. Raises NotAPeriod."""
    written = read_words(plain(text))
    found = _fields(written.fields)
    period, words = take_period(written.free, now)
    words = _take_fields(words, found)
    words = _take_outcome_and_direction(words, found)
    words = [word for word in _take_trunk(words, found, trunks) if fold(word) not in SILENT]
    numbers = [word for word in words if PHONE_PART.fullmatch(word)]
    if len(numbers) > 1 and _groups(numbers[0], numbers[1:]) != len(numbers) - 1:
        # Two extensions are no number.
        raise NotAPeriod(numbers[1])
    if numbers:
        found.setdefault("party", "".join(numbers))
    if names := [word for word in words if word not in numbers]:
        found.setdefault("search", " ".join(names))
    return CallFilter(period, **found)


def _take_trunk(words: list[str], found: dict[str, Any], trunks: Mapping[str, str]) -> list[str]:
    """Extract the name of a trunk, or a part of only one's."""
    for length in range(min(len(words), MAX_NAME_WORDS), 0, -1):
        for at in range(min(len(words), MAX_WORDS) - length + 1):
            written = " ".join(words[at : at + length])
            named = [id_ for id_, name in trunks.items() if folded(name) == folded(written)] or [
                id_ for id_, name in trunks.items() if len(written) >= MIN_PART and folded(written) in folded(name)
            ]
            if len(named) != 1:
                continue
            found["trunk"], found["trunk_name"] = named[0], trunks[named[0]]
            before = words[:at]
            return [*(before[:-1] if before and fold(before[-1]) in BY_TRUNK else before), *words[at + length :]]
    return words


def _fields(written: Mapping[str, str]) -> dict[str, Any]:
    known = FIELD_WORDS | ONLY_FIELDS
    for name, value in written.items():
        if name not in known or not value:
            raise NotAPeriod(f"{name}={value}")
    return {known[name]: value for name, value in written.items()}


def _take_fields(words: list[str], found: dict[str, Any]) -> list[str]:
    """Extract `from 201` and `to 8 916 111-11-11`."""
    remaining: list[str] = []
    while words:
        word = words.pop(0)
        field = FIELD_WORDS.get(word.lower())
        if field is None or not words:
            remaining.append(word)
            continue
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
            found["ending"] = ending
        elif ending := ENDING_WORDS.get(word) or _by_stem(word, ENDING_STEMS):
            found["ending"] = ending
        elif way := DIRECTION_WORDS.get(word) or _by_stem(word, DIRECTION_STEMS):
            found["direction"] = way
        else:
            remaining.append(words[at - 1])
    return remaining


def _by_stem(word: str, stems: Mapping[str, Any]) -> Any:
    return next((meaning for stem, meaning in stems.items() if word.startswith(stem)), None)


def _endings(record: CallRecord) -> tuple[Outcome, ...]:
    """Return every outcome the record counts as: a missed caller that found the line busy is `busy` too."""
    result = outcome(record)
    return (result,) if result is Outcome.ANSWERED else (result, failure_outcome(record))


def _callers(record: CallRecord) -> list[tuple[str, str]]:
    return [(record.source_number, record.source_name)]


def _callees(record: CallRecord) -> list[tuple[str, str]]:
    legs = [(leg.destination_number, leg.destination_name) for leg in record.legs]
    return [(record.destination_number, record.destination_name), (record.did, ""), *legs]
