"""Keyboards, which Telegram knows only by a random id, and the command menus sent to Telegram."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from bot.store.tables.chats import MenuRow
from bot.store.tables.messages import Keyboard

# Longer than an incident may reasonably stay open: its alert message keeps its buttons.
RETENTION = timedelta(days=60)
# Core statement, built once: run for every reply with buttons, where ORM overhead dominates.
_KEYBOARDS = Keyboard.metadata.tables[Keyboard.__tablename__]
_INSERT = insert(_KEYBOARDS)
_KEYBOARD_COLUMNS = tuple(column.name for column in _KEYBOARDS.c)
_SET_MESSAGE_ID = (
    update(_KEYBOARDS).where(_KEYBOARDS.c.id == bindparam("keyboard")).values(message_id=bindparam("message"))
)


class SentMenu(NamedTuple):
    """Command menu as last sent to Telegram; `refused` is Telegram's error, None if accepted."""

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
    content: dict[str, Any] | None = None,
) -> Keyboard:
    """Return a keyboard row that is in no session yet.

    `rows` are dictionaries with label, action and data. `station` is the PBX that the buttons refer to. `message_id` is
    set when the message is already sent; `content` holds its template and facts.
    """
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
        said=content,
    )


def insert_all(session: Session, added: Sequence[Keyboard]) -> None:
    """Insert keyboards that are in no session."""
    session.connection().execute(
        _INSERT, [{column: getattr(keyboard, column) for column in _KEYBOARD_COLUMNS} for keyboard in added]
    )


def find_keyboard(session: Session, keyboard_id: str) -> Keyboard | None:
    return session.get(Keyboard, keyboard_id)


def stored_ids(session: Session, keyboard_ids: Collection[str]) -> set[str]:
    """Return the ids that are stored."""
    if not keyboard_ids:
        return set()
    return set(session.execute(select(Keyboard.id).where(Keyboard.id.in_(keyboard_ids))).scalars())


def set_message_id(session: Session, keyboard_id: str, message_id: int) -> None:
    """Store the id of the message that has the keyboard."""
    session.execute(_SET_MESSAGE_ID, {"keyboard": keyboard_id, "message": message_id})


def use_once(session: Session, keyboard_id: str, now: datetime) -> bool:
    """Mark a keyboard as used; return True for exactly one of concurrent callers."""
    used = session.execute(
        update(Keyboard)
        .where(Keyboard.id == keyboard_id, Keyboard.used_at.is_(None))
        .values(used_at=now)
        .returning(Keyboard.id)
    )
    return used.scalar_one_or_none() is not None


def withdraw(session: Session, *, chat_id: int, asker_id: int, now: datetime) -> int:
    """Mark as used what waits for one press of this person in this chat; return the number."""
    open_ones = (
        Keyboard.chat_id == chat_id,
        Keyboard.asker_id == asker_id,
        Keyboard.single_use,
        Keyboard.used_at.is_(None),
        Keyboard.expires_at > now,
    )
    withdrawn = session.execute(update(Keyboard).where(*open_ones).values(used_at=now).returning(Keyboard.id))
    return len(withdrawn.scalars().all())


def sent_menus(session: Session) -> Mapping[str, SentMenu]:
    """Return the command menus sent to Telegram, by scope."""
    found = session.execute(select(MenuRow)).scalars()
    return {row.scope: SentMenu(row.digest, row.refused) for row in found}


def store_menu(session: Session, scope: str, menu: SentMenu) -> None:
    """Insert or replace the command menu of a scope."""
    session.merge(MenuRow(scope=scope, digest=menu.digest, refused=menu.refused))


def delete_menu(session: Session, scope: str) -> None:
    """Delete the command menu of the scope."""
    session.execute(delete(MenuRow).where(MenuRow.scope == scope))
