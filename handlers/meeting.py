"""Whom an update names: they are remembered by the name they have now."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.store import acquaintances
from bot.store.acquaintances import Known
from handlers.intent import Actor, Intent, Typed


async def meet(session: AsyncSession, intent: Intent) -> None:
    """Nobody, when something speaks against the update itself."""
    if intent.flaw is not None:
        return
    await acquaintances.meet(session, _known(intent.actor))
    if isinstance(intent, Typed) and intent.about is not None:
        await acquaintances.meet(session, _known(intent.about))
    if not intent.place.private and intent.place.title:
        await acquaintances.meet(session, Known(intent.place.chat, intent.place.title))


def _known(actor: Actor) -> Known:
    return Known(actor.id, actor.name, actor.username)
