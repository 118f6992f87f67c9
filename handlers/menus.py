"""The command lists Telegram offers while typing: for each person and chat only what they may do there."""

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
)
from telegram.error import TelegramError

from bot.access import Grants, decide
from bot.chat.render import Renderer
from handlers.command import Catalogue
from handlers.topics import in_order

log = structlog.get_logger(__name__)

STRANGER = 0


async def offer(bot: Bot, renderer: Renderer, catalogue: Catalogue, grants: Grants) -> None:
    """Tell Telegram all lists. A chat it does not know (yet) is skipped, until the next start."""
    for scope, commands in menus(renderer, catalogue, grants):
        try:
            await bot.set_my_commands(commands, scope=scope)
        except TelegramError as error:
            log.debug("a command menu was not taken", scope=scope.type, reason=str(error))


def menus(renderer: Renderer, catalogue: Catalogue, grants: Grants) -> list[tuple[BotCommandScope, list[BotCommand]]]:
    def listed(person: int, chat: int, private: bool) -> list[BotCommand]:
        return [
            BotCommand(c.name, renderer.label(c.summary))
            for c in in_order(catalogue)
            if decide(grants, person=person, chat=chat, permission=c.permission, private=private).allowed
        ]

    people = [(BotCommandScopeChat(person), listed(person, person, True)) for person in grants.people]
    chats = [(BotCommandScopeChat(chat), listed(STRANGER, chat, False)) for chat in grants.chats]
    members = [
        (BotCommandScopeChatMember(chat, person), listed(person, chat, False))
        for chat in grants.chats
        for person in grants.people
    ]
    return [
        (BotCommandScopeAllPrivateChats(), listed(STRANGER, STRANGER, True)),
        (BotCommandScopeAllGroupChats(), listed(STRANGER, STRANGER, False)),
        *people,
        *chats,
        *members,
    ]
