"""Queue replies that Telegram did not take, and deletions of replies, in the outbox."""

from datetime import datetime, timedelta

from bot.messages.message import Rendered
from bot.store.database import Session
from bot.store.messages import blocked_chats, outbox
from bot.store.messages.outbox import Urgency
from bot.store.tables.messages import Keyboard
from bot.telegram.errors import TryLater
from handlers.recovery.pending_replies import Address


def enqueue_reply(
    session: Session,
    *,
    rendered: Rendered,
    address: Address,
    keyboard: Keyboard | None,
    error: TryLater,
    now: datetime,
    masked: bool,
    possible_repeat: bool,
) -> None:
    """Queue a reply that Telegram certainly did not accept, with a keyboard that is stored already. `possible_repeat`:
    mark it as a possible repeat."""
    until = now + timedelta(seconds=error.after)
    row = outbox.enqueue(
        session,
        action="edit" if address.shown is not None else "send",
        chat_id=address.place.chat,
        thread_id=address.place.thread,
        template=outbox.RENDERED,
        facts={"station": address.station},
        html=rendered.html,
        now=now,
        silent=rendered.silent,
        masked=masked,
        urgency=Urgency.ANSWER,
        not_before=until,
        message_id=address.shown or (None if address.place.private else address.asked),
    )
    row.keyboard_id = keyboard.id if keyboard is not None else None
    row.possible_repeat = possible_repeat
    if error.is_flood_limit:
        blocked_chats.store_flood_wait(session, address.place.chat, until)


def enqueue_deletion(
    session: Session, *, chat: int, message_id: int, station: str, now: datetime, lifetime: timedelta
) -> None:
    """Queue the deletion of a message after its lifetime."""
    outbox.enqueue(
        session,
        action="delete",
        chat_id=chat,
        thread_id=None,
        template="",
        facts={"station": station},
        now=now,
        not_before=now + lifetime,
        message_id=message_id,
    )
