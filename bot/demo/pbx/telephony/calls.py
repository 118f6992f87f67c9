"""Active calls: legs planned in advance, shown as of a given time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from bot.demo.pbx.telephony.local_time import text, text_or_empty

CallKind = Literal["incoming", "outgoing", "internal"]
CALL_KINDS: Final[tuple[CallKind, ...]] = get_args(CallKind)
# Measured once: seconds that an ended call stays in the list before it becomes a call record.
LINGER_SECONDS = 9


@dataclass
class ActiveLeg:
    """Leg. Times are unix seconds, possibly in the future; `answer` None if unanswered."""

    start: float
    answer: float | None
    end: float
    src_num: str
    dst_num: str
    src_name: str = ""
    dst_name: str = ""
    did: str = ""
    src_chan: str = ""
    dst_chan: str = ""
    from_account: str = ""
    to_account: str = ""
    dialstatus: str = ""
    transfer: bool = False
    is_app: bool = False
    dtmf: str = ""

    def cut(self, now: float) -> None:
        if self.answer is not None and self.answer > now:
            self.answer = None
        self.end = min(self.end, now)


@dataclass
class ActiveCall:
    linkedid: str
    kind: CallKind
    trunk: str = ""
    legs: list[ActiveLeg] = field(default_factory=list)
    serial: int = 0

    @property
    def start(self) -> float:
        return self.legs[0].start

    @property
    def end(self) -> float:
        return max(leg.end for leg in self.legs)

    def begun(self, now: float) -> list[ActiveLeg]:
        return [leg for leg in self.legs if leg.start <= now]

    def live(self, now: float) -> list[ActiveLeg]:
        return [leg for leg in self.begun(now) if leg.end > now]

    def hang_up(self, now: float) -> None:
        self.legs = [leg for leg in self.legs if leg.start <= now] or self.legs[:1]
        for leg in self.legs:
            leg.cut(now)

    def pick_up(self, now: float, talk_seconds: float) -> None:
        """Answer the ringing leg now; later planned legs are dropped."""
        ringing = [leg for leg in self.live(now) if leg.answer is None or leg.answer > now]
        if ringing:
            self.legs = self.begun(now)
            ringing[-1].answer = now
            ringing[-1].end = now + talk_seconds


def state_of(call: ActiveCall, now: float) -> tuple[Literal["ringing", "talking", "ended"], float]:
    """Return the state and its duration in seconds."""
    live = call.live(now)
    if not live:
        return "ended", now - call.end
    answered = [leg.answer for leg in live if leg.answer is not None and leg.answer <= now]
    return ("talking", now - min(answered)) if answered else ("ringing", now - call.start)


def _row(leg: ActiveLeg, call: ActiveCall, now: float, zone: ZoneInfo, places: dict[str, object]) -> dict[str, object]:
    answered = leg.answer if leg.answer is not None and leg.answer <= now else None
    return {
        "start": text(leg.start, zone),
        "answer": text_or_empty(answered, zone),
        **places,
        "src_num": leg.src_num,
        "src_name": leg.src_name,
        "dst_num": leg.dst_num,
        "dst_name": leg.dst_name,
        "did": leg.did,
        "linkedid": call.linkedid,
    }


class CallBook:
    """Calls from their start until they become call records."""

    def __init__(self) -> None:
        self._calls: list[ActiveCall] = []

    def __iter__(self) -> Iterator[ActiveCall]:
        return iter(self._calls)

    def add(self, call: ActiveCall) -> None:
        self._calls.append(call)

    def find(self, linkedid: str) -> ActiveCall | None:
        return next((call for call in self._calls if call.linkedid == linkedid), None)

    def hang_up_all(self, now: float) -> None:
        for call in self._calls:
            call.hang_up(now)

    def clear(self) -> None:
        """Remove all calls; they become no records."""
        self._calls = []

    def take_finished(self, before: float) -> list[ActiveCall]:
        """Remove and return the calls that ended by `before`, in order of their end."""
        finished = [call for call in self._calls if call.end <= before]
        if finished:
            self._calls = [call for call in self._calls if call.end > before]
        return sorted(finished, key=lambda call: call.end)

    def busy_numbers(self, now: float) -> set[str]:
        legs = [leg for call in self._calls for leg in call.live(now)]
        return {number for leg in legs for number in (leg.src_num, leg.dst_num)}

    def legs(self, now: float, zone: ZoneInfo) -> list[dict[str, object]]:
        """Return rows of getActiveCalls: one for each leg, ended ones included with an `endtime`."""
        return [
            _row(leg, call, now, zone, {"endtime": text(leg.end, zone) if leg.end <= now else ""})
            for call in self._calls
            for leg in call.begun(now)
        ]

    def channels(self, now: float, zone: ZoneInfo) -> list[dict[str, object]]:
        """Return rows of getActiveChannels: legs with channels only."""
        return [
            _row(leg, call, now, zone, {"src_chan": leg.src_chan, "dst_chan": leg.dst_chan})
            for call in self._calls
            for leg in call.live(now)
        ]
