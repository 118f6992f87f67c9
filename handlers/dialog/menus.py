"""Command menus in Telegram: for each person and chat the commands allowed there."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Set

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    Update,
)

from bot.access.policy import EVERY_STATION, Access, AccessContext
from bot.messages.renderer import Renderer
from bot.runtime.clock import Clock
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import keyboards
from bot.store.messages.keyboards import SentMenu
from bot.telegram.chat_access import BlockReason, block_reason
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import DeliveryError, Refused, Undeliverable
from handlers.dispatch.declare import Catalogue

log = structlog.get_logger(__name__)

STRANGER = 0
# Seconds between two rounds: grants end by themselves, and their menus follow within this time.
CHECK_EVERY = 300.0
# In more chats a person with a role everywhere gets the menu of the chat: each menu is one request to Telegram.
MAX_CHATS = 50


class Menus:
    """Task that sets only menus that differ from those set last, in this or an earlier run. A refused menu (the bot may
    not write there yet) is retried after an update from that chat, or when the menu has changed."""

    def __init__(
        self,
        sender: Sender,
        renderer: Renderer,
        catalogue: Catalogue,
        grants: Grants,
        database: Database,
        clock: Clock,
        bot_id: str = "",
    ) -> None:
        """`bot_id`: stored menus of another bot are ignored."""
        self._sender = sender
        self._renderer = renderer
        self._catalogue = catalogue
        self._grants = grants
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._changed = asyncio.Event()
        self._sent: dict[str, SentMenu] | None = None
        # Chats whose menu was refused, and those of them that have sent an update since.
        self._refused_chats = set[int | str]()
        self._retry_chats = set[int | str]()

    def changed(self) -> None:
        """Schedule a round: the rights of a person or a chat have changed."""
        self._changed.set()

    def on_update(self, update: Update) -> None:
        """Schedule a round after an update: of a person that writes for the first time, or of a group with a new id."""
        chat = update.effective_chat
        message = update.effective_message
        if chat is not None:
            self.retry_refused(chat.id)
        if message is not None and (message.migrate_to_chat_id or message.migrate_from_chat_id) is not None:
            self.changed()

    def retry_refused(self, chat: int) -> None:
        """Retry the menus that this chat refused: it has sent an update."""
        if chat in self._refused_chats:
            self._retry_chats.add(chat)
            self.changed()

    async def run(self, stop: asyncio.Event) -> None:
        """Set changed menus until `stop`: after `changed`, and every CHECK_EVERY seconds. `stop` cancels the task of a
        round."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            self._changed.clear()
            offering = asyncio.create_task(self.offer())
            await asyncio.wait({offering, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not offering.done():
                # A round over many menus takes minutes; after a restart the next run continues.
                offering.cancel()
                await asyncio.wait({offering})
                break
            offering.result()
            changed = asyncio.create_task(self._changed.wait())
            await asyncio.wait({changed, stopped}, timeout=CHECK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        stopped.cancel()

    async def offer(self) -> None:
        sent = await self._sent_menus()
        required = {self._key(scope): (scope, commands) for scope, commands in self.menus(await self._grants.current())}
        refused = (scope for key, (scope, _) in required.items() if key in sent and sent[key].refused is not None)
        self._refused_chats = {chat for scope in refused if (chat := _chat_of(scope)) is not None}
        for key in sent.keys() - required.keys():
            await self._remove(key, sent)
        for key, (scope, commands) in required.items():
            await self._offer_to_retry_chats(required, sent)
            previous = sent.get(key)
            if previous is None or previous.digest != _digest(commands):
                await self._offer(key, scope, commands, sent)
        await self._offer_to_retry_chats(required, sent)

    async def _offer_to_retry_chats(
        self, required: Mapping[str, tuple[BotCommandScope, list[BotCommand]]], sent: dict[str, SentMenu]
    ) -> None:
        """Set the menus of new chats first: a round over many chats takes minutes."""
        retry_chats, self._retry_chats = self._retry_chats, set()
        for key, (scope, commands) in required.items() if retry_chats else ():
            previous = sent.get(key)
            if _chat_of(scope) in retry_chats and previous is not None and previous.refused is not None:
                await self._offer(key, scope, commands, sent)

    async def _sent_menus(self) -> dict[str, SentMenu]:
        if self._sent is None:
            stored = await self._database.run(keyboards.sent_menus)
            self._sent = {key: one for key, one in stored.items() if key.startswith(f"{self._bot_id} ")}
        return self._sent

    def _key(self, scope: BotCommandScope) -> str:
        parts = (scope.type, getattr(scope, "chat_id", ""), getattr(scope, "user_id", ""))
        return " ".join(str(part) for part in (self._bot_id, *parts)).rstrip()

    async def _offer(
        self, key: str, scope: BotCommandScope, commands: list[BotCommand], sent: dict[str, SentMenu]
    ) -> None:
        reason = None
        try:
            await self._sender.set_menu(commands, scope)
        except (Undeliverable, Refused) as error:
            reason = str(error)
            if (chat := _chat_of(scope)) is not None:
                self._refused_chats.add(chat)
            # A person with a role that has not opened the chat yet is no error.
            log_refusal = log.debug if block_reason(reason) is BlockReason.NEVER_STARTED else log.warning
            log_refusal("command menu refused", scope=scope.type, chat=_chat_of(scope), reason=reason)
        except DeliveryError as error:
            # Retried in the next round.
            log.info("command menu not set, retried in the next round", scope=scope.type, reason=str(error))
            return
        else:
            self._refused_chats.discard(_chat_of(scope) or 0)
        sent[key] = SentMenu(_digest(commands), reason)
        await self._database.run(keyboards.store_menu, key, sent[key])

    async def _remove(self, key: str, sent: dict[str, SentMenu]) -> None:
        if sent[key].refused is None:
            try:
                await self._sender.set_menu(None, _scope(key))
            except (Undeliverable, Refused) as error:
                # The chat is gone for the bot, and its menu with it.
                log.info("command menu not removed", scope=key, reason=str(error))
            except DeliveryError as error:
                log.info("command menu not removed, retried in the next round", scope=key, reason=str(error))
                return
        del sent[key]
        await self._database.run(keyboards.delete_menu, key)

    def menus(self, access: Access) -> Iterator[tuple[BotCommandScope, list[BotCommand]]]:
        people = sorted({grant.subject for grant in access.grants if not grant.is_of_chat})
        chats = sorted({grant.subject for grant in access.grants if grant.is_of_chat})
        given: dict[int, set[str]] = {}
        for grant in access.grants:
            given.setdefault(grant.subject, set()).add(grant.station)
        yield BotCommandScopeAllPrivateChats(), self._commands_for(access, STRANGER, STRANGER)
        yield BotCommandScopeAllGroupChats(), self._commands_for(access, STRANGER, -1)
        for person in people:
            yield BotCommandScopeChat(person), self._commands_for(access, person, person)
        for chat in chats:
            yield BotCommandScopeChat(chat), self._commands_for(access, STRANGER, chat)
            for person in people:
                if _may_differ(given[person], given[chat], len(chats)):
                    yield BotCommandScopeChatMember(chat, person), self._commands_for(access, person, chat)

    def _commands_for(self, access: Access, person: int, chat: int) -> list[BotCommand]:
        """Return the commands of one menu, allowed at one station at least. Every reader of a chat's menu is a
        member."""
        private, now = chat >= 0, self._clock()
        given = {grant.station for grant in access.grants if grant.subject in (person, chat)} | {EVERY_STATION}
        contexts = [AccessContext(person, chat, private, station, now, member=True) for station in sorted(given)]
        # Measured: all grants for each command of a hundred people held the event loop for a second.
        of_both = access.of(contexts[0])
        return [
            BotCommand(command.name, self._renderer.label(command.summary))
            for command in self._catalogue.in_order()
            # Telegram lists the first word of a command only.
            if " " not in command.name
            and command.rule.where.allows(private=private)
            and any(of_both.may(asking, command.rule.permission).allowed for asking in contexts)
        ]


def _digest(commands: list[BotCommand]) -> str:
    serialized = json.dumps([(one.command, one.description) for one in commands])
    return hashlib.sha256(serialized.encode()).hexdigest()


def _chat_of(scope: BotCommandScope) -> int | str | None:
    return scope.chat_id if isinstance(scope, BotCommandScopeChat | BotCommandScopeChatMember) else None


def _scope(key: str) -> BotCommandScope:
    _, kind, *numbers = key.split()
    match kind, [int(number) for number in numbers]:
        case BotCommandScope.CHAT, [chat]:
            return BotCommandScopeChat(chat)
        case BotCommandScope.CHAT_MEMBER, [chat, person]:
            return BotCommandScopeChatMember(chat, person)
    return BotCommandScope(kind)


def _may_differ(person: Set[str], chat: Set[str], chats: int) -> bool:
    """Return True if a person may have other rights in a chat than its other members, and may be a member."""
    return bool(person & chat) or (chats <= MAX_CHATS and EVERY_STATION in person | chat)
