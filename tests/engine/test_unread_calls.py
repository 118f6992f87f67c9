"""What chats are told while the call records of their PBX cannot be read, and when they can again."""

from datetime import UTC, timedelta

import pytest

from bot.access.policy import Grant
from bot.pbx import Forbidden, PbxError, TimedOut
from bot.store.database import Database
from bot.store.tables.calls import CallKind
from bot.store.tables.messages import Outgoing
from bot.store.time_shift import ClockStep, shift_times
from tests.engine.played_calls import (
    ANNA,
    ANSWERED,
    GROUP,
    NINE,
    Office,
    labelled,
    minutes,
    missed_at,
)
from tests.messages.renderers import renderer

FORBIDDEN = Forbidden("Call Records", "read")
HOUR = timedelta(hours=1)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def fails(office: Office, until: float, error: PbxError | None = FORBIDDEN, begin: float = 11) -> None:
    """Look every half minute of the minutes from `begin`."""
    office.pbx.error = error
    for half in range(int(begin * 2), int(until * 2) + 1):
        await office.at(minutes(half / 2))


async def notices(office: Office, chat: int = GROUP) -> list[Outgoing]:
    rows = await office.messages()
    return [row for row in rows if row.template in ("calls_unread", "calls_read_again") and row.chat_id == chat]


def text(row: Outgoing, language: str = "en") -> str:
    return renderer(language).text(row.template, row.facts, zone=UTC, now=row.created_at)


async def test_a_chat_is_told_once_that_its_calls_are_not_read_and_once_that_they_are_again(office: Office) -> None:
    await office.tell()
    await fails(office, 13, None, begin=0)
    await fails(office, 28, begin=13.5)
    assert await notices(office) == []
    office.pbx.calls_made = [missed_at(20)]
    await fails(office, 90, begin=28.5)
    (unread,) = await notices(office)
    assert unread.silent
    assert "since 09:13 this chat is not told of: missed calls." in text(unread)
    assert "set “Call Records” to Read" in text(unread)
    assert "с 09:13 в этот чат не приходят: пропущенные." in text(unread, "ru")
    await fails(office, 95, None, begin=91)
    _, again = await notices(office)
    assert "this chat is told again of: missed calls.\n\nNone of the calls since 09:13 is lost." in text(again)
    assert len(await office.cards()) == 1
    # The next time is told anew.
    await fails(office, 120, TimedOut("no answer"), begin=100)
    assert "/missed or /status says why" in text((await notices(office))[-1])
    assert len(await notices(office)) == 3


@pytest.mark.parametrize("restart", [40, 20])
async def test_a_restart_tells_nothing_twice_and_forgets_no_end(office: Office, restart: float) -> None:
    await office.tell()
    await fails(office, 10, None, begin=0)
    await fails(office, restart)
    office.restart()
    await fails(office, restart + 60, begin=restart)
    (unread,) = await notices(office)
    # How far was read is stored every five minutes.
    assert minutes(5) <= NINE.fromisoformat(unread.facts["since"]) <= minutes(11)
    office.restart()
    await fails(office, restart + 62, None, begin=restart + 61)
    assert [row.template for row in await notices(office)] == ["calls_unread", "calls_read_again"]


async def test_after_more_than_a_day_the_chat_is_told_which_calls_it_is_not_told_of(office: Office) -> None:
    await office.tell()
    await fails(office, 10, None, begin=0)
    await fails(office, 40)
    office.pbx.calls_made = [missed_at(30), missed_at(20 * 60, 2, "79161234502")]
    office.pbx.error = None
    await office.at(minutes(30 * 60))
    again = text((await notices(office))[-1])
    assert "The calls from Nov 23 09:10 to Nov 23 15:00 are not told any more; /missed has them." in again
    assert [card.caller for card in await office.cards()] == ["9161234502"]


async def test_each_place_is_told_of_what_it_asked_for(office: Office) -> None:
    await office.tell()
    await office.tell(ANNA)
    for kind in (CallKind.CALLS, CallKind.VOICEMAIL):
        await office.asks(kind, GROUP, 7)
    await fails(office, 30, begin=0)
    told = {row.thread_id: row.facts["kinds"] for row in await notices(office)}
    assert told == {None: ["missed"], 7: ["calls", "voicemail"]}
    (private,) = await notices(office, ANNA)
    assert "you are not told of: missed calls" in text(private)
    assert "вам не приходят" in text(private, "ru")


