"""Calls of a PBX whose clock is wrong: told in time nevertheless, and in the hours of the world."""

from datetime import timedelta
from typing import Any

import pytest

from bot.store.database import Database
from bot.store.tables.calls import CallKind
from tests.engine.played_calls import ANSWERED, CALL_BACK, MISSED, Labelled, Path, labelled, minutes
from tests.engine.test_call_cards import CallOffice, counted

IN_TIME = timedelta(seconds=45)
# A dead battery, a zone mistaken for another, a machine that slept.
AHEAD = [timedelta(days=-19000), timedelta(hours=-7), timedelta(minutes=-40), timedelta(hours=3), timedelta(days=30)]


@pytest.fixture(params=AHEAD, ids=str)
def office(database: Database, request: pytest.FixtureRequest) -> CallOffice:
    office = CallOffice(database)
    office.pbx.ahead = request.param
    return office


def call(office: CallOffice, number: int, kind: str, minute: float, path: Path, **more: Any) -> Labelled:
    return labelled(number, kind, "79161234501", minutes(minute), path, ahead=office.pbx.ahead, **more)


async def looks_until(office: CallOffice, minute: float) -> None:
    while office.pbx.now < minutes(minute):
        await office.at(office.pbx.now + timedelta(seconds=30))


async def test_a_missed_call_is_told_in_time_and_closed_by_the_call_back(office: CallOffice) -> None:
    before = call(office, 1, "incoming missed", -2, MISSED["a phone"])
    miss = call(office, 2, "incoming missed", 1, MISSED["a phone"])
    back = call(office, 3, "outgoing answered", 8, CALL_BACK)
    office.pbx.calls_made = [before, miss, back]
    await office.tell()
    assert await office.waits_after(miss, office.cards) <= IN_TIME
    assert await office.waits_after(back, office.closed_cards) <= IN_TIME
    assert [[told["linkedid"] for told in card.calls] for card in await office.cards()] == [[miss.linkedid]]


@pytest.mark.parametrize("lasts", [1, 45])
async def test_an_answered_call_is_told_in_time_and_once(office: CallOffice, lasts: int) -> None:
    talk = call(office, 1, "incoming answered", 1, ANSWERED["a phone"], leg_seconds=lasts * 60)
    office.pbx.calls_made = [talk]
    await office.asks(CallKind.CALLS)
    assert await office.waits_after(talk, office.told) <= IN_TIME
    await looks_until(office, lasts + 15)
    assert counted(await office.told()) == [talk.linkedid]


async def test_the_hours_of_a_chat_are_those_of_the_world(office: CallOffice) -> None:
    office.pbx.calls_made = [
        call(office, 1, "incoming missed", 1, MISSED["a phone"]),
        call(office, 2, "incoming missed", 61, MISSED["a phone"]),
    ]
    await office.tell()
    await office.opens("mon-sun 10:00-18:00")
    await looks_until(office, 59)
    assert await office.messages() == []
    await looks_until(office, 61)
    assert len(await office.messages()) == 1
