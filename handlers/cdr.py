"""/cdr: the calls of a period, counted whole, and the last of them line by line."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.access import Permission
from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import CallRecord
from handlers.call_facts import Direction, Outcome, answered_leg, came_after_hours, direction, outcome, talk_seconds
from handlers.command import Reply, Request, WrongArguments, button, command
from handlers.periods import NotAPeriod, Period, read_period

PAGE = 10


@dataclass(slots=True)
class Summary:
    """A period counted in one pass; of the records themselves only the newest are kept."""

    keep: int
    total: int = 0
    answered: int = 0
    missed: int = 0
    after_hours: int = 0
    not_reached: int = 0
    talk: int = 0
    newest: deque[CallRecord] = field(default_factory=deque)

    def add(self, record: CallRecord) -> None:
        self.total += 1
        result = outcome(record)
        if result is Outcome.ANSWERED:
            self.answered += 1
            self.talk += talk_seconds(record)
        elif result is Outcome.MISSED:
            self.missed += 1
            self.after_hours += came_after_hours(record)
        else:
            self.not_reached += 1
        self.newest.append(record)
        if len(self.newest) > self.keep:
            self.newest.popleft()


async def summarise(records: AsyncIterator[CallRecord], keep: int) -> Summary:
    summary = Summary(keep)
    async for record in records:
        summary.add(record)
    return summary


@command(
    "cdr",
    permission=Permission.RECORDS,
    summary=mark("The calls of a day or a period: totals and the last ones"),
    usage=mark("[today | yesterday | 7d | date | two dates]"),
    examples=("/cdr today", "/cdr 7d", "/cdr 2026-11-01 2026-11-05"),
)
async def cdr(request: Request) -> Reply:
    today = request.station.local(request.now).date()
    try:
        period = read_period(request.arguments, today)
    except NotAPeriod as wrong:
        raise WrongArguments(message=Message("wrong_period", {"written": str(wrong)})) from None
    return Reply(await _page(request, period, 0))


@button("cdr.page", permission=Permission.RECORDS)
async def page(request: Request) -> Reply:
    period = Period(date.fromisoformat(request.data["first"]), date.fromisoformat(request.data["last"]))
    return Reply(await _page(request, period, int(request.data["page"])))


async def _page(request: Request, period: Period, number: int) -> Message:
    records = request.station.pbx.records.between(period.start, period.end)
    summary = await summarise(records, keep=PAGE * (number + 1))
    newest = list(reversed(summary.newest))
    last = max(0, (summary.total - 1) // PAGE)
    facts = {
        "station": request.station.name,
        "first": period.first,
        "last": period.last,
        "total": summary.total,
        "answered": summary.answered,
        "missed": summary.missed,
        "after_hours": summary.after_hours,
        "not_reached": summary.not_reached,
        "average": round(summary.talk / summary.answered) if summary.answered else 0,
        "records": [_line(record) for record in newest[number * PAGE :]],
        "page": number + 1,
        "pages": last + 1,
        "one_day": period.first == period.last,
    }
    return Message("cdr", facts, _buttons(period, number, last))


def _line(record: CallRecord) -> dict[str, Any]:
    reached = answered_leg(record) or (record.legs[-1] if record.legs else None)
    way = direction(record)
    return {
        "start": record.start,
        "incoming": way is Direction.INCOMING,
        "internal": way is Direction.INTERNAL,
        "answered": outcome(record) is Outcome.ANSWERED,
        "after_hours": came_after_hours(record),
        "source": record.source_number,
        "source_name": record.source_name,
        "target": reached.destination_number if reached else record.destination_number,
        "target_name": reached.destination_name if reached else record.destination_name,
        "talk": talk_seconds(record),
    }


def _buttons(period: Period, number: int, last: int) -> Rows:
    def to(label: str, target: int) -> Button:
        data = {"first": period.first.isoformat(), "last": period.last.isoformat(), "page": target}
        return Button(label, "cdr.page", data)

    newer = [to(mark("‹ Newer"), number - 1)] if number > 0 else []
    older = [to(mark("Older ›"), number + 1)] if number < last else []
    return ((*newer, *older, to(mark("↻ Refresh"), number)),)
