"""Retention job: delete expired rows, each after its time."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.incidents import silence_store
from bot.store import retention, unreadable_secrets
from bot.store.database import Store
from bot.store.oncall.calendars import FORGOTTEN

log = structlog.get_logger(__name__)


async def tidy(store: Store, now: datetime, history_kept: timedelta, audit_kept: timedelta) -> None:
    """Delete what is expired; after a database error the next run does it."""
    history = now - history_kept
    try:
        await retention.forget_expired(store, now)
        async with store.begin() as session:
            await silence_store.forget_old(session, history)
        await retention.forget_history(store, history)
        await retention.forget_audit(store, now - audit_kept)
        await store.checkpoint()
    except SQLAlchemyError:
        log.exception("what is over could not be forgotten")


async def forget_unreadable(
    store: Store, now: datetime, owe: Callable[[AsyncSession, str, Mapping[str, Any]], Awaitable[object]]
) -> None:
    """Delete, at a start, what was encrypted with another token. `owe` notifies the administrators of
    lost calendars in the same transaction."""
    async with store.begin() as session:
        lost = await unreadable_secrets.forget_unreadable(session, now)
        for station, level in lost.calendars:
            await owe(session, "oncall_calendar_problem", {"station": station, "level": level, "problem": FORGOTTEN})
    if lost:
        log.warning("TELEGRAM_TOKEN has changed: what was encrypted with the former one is forgotten", **asdict(lost))
