"""Re-registration of a trunk: disabled only until Asterisk has dropped it, and never left disabled."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.store.database import Database
from handlers.dispatch.services import Station
from tests.handlers.dispatcher_harness import ANNA, STATION
from tests.handlers.forged_updates import CountingTransport, ForgedUpdatesHarness, pressed


class Wire(CountingTransport):
    """Records requests and Asterisk's state; `fails` selects the requests that return an error."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.trunk = ""
        self.fails: Callable[[str], bool] = lambda _asked: False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1].rpartition(":")[2]
        if name == "updateStatus":
            name = "off" if json.loads(request.content)["disabled"] else "on"
            self.trunk = request.url.path.rpartition("/")[2].partition(":")[0] + "-REG"
        self.asked.append(name)
        if self.fails(name):
            return httpx.Response(502, content=b"<html>", request=request)
        response = await super().handle_async_request(request)
        if name == "getRegistry":
            self.asked[-1] += " held" if self.trunk in (await response.aread()).decode() else " gone"
        return response


class Room(ForgedUpdatesHarness):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.wire: Wire = Wire()
        self.start()

    def station(self) -> Station:
        async def at_once(_seconds: float) -> None:
            return None

        return replace(super().station(), pause=at_once)

    async def trunk(self, name: str) -> Any:
        rows = (await self.station().pbx.trunks.list()).value
        return next(row for row in rows if row.name == name)

    async def registers_anew(self, name: str) -> None:
        """Re-register from the alert's button to the final answer."""
        keyboard = await self.button("trunk.reregister", {"id": (await self.trunk(name)).id}, chat=ANNA)
        await pressed(self, keyboard, ANNA, ANNA)
        await pressed(self, self.chat.keyboards[-1], ANNA, ANNA)
        await self.concludes()

    async def concludes(self) -> None:
        while tasks := list(self.dispatcher._executor._background_tasks):
            for task in tasks:
                await task
                self.dispatcher._executor._background_tasks.discard(task)


@pytest.fixture
async def room(store_file: Path, database: Database) -> AsyncIterator[Room]:
    room = Room(database)
    await room.open()
    yield room
    room.close()


def last(room: Room) -> str:
    return room.chat.shown[-1].template


async def test_it_is_switched_on_only_when_asterisk_has_let_go(room: Room) -> None:
    await room.registers_anew("Zadarma")
    steps = [step for step in room.wire.asked if step in ("off", "on") or step.startswith("getRegistry")]
    assert steps[0] == "off"
    assert steps[-1] == "on"
    assert steps[1:-2] == ["getRegistry held"] * (len(steps) - 3)
    assert steps[-2] == "getRegistry gone"
    assert last(room) == "trunk_done"
    assert not (await room.trunk("Zadarma")).disabled


async def test_a_trunk_that_cannot_be_switched_on_is_reported_and_tried_until_it_is(room: Room) -> None:
    refused = iter([True] * 6)
    room.wire.fails = lambda asked: asked == "on" and next(refused, False)
    await room.registers_anew("Zadarma")
    told = [template for _, template, _ in room.chat.said]
    assert "trunk_left_off" in told, "in a message of its own, which is heard"
    assert last(room) == "trunk_done"
    assert not (await room.trunk("Zadarma")).disabled
    assert await room.services.registrations.interrupted() == []


async def test_a_program_that_is_ended_switches_it_on_first_and_the_next_run_tells(room: Room) -> None:
    # So busy that Asterisk never reloads.
    room.wire.station.reload.after = 1e9

    def ends(asked: str) -> bool:
        if asked == "getRegistry":
            room.dispatcher._executor.stop.set()
        return False

    room.wire.fails = ends
    await room.registers_anew("Zadarma")
    assert not (await room.trunk("Zadarma")).disabled
    assert len(await room.services.registrations.interrupted()) == 1
    room.restart()
    await room.dispatcher.resume()
    await room.concludes()
    assert last(room) == "trunk_done"
    assert await room.services.registrations.interrupted() == []


async def test_what_was_never_switched_off_is_not_said_to_be_registered_anew(room: Room) -> None:
    room.wire.fails = lambda asked: asked == "off"
    await room.registers_anew("Zadarma")
    assert last(room) in ("problem", "trunk_not_switched")
    assert "on" not in room.wire.asked
    assert await room.services.registrations.interrupted() == []


@pytest.mark.parametrize("name", ["Branch IAX", "Doorphone gateway", "Old provider"])
async def test_it_is_not_offered_where_it_means_nothing(room: Room, name: str) -> None:
    keyboard = await room.button("trunk.reregister", {"id": (await room.trunk(name)).id}, chat=ANNA)
    await pressed(room, keyboard, ANNA, ANNA)
    assert last(room) == "trunk_not_anew"
    assert room.wire.writes == 0


async def test_two_people_do_not_do_it_at_once(room: Room) -> None:
    data = {"id": (await room.trunk("Zadarma")).id, "name": "Zadarma"}
    for _ in range(2):
        await pressed(room, await room.button("trunk.reregister_now", data, chat=ANNA), ANNA, ANNA)
    assert "It is being registered anew already." in room.chat.toasts
    assert room.running[STATION].watch.paused_trunks == {data["id"]}


async def test_a_fault_of_the_bot_leaves_no_trunk_unwatched(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: object, **_options: object) -> bool:
        raise RuntimeError("a fault")

    monkeypatch.setattr("handlers.trunks.reregister_run.wait_unregistered", broken)
    await room.registers_anew("Zadarma")
    assert room.running[STATION].watch.paused_trunks == set()
    assert len(await room.services.registrations.interrupted()) == 1, "the next start switches it on"
