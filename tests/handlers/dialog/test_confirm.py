"""The preview of a change, its stored payload, and writes that the PBX did not answer."""

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.messages.message import Button, Message
from bot.pbx import TimedOut, Uncertain
from handlers.dialog import confirm, verify_write
from handlers.dispatch.request import CONFIRM_WITHIN, Request

GO, LEAVE = Button("Go", "thing.make", {"id": 7}), Button("Cancel", "thing.leave")
UNCERTAIN = Message("uncertain")
SILENT = TimedOut("no answer")


class FakeDrawer:
    def __init__(self) -> None:
        self.payloads: dict[str, tuple[dict[str, Any], timedelta]] = {}

    async def put(self, payload: dict[str, Any], lifetime: timedelta) -> str:
        self.payloads["token"] = payload, lifetime
        return "token"

    async def pop(self, token: str) -> dict[str, Any] | None:
        return self.payloads.pop(token, (None, None))[0]


class Asked:
    """The parts of a request that this package uses; `paused` counts the seconds of reading back."""

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        self.data = data or {}
        self.resumed = False
        self.temporary_payloads = FakeDrawer()
        self.services = SimpleNamespace(temporary_payloads=self.temporary_payloads)
        self.progressed: list[Message] = []
        self.chat = SimpleNamespace(progress=self._progress)
        self.station = SimpleNamespace(pause=self._pause)
        self.paused = 0.0

    async def _progress(self, message: Message) -> None:
        self.progressed.append(message)

    async def _pause(self, seconds: float) -> None:
        self.paused += seconds

    @property
    def request(self) -> Request:
        return cast("Request", self)


def test_a_preview_is_for_its_asker_and_has_both_buttons_in_a_row() -> None:
    reply = confirm.preview(Message("thing", {"a": 1}), GO, LEAVE, outcome="asked for 7", as_new_message=True)
    assert reply.message == Message("thing", {"a": 1}, ((GO, LEAVE),))
    assert (reply.confirm, reply.confirm_within, reply.as_new_message, reply.closes_question) == (
        True,
        CONFIRM_WITHIN,
        True,
        False,
    )
    assert reply.outcome == "asked for 7"


async def test_a_payload_outlives_the_buttons_and_both_know_it() -> None:
    asked = Asked()
    reply = await confirm.preview_stored(
        asked.request, {"secret": "s"}, Message("thing"), GO, LEAVE, outcome="asked", closes_question=True
    )
    assert asked.temporary_payloads.payloads == {"token": ({"secret": "s"}, CONFIRM_WITHIN + timedelta(minutes=1))}
    assert reply.message is not None
    ((go, leave),) = reply.message.buttons
    assert go == Button("Go", "thing.make", {"id": 7, "kept": "token"})
    assert leave == Button("Cancel", "thing.leave", {"kept": "token"})
    assert reply.closes_question
    assert "secret" not in str(reply.message)


async def test_a_cancelled_payload_is_gone() -> None:
    asked = Asked({"kept": "token"})
    await asked.temporary_payloads.put({"secret": "s"}, timedelta(minutes=1))
    reply = await confirm.cancelled(asked.request, Message("left"))
    assert asked.temporary_payloads.payloads == {}
    assert (reply.message, reply.outcome) == (Message("left"), "cancelled")


async def test_what_the_pbx_answers_is_not_read_back() -> None:
    asked = Asked()

    async def change() -> int:
        return 7

    async def look() -> int | None:
        pytest.fail("read back without need")

    written = await verify_write.write(asked.request, change, look, UNCERTAIN)
    assert written == verify_write.WriteResult(answer=7, late=False, found=None, was_read=True)
    assert asked.progressed == []


@pytest.mark.parametrize(
    ("reads", "found", "seen", "paused"),
    [
        ([7], 7, True, 3.0),
        ([None, SILENT, 7], 7, True, 9.0),
        ([None], None, True, 45.0),
        ([SILENT], None, False, 45.0),
        ([SILENT, None], None, True, 45.0),
    ],
)
async def test_what_the_pbx_does_not_answer_is_read_back(
    reads: list[int | TimedOut | None], found: int | None, seen: bool, paused: float
) -> None:
    asked, left = Asked(), list(reads)

    async def change() -> int:
        raise Uncertain(SILENT, "employees")

    async def look() -> int | None:
        read = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(read, TimedOut):
            raise read
        return read

    written = await verify_write.write(asked.request, change, look, UNCERTAIN)
    assert written == verify_write.WriteResult(answer=None, late=True, found=found, was_read=seen)
    assert (asked.progressed, asked.paused) == ([UNCERTAIN], paused)


def test_the_audit_says_when_the_outcome_is_not_known() -> None:
    assert verify_write.failure("not deleted", was_read=True) == "not deleted"
    assert verify_write.failure("not deleted", was_read=False) == "unknown: the PBX does not answer"
