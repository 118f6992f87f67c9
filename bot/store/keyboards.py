"""Buttons: stored here, known to Telegram only by an id nobody can guess."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables import Keyboard

# Alerts keep their buttons for as long as an incident may reasonably stay open.
KEPT = timedelta(days=60)


def new_keyboard(
    chat_id: int,
    rows: list[list[dict[str, Any]]],
    *,
    now: datetime,
    station: str,
    asker_id: int | None = None,
    single_use: bool = False,
    lifetime: timedelta | None = None,
) -> Keyboard:
    """A keyboard row to add to a session, about the PBX of that `station`. `rows` are dictionaries with label, action
    and data."""
    return Keyboard(
        id=secrets.token_urlsafe(12),
        chat_id=chat_id,
        station=station,
        rows=rows,
        asker_id=asker_id,
        single_use=single_use,
        created_at=now,
        expires_at=now + lifetime if lifetime else None,
    )


async def find_keyboard(session: AsyncSession, keyboard_id: str) -> Keyboard | None:
    return await session.get(Keyboard, keyboard_id)


async def use_once(session: AsyncSession, keyboard_id: str, now: datetime) -> bool:
    """True for exactly one caller, whoever presses at the same moment."""
    used = await session.execute(
        update(Keyboard)
        .where(Keyboard.id == keyboard_id, Keyboard.used_at.is_(None))
        .values(used_at=now)
        .returning(Keyboard.id)
    )
    return used.scalar_one_or_none() is not None
