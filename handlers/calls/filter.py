"""Calls that somebody asks for: by their period, end, direction, numbers, trunk and length. Pure.

The PBX searches for a part of a number in single legs; its results are matched again as whole numbers of whole calls:
201 is not 79268201045, and 8 916 111-11-11 is +7 916 111-11-11. It is not queried by name: measured, it finds `анна`
and not `Анна`, and no name with ё. The employees' numbers are searched for instead.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.calls.outcome import Outcome, failure_outcome, outcome, talk_seconds
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import EVERYTHING, Direction, ServerFilter, direction
from bot.text.phone_numbers import same_number
from handlers.parsing.periods import Period, from_stored
from handlers.parsing.phone_numbers import as_number, has_part, is_among

# Accepted words for the end of a call, and their outcomes.
ENDINGS: Mapping[str, frozenset[Outcome]] = {
    "answered": frozenset({Outcome.ANSWERED}),
    "missed": frozenset({Outcome.MISSED}),
    "unanswered": frozenset({Outcome.MISSED, Outcome.NO_ANSWER}),
    "busy": frozenset({Outcome.BUSY}),
    "failed": frozenset({Outcome.FAILED}),
    "unavailable": frozenset({Outcome.UNAVAILABLE}),
}
TEXTS = ("source", "destination", "party", "did", "trunk", "trunk_name", "search")
# Numbers searched for one by one; for more, all records are read once.
MAX_NUMBERS = 4


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Call filter. A call has any of `endings` and of `directions`; `longer_than` and `shorter_than` are seconds of
    talk, 0 for any. `source`, `destination` and `party` (either) are numbers or parts of names; `did` is a number;
    `trunk` is the id of one, `trunk_name` its name; `search` is a part of the number or name of a participant."""

    period: Period
    endings: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    longer_than: int = 0
    shorter_than: int = 0
    source: str = ""
    destination: str = ""
    party: str = ""
    did: str = ""
    trunk: str = ""
    trunk_name: str = ""
    search: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the texts that are searched for among the names of participants."""
        texts = (self.search, self.source, self.destination, self.party)
        return tuple(text for text in texts if text and not as_number(text))

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
        return ServerFilter(answered=True) if self.endings == ("answered",) else EVERYTHING

    def matches(self, record: CallRecord, numbers: Collection[str] = ()) -> bool:
        """Match a record. `numbers` as above; if not empty, the name matches only by them."""
        return (
            (not self.endings or any(not ENDINGS[one].isdisjoint(_endings(record)) for one in self.endings))
            and (not self.directions or direction(record) in self.directions)
            and (not self.longer_than or talk_seconds(record) > self.longer_than)
            and (not self.shorter_than or 0 < talk_seconds(record) < self.shorter_than)
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
        return replace(self, endings=(ending,) if ending else ())

    def facts(self) -> dict[str, str]:
        """Return the filter without its period, as plain text; several words are separated by spaces."""
        return {
            "ending": " ".join(self.endings),
            "direction": " ".join(self.directions),
            "longer_than": str(self.longer_than or ""),
            "shorter_than": str(self.shorter_than or ""),
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
    return CallFilter(
        from_stored(data),
        endings=tuple(str(data.get("ending", "")).split()),
        directions=tuple(Direction(way) for way in str(data.get("direction", "")).split()),
        longer_than=int(data.get("longer_than") or 0),
        shorter_than=int(data.get("shorter_than") or 0),
        **{name: str(data.get(name, "")) for name in TEXTS},
    )


def _endings(record: CallRecord) -> tuple[Outcome, ...]:
    """Return every outcome the record counts as: a missed caller that found the line busy is `busy` too."""
    result = outcome(record)
    return (result,) if result is Outcome.ANSWERED else (result, failure_outcome(record))


def _callers(record: CallRecord) -> list[tuple[str, str]]:
    return [(record.source_number, record.source_name)]


def _callees(record: CallRecord) -> list[tuple[str, str]]:
    legs = [(leg.destination_number, leg.destination_name) for leg in record.legs]
    return [(record.destination_number, record.destination_name), (record.did, ""), *legs]
