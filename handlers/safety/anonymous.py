"""Identify an anonymous administrator by the press of a button, which carries the id that the message hides.

The person that presses becomes the author: the whole command is shown, and one that writes has to be confirmed.
"""

from datetime import datetime

from bot.messages.message import Button, Message, mark
from handlers.dispatch.declare import button
from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import RULES


@button("identity.prove")
async def prove(request: Request) -> Reply:
    """Run the command in the person's name, confirmed if it writes. Requires an anonymous administrator of the chat."""
    if not await _writes_anonymously(request):
        return _not_anonymous()
    if RULES[f"/{request.data['name']}"].only_looks:
        return Reply(instead=_typed(request), outcome="proved who it is")
    sure = Button(mark("✅ Do it"), "identity.obey", request.data)
    leave = Button(mark("Cancel"), "identity.leave", request.data)
    message = Message("anonymous_sure", _facts(request), ((sure, leave),))
    # A press by another person must not consume the question.
    return Reply(message, beside=True, confirm=True, outcome="asked whether to do it as theirs")


@button("identity.obey")
async def obey(request: Request) -> Reply:
    if not await _writes_anonymously(request):
        return _not_anonymous()
    message = Message("anonymous_over", _facts(request) | {"obeyed": True})
    return Reply(message, instead=_typed(request), outcome="proved who it is")


@button("identity.leave")
async def leave(request: Request) -> Reply:
    return Reply(Message("anonymous_over", _facts(request) | {"obeyed": False}), outcome="cancelled")


async def _writes_anonymously(request: Request) -> bool:
    return await request.services.membership.is_anonymous_admin(request.place.chat, request.actor.id)


def _not_anonymous() -> Reply:
    toast = mark("Only an administrator who writes anonymously here can press this.")
    return Reply(toast=toast, outcome="not an anonymous administrator")


def _facts(request: Request) -> dict[str, object]:
    data = request.data
    return {"person": request.actor.name, "whole": written(str(data["name"]), str(data["arguments"]))}


def _typed(request: Request) -> CommandTyped:
    return CommandTyped(
        name=str(request.data["name"]),
        arguments=str(request.data["arguments"]),
        actor=request.actor,
        place=request.place,
        message_id=int(request.data["message_id"]),
        sent_at=datetime.fromisoformat(request.data["sent_at"]),
    )


def written(name: str, arguments: str) -> str:
    """Return the command as written, in one line."""
    return " ".join((f"/{name}", *arguments.split()))
