"""PBX client under errors: requests retried, requests never retried, and secrets in errors."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.pbx import (
    Busy,
    EmployeeDraft,
    Forbidden,
    NotJson,
    Pbx,
    PbxError,
    ServerError,
    TimedOut,
    Unauthorised,
    Uncertain,
    Unreachable,
    WriteRefused,
)

KEY = "deadbeef" * 8
NEW = EmployeeDraft(number="243", name="John Smith", secret=SecretStr("s3cretS3cret"))
DAY = datetime(2026, 11, 23), datetime(2026, 11, 23, 23, 59, 59)  # noqa: DTZ001 (PBX local time)

Step = httpx.Response | Exception
Answer = Callable[[httpx.Request], Step]


def good(data: Any = None, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"result": True, "data": [] if data is None else data, "messages": [], **more})


def bad(status: int, text: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"result": False, "data": [], "messages": {"error": [text]}})


class Wire:
    """Scripted PBX that records requests."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now = 1000.0
        self._answer = answer

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self._answer(request)
        if isinstance(step, Exception):
            raise step
        return step

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def client(self, url: str = "https://pbx", **more: Any) -> Pbx:
        transport = httpx.MockTransport(self._handle)
        return Pbx(url, SecretStr(KEY), transport=transport, sleep=self._sleep, clock=lambda: self.now, **more)

    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/pbxcore/api/v3/") for request in self.requests]


def script(*steps: Step) -> Answer:
    left: Iterator[Step] = iter(steps)
    return lambda _request: next(left)


@pytest.mark.parametrize(
    "first", [httpx.ConnectError("no"), httpx.ReadError("cut"), httpx.Response(502, text="<html>"), bad(503)]
)
async def test_a_read_is_repeated_with_a_pause(first: Step) -> None:
    wire = Wire(script(first, first, good()))
    async with wire.client() as pbx:
        await pbx.extensions.peers()
    assert len(wire.requests) == 3
    assert 0 < wire.slept[0] < wire.slept[1] * 2


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (httpx.ReadTimeout("slow"), TimedOut),
        (bad(400, "Request timeout or worker not responding"), TimedOut),
        (httpx.Response(429, text="Too many requests"), Busy),
        (httpx.Response(200, text="<b>Fatal error</b>"), NotJson),
        (httpx.Response(301, headers={"Location": "https://elsewhere"}), WriteRefused),
    ],
)
async def test_a_read_is_not_repeated_where_that_cannot_help(step: Step, error: type[PbxError]) -> None:
    wire = Wire(script(step))
    async with wire.client() as pbx:
        with pytest.raises(error):
            await pbx.extensions.peers()
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (httpx.ReadTimeout("slow"), Uncertain),
        (httpx.ReadError("cut"), Uncertain),
        (httpx.RemoteProtocolError("cut"), Uncertain),
        (bad(400, "Request timeout or worker not responding"), Uncertain),
        (httpx.Response(502, text="<html>"), Uncertain),
        (httpx.Response(200, text="half a"), Uncertain),
        (httpx.ConnectError("no"), Unreachable),
        (httpx.ConnectTimeout("no"), Unreachable),
        (bad(503), Busy),
    ],
)
async def test_a_write_is_never_repeated_and_says_when_its_outcome_is_unknown(
    step: Step, error: type[PbxError]
) -> None:
    wire = Wire(script(step))
    async with wire.client() as pbx:
        with pytest.raises(error):
            await pbx.employees.create(NEW)
    assert len(wire.requests) == 1


async def test_the_colon_of_a_method_stays_part_of_the_path() -> None:
    wire = Wire(lambda _request: good())
    async with wire.client("https://pbx:8443/") as pbx:
        await pbx.trunks.statuses(fresh=True)
    assert str(wire.requests[0].url) == "https://pbx:8443/pbxcore/api/v3/providers:getStatuses?forceCheck=true"


async def test_a_key_that_may_do_something_else_lacks_a_right() -> None:
    wire = Wire(lambda request: bad(401) if "cdr" in request.url.path else good())
    async with wire.client() as pbx:
        with pytest.raises(Forbidden) as caught:
            _ = [record async for record in pbx.records.between(*DAY)]
    assert (caught.value.permission_row, caught.value.needs) == ("Call Records", "read")


async def test_a_key_that_may_read_but_not_write_is_reported() -> None:
    wire = Wire(lambda request: bad(401) if request.method == "POST" else good())
    async with wire.client() as pbx:
        with pytest.raises(Forbidden) as caught:
            await pbx.employees.create(NEW)
    assert (caught.value.permission_row, caught.value.needs) == ("Employees Management", "write")


async def test_a_refused_key_is_not_tried_again_and_again() -> None:
    wire = Wire(lambda _request: bad(401))
    async with wire.client() as pbx:
        for _ in range(50):
            with pytest.raises(Unauthorised):
                await pbx.extensions.peers()
        asked = len(wire.requests)
        assert asked < 10
        wire.now += 59
        with pytest.raises(Unauthorised) as caught:
            await pbx.extensions.peers()
        assert caught.value.again_in == pytest.approx(1)
        wire.now += 2
        with pytest.raises(Unauthorised):
            await pbx.extensions.peers()
        assert len(wire.requests) == 2 * asked
        wire.now += 61
        with pytest.raises(Unauthorised):
            await pbx.extensions.peers()
        assert len(wire.requests) == 2 * asked, "each time it waits twice as long"


