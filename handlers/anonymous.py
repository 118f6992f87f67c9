"""An anonymous administrator proves who they are: the press of a button carries the id that the message hid."""

from datetime import datetime

from bot.chat.message import mark
from handlers.command import Reply, Request, button
from handlers.intent import Typed


@button("identity.prove")
async def prove(request: Request) -> Reply:
    """Only somebody who writes anonymously here can have written it; what they wrote is then decided as theirs."""
    if not await request.desk.membership.is_anonymous_admin(request.place.chat, request.actor.id):
        toast = mark("Only an administrator who writes anonymously here can press this.")
        return Reply(toast=toast, outcome="not an anonymous administrator")
    typed = Typed(
        name=str(request.data["name"]),
        arguments=str(request.data["arguments"]),
        actor=request.actor,
        place=request.place,
        message_id=int(request.data["message_id"]),
        sent_at=datetime.fromisoformat(request.data["sent_at"]),
    )
    return Reply(instead=typed, outcome="proved who it is")
