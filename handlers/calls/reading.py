"""Call records read for one answer, with progress in the chat."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime
from typing import Any, TypeVar

from bot.messages.message import Button, Message, mark
from bot.pbx import CallRecord, TimedOut
from bot.pbx.resources.record_models import EVERYTHING, ServerFilter
from handlers.dialog.long_work import with_progress
from handlers.dispatch.request import Request
from handlers.parsing.periods import Period

# Key in the data of a button: read all from the PBX, even what is kept.
ANEW = "anew"
CONTINUE = mark("▶ Continue")
# Seconds. Several searches have a timeout each; all of them end before that of the update.
READING_TIMEOUT = 200.0

T = TypeVar("T")


class Reading:
    """`again` is the button CONTINUE of the same question, for a reading that was stopped."""

    def __init__(self, request: Request, period: Period, again: Button) -> None:
        self._request = request
        self._period = period
        self._again = again
        self._anew = bool(request.data.get(ANEW))
        self._calls = 0
        self._reached: datetime | None = None

    async def calls(
        self, *, until: datetime | None = None, server_filter: ServerFilter = EVERYTHING
    ) -> AsyncIterator[CallRecord]:
        """Yield the calls of the period, or of the period prolonged to `until`."""
        anew, self._anew = self._anew, False
        records = self._request.station.pbx.records
        async for record in records.between(self._period.start, until or self._period.end, server_filter, anew=anew):
            self._calls += 1
            self._reached = record.start or self._reached
            yield record

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work that reads the calls. Raises Stopped, TimedOut."""
        try:
            async with asyncio.timeout(READING_TIMEOUT):
                return await with_progress(self._request, work, self._progress, self._stopped)
        except TimeoutError:
            raise TimedOut("call records timed out", "cdr") from None

    def _progress(self) -> Message:
        return Message("reading", self._facts())

    def _stopped(self) -> Message:
        return Message("reading_stopped", self._facts(), ((self._again,),))

    def _facts(self) -> dict[str, Any]:
        station = {"station": self._request.station.name}
        return self._period.facts() | station | {"calls": self._calls, "reached": self._reached}
