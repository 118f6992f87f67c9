"""Keyboards: stored here, known to Telegram only by a random id; and the command menus that Telegram has."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables.chats import MenuRow
from bot.store.tables.incidents import Keyboard

# Alerts keep their buttons for as long as an incident may reasonably stay open.
KEPT = timedelta(days=60)
# A Core statement, built once: run for every answer with buttons, where the ORM's overhead is most of the cost.
_KEYBOARDS = Keyboard.metadata.tables[Keyboard.__tablename__]
_TIE = update(_KEYBOARDS).where(_KEYBOARDS.c.id == bindparam("keyboard")).values(message_id=bindparam("message"))


class Offered(NamedTuple):
    """A command menu as it was last sent to Telegram; `refused` is the error it was refused with, None when it was
    accepted."""

    digest: str
    refused: str | None


def new_keyboard(
    chat_id: int,
    rows: list[list[dict[str, Any]]],
    *,
    now: datetime,
    station: str,
    asker_id: int | None = None,
    single_use: bool = False,
    lifetime: timedelta | None = None,
    message_id: int | None = None,
    said: dict[str, Any] | None = None,
) -> Keyboard:
    """A keyboard row to add to a session, about the PBX of that `station`. `rows` are dictionaries with label, action
    and data; `message_id` is known of a message that is there already, and `said` is what it says."""
    return Keyboard(
        id=secrets.token_urlsafe(12),
        chat_id=chat_id,
        station=station,
        rows=rows,
        asker_id=asker_id,
        single_use=single_use,
        created_at=now,
        expires_at=now + lifetime if lifetime else None,
        message_id=message_id,
        said=said,
    )


def add(session: AsyncSession, keyboard: Keyboard) -> None:
    """Insert a keyboard when the transaction commits."""
    session.add(keyboard)


async def attach(session: AsyncSession, keyboard: Keyboard) -> Keyboard:
    """Return the keyboard of another session as a row of this one."""
    return await session.merge(keyboard)


async def find_keyboard(session: AsyncSession, keyboard_id: str) -> Keyboard | None:
    return await session.get(Keyboard, keyboard_id)


async def known_of(session: AsyncSession, keyboard_ids: Collection[str]) -> set[str]:
    """Those that are kept here."""
    if not keyboard_ids:
        return set()
    return set((await session.execute(select(Keyboard.id).where(Keyboard.id.in_(keyboard_ids)))).scalars())


async def tie(session: AsyncSession, keyboard_id: str, message_id: int) -> None:
    """This is the message that the buttons stand under."""
    await session.execute(_TIE, {"keyboard": keyboard_id, "message": message_id})


async def use_once(session: AsyncSession, keyboard_id: str, now: datetime) -> bool:
    """True for exactly one caller, whoever presses at the same moment."""
    used = await session.execute(
        update(Keyboard)
        .where(Keyboard.id == keyboard_id, Keyboard.used_at.is_(None))
        .values(used_at=now)
        .returning(Keyboard.id)
    )
    return used.scalar_one_or_none() is not None


async def offered_menus(session: AsyncSession) -> Mapping[str, Offered]:
    """Return the command menus sent to Telegram, by scope."""
    found = (await session.execute(select(MenuRow))).scalars()
    return {row.scope: Offered(row.digest, row.refused) for row in found}


async def note_menu(session: AsyncSession, scope: str, menu: Offered) -> None:
    """Store the command menu that was sent for the scope."""
    await session.merge(MenuRow(scope=scope, digest=menu.digest, refused=menu.refused))


async def forget_menu(session: AsyncSession, scope: str) -> None:
    """Delete the command menu of the scope."""
    await session.execute(delete(MenuRow).where(MenuRow.scope == scope))
