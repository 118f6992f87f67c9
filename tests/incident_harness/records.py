"""Fake PBX whose records can be read and hold no calls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.pbx import Answer, CallRecord, PbxError
from tests.incident_harness.station import FakePbx


@dataclass
class PbxWithoutCalls(FakePbx):
    """`asked`: up to when it was asked for records, which it answers with `records_error`, if there is one."""

    zone: str = "UTC"
    records_error: PbxError | None = None
    asked: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.records = self.calls = self

    async def between(self, _start: datetime, end: datetime, **_: Any) -> AsyncIterator[CallRecord]:
        self.asked.append(end)
        if self.records_error is not None:
            raise self.records_error
        no_calls: tuple[CallRecord, ...] = ()
        for record in no_calls:
            yield record

    async def channels(self, *_: Any) -> Answer[tuple[()]]:
        return Answer(())

    async def time_zone(self) -> str:
        return self.zone
