"""Command menus: one per scope and language; the most specific one wins."""

import re
from collections.abc import Iterator

from bot.demo.telegram.bot_api.entities import units
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.model import Chat, Json

MOST_COMMANDS = 100
LONGEST_DESCRIPTION = 256
# Total length of all descriptions of a menu: some 4,000 characters pass, 5,000 do not.
LONGEST_DESCRIPTIONS = 4500
SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
    | {"chat", "chat_administrators", "chat_member"}
)
Scope = tuple[str, int | None, int | None]


class CommandMenus:
    def __init__(self) -> None:
        self._menus: dict[tuple[Scope, str], list[Json]] = {}

    def set(self, scope: Scope, language: str, commands: list[Json]) -> None:
        self._menus[scope, language] = commands

    def get(self, scope: Scope, language: str) -> list[Json]:
        return self._menus.get((scope, language), [])

    def delete(self, scope: Scope, language: str) -> None:
        self._menus.pop((scope, language), None)

    def offered(self, chat: Chat, user_id: int, language: str) -> list[Json]:
        """Return the menu that this person gets in this chat."""
        for scope in _from_most_specific(chat, user_id):
            menu = self.get(scope, language) or self.get(scope, "")
            if menu:
                return menu
        return []


def _from_most_specific(chat: Chat, user_id: int) -> Iterator[Scope]:
    if chat.is_private:
        yield from (("chat", chat.id, None), ("all_private_chats", None, None))
    else:
        yield ("chat_member", chat.id, user_id)
        if chat.is_admin(user_id):
            yield ("chat_administrators", chat.id, None)
        yield ("chat", chat.id, None)
        if chat.is_admin(user_id):
            yield ("all_chat_administrators", None, None)
        yield ("all_group_chats", None, None)
    yield ("default", None, None)


def read_scope(params: Params) -> Scope:
    scope = params.mapping("scope")
    if scope is None:
        return ("default", None, None)
    kind = scope.text("type")
    if kind not in SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat = scope.required_integer("chat_id") if kind.startswith("chat") else None
    return (kind, chat, scope.required_integer("user_id") if kind == "chat_member" else None)


def read_language(params: Params) -> str:
    language = params.text("language_code")
    if language and not re.fullmatch("[a-z]{2}", language):
        raise bad_request("LANG_CODE_INVALID")
    return language


def read_commands(params: Params) -> list[Json]:
    items = params.items("commands")
    if len(items) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    commands = [_command(item) for item in items]
    if sum(units(str(one["description"])) for one in commands) > LONGEST_DESCRIPTIONS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return commands


def _command(item: object) -> Json:
    if not isinstance(item, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    command = str(item.get("command", "")).removeprefix("/")
    description = str(item.get("description", "")).strip()
    if not re.fullmatch("[a-z0-9_]{1,32}", command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= LONGEST_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": description}
