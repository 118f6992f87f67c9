"""Long work: its progress in the chat, and a button that stops it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from bot.messages.message import Button, Message, mark
from bot.telegram.updates.lanes import MAX_LEFT_BEHIND, let_next_begin
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request, Stopped

# Seconds until an answer is waited for in silence.
PROGRESS_AFTER = 3.0
# Telegram's limits for edits: about one a second, and twenty a minute in a group.
PROGRESS_INTERVAL = 3.0
STOP = mark("⏹ Stop")

T = TypeVar("T")


async def with_progress(
    request: Request, work: Coroutine[Any, Any, T], progress: Callable[[], Message], stopped: Callable[[], Message]
) -> T:
    """Do the work, and from PROGRESS_AFTER on show its progress, which the reply replaces. Raises Stopped after its
    asker has pressed *Stop*, if too much of theirs goes on, or, once progress is shown, at a shutdown: nobody would
    take the message away."""
    task = asyncio.create_task(work)
    with request.services.stop_buttons.shown_to(request.actor.id) as stop:
        ends = [task, asyncio.create_task(stop.pressed.wait())]
        try:
            if await _first(ends, request.station.pause(PROGRESS_AFTER)):
                return await task
            # Of more the button would come behind this work, and the person's other presses too.
            if request.services.stop_buttons.going_on(request.actor.id) > MAX_LEFT_BEHIND:
                raise Stopped(Message("too_much_going_on", {"count": MAX_LEFT_BEHIND}))
            # A press of the button comes behind this update.
            let_next_begin()
            ends.append(asyncio.create_task(request.stop.wait()))
            while not task.done():
                if stop.pressed.is_set():
                    raise Stopped(stopped())
                if request.stopping():
                    raise Stopped(Message("export_given_up"))
                buttons = ((Button(STOP, "work.stop", {"work": stop.key}),),)
                await request.chat.progress(replace(progress(), buttons=buttons))
                await _first(ends, request.station.pause(PROGRESS_INTERVAL))
            return await task
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


async def _first(ends: list[asyncio.Task[Any]], pause: Coroutine[Any, Any, None]) -> bool:
    """Wait for the first end, for as long as the pause; return True if there is one."""
    pausing = asyncio.create_task(pause)
    try:
        await asyncio.wait([*ends, pausing], return_when=asyncio.FIRST_COMPLETED)
    finally:
        pausing.cancel()
    return any(end.done() for end in ends)


@button("work.stop")
async def stop(request: Request) -> Reply:
    found = request.services.stop_buttons.find(str(request.data["work"]))
    if found is None:
        return Reply(toast=mark("It has ended already."), outcome="ended already")
    if found.asker != request.actor.id:
        return Reply(toast=mark("Only the person who asked can stop it."), outcome="not the asker")
    found.pressed.set()
    return Reply(toast=mark("It stops."), outcome="stopped")
