"""The command lists Telegram offers while typing: for each person and chat only what they may do there."""

import asyncio
from collections.abc import Callable, Iterator, Set
from datetime import datetime

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    Update,
)
from telegram.error import TelegramError

from bot.access import EVERY_STATION, Access, Asking
from bot.chat.render import Renderer
from bot.store.grants import GrantBook
from handlers.command import Catalogue
from handlers.topics import in_order

log = structlog.get_logger(__name__)

STRANGER = 0
# Grants end by themselves; their menus follow within this many seconds.
LOOK_EVERY = 300.0
# In more chats whoever has a role everywhere is offered what everybody there is: each menu is a question to Telegram.
MOST_CHATS = 50


class Menus:
    """Told again only where they changed. A chat in which the bot may not write (yet) is tried again when something
    comes from it, and at the next look."""

    def __init__(
        self,
        bot: Bot,
        renderer: Renderer,
        catalogue: Catalogue,
        grants: GrantBook,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._renderer = renderer
        self._catalogue = catalogue
        self._grants = grants
        self._clock = clock
        self._changed = asyncio.Event()
        self._offered: dict[BotCommandScope, list[BotCommand]] = {}
        self._closed = set[int | str]()

    def changed(self) -> None:
        """Somebody has other rights than before."""
        self._changed.set()

    def heard(self, update: Update) -> None:
        """Somebody who was given a role beforehand comes to the bot, or a group takes its roles along to its new id."""
        comes = update.effective_chat is not None and update.effective_chat.id in self._closed
        message = update.effective_message
        moves = message is not None and (message.migrate_to_chat_id or message.migrate_from_chat_id) is not None
        if comes or moves:
            self.changed()

    async def run(self, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            self._changed.clear()
            await self.offer()
            woken = asyncio.create_task(self._changed.wait())
            await asyncio.wait({woken, stopped}, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
        stopped.cancel()

    async def offer(self) -> None:
        wanted = dict(self.menus(await self._grants.current()))
        self._closed.clear()
        for scope in self._offered.keys() - wanted.keys():
            if await self._told(scope, None):
                del self._offered[scope]
        for scope, commands in wanted.items():
            if self._offered.get(scope) != commands and await self._told(scope, commands):
                self._offered[scope] = commands

    def menus(self, access: Access) -> Iterator[tuple[BotCommandScope, list[BotCommand]]]:
        people = sorted({grant.subject for grant in access.grants if not grant.is_of_chat})
        chats = sorted({grant.subject for grant in access.grants if grant.is_of_chat})
        given: dict[int, set[str]] = {}
        for grant in access.grants:
            given.setdefault(grant.subject, set()).add(grant.station)
        yield BotCommandScopeAllPrivateChats(), self._listed(access, STRANGER, STRANGER)
        yield BotCommandScopeAllGroupChats(), self._listed(access, STRANGER, -1)
        for person in people:
            yield BotCommandScopeChat(person), self._listed(access, person, person)
        for chat in chats:
            yield BotCommandScopeChat(chat), self._listed(access, STRANGER, chat)
            for person in people:
                if _meet(given[person], given[chat], len(chats)):
                    yield BotCommandScopeChatMember(chat, person), self._listed(access, person, chat)

    def _listed(self, access: Access, person: int, chat: int) -> list[BotCommand]:
        """Whoever looks at a chat's menu is a member of it. What they may at one station they are offered."""
        private, now = chat >= 0, self._clock()
        given = {grant.station for grant in access.grants if grant.subject in (person, chat)} | {EVERY_STATION}
        seen = [Asking(person, chat, private, station, now, member=True) for station in sorted(given)]
        return [
            BotCommand(command.name, self._renderer.label(command.summary))
            for command in in_order(self._catalogue)
            # Telegram offers only the first word of a command.
            if " " not in command.name
            and command.rule.where.holds(private=private)
            and any(access.may(asking, command.rule.permission).allowed for asking in seen)
        ]

    async def _told(self, scope: BotCommandScope, commands: list[BotCommand] | None) -> bool:
        try:
            if commands is None:
                await self._bot.delete_my_commands(scope=scope)
            else:
                await self._bot.set_my_commands(commands, scope=scope)
        except TelegramError as error:
            if isinstance(scope, BotCommandScopeChat | BotCommandScopeChatMember):
                self._closed.add(scope.chat_id)
            log.debug("a command menu was not taken", scope=scope.type, reason=str(error))
            return False
        return True


def _meet(person: Set[str], chat: Set[str], chats: int) -> bool:
    """Whether a person may have other rights in a chat than everybody there, and may well come there."""
    return bool(person & chat) or (chats <= MOST_CHATS and EVERY_STATION in person | chat)
