"""Chats that Telegram told to wait: kept, because it may be for longer than the program runs."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables.chats import ChatHold


async def hold(session: AsyncSession, chat_id: int, until: datetime) -> None:
    await session.merge(ChatHold(chat_id=chat_id, until=until))


async def held(session: AsyncSession, now: datetime) -> dict[int, datetime]:
    """Until when each chat has to wait; those that need not any more are forgotten."""
    await session.execute(delete(ChatHold).where(ChatHold.until <= now))
    found = await session.execute(select(ChatHold))
    return {row.chat_id: row.until for row in found.scalars()}
