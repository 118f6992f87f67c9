"""`/cdr`: completed calls and their recordings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError

from bot.pbx.errors import NotJson, TimedOut
from bot.pbx.http import PbxConnection, Recording
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.calls import CallLeg, Leg
from bot.pbx.resources.phone_book import PhoneBook
from bot.pbx.resources.trunk_models import PREFIXES
from bot.pbx.schema import Count, Integer, Note, Text, Truth, mappings, rows
from bot.runtime.clock import Monotonic
from bot.sandbox.time_slices import Slices

PAGE_SIZE = 1000
# Twice the requested number; measured: the PBX keeps to it.
MAX_PAGE_CALLS = 2000
# The PBX refuses more than 365 days at once.
MAX_RANGE = timedelta(days=364)
# A leg that a filter matches may begin after the range in which its call began.
MAX_CALL_LENGTH = timedelta(days=1)
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


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class CallRecordLeg(CallLeg):
    id: Integer = None
    disposition: Text = ""
    from_account: Text = ""
    to_account: Text = ""
    is_app: Text = ""
    transfer: Truth = False
    dtmf: Text = Field("", alias="dtmf_digits")
    duration: Count = 0
    talk_seconds: Count = Field(0, alias="billsec")
    playback_url: Note = Field("", repr=False)
    download_url: Note = Field("", repr=False)

    @property
    def came_by_trunk(self) -> bool:
        return self.from_account.startswith(PREFIXES)

    @property
    def went_by_trunk(self) -> bool:
        return self.to_account.startswith(PREFIXES)

    @property
    def is_recorded(self) -> bool:
        """Return True if the PBX sent an address; right after a call it may still be converting."""
        return bool(self.download_url or self.playback_url)


def _legs(value: object) -> list[Any]:
    """Accept legs that are already parsed."""
    return (
        value if isinstance(value, list) and all(isinstance(leg, CallRecordLeg) for leg in value) else mappings(value)
    )


class CallRecord(Leg):
    disposition: Text = ""
    talk_seconds: Count = Field(0, alias="totalBillsec")
    legs: Annotated[tuple[CallRecordLeg, ...], BeforeValidator(_legs)] = Field((), alias="records")

    @property
    def answered(self) -> bool:
        return self.disposition.upper() == "ANSWERED"

    @property
    def came_by_trunk(self) -> bool:
        return bool(self.did) or any(leg.came_by_trunk for leg in self.legs[:1])

    @property
    def went_by_trunk(self) -> bool:
        return any(leg.went_by_trunk for leg in self.legs)

    def named(self, names: Mapping[str, str]) -> Self:
        legs = tuple(leg.named(names) for leg in self.legs)
        record = super().named(names)
        same = all(leg is other for leg, other in zip(legs, self.legs, strict=True))
        return record if same else record.model_copy(update={"legs": legs})


@dataclass(frozen=True, slots=True)
class ServerFilter:
    """Filter applied by the PBX: part of a number, or of an employee's name.

    It matches single legs and returns too many rather than too few, so results must be filtered again. Set one field at
    most.
    """

    source: str = ""
    destination: str = ""
    did: str = ""
    search: str = ""
    answered: bool = False

    def query(self) -> dict[str, str]:
        fields = {"src_num": self.source, "dst_num": self.destination, "did": self.did, "search": self.search}
        return {name: text for name, text in fields.items() if text} | (
            {"disposition": "ANSWERED"} if self.answered else {}
        )


EVERYTHING = ServerFilter()


def direction(record: CallRecord) -> Direction:
    """Return the direction by the accounts of the legs: a trunk's or an extension's. The first leg decides: a call that
    came in and is forwarded to a mobile leaves through a trunk too."""
    if record.came_by_trunk:
        return Direction.INCOMING
    if record.went_by_trunk:
        return Direction.OUTGOING
    return Direction.INTERNAL


class CallRecords:
    """Call records, with names from the phone book; `clock` in seconds."""

    def __init__(self, connection: PbxConnection, phone_book: PhoneBook, clock: Monotonic) -> None:
        self._connection = connection
        self._phone_book = phone_book
        self._clock = clock

    async def between(
        self,
        start: datetime,
        end: datetime,
        server_filter: ServerFilter = EVERYTHING,
        *,
        priority: Priority = Priority.COMMAND,
    ) -> AsyncIterator[CallRecord]:
        """Yield every call that began between two local times of the PBX, the whole second of `end` included, each
        once, roughly oldest first. Raises NotJson for an endless list, TimedOut after QUERY_TIMEOUT.
        """
        seen: set[str] = set()
        slices, deadline = Slices(), self._clock() + QUERY_TIMEOUT
        names: Mapping[str, str] | None = None
        until = end.replace(microsecond=0) + timedelta(seconds=1)
        begin = start
        while begin < until:
            stop = min(begin + MAX_RANGE, until)
            async for record in self._range(begin, stop, server_filter, priority, seen, deadline):
                # A call across midnight is listed on both days; it belongs to the day of its start.
                if record.start is None or start <= record.start < until:
                    names = await self._phone_book.names(priority) if names is None else names
                    named = record.named(names)
                    await slices.next()
                    yield named
                # The consumer's work counts towards the time slice too.
                await slices.next()
            begin = stop

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

    async def _range(
        self,
        start: datetime,
        until: datetime,
        server_filter: ServerFilter,
        priority: Priority,
        seen: set[str],
        deadline: float,
    ) -> AsyncIterator[CallRecord]:
        """Page by time instead of offset: calls that end or are deleted meanwhile shift offsets.

        The PBX sorts calls by the start of their last leg, which is not before the start of the call: so everything
        before the latest start on a page has been listed.
        """
        until = until if server_filter == EVERYTHING else until + MAX_CALL_LENGTH
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
            data = (await self._connection.read("cdr", query | server_filter.query(), priority)).value
            page = await _read(_records(data))
            new = [record for record in page if record.linkedid not in seen]
            seen.update(record.linkedid for record in new)
            without_new, has_more = 0 if new else without_new + 1, _has_more(data)
            latest = max((record.start for record in page if record.start), default=cursor)
            # A page is megabytes: free it before the next one.
            del data, page
            new.reverse()
            while new:
                yield new.pop()
            if not has_more:
                return
            advanced = latest.replace(microsecond=0) > cursor
            # One second has more calls than a page: use the offset, overlapping by a tenth in case calls are deleted.
            step, stuck = PAGE_SIZE - max(1, PAGE_SIZE // 10), 0 if advanced else stuck + 1
            cursor, offset = (latest.replace(microsecond=0), 0) if advanced else (cursor, offset + step)
        raise NotJson(200, "cdr")


async def _read(data: object) -> list[CallRecord]:
    """Parse records, yielding to other tasks between the legs, too. Raises NotJson."""
    found, slices = [], Slices()
    for row in mappings(rows(data, "cdr", MAX_PAGE_CALLS)):
        leg_rows, legs = mappings(row.get("records")), []
        if len(leg_rows) > MAX_LEGS:
            raise NotJson(200, "cdr")
        for leg in leg_rows:
            legs.append(CallRecordLeg.model_validate(leg))
            await slices.next()
        with suppress(ValidationError):
            found.append(CallRecord.model_validate({**row, "records": legs}))
        await slices.next()
    return found


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
