"""Digests of calls as messages, queued in the caller's session."""

from datetime import datetime
from typing import Any

from bot.calls.digest_figures import DigestFigures, Usual
from bot.calls.digest_schedule import NOON, DigestPeriod, DigestSchedule
from bot.messages.message import Button, Rows, mark, stored
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.outbox import Urgency
from bot.store.tables.calls import Digest

# Of the fleet's many digests at one time some are sent minutes later.
ON_TIME = 15 * 60


def schedule_of(row: Digest) -> DigestSchedule:
    return DigestSchedule.stored(row.kind, row.days, row.at)


def enqueue(
    session: Session,
    row: Digest,
    period: DigestPeriod,
    figures: DigestFigures,
    usual: Usual | None,
    due: datetime,
    now: datetime,
) -> None:
    """Queue the digest of a period that was due at `due`."""
    keyboard = new_keyboard(row.chat_id, stored(_buttons(period)), now=now, station=row.station)
    outbox.enqueue(
        session,
        chat_id=row.chat_id,
        thread_id=row.thread_id,
        template="digest",
        facts=facts_of(row, period, figures, usual, due, now),
        now=now,
        keyboard=keyboard,
        urgency=Urgency.DIGEST,
    )


def enqueue_unread(session: Session, row: Digest, due: datetime, now: datetime, *, lacks: str = "") -> None:
    """Queue the notice that the PBX could not be read for the digest that was due at `due`. `lacks`: row of the API key
    without which calls are not read, "" if that is not why."""
    outbox.enqueue(
        session,
        chat_id=row.chat_id,
        thread_id=row.thread_id,
        template="digest_unread",
        facts={"station": row.station, "due": due.isoformat(), "lacks": lacks},
        now=now,
        urgency=Urgency.DIGEST,
    )


def facts_of(
    row: Digest, period: DigestPeriod, figures: DigestFigures, usual: Usual | None, due: datetime, now: datetime
) -> dict[str, Any]:
    return {
        "station": row.station,
        "first": period.start.date().isoformat(),
        "last": period.end.date().isoformat(),
        "until": f"{period.end:%H:%M}" if schedule_of(row).at >= NOON else None,
        "calls": figures.calls,
        "rate": figures.answer_rate,
        "missed": figures.missed,
        "not_called_back": figures.not_called_back,
        "wait": figures.longest_wait,
        "bars": figures.by_hour,
        "usual": usual
        and {
            "weeks": usual.weeks,
            "calls": usual.calls,
            "rate": usual.answer_rate,
            "missed": usual.missed,
            "not_called_back": usual.not_called_back,
            "wait": usual.longest_wait,
        },
        "due": due.isoformat() if (now - due).total_seconds() > ON_TIME else None,
    }


def written(period: DigestPeriod) -> str:
    """Return the period as it is typed."""
    return f"{period.start:%Y-%m-%d %H:%M:%S} {period.end:%Y-%m-%d %H:%M:%S}"


def _buttons(period: DigestPeriod) -> Rows:
    return (
        (
            Button(mark("🔴 Missed"), "digest.show", {"command": "missed", "period": written(period)}),
            Button(mark("📊 Statistics"), "digest.show", {"command": "stats", "period": written(period)}),
        ),
    )
