"""Whom an update names: they are remembered by the name they have now."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from bot.store import acquaintances
from bot.store.acquaintances import Known
from handlers.intent import Actor, Intent, Typed


async def meet(session: AsyncSession, intent: Intent, at: Collection[str] = ()) -> None:
    """At these stations; nobody, when something speaks against the update itself."""
    if intent.flaw is not None:
        return
    await acquaintances.meet(session, _known(intent.actor), at)
    if isinstance(intent, Typed) and intent.about is not None:
        await acquaintances.meet(session, _known(intent.about), at)
    if not intent.place.private and intent.place.title:
        await acquaintances.meet(session, Known(intent.place.chat, intent.place.title), at)


def _known(actor: Actor) -> Known:
    return Known(actor.id, actor.name, actor.username)
