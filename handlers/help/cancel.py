"""/cancel: the open question, and the change that waits to be confirmed, are closed."""

from bot.messages.message import Message, mark
from handlers.dispatch.declare import StationScope, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic


@command("cancel", topic=Topic.BOT, summary=mark("Drop the question that I asked you last"), scope=StationScope.ANY)
async def cancel(request: Request) -> Reply:
    # A killed run may have closed it.
    closed = await request.chat.withdraw_questions() or request.resumed
    return Reply(Message("cancelled" if closed else "nothing_to_cancel"), outcome="cancelled" if closed else "answered")
