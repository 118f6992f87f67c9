"""Language of the scenarios: events of a station, minute by minute, and the notifications that a person should receive.

    == The provider dies and comes back
    trunks: zadarma, mango
    14:05     zadarma silent
    14:05:40  zadarma dead
    14:25     zadarma up
    14:40     end
    page 14:06:10 zadarma no_answer
    again 14:08:10..14:14:10 zadarma

Times are local to the station and only grow: an earlier one is the next day's; of a time that the end of DST repeats,
the second has the suffix `b`. `page` is a message with a sound to the person on call; `again` repeats one that they
were paged for, with two times every two minutes from the first to the second; `warning` is a silent message to the
group about no outage. Any other notification is an error.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

TRACES = Path(__file__).parent / "traces"
EVERY = timedelta(minutes=2)
TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?(b?)")


@dataclass(frozen=True)
class Event:
    at: datetime
    who: str
    does: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """`kind` is page, again or warning; `cause` is "" where none is known."""

    kind: str
    at: datetime
    subject: str
    cause: str


@dataclass
class Scenario:
    title: str
    file: str
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))
    day: date = date(2026, 11, 23)
    # Name, initial state, and special properties: type=iax, host=192.168.1.1, registration=none.
    trunks: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    on_call: list[str] = field(default_factory=lambda: ["anna", "boris"])
    # Outbound routes in the PBX's order: trunk, prefix, number of further digits.
    routes: list[tuple[str, str, int]] = field(default_factory=list)
    quiet: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)

    @property
    def begins(self) -> datetime:
        return self.events[0].at - timedelta(minutes=2)

    @property
    def ends(self) -> datetime:
        return self.events[-1].at


def scenarios() -> list[Scenario]:
    return [scenario for path in sorted(TRACES.glob("*.txt")) for scenario in parse(path.read_text(), path.stem)]


def parse(text: str, file: str) -> Iterator[Scenario]:
    for part in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        title, *lines = part.splitlines()
        yield _scenario(Scenario(title.strip(), file), (line.split("#")[0].strip() for line in lines))


def _scenario(scenario: Scenario, lines: Iterable[str]) -> Scenario:
    clock, labels = _Clock(scenario), []
    for line in filter(None, lines):
        words = line.split()
        if TIME.fullmatch(words[0]):
            scenario.events.append(Event(clock.next(words[0]), words[1], tuple(words[2:])))
        elif words[0] in ("page", "again", "warning"):
            labels.append(words)
        else:
            _header(scenario, *(part.strip() for part in line.split(":", 1)))
    labelled = _Clock(scenario)
    for kind, written, subject, *cause in labels:
        first, _, last = written.partition("..")
        at = labelled.next(first)
        until = labelled.after(at, last) if last else at
        while at <= until:
            scenario.expected.append(Expected(kind, at, subject, cause[0] if cause else ""))
            at += EVERY
    return scenario


def _header(scenario: Scenario, name: str, value: str) -> None:
    match name:
        case "trunks":
            for one in value.split(","):
                trunk, *words = one.split()
                more = dict(word.split("=") for word in words if "=" in word)
                state = next((word for word in words if "=" not in word), "up")
                scenario.trunks[trunk] = (state, more)
        case "on call":
            scenario.on_call = [one.strip() for one in value.split(",") if one.strip() != "nobody"]
        case "routes":
            for one in value.split(","):
                trunk, begins, rest = one.split()
                scenario.routes.append((trunk, "" if begins == "any" else begins, int(rest)))
        case "quiet":
            person, hours = value.split()
            scenario.quiet[person] = hours
        case "zone":
            scenario.zone = ZoneInfo(value)
        case "day":
            scenario.day = date.fromisoformat(value)
        case _:
            raise ValueError(f"{scenario.title}: {name}")


class _Clock:
    """Read the times of one scenario in order."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._last: datetime | None = None

    def after(self, moment: datetime, written: str) -> datetime:
        """Return the end of an interval that begins at `moment`; does not restrict the times that follow."""
        end = self.next(written)
        self._last = moment
        return end

    def next(self, written: str) -> datetime:
        found = TIME.fullmatch(written)
        if found is None:
            raise ValueError(f"{self._scenario.title}: {written}")
        day = self._last.astimezone(self._scenario.zone).date() if self._last else self._scenario.day
        moment = self._on(day, found)
        if self._last is not None and moment < self._last:
            moment = self._on(day + timedelta(days=1), found)
        self._last = moment
        return moment

    def _on(self, day: date, found: re.Match[str]) -> datetime:
        clock = time(int(found[1]), int(found[2]), int(found[3] or 0))
        local = datetime.combine(day, clock.replace(fold=int(bool(found[4]))), self._scenario.zone)
        return local.astimezone(UTC)
