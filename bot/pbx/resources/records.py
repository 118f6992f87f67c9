"""`/cdr`: completed calls and their recordings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from bot.pbx.errors import NotJson, TimedOut
from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.recording import Recording
from bot.pbx.resources.kept_records import KeptRecords
from bot.pbx.resources.phone_book import PhoneBook
from bot.pbx.resources.record_models import ANSWERED, EVERYTHING, CallRecord, CallRecordLeg, ServerFilter
from bot.pbx.resources.record_spans import plan
from bot.pbx.schema import mappings, rows
from bot.runtime.clock import Monotonic
from bot.sandbox.time_slices import Slices

PAGE_SIZE = 1000
# Twice the requested number; measured: the PBX keeps to it.
MAX_PAGE_CALLS = 2000
# The PBX refuses more than 365 days at once.
MAX_RANGE = timedelta(days=364)
# A leg that a filter matches may begin after the range in which its call began.
MAX_CALL_LENGTH = timedelta(days=1)
# Measured: the PBX lists a call some ten seconds after its end, all its legs at once or one after another, and changes
# nothing of it later but the addresses of recordings. So long after its start a call is over and listed.
SETTLED_AFTER = MAX_CALL_LENGTH + timedelta(hours=1)
# Of one call: a queue that rang twenty phones a hundred times.
MAX_LEGS = 2000
# Stop after so many consecutive pages without new calls.
MAX_PAGES_WITHOUT_NEW = 3
# Nine thousand calls within one second: more means paging is stuck.
MAX_STUCK_PAGES = 10
# A hundred thousand calls a day, and a million in one query: more means an endless list.
MAX_PAGES_PER_DAY = 100
MAX_PAGES = 1000
# Seconds. Shorter than a command's timeout, so that the reason can be reported.
QUERY_TIMEOUT = 180.0


@dataclass(frozen=True, slots=True)
class Page:
    """Calls that no earlier page had. Every call that began before `listed_until` is on this page or an earlier one.
    `pbx_time` is that of the PBX, local; None if unknown."""

    calls: list[CallRecord]
    listed_until: datetime
    pbx_time: datetime | None


class CallRecords:
    """Call records, with names from the phone book; `clock` in seconds. What does not change any more is read from the
    PBX once, as long as it is in `kept`."""

    def __init__(self, connection: PbxConnection, phone_book: PhoneBook, clock: Monotonic, kept: KeptRecords) -> None:
        self._connection = connection
        self._phone_book = phone_book
        self._clock = clock
        self._kept = kept

    async def between(
        self,
        start: datetime,
        end: datetime,
        server_filter: ServerFilter = EVERYTHING,
        *,
        priority: Priority = Priority.COMMAND,
        anew: bool = False,
        named: bool = True,
    ) -> AsyncIterator[CallRecord]:
        """Yield every call that began between two local times of the PBX, the whole second of `end` included, each
        once, roughly oldest first, without the addresses of recordings, which expire. `anew`: read all from the PBX;
        `named`: with the names of employees.

        Raises NotJson for an endless list, TimedOut after QUERY_TIMEOUT.
        """
        if anew:
            self._kept.forget(self)
        slices, deadline = Slices(), self._clock() + QUERY_TIMEOUT
        names: Mapping[str, str] | None = None
        undated: set[str] = set()
        # The PBX is asked for whole seconds.
        begin, until = start.replace(microsecond=0), end.replace(microsecond=0) + timedelta(seconds=1)
        for piece in plan(begin, until, self._kept.spans(self, _answering(server_filter))):
            if piece.known is not None:
                calls = piece.known.records(piece.start, piece.stop)
            else:
                calls = self._read_piece(piece.start, piece.stop, server_filter, priority, deadline)
            async for record in calls:
                if record.start is None:
                    is_wanted = record.linkedid not in undated
                    undated.add(record.linkedid)
                else:
                    is_wanted = record.start >= start
                if is_wanted and named:
                    names = await self._phone_book.names(priority) if names is None else names
                    yield record.named(names)
                elif is_wanted:
                    yield record
                # The consumer's work counts towards the time slice too.
                await slices.next()

    async def find(self, linkedid: str) -> CallRecord | None:
        """Return the call by id. The PBX's own endpoint of a single record returns an empty answer for any id."""
        data = (await self._connection.read("cdr", {"linkedid": linkedid})).value
        found = await _read(_records(data))
        record = next((record for record in found if record.linkedid == linkedid), None)
        return record.named(await self._phone_book.names()) if record else None

    async def recording(self, leg: CallRecordLeg, form: str, limit: int) -> Recording:
        """Fetch the recording of a leg, at most `limit` bytes; `form` is mp3, ogg, or original, which is mostly WebM.

        Addresses expire an hour after the record was read. Raises TooLarge.
        """
        return await self._connection.fetch(leg.download_url or leg.playback_url, {"format": form}, limit)

    async def _read_piece(
        self, start: datetime, stop: datetime, server_filter: ServerFilter, priority: Priority, deadline: float
    ) -> AsyncIterator[CallRecord]:
        """Yield the calls that began from `start` to just before `stop`, and those without a time."""
        slices = Slices()
        while start < stop:
            until = min(start + MAX_RANGE, stop)
            async for calls in self._read_range(start, until, server_filter, priority, deadline):
                calls.reverse()
                while calls:
                    record = calls.pop()
                    # A call across midnight is listed on both days; it belongs to the day of its start.
                    if record.start is None or start <= record.start < until:
                        yield record
                    await slices.next()
            start = until

    async def _read_range(
        self, start: datetime, stop: datetime, server_filter: ServerFilter, priority: Priority, deadline: float
    ) -> AsyncIterator[list[CallRecord]]:
        """Yield the pages, and keep the calls that do not change any more."""
        span, settled = self._kept.begin(self, server_filter, start), None
        try:
            async for page in self._pages(start, stop, server_filter, priority, deadline):
                if settled is None and page.pbx_time is not None:
                    settled = min(stop, page.pbx_time - SETTLED_AFTER)
                if any(record.start is None for record in page.calls):
                    self._kept.drop(span)
                elif settled is not None and not span.is_full:
                    final = [record for record in page.calls if record.start and start <= record.start < settled]
                    await self._kept.add(span, final, min(page.listed_until, settled))
                yield page.calls
        finally:
            self._kept.end(span)

    async def _pages(
        self, start: datetime, stop: datetime, server_filter: ServerFilter, priority: Priority, deadline: float
    ) -> AsyncIterator[Page]:
        """Page by time instead of offset: calls that end or are deleted meanwhile shift offsets.

        The PBX sorts calls by the start of their last leg, which is not before the start of the call: so everything
        before the latest start on a page has been listed.
        """
        until = stop if server_filter == EVERYTHING else stop + MAX_CALL_LENGTH
        # Calls that may be listed again, with the start of their last leg.
        seen: dict[str, datetime] = {}
        cursor, offset, without_new, stuck = start, 0, 0, 0
        for _ in range(_max_pages(start, until)):
            if without_new >= MAX_PAGES_WITHOUT_NEW:
                return
            if stuck >= MAX_STUCK_PAGES:
                break
            if self._clock() > deadline:
                raise TimedOut("call records timed out", "cdr")
            query = {
                "dateFrom": _formatted(cursor),
                "dateTo": _formatted(until),
                "limit": str(PAGE_SIZE),
                "offset": str(offset),
                "sort": "start",
                "order": "ASC",
            }
            answer = await self._connection.read("cdr", query | server_filter.query(), priority)
            listed = await _read(_records(answer.value), with_addresses=False)
            has_more, pbx_time = _has_more(answer.value), answer.pbx_time and answer.pbx_time.replace(tzinfo=None)
            # Calls from before are not asked for; a PBX that lists them all the same has nothing new.
            last = {record.linkedid: _last_start(record) for record in listed}
            new = [record for record in listed if record.linkedid not in seen and last[record.linkedid] >= cursor]
            seen |= last
            without_new = 0 if new else without_new + 1
            latest = max((record.start for record in listed if record.start), default=cursor)
            # A page is megabytes: free it before the next one.
            del answer, listed
            yield Page(new, latest - MAX_CALL_LENGTH if has_more else stop, pbx_time)
            del new
            if not has_more:
                return
            advanced = latest.replace(microsecond=0) > cursor
            # One second has more calls than a page: use the offset, overlapping by a tenth in case calls are deleted.
            step, stuck = PAGE_SIZE - max(1, PAGE_SIZE // 10), 0 if advanced else stuck + 1
            cursor, offset = (latest.replace(microsecond=0), 0) if advanced else (cursor, offset + step)
            seen = {name: last for name, last in seen.items() if last >= cursor - MAX_CALL_LENGTH}
        raise NotJson(200, "cdr")


def _answering(server_filter: ServerFilter) -> tuple[ServerFilter, ...]:
    """Return the filters whose calls include those of this one, and are not many times as many."""
    return (server_filter, EVERYTHING) if server_filter == ANSWERED else (server_filter,)


def _last_start(record: CallRecord) -> datetime:
    return max((leg.start for leg in record.legs if leg.start), default=record.start or datetime.max)  # noqa: DTZ901


async def _read(data: object, *, with_addresses: bool = True) -> list[CallRecord]:
    """Parse records, yielding to other tasks between the legs, too. `with_addresses` of recordings, which expire.
    Raises NotJson."""
    found, slices = [], Slices()
    for row in mappings(rows(data, "cdr", MAX_PAGE_CALLS)):
        leg_rows, legs = mappings(row.get("records")), []
        if len(leg_rows) > MAX_LEGS:
            raise NotJson(200, "cdr")
        for leg in leg_rows if with_addresses else map(_without_addresses, leg_rows):
            legs.append(CallRecordLeg.model_validate(leg))
            await slices.next()
        with suppress(ValidationError):
            found.append(CallRecord.model_validate({**row, "records": legs}))
        await slices.next()
    return found


def _without_addresses(leg: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in leg.items() if not name.endswith("_url")}
    return kept | {"had_address": bool(leg.get("download_url") or leg.get("playback_url"))}


def _max_pages(start: datetime, until: datetime) -> int:
    days = (until - start) // timedelta(days=1) + 1
    return min(days * MAX_PAGES_PER_DAY, MAX_PAGES)


def _records(data: object) -> Any:
    return data.get("records") if isinstance(data, Mapping) else data


def _has_more(data: object) -> bool:
    pagination = data.get("pagination") if isinstance(data, Mapping) else None
    return bool(isinstance(pagination, Mapping) and pagination.get("hasMore"))


def _formatted(moment: datetime) -> str:
    # Measured: the PBX compares text, and the T of ISO sorts after the space it stores: a whole day would be missing.
    return moment.strftime("%Y-%m-%d %H:%M:%S")
