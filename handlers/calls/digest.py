"""/digest: figures of the calls that a chat gets at a time of day, or of the week."""

from collections.abc import Sequence
from typing import Any

from bot.calls.digest_schedule import NOON, DigestKind, DigestSchedule
from bot.messages.message import Message, mark
from bot.notifications.digests import schedule_of
from bot.store.access.audit import Change
from bot.store.tables.calls import Digest
from handlers.dialog.run_here import run_here
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.notify.key_rights import check_records
from handlers.parsing.digests import Ended, NotADigest, read_digest
from handlers.parsing.windows import EVERY_DAY

UNCLEAR = mark("Write the days and one time, in the PBX's time; for a weekly digest “weekly”, one day and the time.")


@command(
    "digest",
    topic=Topic.CALLS,
    summary=mark("The calls in figures, sent at a time of day or of the week"),
    usage=mark("[mon-fri 18:00 | weekly mon 09:00 | [daily | weekly] off]"),
    examples=(mark("/digest mon-fri 18:00"), mark("/digest weekly mon 09:00"), "/digest off", "/digest"),
)
async def digest(request: Request) -> Reply:
    digests, station, chat = request.services.digests, request.station.name, request.place.chat
    before = await digests.of_chat(station, chat)
    if not request.arguments.strip():
        return Reply(_message(request, before))
    try:
        wanted = read_digest(request.arguments.split(), request.station.local(request.now))
    except NotADigest:
        raise WrongArguments(UNCLEAR) from None
    if isinstance(wanted, Ended):
        await digests.remove(station, chat, wanted.kinds)
    else:
        await _set(request, wanted)
    after = await digests.of_chat(station, chat)
    return Reply(
        _message(request, after),
        outcome="switched off" if isinstance(wanted, Ended) else "set",
        change=Change(_as_text(before), _as_text(after)),
    )


@button("digest.show")
async def show(request: Request) -> Reply:
    """Run the command for the period of the digest, which stays, as if it had been typed."""
    return run_here(request, str(request.data["command"]), str(request.data["period"]))


async def _set(request: Request, wanted: DigestSchedule) -> None:
    await check_records(request)
    zone = request.station.zone()
    await request.services.digests.set(
        request.station.name,
        request.place.chat,
        request.place.thread,
        kind=wanted.kind,
        days=wanted.days,
        at=f"{wanted.at:%H:%M}",
        zone=str(zone),
        by_id=request.actor.id,
        by_name=request.actor.name,
        done_on=wanted.passed(request.now, zone),
    )


def _as_text(rows: Sequence[Digest]) -> dict[str, str]:
    """Return the digests as the audit shows them."""
    told = {row.kind: f"{','.join(str(day + 1) for day in row.days)} {row.at}" for row in rows}
    return {f"digest_{kind}": told.get(kind, "") for kind in DigestKind}


def _message(request: Request, rows: Sequence[Digest]) -> Message:
    facts: dict[str, Any] = {
        "station": request.station.name,
        "private": request.place.private,
        "digests": [_row(request, row) for row in rows],
    }
    return Message("digests", facts)


def _row(request: Request, row: Digest) -> dict[str, Any]:
    schedule, zone = schedule_of(row), request.station.zone()
    day = schedule.next_after(max(row.done_on, schedule.passed(request.now, zone)))
    return {
        "weekly": schedule.kind is DigestKind.WEEKLY,
        "days": row.days,
        "every_day": schedule.days == EVERY_DAY,
        "at": row.at,
        "of_that_day": schedule.at >= NOON,
        "next": schedule.moment_of(day, zone),
        "by": row.by_name,
    }
