"""PBX answers that are small but expensive to process: implausible ones are refused, and other tasks run meanwhile."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.pbx import NotJson, Pbx, TimedOut
from bot.pbx.resources.records import MAX_LEGS, MAX_PAGES_PER_DAY, MAX_STUCK_PAGES
from bot.pbx.resources.trunks import MOST_TRUNKS
from bot.pbx.responses import THREAD_BYTES, is_slow
from bot.pbx.schema import MAX_NAME
from bot.sandbox import time_slices
from bot.sandbox.time_slices import each, matching
from tests.fixtures.loop_probe import turns_of_others

MORNING = datetime(2026, 11, 28, 9)  # noqa: DTZ001 (the PBX's wall clock)
DAY = timedelta(days=1)
Answer = Callable[[httpx.Request], Any]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def client(answer: Answer, clock: Clock | None = None) -> Pbx:
    """Return a client whose PBX answers with `answer` as `data`, and whose rate limit does not delay."""
    clock = clock or Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    def reply(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps({"result": True, "data": answer(request), "messages": []}))

    transport = httpx.MockTransport(reply)
    return Pbx("https://pbx.example", SecretStr("ab" * 32), transport=transport, clock=clock, sleep=sleep)


def call(name: str, start: datetime = MORNING, legs: int = 1, leg: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"linkedid": name, "start": start.isoformat(" "), "records": [leg or {}] * legs}


def page(calls: list[dict[str, Any]], more: bool = False) -> dict[str, Any]:
    return {"records": calls, "pagination": {"hasMore": more}}


async def ids(pbx: Pbx, length: timedelta = DAY) -> list[str]:
    return [record.linkedid async for record in pbx.records.between(MORNING, MORNING + length)]


async def records_of(pbx: Pbx) -> object:
    return await ids(pbx)


# Request, its answer, and the least number of units of work.
LEG = {"src_num": "201", "src_name": "Anna", "dst_num": "202", "linkedid": "a"}
LONG: dict[str, tuple[Callable[[Pbx], Awaitable[object]], Any, int]] = {
    "legs of a call": (records_of, page([call("a", legs=300)]), 300),
    "calls": (records_of, page([call(f"a{number}") for number in range(300)]), 900),
    "one call": (lambda pbx: pbx.records.find("a"), page([call("a", legs=300)]), 300),
    "legs that are up": (lambda pbx: pbx.calls.active(), [LEG] * 300, 600),
    "channels": (lambda pbx: pbx.calls.channels(), [LEG] * 300, 300),
    "employees": (lambda pbx: pbx.employees.list(), [{"id": n, "number": n} for n in range(300)], 300),
    "names": (lambda pbx: pbx.phone_book.named("Anna"), [{"id": n, "user_username": "Anna"} for n in range(300)], 600),
    "phones": (lambda pbx: pbx.extensions.statuses(), [{"extension": "201"}] * 300, 600),
    "peers": (lambda pbx: pbx.extensions.peers(), [{"id": "201"}] * 300, 300),
    "routes in": (lambda pbx: pbx.routing.incoming(), [{"id": "1"}] * 300, 300),
    "routes out": (lambda pbx: pbx.routing.outbound(), [{"id": "1"}] * 300, 300),
    "queues": (lambda pbx: pbx.routing.queues(), [{"id": "1"}] * 300, 300),
    "bans": (lambda pbx: pbx.firewall.banned(), {f"10.0.0.{n}": {"bans": [{}]} for n in range(300)}, 300),
}


@pytest.fixture
def tiny_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE", 0.0)


@pytest.mark.usefixtures("tiny_slices")
@pytest.mark.parametrize("what", LONG)
async def test_others_have_their_turn_between_any_two_pieces(what: str) -> None:
    ask, data, pieces = LONG[what]
    async with client(lambda _: data) as pbx, turns_of_others() as turns:
        await ask(pbx)
    assert turns.count >= pieces


async def test_work_in_slices_gives_what_work_at_once_gives() -> None:
    assert await each(range(5), str) == ["0", "1", "2", "3", "4"]
    assert await matching(range(5), lambda number: number % 2 == 1) == [1, 3]


async def test_as_many_legs_as_a_page_of_busy_queues_has_are_read() -> None:
    async with client(lambda _: page([call(f"a{number}", legs=30) for number in range(1000)])) as pbx:
        assert len(await ids(pbx)) == 1000


@pytest.mark.parametrize(
    "calls",
    [
        [call(f"a{number}", legs=2000) for number in range(27)],
        [call("a", legs=MAX_LEGS + 1)],
        [call(f"a{number}", legs=0) for number in range(5000)],
    ],
    ids=["legs of all", "legs of one", "calls"],
)
async def test_more_than_a_page_can_hold_is_no_answer_of_a_pbx(calls: list[dict[str, Any]]) -> None:
    async with client(lambda _: page(calls)) as pbx:
        with pytest.raises(NotJson):
            await ids(pbx)


@pytest.mark.parametrize("value", ["{},", "[],", "10,", "[[[]]],"])
def test_an_answer_of_many_values_is_understood_beside_the_loop(value: str) -> None:
    """However small the answer: half a megabyte of such values took a second on a busy machine."""
    assert is_slow(f"[{value * 200_000}0]".encode()[: THREAD_BYTES // 2])


def test_a_page_of_ordinary_calls_is_understood_at_once() -> None:
    ordinary = page([call(f"a{number}", leg={f"field{place}": "x" for place in range(30)}) for number in range(1000)])
    assert not is_slow(json.dumps(ordinary).encode())


class Endless:
    """PBX with endless calls, each `step` after the one before."""

    def __init__(self, step: timedelta, clock: Clock | None = None, takes: float = 0.0) -> None:
        self.pages = 0
        self._step = step
        self._clock = clock
        self._takes = takes

    def __call__(self, request: httpx.Request) -> Any:
        if not request.url.path.endswith("/cdr"):
            return []
        self.pages += 1
        if self._clock is not None:
            self._clock.now += self._takes
        return page([call(f"a{self.pages}", MORNING + self.pages * self._step)], more=True)


@pytest.mark.parametrize(
    ("step", "most"),
    [(timedelta(0), MAX_STUCK_PAGES + 1), (timedelta(seconds=1), 2 * MAX_PAGES_PER_DAY)],
    ids=["stands still", "crawls"],
)
async def test_calls_without_an_end_come_to_one(step: timedelta, most: int) -> None:
    endless = Endless(step)
    async with client(endless) as pbx:
        with pytest.raises(NotJson):
            await ids(pbx, timedelta(hours=10))
    assert endless.pages <= most


async def test_calls_that_come_too_slowly_are_given_up() -> None:
    clock = Clock()
    endless = Endless(timedelta(seconds=1), clock, takes=20.0)
    async with client(endless, clock) as pbx:
        with pytest.raises(TimedOut):
            await ids(pbx, 30 * DAY)
    assert endless.pages <= 12


@pytest.mark.parametrize("what", ["active", "channels"])
async def test_more_calls_at_once_than_a_pbx_has_are_refused(what: str) -> None:
    async with client(lambda _: [LEG] * 8000) as pbx:
        with pytest.raises(NotJson):
            await getattr(pbx.calls, what)()


async def test_trunks_are_counted_over_all_kinds_before_any_is_read() -> None:
    kinds: dict[str, Any] = {
        f"kind{kind}": {f"SIP-{kind}-{n}": {} for n in range(MOST_TRUNKS // 2)} for kind in range(4)
    }
    async with client(lambda _: kinds) as pbx:
        with pytest.raises(NotJson):
            await pbx.trunks.statuses()


async def test_of_a_name_that_is_shown_only_a_name_is_left() -> None:
    name = "😀" * 900
    shown = "😀" * (MAX_NAME - 1) + "…"
    async with client(lambda _: {"sip": {"SIP-1": {"description": name}, "SIP-2": {"description": name}}}) as pbx:
        for trunk in (await pbx.trunks.statuses()).value.values():
            assert trunk.own_name == shown
            assert len(trunk.name) < 2 * MAX_NAME + 10
    async with client(lambda _: [{"id": "SIP-1", "represent": f"SIP: {name}"}]) as pbx:
        assert (await pbx.trunks.list()).value[0].name == shown
    async with client(lambda _: [{"id": "1", "user_username": name, "name": name, "rulename": name}]) as pbx:
        assert (await pbx.employees.list()).value[0].name == shown
        assert (await pbx.routing.queues()).value[0].name == shown
        assert (await pbx.routing.incoming()).value[0].name == shown
        assert (await pbx.routing.outbound()).value[0].name == shown
    async with client(lambda _: [LEG | {"src_name": name, "dst_name": name}]) as pbx:
        assert (await pbx.calls.active()).value[0].source_name == shown


async def test_the_name_in_the_settings_is_whole() -> None:
    """Settings are compared with the written ones, and written back."""
    name = "N" * 900
    async with client(lambda _: {"id": "SIP-1", "description": name, "user_username": name}) as pbx:
        assert (await pbx.trunks.get("SIP-1")).value.name == name
        assert (await pbx.employees.get("1")).value.name == name


async def test_the_longest_name_that_the_bot_gives_is_found_again() -> None:
    name = "N" * MAX_NAME
    async with client(lambda _: [{"id": "SIP-1", "represent": f"SIP: {name}"}]) as pbx:
        assert (await pbx.trunks.list()).value[0].name == name
