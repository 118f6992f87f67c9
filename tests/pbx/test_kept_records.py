"""Call records kept in memory: whatever is kept, the answer is what reading all of it again would give."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import NotJson, Pbx
from bot.pbx.resources import kept_records
from bot.pbx.resources.kept_records import MAX_AGE, KeptRecords
from bot.pbx.resources.record_models import ANSWERED, EVERYTHING, CallRecord, ServerFilter
from bot.pbx.resources.record_spans import plan
from bot.pbx.resources.records import SETTLED_AFTER
from tests.pbx.record_table import MIDNIGHT, Call, Table, client

NOW = MIDNIGHT + timedelta(days=30)
HOUR = timedelta(hours=1)
TODAY = NOW - SETTLED_AFTER


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.pbx.resources.records.PAGE_SIZE", 5)
    monkeypatch.setattr(kept_records, "PACK_SIZE", 2)


@dataclass(frozen=True)
class Known:
    start: datetime
    stop: datetime


HOURS = st.integers(0, 30 * 24).map(lambda hours: MIDNIGHT + hours * HOUR)
PERIODS = st.tuples(HOURS, HOURS).map(lambda two: (min(two), max(two) + HOUR))


@given(period=PERIODS, spans=st.lists(PERIODS.map(lambda two: Known(*two)), max_size=6))
def test_a_period_is_divided_without_gap_or_overlap_and_only_the_unknown_is_read(
    period: tuple[datetime, datetime], spans: list[Known]
) -> None:
    pieces = plan(*period, spans)
    assert (pieces[0].start, pieces[-1].stop) == period
    for before, after in pairwise(pieces):
        assert before.stop == after.start
    for piece in pieces:
        assert piece.start < piece.stop
        if piece.known is None:
            assert not any(span.start < piece.stop and piece.start < span.stop for span in spans)
        else:
            assert piece.known.start <= piece.start < piece.stop <= piece.known.stop


@dataclass(frozen=True)
class Question:
    """`gives_up`: number of calls after which the asker stops; None to read to the end."""

    first: datetime
    last: datetime
    server_filter: ServerFilter
    gives_up: int | None
    anew: bool


QUESTIONS = st.builds(
    lambda period, *more: Question(*period, *more),
    PERIODS,
    st.sampled_from([EVERYTHING, EVERYTHING, ANSWERED, ServerFilter(source="2")]),
    st.none() | st.integers(0, 30),
    st.sampled_from([False, False, True]),
)
LENGTHS = st.lists(st.integers(0, 24 * 3600 - 1), max_size=2)


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    starts = draw(st.lists(st.integers(0, 30 * 24 * 3600), max_size=40))
    return [
        Call(
            f"c{place}",
            tuple(MIDNIGHT + timedelta(seconds=start + more) for more in (0, *draw(LENGTHS))),
            draw(st.booleans()),
        )
        for place, start in enumerate(starts)
    ]


async def answers(pbx: Pbx, question: Question) -> list[str]:
    found: list[str] = []
    records = pbx.records.between(question.first, question.last, question.server_filter, anew=question.anew)
    async for record in records:
        if question.gives_up is not None and len(found) >= question.gives_up:
            await records.aclose()  # type: ignore[attr-defined]
            break
        if record.answered or not question.server_filter.answered:
            found.append(record.linkedid)
    return found


def appeared(table: Sequence[Call], now: datetime) -> list[Call]:
    """Return the calls that are over: the PBX lists no others."""
    return [call for call in table if max(call.legs) <= now]


@given(table=calls(), questions=st.lists(QUESTIONS, min_size=1, max_size=5), limit=st.sampled_from([0, 600, 10**6]))
def test_whatever_is_kept_the_answer_is_that_of_reading_it_all(
    table: list[Call], questions: list[Question], limit: int
) -> None:
    async def ask() -> None:
        now = NOW - len(questions) * timedelta(days=2)
        pbx_table = Table(appeared(table, now), 5, now=now)
        kept = KeptRecords(Seconds(), limit)
        async with client(pbx_table.answer, kept_records=kept) as pbx:
            for question in questions:
                # Two days later calls have ended meanwhile.
                pbx_table.now += timedelta(days=2)
                pbx_table.calls = appeared(table, pbx_table.now)
                found = await answers(pbx, question)
                assert len(found) == len(set(found))
                assert kept.size <= limit
                wanted = {
                    call.name
                    for call in pbx_table.calls
                    if question.first <= min(call.legs) < question.last + timedelta(seconds=1)
                    and (call.answered or not question.server_filter.answered)
                }
                assert set(found) <= wanted
                if question.gives_up is None:
                    assert set(found) == wanted

    asyncio.run(ask())


# Fewer pages than a PBX may be asked for within a minute.
A_DAY = 4
MONTH = [Call(f"c{n}", (MIDNIGHT + n * timedelta(days=1) / A_DAY,), answered=n % 2 == 0) for n in range(30 * A_DAY)]


async def names(pbx: Pbx, days: int, server_filter: ServerFilter = EVERYTHING, *, anew: bool = False) -> list[str]:
    start = NOW - timedelta(days=days)
    return [record.linkedid async for record in pbx.records.between(start, NOW, server_filter, anew=anew)]


async def test_the_next_question_reads_the_newest_day_only() -> None:
    table = Table(MONTH, 5, now=NOW)
    async with client(table.answer) as pbx:
        month = await names(pbx, 30)
        asked = len(table.asked)
        for days in (30, 7):
            assert await names(pbx, days) == month[-days * A_DAY :]
        assert set(await names(pbx, 30, ANSWERED)) >= {call.name for call in MONTH if call.answered}
    later = table.asked[asked:]
    assert len(month) == 30 * A_DAY
    assert len(later) < asked / 5
    assert min(query["dateFrom"] for query in later) == str(TODAY)


async def test_a_longer_period_reads_what_it_has_more() -> None:
    table = Table(MONTH, 5, now=NOW)
    async with client(table.answer) as pbx:
        await names(pbx, 7)
        asked = len(table.asked)
        assert len(await names(pbx, 30)) == 30 * A_DAY
    week = NOW - timedelta(days=7)
    for query in table.asked[asked:]:
        assert query["dateTo"] <= str(week) or query["dateFrom"] >= str(TODAY)


async def test_what_was_read_before_the_pbx_failed_is_not_read_again() -> None:
    table = Table(MONTH, 5, now=NOW)

    def fails_after_a_fortnight(request: httpx.Request) -> httpx.Response:
        fails = request.url.params["dateFrom"] > str(MIDNIGHT + timedelta(days=14))
        return httpx.Response(200, content=b"<html>") if fails and fresh else table.answer(request)

    fresh = True
    async with client(fails_after_a_fortnight) as pbx:
        with pytest.raises(NotJson):
            await names(pbx, 30)
        asked, fresh = len(table.asked), False
        assert len(await names(pbx, 30)) == 30 * A_DAY
    assert table.asked[asked]["dateFrom"] >= str(MIDNIGHT + timedelta(days=12))


async def test_a_long_call_that_was_not_listed_yet_when_the_asker_stopped_is_read_later() -> None:
    # It began before the last call of the first page, and is listed behind it, by its last leg.
    long = Call("long", (MIDNIGHT + HOUR, MIDNIGHT + 24.5 * HOUR))
    table = Table([*MONTH, long], 5, now=NOW)
    async with client(table.answer) as pbx:
        records = pbx.records.between(MIDNIGHT, NOW)
        assert "long" not in [(await anext(records)).linkedid for _ in range(5)]
        await records.aclose()  # type: ignore[attr-defined]
        assert len(table.asked) == 1
        assert "long" in await names(pbx, 30)


async def test_a_call_that_ends_a_day_after_it_began_is_in_the_next_answer() -> None:
    long = Call("long", (NOW - timedelta(hours=23), NOW + HOUR))
    table = Table(MONTH, 5, now=NOW)
    async with client(table.answer) as pbx:
        assert "long" not in await names(pbx, 30)
        table.calls, table.now = [*MONTH, long], NOW + HOUR
        assert "long" in await names(pbx, 30)


async def test_a_pbx_that_does_not_tell_its_time_is_read_each_time() -> None:
    table = Table(MONTH, 5, now=NOW)

    def timeless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=table.answer(request).json() | {"meta": {}})

    async with client(timeless) as pbx:
        await names(pbx, 30)
        asked = len(table.asked)
        await names(pbx, 30)
    assert len(table.asked) == 2 * asked


async def test_a_deleted_call_is_gone_once_all_is_read_anew_or_the_kept_are_too_old() -> None:
    table, seconds = Table(MONTH, 5, now=NOW), Seconds()
    kept = KeptRecords(seconds)
    async with client(table.answer, kept_records=kept) as pbx:
        await names(pbx, 30)
        table.calls = MONTH[1:]
        assert "c0" not in await names(pbx, 30, anew=True)
        table.calls = MONTH[2:]
        seconds.now += MAX_AGE
        kept.drop_expired()
        assert kept.size == 0
        assert "c1" not in await names(pbx, 30)


async def test_a_pbx_never_answers_with_the_calls_of_another_or_of_before_it_was_set_up_anew() -> None:
    kept = KeptRecords(Seconds())
    ours, other = Table(MONTH, 5, now=NOW), Table([], 5, now=NOW)
    async with client(ours.answer, kept_records=kept) as pbx:
        await names(pbx, 30)
        async with client(other.answer, kept_records=kept) as another:
            assert await names(another, 30) == []
        assert kept.size > 0
    assert kept.size == 0
    async with client(other.answer, kept_records=kept) as again:
        assert await names(again, 30) == []


def call_record(number: int) -> CallRecord:
    dice = random.Random(number)
    leg = {"src_num": f"7{dice.randrange(10**10)}", "dst_num": "201", "linkedid": f"mikopbx-{number}", "dtmf": number}
    return CallRecord.model_validate(leg | {"start": str(MIDNIGHT), "records": [leg, leg]})


async def test_memory_is_bounded_whatever_many_pbxs_are_asked_for() -> None:
    limit = 50_000
    kept = KeptRecords(Seconds(), limit)
    records = [call_record(number) for number in range(40)]
    for pbx in range(100):
        span = kept.begin(pbx, EVERYTHING, MIDNIGHT)
        for hour in range(pbx % 7):
            await kept.add(span, records, MIDNIGHT + (hour + 1) * HOUR)
        kept.end(span)
        assert kept.size <= limit
    # The newest are kept, the oldest went.
    assert kept.spans(99, [EVERYTHING])
    assert not kept.spans(5, [EVERYTHING])


async def test_a_period_larger_than_the_memory_is_kept_as_far_as_it_has_room() -> None:
    kept = KeptRecords(Seconds(), 10_000)
    span = kept.begin(self := object(), EVERYTHING, MIDNIGHT)
    for hour in range(100):
        await kept.add(span, [call_record(100 * hour + number) for number in range(10)], MIDNIGHT + (hour + 1) * HOUR)
    kept.end(span)
    assert kept.size <= 10_000
    assert span.is_full
    assert MIDNIGHT < kept.spans(self, [EVERYTHING])[0].stop < MIDNIGHT + 100 * HOUR
