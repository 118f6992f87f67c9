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

PAGE = 1000
# Twice the requested number; measured: the PBX keeps to it.
MOST_CALLS = 2000
# The PBX refuses more than 365 days at once.
STRETCH = timedelta(days=364)
# A leg that a filter matches may begin after the range in which its call began.
LONGEST_CALL = timedelta(days=1)
# Of one call: a queue that rang twenty phones a hundred times.
MOST_LEGS = 2000
# Stop after so many consecutive pages without new calls.
FRUITLESS_PAGES = 3
# Nine thousand calls within one second: more means paging is stuck.
STANDING_PAGES = 10
# A hundred thousand calls a day, and a million in one query: more means an endless list.
MOST_PAGES_A_DAY = 100
MOST_PAGES = 1000
# Seconds. Shorter than a command's timeout, so that the reason can be reported.
ANSWERED_WITHIN = 180.0


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
        written = {"src_num": self.source, "dst_num": self.destination, "did": self.did, "search": self.search}
        return {name: text for name, text in written.items() if text} | (
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

    def __init__(self, connection: PbxConnection, book: PhoneBook, clock: Monotonic) -> None:
        self._connection = connection
        self._book = book
        self._clock = clock

    async def between(
        self,
        start: datetime,
        end: datetime,
        narrowing: ServerFilter = EVERYTHING,
        *,
        priority: Priority = Priority.COMMAND,
    ) -> AsyncIterator[CallRecord]:
        """Yield every call that began between two local times of the PBX, the whole second of `end` included, each
        once, roughly oldest first. Raises NotJson for an endless list, TimedOut after ANSWERED_WITHIN.
        """
        seen: set[str] = set()
        slices, give_up_at = Slices(), self._clock() + ANSWERED_WITHIN
        names: Mapping[str, str] | None = None
        until = end.replace(microsecond=0) + timedelta(seconds=1)
        begin = start
        while begin < until:
            stop = min(begin + STRETCH, until)
            async for record in self._stretch(begin, stop, narrowing, priority, seen, give_up_at):
                # A call across midnight is listed on both days; it belongs to the day of its start.
                if record.start is None or start <= record.start < until:
                    names = await self._book.names(priority) if names is None else names
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
        return record.named(await self._book.names()) if record else None

    async def recording(self, leg: CallRecordLeg, form: str, limit: int) -> Recording:
        """Fetch the recording of a leg, at most `limit` bytes; `form` is mp3, ogg, or original, which is mostly WebM.

        Addresses expire an hour after the record was read. Raises TooLarge.
        """
        return await self._connection.fetch(leg.download_url or leg.playback_url, {"format": form}, limit)

    async def _stretch(
        self,
        start: datetime,
        until: datetime,
        narrowing: ServerFilter,
        priority: Priority,
        seen: set[str],
        give_up_at: float,
    ) -> AsyncIterator[CallRecord]:
        """Page by time instead of offset: calls that end or are deleted meanwhile shift offsets.

        The PBX sorts calls by the start of their last leg, which is not before the start of the call: so everything
        before the latest start on a page has been listed.
        """
        until = until if narrowing == EVERYTHING else until + LONGEST_CALL
        cursor, offset, fruitless, standing = start, 0, 0, 0
        for _ in range(_most_pages(start, until)):
            if fruitless >= FRUITLESS_PAGES:
                return
            if standing >= STANDING_PAGES:
                break
            if self._clock() > give_up_at:
                raise TimedOut("call records timed out", "cdr")
            query = {
                "dateFrom": _written(cursor),
                "dateTo": _written(until),
                "limit": str(PAGE),
                "offset": str(offset),
                "sort": "start",
                "order": "ASC",
            }
            data = (await self._connection.read("cdr", query | narrowing.query(), priority)).value
            page = await _read(_records(data))
            new = [record for record in page if record.linkedid not in seen]
            seen.update(record.linkedid for record in new)
            fruitless, has_more = 0 if new else fruitless + 1, _has_more(data)
            latest = max((record.start for record in page if record.start), default=cursor)
            # A page is megabytes: free it before the next one.
            del data, page
            new.reverse()
            while new:
                yield new.pop()
            if not has_more:
                return
            moved = latest.replace(microsecond=0) > cursor
            # One second has more calls than a page: use the offset, overlapping by a tenth in case calls are deleted.
            step, standing = PAGE - max(1, PAGE // 10), 0 if moved else standing + 1
            cursor, offset = (latest.replace(microsecond=0), 0) if moved else (cursor, offset + step)
        raise NotJson(200, "cdr")


async def _read(listed: object) -> list[CallRecord]:
    """Parse records, yielding to other tasks between the legs, too. Raises NotJson."""
    found, slices = [], Slices()
    for row in mappings(rows(listed, "cdr", MOST_CALLS)):
        told, legs = mappings(row.get("records")), []
        if len(told) > MOST_LEGS:
            raise NotJson(200, "cdr")
        for leg in told:
            legs.append(CallRecordLeg.model_validate(leg))
            await slices.next()
        with suppress(ValidationError):
            found.append(CallRecord.model_validate({**row, "records": legs}))
        await slices.next()
    return found


def _most_pages(start: datetime, until: datetime) -> int:
    days = (until - start) // timedelta(days=1) + 1
    return min(days * MOST_PAGES_A_DAY, MOST_PAGES)


def _records(data: object) -> Any:
    return data.get("records") if isinstance(data, Mapping) else data


def _has_more(data: object) -> bool:
    pagination = data.get("pagination") if isinstance(data, Mapping) else None
    return bool(isinstance(pagination, Mapping) and pagination.get("hasMore"))


def _written(moment: datetime) -> str:
    # Measured: the PBX compares text, and the T of ISO sorts after the space it stores: a whole day would be missing.
    return moment.strftime("%Y-%m-%d %H:%M:%S")
