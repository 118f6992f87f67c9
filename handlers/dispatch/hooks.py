"""Hooks by which a topic takes part in the start of the program and in what happens to chats.

The dispatcher calls what is declared here, and imports no topic.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.runtime.clock import Clock
from handlers.dispatch.access_request import Authorization
from handlers.dispatch.declare import Reply
from handlers.dispatch.services import Services
from handlers.dispatch.update_parser import AddedToChat
from handlers.recovery.resume import Resumption


@dataclass(frozen=True, slots=True)
class ChatJoined:
    """The bot was added to a chat, from which it goes when the verdict is a denial."""

    added: AddedToChat
    authorization: Authorization
    services: Services


OnStartup = Callable[[Services, Clock, asyncio.Event], Coroutine[Any, Any, None]]
OnResume = Callable[[Resumption], Awaitable[None]]
OnAddedToChat = Callable[[ChatJoined], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Hooks:
    startup: list[OnStartup] = field(default_factory=list)
    resume: list[OnResume] = field(default_factory=list)
    added_to_chat: list[OnAddedToChat] = field(default_factory=list)


HOOKS = Hooks()


def on_startup(hook: OnStartup) -> OnStartup:
    """Run when the program starts, Telegram reachable or not, until done or the event is set. Run again after a
    database error."""
    HOOKS.startup.append(hook)
    return hook


def on_resume(hook: OnResume) -> OnResume:
    """Run once Telegram answers and before the first update: resume what a restart interrupted. Run again after a
    database error."""
    HOOKS.resume.append(hook)
    return hook


def on_added_to_chat(hook: OnAddedToChat) -> OnAddedToChat:
    """Run when the bot was added to a chat; what it returns is said there."""
    HOOKS.added_to_chat.append(hook)
    return hook
