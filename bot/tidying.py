"""What is kept for a time only."""

from datetime import datetime

from bot.alerts import silences
from bot.store import drawer, grants, inbox, keyboards, questions
from bot.store.database import Store


async def forget_what_is_old(store: Store, now: datetime) -> None:
    async with store.begin() as session:
        await inbox.forget_old_updates(session, now)
        await keyboards.forget_old_keyboards(session, now)
        await questions.forget_expired(session, now)
        await drawer.empty_expired(session, now)
        await grants.forget_ended(session, now)
        await silences.forget_old(session, now)
