"""Long work beside more of the same person's."""

import asyncio
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.messages.message import Message
from bot.telegram.updates.lanes import MAX_LEFT_BEHIND
from handlers.dialog.long_work import with_progress
from handlers.dialog.stop_buttons import StopButtons
from handlers.dispatch.request import Request, Stopped

ASKER, OTHER = 1001, 1002


class Chat:
    def __init__(self) -> None:
        self.shown: list[str] = []

    async def progress(self, message: Message) -> None:
        self.shown.append(message.template)


def request_of(buttons: StopButtons, chat: Chat) -> Request:
    async def pause(_seconds: float) -> None:
        await asyncio.sleep(0)

    services, station = SimpleNamespace(stop_buttons=buttons), SimpleNamespace(pause=pause)
    stop = asyncio.Event()
    request: Any = SimpleNamespace(actor=SimpleNamespace(id=ASKER), services=services, station=station, chat=chat)
    request.stop, request.stopping = stop, stop.is_set
    return cast("Request", request)


async def read(buttons: StopButtons, chat: Chat, *, turns: int) -> str:
    async def work() -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return "read"

    return await with_progress(
        request_of(buttons, chat), work(), lambda: Message("reading"), lambda: Message("stopped")
    )


@pytest.mark.parametrize(("own", "others"), [(MAX_LEFT_BEHIND - 1, 0), (0, 5)])
async def test_long_work_shows_its_progress(own: int, others: int) -> None:
    buttons, chat = StopButtons(), Chat()
    with ExitStack() as stack:
        for asker in [ASKER] * own + [OTHER] * others:
            stack.enter_context(buttons.shown_to(asker))
        assert await read(buttons, chat, turns=20) == "read"
    assert "reading" in chat.shown


async def test_beyond_what_can_be_stopped_long_work_is_refused() -> None:
    buttons, chat = StopButtons(), Chat()
    with ExitStack() as stack:
        for _ in range(MAX_LEFT_BEHIND):
            stack.enter_context(buttons.shown_to(ASKER))
        with pytest.raises(Stopped) as refused:
            await read(buttons, chat, turns=20)
        assert refused.value.message.template == "too_much_going_on"
        # What takes a moment is answered all the same.
        assert await read(buttons, chat, turns=0) == "read"
    assert chat.shown == []