async def test_who_asks_while_it_fails_is_told_after_the_same_time(office: Office) -> None:
    await office.tell()
    await fails(office, 20, begin=0)
    await office.tell(ANNA)
    await fails(office, 34.5, begin=20.5)
    assert await notices(office, ANNA) == []
    await fails(office, 35, begin=35)
    assert len(await notices(office, ANNA)) == 1
    # Asking again changes nothing of that.
    await office.tell(ANNA)
    await fails(office, 60, begin=36)
    assert len(await notices(office, ANNA)) == 1
    await fails(office, 61, None, begin=60.5)
    assert len(await notices(office, ANNA)) == 2


async def test_a_chat_without_the_right_is_told_nothing_of_it(database: Database) -> None:
    office = Office(database, grants=(Grant(ANNA, "operator", until=minutes(5)),))
    await office.tell()
    await fails(office, 40, begin=0)
    await fails(office, 41, None, begin=40.5)
    assert [row.template for row in await office.messages()] == ["right_lost"]


async def test_a_short_failure_is_told_to_nobody(office: Office) -> None:
    await office.tell()
    for begin in (1, 20, 40):
        await fails(office, begin, None, begin=begin)
        await fails(office, begin + 14, begin=begin + 0.5)
    await fails(office, 60, None, begin=59)
    assert await notices(office) == []


async def test_who_asks_again_while_it_fails_is_told_of_the_calls_in_between(office: Office) -> None:
    await office.tell()
    await fails(office, 13, None, begin=0)
    await fails(office, 30, begin=13.5)
    office.pbx.calls_made = [missed_at(20)]
    await fails(office, 120, TimedOut("no answer"), begin=31)
    await office.tell(phones=["202"])
    await fails(office, 121, None, begin=121)
    assert "None of the calls since 09:13 is lost" in text((await notices(office))[-1])
    assert len(await office.cards()) == 1


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("asks_at", [15, 20, 27])
async def test_who_asks_again_before_it_is_told_that_it_fails_loses_no_call(
    office: Office, asks_at: float, restarts: bool
) -> None:
    await office.tell(phones=["203"])
    await fails(office, 13, None, begin=0)
    office.pbx.calls_made = [missed_at(13.5)]
    await fails(office, asks_at, begin=13.5)
    if restarts:
        office.restart()
    await office.tell()
    await fails(office, 27.5, begin=asks_at)
    assert await notices(office) == []
    await fails(office, 28, None, begin=28)
    (card,) = await office.cards()
    assert [call["linkedid"] for call in card.calls] == ["mikopbx-1"]


async def test_who_asks_again_while_the_calls_are_read_is_told_of_none_from_before(office: Office) -> None:
    await office.tell(phones=["203"])
    office.pbx.calls_made = [missed_at(6)]
    # How far was read is stored every five minutes.
    await fails(office, 9.5, None, begin=0)
    await office.tell()
    await fails(office, 15, None, begin=9.5)
    assert await office.cards() == []


async def test_who_asks_at_the_start_of_the_program_loses_no_call_of_its_absence(office: Office) -> None:
    await office.tell()
    await fails(office, 10, None, begin=0)
    office.restart()
    office.pbx.calls_made = [missed_at(20)]
    office.pbx.now = minutes(60)
    await office.tell()
    await office.at(minutes(60))
    assert len(await office.cards()) == 1


@pytest.mark.parametrize("restarts", [False, True])
async def test_without_the_right_to_active_calls_nothing_is_over_because_a_missed_caller_was_answered(
    office: Office, restarts: bool
) -> None:
    """Active calls are asked for when there is something to tell."""
    await office.tell()
    await fails(office, 10, None, begin=0)
    office.pbx.active_error = Forbidden("PBX Status", "read")
    office.pbx.calls_made = [missed_at(11)]
    await fails(office, 40, None)
    (unread,) = await notices(office)
    assert "set “PBX Status” to Read" in text(unread)
    office.pbx.calls_made.append(labelled(2, "incoming answered", "79161234501", minutes(41), ANSWERED["a phone"]))
    if restarts:
        office.restart()
    await fails(office, 60, None, begin=43)
    assert len(await notices(office)) == 1
    office.pbx.active_error = None
    await fails(office, 61, None, begin=61)
    assert len(await notices(office)) == 2


async def test_a_clock_that_is_set_makes_no_short_failure_a_long_one(office: Office) -> None:
    await office.tell()
    await fails(office, 10, None, begin=0)
    await fails(office, 12)
    await office.database.run(shift_times, ClockStep(NINE - HOUR, office.pbx.now, HOUR))
    office.follower.restart()
    await fails(office, 80, begin=72.5)
    assert await notices(office) == []
    await fails(office, 90, begin=80.5)
    (unread,) = await notices(office)
    assert minutes(65) <= NINE.fromisoformat(unread.facts["since"]) <= minutes(70)
