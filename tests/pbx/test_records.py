"""Call records: every call of the period once, in spite of concurrent changes of the table; and recordings."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import PbxError, TooLarge, WriteRefused
from bot.pbx.resources.record_models import CallRecordLeg, ServerFilter
from tests.pbx.record_table import MIDNIGHT, Call, Table, client, written

DAY = MIDNIGHT, MIDNIGHT + timedelta(days=1, seconds=-1)


async def read(table: Table, start: datetime = DAY[0], end: datetime = DAY[1]) -> list[str]:
    async with client(table.answer) as pbx:
        return [record.linkedid async for record in pbx.records.between(start, end)]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.pbx.resources.records.PAGE_SIZE", 5)


MOMENTS = st.integers(0, 86_399_999).map(lambda ms: MIDNIGHT + timedelta(milliseconds=ms))
LENGTHS = st.lists(st.integers(0, 7_200_000), max_size=2)


@st.composite
def tables(draw: st.DrawFn) -> list[Call]:
    starts = draw(st.lists(MOMENTS, max_size=40))
    return [
        Call(f"mikopbx-{place}", (start, *(start + timedelta(milliseconds=more) for more in draw(LENGTHS))))
        for place, start in enumerate(starts)
    ]


@given(calls=tables(), come=tables(), go=st.lists(st.integers(0, 39), max_size=12))
def test_every_call_that_stays_is_read_once_while_others_come_and_go(
    calls: list[Call], come: list[Call], go: list[int]
) -> None:
    arriving = [replace(call, name=f"new-{call.name}") for call in come]
    leaving = [f"mikopbx-{place}" for place in go]

    def meanwhile(table: Table) -> None:
        if arriving:
            table.calls.append(arriving.pop())
        if leaving:
            gone = leaving.pop()
            table.calls = [call for call in table.calls if call.name != gone]

    table = Table(list(calls), 5, meanwhile)
    stays = {call.name for call in calls} - set(leaving)
    found = asyncio.run(read(table))
    assert len(found) == len(set(found))
    assert stays <= set(found)


def test_every_call_is_read_when_more_of_them_began_in_one_second_than_a_page_holds() -> None:
    calls = [Call(f"c{place}", (MIDNIGHT + timedelta(hours=9, milliseconds=place),)) for place in range(23)]
    assert sorted(asyncio.run(read(Table(calls, 5)))) == sorted(call.name for call in calls)


def test_a_call_over_midnight_is_of_the_day_on_which_it_began() -> None:
    over = Call("over", (MIDNIGHT + timedelta(hours=23, minutes=59), MIDNIGHT + timedelta(days=1, minutes=5)))
    last = Call("last", (MIDNIGHT + timedelta(days=1, milliseconds=-1),))
    first = Call("first", (MIDNIGHT + timedelta(days=1),))
    table = Table([over, last, first], 5)
    assert sorted(asyncio.run(read(table))) == ["last", "over"]
    next_day = DAY[0] + timedelta(days=1), DAY[1] + timedelta(days=1)
    assert asyncio.run(read(table, *next_day)) == ["first"]


def test_three_years_are_asked_for_in_stretches_the_pbx_accepts() -> None:
    calls = [Call(f"c{days}", (MIDNIGHT - timedelta(days=days),)) for days in range(0, 1100, 7)]
    table = Table(calls, 1000)
    assert len(asyncio.run(read(table, MIDNIGHT - timedelta(days=1099), DAY[1]))) == len(calls)
    for query in table.asked:
        assert (datetime.fromisoformat(query["dateTo"]) - datetime.fromisoformat(query["dateFrom"])).days < 365
        # Measured: the PBX compares text, and a T sorts after the space that it stores.
        assert "T" not in query["dateFrom"] + query["dateTo"]


def test_a_leg_that_a_filter_needs_may_begin_after_the_period() -> None:
    late = Call("late", (DAY[1], DAY[1] + timedelta(minutes=10)))

    def later_leg_only(request: httpx.Request) -> httpx.Response:
        assert request.url.params["dst_num"] == "202"
        found = written(late.legs[1]) <= request.url.params["dateTo"]
        data = {"records": [late.row()] if found else [], "pagination": {"hasMore": False}}
        return httpx.Response(200, json={"result": True, "data": data, "messages": []})

    async def found() -> list[str]:
        async with client(later_leg_only) as pbx:
            return [r.linkedid async for r in pbx.records.between(*DAY, ServerFilter(destination="202"))]

    assert asyncio.run(found()) == ["late"]


def test_a_pbx_that_always_has_more_does_not_keep_anybody_for_ever() -> None:
    table = Table([Call("a", (MIDNIGHT,))], 5)

    def more(request: httpx.Request) -> httpx.Response:
        body = table.answer(request).json()
        body["data"]["pagination"]["hasMore"] = True
        return httpx.Response(200, json=body)

    async def found() -> list[str]:
        async with client(more) as pbx:
            return [record.linkedid async for record in pbx.records.between(*DAY)]

    assert asyncio.run(found()) == ["a"]


RECORDED = CallRecordLeg(download_url="/pbxcore/api/v3/cdr:download?token=abc")


async def fetched(answer: Callable[[httpx.Request], httpx.Response], leg: CallRecordLeg = RECORDED) -> Any:
    async with client(answer) as pbx:
        return await pbx.records.recording(leg, "mp3", 100)


async def test_a_recording_comes_with_its_type_and_length_and_the_key_stays_here() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        assert dict(request.url.params) == {"token": "abc", "format": "mp3"}
        headers = {"Content-Type": "audio/mpeg", "X-Audio-Duration": "61.4"}
        return httpx.Response(200, content=b"sound", headers=headers)

    sound = await fetched(answer)
    assert (sound.content, sound.content_type, sound.seconds) == (b"sound", "audio/mpeg", 61)


@pytest.mark.parametrize("told", [True, False])
async def test_what_is_larger_than_wanted_is_not_read_to_its_end(told: bool) -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 64

    headers = {"Content-Type": "audio/mpeg"} | ({"Content-Length": "5000"} if told else {})
    with pytest.raises(TooLarge):
        await fetched(lambda _request: httpx.Response(200, content=endless(), headers=headers))


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/pbxcore/api/v3/cdr:download?token=abc",
        "//elsewhere.example/pbxcore/api/v3/cdr:download",
        "/pbxcore/api/v3/employees",
        "/admin-cabinet/",
        "http://[",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_recording_is_fetched_from_the_pbx_or_not_at_all(address: str) -> None:
    def never(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked all the same")

    with pytest.raises(WriteRefused):
        await fetched(never, CallRecordLeg(download_url=address))


@pytest.mark.parametrize("status", [200, 302, 403, 404, 416, 500, 502])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_what_is_no_recording_is_an_error(status: int, kind: str) -> None:
    with pytest.raises(PbxError):
        await fetched(lambda _request: httpx.Response(status, content=b"{}", headers={"Content-Type": kind}))
