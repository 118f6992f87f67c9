"""After a restart: whoever had an import under way is told where it stands, and how to go on."""

from datetime import datetime

from bot.chat.message import Message, stored
from bot.store import imports, keyboards, outbox
from bot.store.database import Store
from handlers.import_report import count
from handlers.import_run import buttons_of_stopped


async def tell_interrupted(store: Store, station: str, now: datetime) -> None:
    """In one transaction with marking them as stopped: told once, and surely."""
    async with store.begin() as session:
        for found in await imports.interrupted(session, station):
            rows = found.rows
            message = Message(
                "import_interrupted",
                {
                    "station": station,
                    "created": count(rows, "created"),
                    "of": sum(row["state"] in ("created", "failed", "waiting", "sending") for row in rows),
                },
                buttons_of_stopped(found.id),
            )
            outbox.owe(
                session,
                chat_id=found.person_id,
                thread_id=None,
                template=message.template,
                facts=dict(message.facts),
                now=now,
                keyboard=keyboards.new_keyboard(found.person_id, stored(message.buttons), now=now),
            )