async def test_a_key_that_works_again_is_believed_at_once() -> None:
    refused = True
    wire = Wire(lambda _request: bad(401) if refused else good())
    async with wire.client() as pbx:
        with pytest.raises(Unauthorised):
            await pbx.extensions.peers()
        refused = False
        wire.now += 61
        assert (await pbx.extensions.peers()).value == ()
        await pbx.extensions.peers()


async def test_after_a_block_nothing_is_asked_until_it_is_over() -> None:
    wire = Wire(script(httpx.Response(429, text="Too many requests"), good()))
    async with wire.client() as pbx:
        for _ in range(3):
            with pytest.raises(Busy) as caught:
                await pbx.extensions.peers()
        assert 0 < caught.value.retry_after <= 300
        wire.now += 301
        await pbx.extensions.peers()
    assert len(wire.requests) == 2


@pytest.mark.parametrize("url", ["http://pbx.example.com", "http://192.168.1.5", "http://localhost.evil.com"])
async def test_the_key_does_not_travel_over_plain_http(url: str) -> None:
    wire = Wire(lambda _request: good())
    with pytest.raises(WriteRefused):
        wire.client(url)
    assert not wire.requests


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://127.8.8.8", "http://[::1]", "http://localhost:8080"])
async def test_loopback_and_named_hosts_may_be_plain(url: str) -> None:
    wire = Wire(lambda _request: good())
    for client in (wire.client(url), wire.client("http://pbx.lan", allow_http=frozenset({"pbx.lan"}))):
        async with client as pbx:
            await pbx.extensions.peers()


@pytest.mark.parametrize(
    "step", [httpx.ConnectError(KEY), httpx.ReadError(f"Bearer {KEY}"), httpx.Response(200, text=KEY), bad(401)]
)
async def test_no_error_and_no_log_line_holds_the_key(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = Wire(lambda _request: step)
    async with wire.client() as pbx:
        assert KEY not in repr(pbx)
        with pytest.raises(PbxError) as caught:
            await pbx.extensions.peers()
    seen: BaseException | None = caught.value
    assert KEY not in str(seen)
    assert seen is not None
    assert seen.__suppress_context__ or seen.__context__ is None
    assert KEY not in caplog.text


async def test_an_empty_list_that_took_long_is_suspect() -> None:
    def slow(_request: httpx.Request) -> httpx.Response:
        wire.now += 2
        return good()

    wire = Wire(slow)
    async with wire.client() as pbx:
        assert (await pbx.calls.active()).suspect
    wire = Wire(lambda _request: good())
    async with wire.client() as pbx:
        assert not (await pbx.calls.active()).suspect


@pytest.mark.parametrize(
    ("data", "trunks"),
    [
        ({"sip": [], "iax": []}, {}),
        ([], {}),
        (
            {"sip": {"t": {"id": "t", "state": "OK", "rtt": "12", "new": {"x": [1]}}}, "iax": None},
            {"t": "OK"},
        ),
        ({"sip": {"t": "nonsense", "u": {"rtt": None, "contactStatus": []}}}, {"t": "", "u": ""}),
        ({"sip": [{"id": "t", "state": "OFF"}], "newest": {"u": {"state": "OK"}}}, {"t": "OFF", "u": "OK"}),
    ],
)
async def test_trunks_are_read_whatever_the_pbx_makes_of_its_fields(data: object, trunks: dict[str, str]) -> None:
    wire = Wire(lambda _request: httpx.Response(200, json={"result": True, "data": data}))
    async with wire.client() as pbx:
        answer = await pbx.trunks.statuses()
    assert {trunk.id: trunk.state for trunk in answer.value.values()} == trunks


@pytest.mark.parametrize("data", [None, "", "gone", 0, True])
async def test_what_is_no_list_is_not_taken_for_an_empty_one(data: object) -> None:
    wire = Wire(lambda _request: httpx.Response(200, json={"result": True, "data": data}))
    async with wire.client() as pbx:
        for use in await use_everything(pbx):
            with pytest.raises(NotJson):
                await use()


async def test_an_answer_nested_without_end_is_only_garbage() -> None:
    wire = Wire(lambda _request: httpx.Response(200, text="[" * 200_000))
    async with wire.client() as pbx:
        with pytest.raises(NotJson):
            await pbx.trunks.statuses()


async def use_everything(pbx: Pbx) -> list[Callable[[], Awaitable[object]]]:
    return [pbx.trunks.statuses, pbx.extensions.statuses, pbx.extensions.peers, pbx.calls.active, pbx.calls.channels]


async def test_a_server_error_that_stays_is_said() -> None:
    wire = Wire(lambda _request: httpx.Response(502, text="<html>"))
    async with wire.client() as pbx:
        for use in await use_everything(pbx):
            with pytest.raises(ServerError):
                await use()
