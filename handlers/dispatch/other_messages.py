"""Answer messages that are no command, press or answer: text in private, secrets in groups, what is not read."""

from collections.abc import Awaitable, Callable

from bot.access.policy import EVERY_STATION
from bot.messages.message import Message
from bot.store.typed_secrets import contains_secret
from handlers.authorization.authorizer import Authorizer
from handlers.dialog import refusals
from handlers.dialog.command_guess import CommandGuess
from handlers.dispatch.command_names import without_slash
from handlers.dispatch.executor import Executor
from handlers.dispatch.intents import AnonymousText, CommandTyped, TextSent, UnreadMessage
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import Reply
from handlers.dispatch.rules import RULES
from handlers.recovery.pending_replies import Address

HandleInstead = Callable[[CommandTyped, int], Awaitable[None]]


class OtherMessages:
    """`handle_instead` handles a command that text without a slash names."""

    def __init__(
        self, authorizer: Authorizer, executor: Executor, guess: CommandGuess, handle_instead: HandleInstead
    ) -> None:
        self._authorizer = authorizer
        self._executor = executor
        self._guess = guess
        self._handle_instead = handle_instead
        self._unread_album: str | None = None

    async def handle_text(self, sent: TextSent, update_id: int) -> None:
        """Handle text that answers no question. In a group it is ignored unless it contains a secret, which is
        deleted. In private it may be a command without its slash, which is carried out if it only reads."""
        await self._authorizer.record_group(sent.place)
        if not sent.place.private and not contains_secret(sent.text):
            return
        may = await self._authorizer.rights(sent.actor, sent.place)
        if not refusals.is_known(may):
            return
        typed = without_slash(sent) if sent.place.private else None
        if typed is not None and RULES[f"/{typed.name}"].is_read_only:
            await self._handle_instead(typed, update_id)
            return
        address = Address(sent.actor, sent.place, EVERY_STATION, asked=sent.message_id)
        replier = self._executor.replier(address, may)
        if sent.place.private:
            await replier.finish(Reply(self._guess.answer(sent, may)))
        else:
            await hide_secret(replier, "password_in_group")

    async def handle_anonymous(self, sent: AnonymousText) -> None:
        """Delete a secret; Admission passes such text only from groups that the bot serves."""
        if not sent.place.private and contains_secret(sent.text):
            address = Address(sent.actor, sent.place, EVERY_STATION, asked=sent.message_id)
            may = await self._authorizer.rights(sent.actor, sent.place)
            await hide_secret(self._executor.replier(address, may), "password_in_group")

    async def handle_unread(self, unread: UnreadMessage) -> None:
        """Say that a message in private is not read, once for an album."""
        may = await self._authorizer.rights(unread.actor, unread.place)
        if not refusals.is_known(may) or (unread.album and unread.album == self._unread_album):
            return
        self._unread_album = unread.album
        address = Address(unread.actor, unread.place, EVERY_STATION, asked=unread.message_id)
        await self._executor.replier(address, may).finish(Reply(refusals.not_read(unread.why)))


async def hide_secret(replier: Replier, template: str) -> None:
    await replier.finish(Reply(Message(template, {"deleted": await replier.delete_asked()})))
