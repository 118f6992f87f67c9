"""Recovery of imports after a restart: a confirmed import goes on by itself; of one that cannot, its person is notified
how far it is and how to continue."""

from datetime import datetime

import structlog

from bot.messages.message import Message, stored
from bot.store.database import Database, Session
from bot.store.messages import keyboards, outbox
from bot.store.stations import imports
from bot.store.tables.dialog import Import
from handlers.authorization.preconditions import MAX_RESUME_AGE
from handlers.dispatch.hooks import on_resume
from handlers.employee_import.report import count
from handlers.employee_import.run import buttons_of_stopped, run_in_background
from handlers.recovery.resume import Resumption

log = structlog.get_logger(__name__)

RESUME = "import.go_on"


@on_resume
async def resume(resumption: Resumption) -> None:
    """Resume imports whose person still has the right; stop the others."""
    for row in await take_resumable(resumption.database, resumption.now()):
        resumed = await resumption.decide(
            RESUME, person=row.person_id, station=row.station, data={"import": row.id}, subject=str(row.id)
        )
        if resumed.allowed:
            await resumption.conclude(resumed, run_in_background(resumed.request, row.id, row.rows))
        else:
            await stop(resumption.database, row, resumption.now())


async def take_resumable(database: Database, now: datetime) -> list[Import]:
    """Imports to continue; their number of starts is committed before. The others are marked as stopped in the session
    that queues the notification, so that it is sent exactly once. So is an import that may crash the program: it was
    started twice without a row done."""
    resumable, others = await database.run(_count_starts, now)
    for row in others:
        await stop(database, row, now)
    return resumable


def _count_starts(session: Session, now: datetime) -> tuple[list[Import], list[Import]]:
    """Return the imports that are started again, and the others."""
    resumable, others = list[Import](), list[Import]()
    for row in imports.interrupted(session):
        (resumable if _is_resumable(row, now) else others).append(row)
    for row in resumable:
        row.crashes += 1
    return resumable, others


def _is_resumable(row: Import, now: datetime) -> bool:
    if row.crashes >= imports.MAX_STARTS:
        log.error("import stopped, the program ended at each retry", number=row.id, station=row.station)
        return False
    return row.state == imports.RUNNING and now - row.touched_at <= MAX_RESUME_AGE


async def stop(database: Database, interrupted: Import, now: datetime) -> None:
    """Stop an import, and notify its person."""
    await database.run(_stop, interrupted.id, now)


def _stop(session: Session, number: int, now: datetime) -> None:
    found = imports.find_import(session, number)
    if found is None:
        return
    # Continued by its person, it counts from zero.
    found.state, found.touched_at, found.crashes = imports.STOPPED, now, 0
    message = Message(
        "import_interrupted",
        {
            "station": found.station,
            "created": count(found.rows, "created"),
            "of": sum(row["state"] in ("created", "failed", "waiting", "sending") for row in found.rows),
        },
        buttons_of_stopped(found.id),
    )
    outbox.enqueue(
        session,
        chat_id=found.person_id,
        thread_id=None,
        template=message.template,
        facts=dict(message.facts),
        now=now,
        keyboard=keyboards.new_keyboard(found.person_id, stored(message.buttons), now=now, station=found.station),
    )
