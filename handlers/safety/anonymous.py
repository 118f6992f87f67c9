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
async def identify(request: Request) -> Reply:
    """Run the command in the person's name, confirmed if it writes. Requires an anonymous administrator of the chat."""
    if not await _is_anonymous_admin(request):
        return _not_anonymous()
    if RULES[f"/{request.data['name']}"].is_read_only:
        return Reply(_over(request) if _may(request) else None, instead=_typed(request), outcome="proved who it is")
    data = {**request.data, "offer": request.shown}
    confirm = Button(mark("✅ Do it"), "identity.obey", data)
    cancel = Button(mark("Cancel"), "identity.leave", data)
    message = Message("anonymous_sure", _facts(request), ((confirm, cancel),))
    # A press by another person must not consume the question; it ends when the command is carried out.
    return Reply(message, as_new_message=True, confirm=True, outcome="asked whether to do it as theirs")


@button("identity.obey")
async def run_confirmed(request: Request) -> Reply:
    if not await _is_anonymous_admin(request):
        return _not_anonymous()
    message, offer = _over(request), request.data.get("offer")
    if offer and _may(request):
        await request.chat.replace(int(offer), message)
    return Reply(message, instead=_typed(request), outcome="proved who it is")


@button("identity.leave")
async def cancel(request: Request) -> Reply:
    return Reply(Message("anonymous_over", _facts(request) | {"obeyed": False}), outcome="cancelled")


async def _is_anonymous_admin(request: Request) -> bool:
    return await request.services.membership.is_anonymous_admin(request.place.chat, request.actor.id)


def _may(request: Request) -> bool:
    """Return True if the command will be carried out in the person's name."""
    return request.may(RULES[f"/{request.data['name']}"].permission).allowed


def _over(request: Request) -> Message:
    return Message("anonymous_over", _facts(request) | {"obeyed": True})


def _not_anonymous() -> Reply:
    toast = mark("Only an administrator who writes anonymously here can press this.")
    return Reply(toast=toast, outcome="not an anonymous administrator")


def _facts(request: Request) -> dict[str, object]:
    data = request.data
    return {"person": request.actor.name, "whole": command_line(str(data["name"]), str(data["arguments"]))}


def _typed(request: Request) -> CommandTyped:
    return CommandTyped(
        name=str(request.data["name"]),
        arguments=str(request.data["arguments"]),
        actor=request.actor,
        place=request.place,
        message_id=int(request.data["message_id"]),
        sent_at=datetime.fromisoformat(request.data["sent_at"]),
    )


def command_line(name: str, arguments: str) -> str:
    """Return the command as written, in one line."""
    return " ".join((f"/{name}", *arguments.split()))
