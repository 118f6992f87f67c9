"""Hooks of topics for startup, resume and additions to chats, so that the dispatcher imports no topic."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.runtime.clock import Clock
from handlers.authorization.access_request import Authorization
from handlers.dispatch.intents import AddedToChat
from handlers.dispatch.request import Reply
from handlers.dispatch.services import Services
from handlers.recovery.resume import Resumption


@dataclass(frozen=True, slots=True)
class ChatJoined:
    """Addition of the bot to a chat, which it leaves if the decision is a denial."""

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
    """Declare a startup task: run until done or until the event is set, even while Telegram is unreachable; retried
    after a database error."""
    HOOKS.startup.append(hook)
    return hook


def on_resume(hook: OnResume) -> OnResume:
    """Declare a resume task, run once Telegram answers and before the first update; retried after a database error."""
    HOOKS.resume.append(hook)
    return hook


def on_added_to_chat(hook: OnAddedToChat) -> OnAddedToChat:
    """Declare a handler of additions to a chat; its reply is sent there."""
    HOOKS.added_to_chat.append(hook)
    return hook
