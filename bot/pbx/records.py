"""`/cdr`: the calls that have ended."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.pbx.budget import Priority
from bot.pbx.calls import CallLeg, Leg
from bot.pbx.connection import Connection
from bot.pbx.wire import Count, Integer, Text, mappings, models

PAGE = 1000


class CallRecordLeg(CallLeg):
    id: Integer = None
    disposition: Text = ""
    from_account: Text = ""
    to_account: Text = ""
    is_app: Text = ""
    duration: Count = 0
    talk_seconds: Count = Field(0, alias="billsec")


class CallRecord(Leg):
    disposition: Text = ""
    talk_seconds: Count = Field(0, alias="totalBillsec")
    legs: Annotated[tuple[CallRecordLeg, ...], BeforeValidator(mappings)] = Field((), alias="records")

    @property
    def answered(self) -> bool:
        return self.disposition.upper() == "ANSWERED"


class Records:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def between(
        self, start: datetime, end: datetime, *, priority: Priority = Priority.COMMAND
    ) -> AsyncIterator[CallRecord]:
        """Every call that began between two moments of the PBX's wall clock, each once, oldest first.

        Ascending with a fixed end: with the default order new calls would push others from page to page.
        """
        seen: set[str] = set()
        offset = 0
        while True:
            query = {
                "dateFrom": _written(start),
                "dateTo": _written(end),
                "limit": str(PAGE),
                "offset": str(offset),
                "sort": "start",
                "order": "ASC",
            }
            data = (await self._connection.read("cdr", query, priority)).value
            found = {record.linkedid: record for record in models(CallRecord, _records(data), "cdr")}
            new = {linkedid: record for linkedid, record in found.items() if linkedid not in seen}
            seen |= new.keys()
            for record in new.values():
                yield record
            pagination = data.get("pagination") if isinstance(data, Mapping) else None
            # A page that brings nothing new would bring nothing new for ever.
            if not new or not (isinstance(pagination, Mapping) and pagination.get("hasMore")):
                return
            offset += PAGE


def _records(data: object) -> Any:
    return data.get("records") if isinstance(data, Mapping) else data


def _written(moment: datetime) -> str:
    # Measured: the PBX compares text, and the T of ISO sorts after the space it stores: a whole day goes missing.
    return moment.strftime("%Y-%m-%d %H:%M:%S")
