"""`/cdr`: the calls that have ended, and what was recorded of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError

from bot.pbx.errors import NotJson, TimedOut
from bot.pbx.http import Connection, Sound
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.calls import CallLeg, Leg
from bot.pbx.resources.phone_book import PhoneBook
from bot.pbx.resources.trunks import PREFIXES
from bot.pbx.schema import Count, Integer, Note, Text, Truth, mappings, rows
from bot.runtime.clock import Monotonic
from bot.sandbox.time_slices import Slices

PAGE = 1000
# Twice what is asked for: measured, the PBX keeps to it.
MOST_CALLS = 2000
# The PBX refuses more than 365 days at once.
STRETCH = timedelta(days=364)
# A leg that a filter looks at may begin after the period in which its call began.
LONGEST_CALL = timedelta(days=1)
# Of one call: a queue that rang twenty phones a hundred times.
MOST_LEGS = 2000
# After so many pages in a row that bring nothing new, none would bring anything.
FRUITLESS_PAGES = 3
# Nine thousand calls that begin within one second: what goes on after them stands still.
STANDING_PAGES = 10
# A hundred thousand calls a day, and a million in one question: what goes on after them has no end.
MOST_PAGES_A_DAY = 100
MOST_PAGES = 1000
# Seconds. Less than a command may take, so that it can be told why nothing came of it.
ANSWERED_WITHIN = 180.0


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
        """The PBX gives addresses only for what it has; right after a call it may still be converting."""
        return bool(self.download_url or self.playback_url)


def _legs(value: object) -> list[Any]:
    """Those that have been read already are taken as they are."""
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
class Narrowing:
    """What the PBX looks for itself: a part of a number, or of an employee's name. It looks at single legs and finds
    too much rather than too little, so what it finds must be looked at again. At most one of them."""

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


EVERYTHING = Narrowing()


class Records:
    """Names are those of the phone book; `clock` counts seconds."""

    def __init__(self, connection: Connection, book: PhoneBook, clock: Monotonic) -> None:
        self._connection = connection
        self._book = book
        self._clock = clock

    async def between(
        self,
        start: datetime,
        end: datetime,
        narrowing: Narrowing = EVERYTHING,
        *,
        priority: Priority = Priority.COMMAND,
    ) -> AsyncIterator[CallRecord]:
        """Every call that began between two moments of the PBX's wall clock, `end` with its whole second, each once,
        roughly from old to new. Raises NotJson for calls that have no end, and TimedOut when they come too
        slowly."""
        seen: set[str] = set()
        slices, give_up_at = Slices(), self._clock() + ANSWERED_WITHIN
        names: Mapping[str, str] | None = None
        until = end.replace(microsecond=0) + timedelta(seconds=1)
        begin = start
        while begin < until:
            stop = min(begin + STRETCH, until)
            async for record in self._stretch(begin, stop, narrowing, priority, seen, give_up_at):
                # A call that went on after midnight is found on both days; it is of the day on which it began.
                if record.start is None or start <= record.start < until:
                    names = await self._book.names(priority) if names is None else names
                    named = record.named(names)
                    await slices.next()
                    yield named
                # What was done with it was a piece of work, too.
                await slices.next()
            begin = stop

    async def find(self, linkedid: str) -> CallRecord | None:
        """By its id: the PBX's own address of a single record answers with nothing, whatever is asked for."""
        data = (await self._connection.read("cdr", {"linkedid": linkedid})).value
        found = await _read(_records(data))
        record = next((record for record in found if record.linkedid == linkedid), None)
        return record.named(await self._book.names()) if record else None

    async def recording(self, leg: CallRecordLeg, form: str, limit: int) -> Sound:
        """What was said in a leg, at most `limit` bytes of it; `form` is mp3, ogg, or original, which is WebM mostly.
        The addresses live for an hour after the record was read. Raises TooLarge."""
        return await self._connection.fetch(leg.download_url or leg.playback_url, {"format": form}, limit)

    async def _stretch(
        self,
        start: datetime,
        until: datetime,
        narrowing: Narrowing,
        priority: Priority,
        seen: set[str],
        give_up_at: float,
    ) -> AsyncIterator[CallRecord]:
        """Follows the time, not the place in the list: calls that end or are deleted meanwhile move every place.

        The PBX lists calls by the start of their last leg, which is never before the start of the call itself: so the
        latest start on a page is a moment before which everything has been listed.
        """
        until = until if narrowing == EVERYTHING else until + LONGEST_CALL
        cursor, offset, fruitless, standing = start, 0, 0, 0
        for _ in range(_most_pages(start, until)):
            if fruitless >= FRUITLESS_PAGES:
                return
            if standing >= STANDING_PAGES:
                break
            if self._clock() > give_up_at:
                raise TimedOut("its call records come too slowly", "cdr")
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
            # A page is megabytes: it is let go before the next one comes.
            del data, page
            new.reverse()
            while new:
                yield new.pop()
            if not has_more:
                return
            moved = latest.replace(microsecond=0) > cursor
            # More calls within one second than a page holds: then only the place is left, with some of them seen again
            # in case others go.
            step, standing = PAGE - max(1, PAGE // 10), 0 if moved else standing + 1
            cursor, offset = (latest.replace(microsecond=0), 0) if moved else (cursor, offset + step)
        raise NotJson(200, "cdr")


async def _read(listed: object) -> list[CallRecord]:
    """Others have their turn meanwhile, between the legs of one call, too. Raises NotJson."""
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
    # Measured: the PBX compares text, and the T of ISO sorts after the space it stores: a whole day goes missing.
    return moment.strftime("%Y-%m-%d %H:%M:%S")
