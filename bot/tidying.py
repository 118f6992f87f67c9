"""Puts the store in order now and then: what is over is forgotten, each thing after its time."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.alerts import silences
from bot.store import retention
from bot.store.database import Store

log = structlog.get_logger(__name__)


async def tidy(store: Store, now: datetime, history_kept: timedelta, audit_kept: timedelta) -> None:
    """What could not be forgotten this time is forgotten the next."""
    history = now - history_kept
    try:
        await retention.forget_expired(store, now)
        async with store.begin() as session:
            await silences.forget_old(session, history)
        await retention.forget_history(store, history)
        await retention.forget_audit(store, now - audit_kept)
    except SQLAlchemyError:
        log.exception("what is over could not be forgotten")
