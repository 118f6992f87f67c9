"""Details of an ended call: legs, answer, trunk and recordings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.access.policy import Permission
from bot.calls.ended_calls import recorded_legs
from bot.calls.outcome import (
    AFTER_HOURS,
    answered_leg,
    came_after_hours,
    is_by_machine,
    leg_outcome,
    outcome,
    talk_seconds,
    trunk_of,
)
from bot.messages.message import Button, CopyButton, Message, Rows, grid, mark
from bot.notifications.calls.recording_buttons import APART, recording_buttons
from bot.pbx import CallRecord, CallRecordLeg, PbxError
from bot.pbx.resources.record_models import Direction, direction
from handlers.dialog.copy_buttons import copy_row, number_button
from handlers.dialog.paging import TO_LIST
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request

MAX_LEGS = 20


@button("cdr.record")
async def show(request: Request) -> Reply:
    record = await request.station.pbx.records.find(str(request.data["linkedid"]))
    if record is None:
        return Reply(toast=mark("The PBX does not have this call any more."), outcome="gone")
    return Reply(await details_view(request, record), as_new_message=bool(request.data.get(APART)))


async def details_view(request: Request, record: CallRecord) -> Message:
    way, answered = direction(record), answered_leg(record)
    machine_legs = [leg for leg in record.legs if is_by_machine(leg) and leg.destination_number != AFTER_HOURS]
    queues = await _queues(request) if machine_legs else {}
    facts = {
        "station": request.station.name,
        "start": record.start,
        "way": str(way),
        "outcome": str(outcome(record)),
        "after_hours": came_after_hours(record),
        "source": {"number": record.source_number, "name": record.source_name},
        "target": {"number": record.destination_number, "name": record.destination_name},
        "did": record.did if way is Direction.INCOMING else "",
        "by": {"number": answered.destination_number, "name": answered.destination_name} if answered else None,
        "waited": _seconds(record.start, answered.answer) if answered else None,
        "talk": talk_seconds(record),
        "trunk": _trunk(request, record),
        "legs": [_leg(leg, queues) for leg in record.legs[:MAX_LEGS]],
        "more": max(0, len(record.legs) - MAX_LEGS),
        "recorded": sum(leg.is_recorded for leg in record.legs),
        "may_listen": request.may(Permission.RECORDINGS_LISTEN).allowed,
    }
    return Message("cdr_record", facts, _buttons(request, record))


async def _queues(request: Request) -> dict[str, str]:
    """Return queue names by number; empty if the API key lacks the permission."""
    try:
        return {queue.extension: queue.name for queue in (await request.station.pbx.routing.queues()).value}
    except PbxError:
        return {}


def _trunk(request: Request, record: CallRecord) -> str:
    trunk = trunk_of(record)
    return request.station.watch.trunk_names.get(trunk, trunk)


def _leg(leg: CallRecordLeg, queues: Mapping[str, str]) -> dict[str, Any]:
    by_machine = is_by_machine(leg)
    end = leg.answer if leg.answer and not by_machine else leg.end
    return {
        "start": leg.start,
        "source": {"number": leg.source_number, "name": leg.source_name},
        "target": {"number": leg.destination_number, "name": leg.destination_name},
        "from_outside": leg.came_by_trunk,
        "machine": by_machine,
        "queue": queues.get(leg.destination_number) if by_machine else None,
        "transfer": leg.transfer,
        "dtmf": leg.dtmf,
        "outcome": str(leg_outcome(leg)),
        "rang": _seconds(leg.start, end),
        "talk": leg.talk_seconds,
    }


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - begin).total_seconds()) if begin and end else None


def _buttons(request: Request, record: CallRecord) -> Rows:
    back = request.data.get("back")
    stored = {"linkedid": record.linkedid, "back": back}
    rows: list[tuple[Button | CopyButton, ...]] = []
    if request.may(Permission.RECORDINGS_LISTEN).allowed:
        rows += grid(recording_buttons(record.linkedid, recorded_legs(record), {"back": back}), 3)
    last_row = [Button(mark("↻ Refresh"), "cdr.record", stored)]
    if back:
        last_row.insert(0, Button(TO_LIST, "cdr.page", back))
    return (*rows, *copy_row(_outside_number(request, record)), tuple(last_row))


def _outside_number(request: Request, record: CallRecord) -> CopyButton | None:
    match direction(record):
        case Direction.INCOMING:
            return number_button(record.source_number, request.station.country)
        case Direction.OUTGOING:
            return number_button(record.destination_number, request.station.country)
        case Direction.INTERNAL:
            return None
