"""Call records that were read, kept in memory for the next page and the next question: packed, for minutes, and within
a limit that all PBXs share."""

import asyncio
import pickle
import zlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.pbx.resources.record_models import CallRecord, ServerFilter
from bot.runtime.clock import Monotonic
from bot.sandbox.time_slices import Slices

# Measured: a call takes a hundred bytes.
MAX_BYTES = 8 * 1024 * 1024
# Seconds from the reading: somebody may delete a call on the PBX.
MAX_AGE = 600.0
# Packed and unpacked at once: some milliseconds.
PACK_SIZE = 100


@dataclass(slots=True, eq=False)
class KeptSpan:
    """Every call that began from `start` to just before `stop` and that `server_filter` finds at `pbx`; some later ones
    as well."""

    pbx: object
    server_filter: ServerFilter
    start: datetime
    stop: datetime
    read_at: float
    packs: list[bytes] = field(default_factory=list)
    is_full: bool = False

    @property
    def size(self) -> int:
        return sum(map(len, self.packs))

    async def records(self, start: datetime, stop: datetime) -> AsyncIterator[CallRecord]:
        """Yield the calls that began from `start` to just before `stop`."""
        slices = Slices()
        for pack in list(self.packs):
            for record in _unpacked(pack):
                if record.start is not None and start <= record.start < stop:
                    yield record
                await slices.next()


class KeptRecords:
    """`clock` in seconds."""

    def __init__(self, clock: Monotonic, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._spans: list[KeptSpan] = []

    @property
    def size(self) -> int:
        return sum(span.size for span in self._spans)

    def spans(self, pbx: object, server_filters: Collection[ServerFilter]) -> list[KeptSpan]:
        self.drop_expired()
        return [span for span in self._spans if span.pbx is pbx and span.server_filter in server_filters]

    def begin(self, pbx: object, server_filter: ServerFilter, start: datetime) -> KeptSpan:
        """Begin a span, of which nothing is known yet; `end` it."""
        span = KeptSpan(pbx, server_filter, start, start, self._clock())
        self._spans.append(span)
        return span

    async def add(self, span: KeptSpan, records: Sequence[CallRecord], stop: datetime) -> None:
        """Add calls, with which every call that began before `stop` is known. The oldest spans are dropped for it; a
        span that is larger than the limit alone ends where it was."""
        slices = Slices()
        for begin in range(0, len(records), PACK_SIZE):
            pack = _packed(records[begin : begin + PACK_SIZE])
            if not self._has_room(span, len(pack)):
                span.is_full = True
                return
            span.packs.append(pack)
            await slices.next()
        span.stop = max(span.stop, stop)

    def end(self, span: KeptSpan) -> None:
        """End a span as far as it is known; one of which nothing is known is dropped."""
        if span.stop > span.start:
            asyncio.get_running_loop().call_later(MAX_AGE, self.drop_expired)
        else:
            self.drop(span)

    def drop(self, span: KeptSpan) -> None:
        self._spans = [one for one in self._spans if one is not span]

    def forget(self, pbx: object) -> None:
        self._spans = [span for span in self._spans if span.pbx is not pbx]

    def _has_room(self, span: KeptSpan, size: int) -> bool:
        """Make room; False if the span is not kept any more, or has no room in a memory of its own."""
        excess = self.size + size - self._max_bytes
        while excess > 0 and self._spans and self._spans[0] is not span:
            excess -= self._spans.pop(0).size
        return excess <= 0 and span in self._spans

    def drop_expired(self) -> None:
        """Drop spans read longer ago than MAX_AGE. Scheduled at the end of each span."""
        oldest = self._clock() - MAX_AGE
        self._spans = [span for span in self._spans if span.read_at > oldest]


def _packed(records: Sequence[CallRecord]) -> bytes:
    return zlib.compress(pickle.dumps(records), 1)


def _unpacked(pack: bytes) -> list[CallRecord]:
    records: list[CallRecord] = pickle.loads(zlib.decompress(pack))  # noqa: S301 (packed here, and never out of memory)
    return records
