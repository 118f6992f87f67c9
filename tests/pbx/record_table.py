"""Table of call records that answers as the PBX does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from bot.pbx import Pbx

MIDNIGHT = datetime(2026, 11, 23)  # noqa: DTZ001 (PBX local time)
KEY = "deadbeef" * 8


def written(moment: datetime) -> str:
    return moment.isoformat(" ", "milliseconds")


@dataclass(frozen=True)
class Call:
    """`legs` are their start times; the first is that of the call."""

    name: str
    legs: tuple[datetime, ...]
    answered: bool = False

    def row(self) -> dict[str, Any]:
        return {
            "linkedid": self.name,
            "start": written(min(self.legs)),
            "disposition": "ANSWERED" if self.answered else "NOANSWER",
            "records": [{"start": written(leg)} for leg in self.legs],
        }


class Table:
    """Answers as the PBX does: compares text, lists calls by their last leg in the window, at most `page` at once.
    `meanwhile` runs after each answer; `now` is the PBX's local time.
    """

    def __init__(
        self,
        calls: list[Call],
        page: int,
        meanwhile: Callable[["Table"], None] = lambda _table: None,
        now: datetime = MIDNIGHT + timedelta(days=1),
    ) -> None:
        self.calls = calls
        self.now = now
        self.asked: list[dict[str, str]] = []
        self._page = page
        self._meanwhile = meanwhile

    def answer(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.asked.append(query)
        first, last, offset = query["dateFrom"], query["dateTo"], int(query["offset"])
        found = []
        for call in self.calls:
            inside = [written(leg) for leg in call.legs if first <= written(leg) <= last]
            if inside and (call.answered or "disposition" not in query):
                found.append((max(inside), call))
        found.sort(key=lambda one: one[0])
        rows = [call.row() for _, call in found[offset : offset + self._page]]
        more = offset + len(rows) < len(found) and bool(rows)
        self._meanwhile(self)
        data = {"records": rows, "pagination": {"total": len(found), "offset": offset, "hasMore": more}}
        meta = {"timestamp": f"{self.now.isoformat()}+03:00"}
        return httpx.Response(200, json={"result": True, "data": data, "messages": [], "meta": meta})


def client(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Pbx:
    async def at_once(_seconds: float) -> None:
        pass

    def nobody_works_there(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/employees"):
            return httpx.Response(200, json={"result": True, "data": {"data": []}})
        return answer(request)

    transport = httpx.MockTransport(nobody_works_there)
    return Pbx("https://pbx.example", SecretStr(KEY), transport=transport, sleep=at_once, **options)
