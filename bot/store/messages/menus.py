"""Which command menu Telegram was last given for whom, and whether it took it."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.tables.chats import MenuRow


class Offered(NamedTuple):
    """`refused` is why Telegram did not take it, None when it did."""

    digest: str
    refused: str | None


async def offered(session: AsyncSession) -> Mapping[str, Offered]:
    """By scope."""
    found = (await session.execute(select(MenuRow))).scalars()
    return {row.scope: Offered(row.digest, row.refused) for row in found}


async def note(session: AsyncSession, scope: str, one: Offered) -> None:
    await session.merge(MenuRow(scope=scope, digest=one.digest, refused=one.refused))


async def forget(session: AsyncSession, scope: str) -> None:
    await session.execute(delete(MenuRow).where(MenuRow.scope == scope))
