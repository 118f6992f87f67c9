"""Calls that last longer than the records are read back: their end is noticed as soon as that of any other."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.calls.follower import LONG_EVERY, RECENT
from bot.engine.calls.long_calls import ASK_EVERY, LONG_AFTER, LongCalls
from bot.pbx import Channel, PbxError, TimedOut
from bot.store.database import Database
from bot.store.tables.calls import CallKind
from tests.engine.played_calls import (
    ANSWERED,
    CALL_BACK,
    GROUP,
    MISSED,
    NINE,
    STATION,
    Labelled,
    Path,
    labelled,
    minutes,
    missed_at,
)
from tests.engine.test_call_cards import CallOffice, counted

IN_TIME = timedelta(seconds=45)


@pytest.fixture
def office(database: Database) -> CallOffice:
    return CallOffice(database)


def long_call(kind: str, lasts: float, path: Path, number: int = 1, begins: float = 2) -> Labelled:
    """`lasts` in minutes, `begins` in minutes after nine."""
    return labelled(number, kind, "79161234501", minutes(begins), path, leg_seconds=int(lasts * 60 / len(path)))


async def looks_until(office: CallOffice, moment: float) -> None:
    while office.pbx.now < minutes(moment):
        await office.at(office.pbx.now + timedelta(seconds=30))


@pytest.mark.parametrize("lasts", [28, 31, 45, 6 * 60 + 10])
async def test_a_long_talk_is_told_as_soon_as_it_ends(office: CallOffice, lasts: float) -> None:
    call = long_call("incoming answered", lasts, ANSWERED["a phone"])
    office.pbx.calls_made = [call]
    await office.asks(CallKind.CALLS)
    assert await office.waits_after(call, office.told) <= IN_TIME
    await looks_until(office, lasts + 20)
    assert counted(await office.told()) == [call.linkedid]


@given(st.integers(0, 300), st.lists(st.integers(1, 2400), min_size=1, max_size=8))
@example(1, [298, 1600])
@example(0, [1141])
def test_a_call_of_any_legs_that_is_not_read_back_any_more_is_known_to_be_over(begins: int, legs: list[int]) -> None:
    """Leg after leg, in seconds; only the one that is up is told."""
    calls, ends = LongCalls(), begins + sum(legs)
    starts = [begins + sum(legs[:place]) for place in range(len(legs))]
    for second in range(0, ends + 60, 30):
        now = NINE + timedelta(seconds=second)
        if calls.must_ask(now):
            up = [start for start in starts if start <= second][-1:] if second < ends else []
            legs_up = [Channel(linkedid="1", start=(NINE + timedelta(seconds=at)).replace(tzinfo=None)) for at in up]
            calls.see(legs_up, now, now.replace(tzinfo=None))
    if sum(legs) > RECENT.total_seconds():
        since = calls.begin_of_ended(now)
        assert since is not None
        assert since <= (NINE + timedelta(seconds=begins)).replace(tzinfo=None)
    elif sum(legs) <= (LONG_AFTER - ASK_EVERY).total_seconds():
        assert calls.begin_of_ended(now) is None


async def test_who_waits_for_an_hour_in_vain_has_a_card_in_time(office: CallOffice) -> None:
    call = long_call("incoming missed", 60, MISSED["a queue"])
    office.pbx.calls_made = [call]
    await office.tell()
    assert await office.waits_after(call, office.cards) <= IN_TIME


async def test_a_long_call_back_closes_the_card_as_soon_as_it_ends(office: CallOffice) -> None:
    back = long_call("outgoing answered", 50, CALL_BACK, number=2)
    office.pbx.calls_made = [missed_at(0), back]
    await office.tell()
    await looks_until(office, 51)
    assert [card.closed_at for card in await office.cards()] == [None]
    assert await office.waits_after(back, office.closed_cards) <= IN_TIME


async def test_who_was_reached_during_a_long_wait_has_no_card(office: CallOffice) -> None:
    """A second line of the caller is answered after a while, the first one never."""
    wait = long_call("incoming missed", 60, MISSED["a queue"])
    office.pbx.calls_made = [wait, labelled(2, "incoming answered", wait.caller, minutes(20), ANSWERED["a phone"])]
    await office.tell()
    await looks_until(office, 90)
    assert await office.cards() == []


async def test_a_restart_right_after_its_end_delays_a_long_call_little(office: CallOffice) -> None:
    call = long_call("incoming answered", 45, ANSWERED["a phone"])
    office.pbx.calls_made = [call]
    await office.asks(CallKind.CALLS)
    await looks_until(office, 46.5)
    office.restart()
    # Over, and not listed yet.
    await office.at(call.end + timedelta(seconds=5))
    assert await office.waits_after(call, office.told) <= IN_TIME


async def test_after_a_restart_amid_it_a_long_call_is_told_in_time(office: CallOffice) -> None:
    call = long_call("incoming answered", 45, ANSWERED["a phone"])
    office.pbx.calls_made = [call]
    await office.asks(CallKind.CALLS)
    await looks_until(office, 40)
    office.restart()
    assert await office.waits_after(call, office.told) <= IN_TIME


async def test_many_long_calls_that_end_at_once_are_told_soon_with_few_requests(office: CallOffice) -> None:
    calls = [long_call("incoming answered", 45, ANSWERED["a phone"], number=n) for n in range(1, 31)]
    office.pbx.calls_made = calls
    await office.asks(CallKind.CALLS)
    await looks_until(office, 46)
    before = office.pbx.asked
    await looks_until(office, 49)
    assert sorted(counted(await office.told())) == sorted(call.linkedid for call in calls)
    assert office.pbx.asked - before < 60


async def test_while_no_call_is_long_the_pbx_is_asked_for_channels_every_five_minutes(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    await looks_until(office, 60)
    assert office.pbx.asked == 120 + 12


@pytest.mark.parametrize("error", [TimedOut("no answer"), None], ids=["fails", "hangs"])
async def test_a_pbx_that_does_not_tell_what_is_up_has_a_long_call_told_a_little_later(
    office: CallOffice, error: PbxError | None
) -> None:
    call = long_call("incoming answered", 45, ANSWERED["a phone"])
    office.pbx.calls_made, office.pbx.up_error, office.pbx.hangs = [call], error, True
    await office.asks(CallKind.CALLS)
    assert await office.waits_after(call, office.told) <= LONG_EVERY + IN_TIME


async def test_a_call_that_begins_after_the_clock_was_set_back_is_told_in_time(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    await looks_until(office, 10)
    await office.subscriptions.remove(STATION, GROUP)
    office.pbx.now = NINE - timedelta(days=1)
    await office.asks(CallKind.CALLS)
    call = long_call("incoming answered", 45, ANSWERED["a phone"], begins=1 - 24 * 60)
    office.pbx.calls_made = [call]
    assert await office.waits_after(call, office.told) <= IN_TIME
