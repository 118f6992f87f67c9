"""Parse and apply a call filter: `yesterday missed from 201`, `7d на 89161111111`, `today Anna`. Pure.

The PBX searches for a part of a number in single legs; its results are matched again as whole numbers of whole calls:
201 is not 79268201045, and 8 916 111-11-11 is +7 916 111-11-11. It is not queried by name: measured, it finds `анна`
and not `Анна`, and no name with ё. The employees' numbers are searched for instead.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.pbx import CallRecord
from bot.pbx.resources.record_models import EVERYTHING, Direction, ServerFilter, direction
from handlers.calls.outcome import Outcome, failure_outcome, outcome
from handlers.parsing.arguments import read_words
from handlers.parsing.periods import NotAPeriod, Period, from_stored, take_period
from handlers.parsing.phone_numbers import as_number, has_part, is_among, same_number

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
ONLY_FIELDS = {"search": "search", "поиск": "search"}
# Numbers searched for one by one; for more, all records are read once.
MAX_NUMBERS = 4
PHONE_PART = re.compile(r"\+?[\d().-]+")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Call filter. `source`, `destination` and `party` (either) are numbers or parts of names; `did` is a number;
    `search` is a part of the number or name of a participant."""

    period: Period
    ending: str = ""
    direction: Direction | None = None
    source: str = ""
    destination: str = ""
    party: str = ""
    did: str = ""
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
            "search": self.search,
        }

    def stored(self) -> dict[str, str]:
        return self.period.stored() | self.facts()


def from_button(data: Mapping[str, Any]) -> CallFilter:
    """Restore a filter from `stored`."""
    way = Direction(data["direction"]) if data["direction"] else None
    texts = {name: str(data[name]) for name in ("ending", "source", "destination", "party", "did", "search")}
    return CallFilter(from_stored(data), direction=way, **texts)


def read_filter(text: str, now: datetime) -> CallFilter:
    """Parse a filter; unrecognized words become the search text. `now`: station local time, naive. Raises
    NotAPeriod."""
    written = read_words(text)
    found = _fields(written.fields)
    words = _take_fields(list(written.free), found)
    period, words = take_period(words, now)
    words = _take_outcome_and_direction(words, found)
    if words and all(PHONE_PART.fullmatch(word) for word in words):
        found.setdefault("party", "".join(words))
    elif words:
        found.setdefault("search", " ".join(words))
    return CallFilter(period, **found)


def _fields(written: Mapping[str, str]) -> dict[str, Any]:
    known = FIELD_WORDS | ONLY_FIELDS
    for name, value in written.items():
        if name not in known or not value:
            raise NotAPeriod(f"{name}={value}")
    return {known[name]: value for name, value in written.items()}


def _take_fields(words: list[str], found: dict[str, Any]) -> list[str]:
    """Extract `from 201` and `to 8 916 111-11-11`; `from 2026-11-01` is left as a time."""
    remaining: list[str] = []
    while words:
        word = words.pop(0)
        field = FIELD_WORDS.get(word.lower())
        if field is None or not words or is_time(words[0]):
            remaining.append(word)
            continue
        found[field] = words.pop(0)
        # A number written in groups begins with a country code or trunk prefix.
        if re.fullmatch(r"\+\d+|\d", found[field]):
            while words and PHONE_PART.fullmatch(words[0]) and not is_time(words[0]):
                found[field] += words.pop(0)
    return remaining


def _take_outcome_and_direction(words: Sequence[str], found: dict[str, Any]) -> list[str]:
    remaining: list[str] = []
    pending = list(words)
    while pending:
        word = pending.pop(0).lower()
        if pending and (ending := TWO_WORDS.get((word, pending[0].lower()))):
            pending.pop(0)
            found["ending"] = ending
        elif ending := ENDING_WORDS.get(word) or _by_stem(word, ENDING_STEMS):
            found["ending"] = ending
        elif way := DIRECTION_WORDS.get(word) or _by_stem(word, DIRECTION_STEMS):
            found["direction"] = way
        else:
            remaining.append(words[len(words) - len(pending) - 1])
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
