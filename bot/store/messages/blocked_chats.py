"""Chats that take no messages for now: the bot was blocked, removed or muted there, until it is allowed again; or
Telegram asked it to wait (HTTP 429), which may be for longer than the program runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.store.tables.chats import ChatHold, ClosedChat
from bot.store.tables.incidents import Outgoing

TOPIC_CLOSED = "topic_closed"


async def close(session: AsyncSession, chat_id: int, reason: str, at: datetime) -> bool:
    """`at`: since when nothing arrives there, as far as is known: what was tried later is what `reopen` makes good.
    False when it was known already."""
    closed = await session.execute(
        insert(ClosedChat)
        .values(chat_id=chat_id, reason=reason, at=at)
        .on_conflict_do_nothing()
        .returning(ClosedChat.chat_id)
    )
    newly = closed.scalar_one_or_none() is not None
    if not newly:
        await session.execute(update(ClosedChat).where(ClosedChat.chat_id == chat_id, ClosedChat.at > at).values(at=at))
    return newly


async def reopen(
    session: AsyncSession, chats: Iterable[int], now: datetime, *, in_topic: bool = False
) -> Mapping[int, datetime]:
    """What is shown there is brought up to date: the newest change of each message, if it could not be made, is made
    now. Returns those that were closed, with the time since when nothing had arrived there. What arrived `in_topic`
    says nothing of General."""
    # Whoever writes in private is asked about, and hardly ever was that chat closed: looking comes first.
    shut = select(ClosedChat.chat_id, ClosedChat.at).where(ClosedChat.chat_id.in_(tuple(chats)))
    if in_topic:
        shut = shut.where(func.lower(ClosedChat.reason) != TOPIC_CLOSED)
    opened = (await session.execute(shut)).all()
    if not opened:
        return {}
    newer = aliased(Outgoing)
    outdated = exists().where(
        newer.about == Outgoing.about, newer.action == "edit", newer.id > Outgoing.id, newer.state != "dropped"
    )
    await session.execute(delete(ClosedChat).where(ClosedChat.chat_id.in_([chat_id for chat_id, _ in opened])))
    for chat_id, closed_at in opened:
        unmade = (Outgoing.chat_id == chat_id, Outgoing.state == "dead", Outgoing.action == "edit", ~outdated)
        await session.execute(
            update(Outgoing)
            .where(*unmade, Outgoing.tried_at >= closed_at)
            .values(state="pending", not_before=now)
            .execution_options(synchronize_session=False)
        )
    return {row[0]: row[1] for row in opened}


async def closed(session: AsyncSession) -> frozenset[int]:
    return frozenset((await session.execute(select(ClosedChat.chat_id))).scalars())


async def reasons(session: AsyncSession, chats: Iterable[int]) -> Mapping[int, str]:
    """Why each of those that are closed is."""
    asked = select(ClosedChat.chat_id, ClosedChat.reason).where(ClosedChat.chat_id.in_(tuple(chats)))
    return {row.chat_id: row.reason for row in await session.execute(asked)}


async def hold(session: AsyncSession, chat_id: int, until: datetime) -> None:
    """Store until when Telegram asked to send no more to the chat."""
    await session.merge(ChatHold(chat_id=chat_id, until=until))


async def held(session: AsyncSession, now: datetime) -> dict[int, datetime]:
    """Return until when each chat has to wait, and delete the waits that are over by `now`."""
    await session.execute(delete(ChatHold).where(ChatHold.until <= now))
    found = await session.execute(select(ChatHold))
    return {row.chat_id: row.until for row in found.scalars()}
