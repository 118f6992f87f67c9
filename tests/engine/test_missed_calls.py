"""Cards of missed callers: played days of labelled calls, listed late, leg by leg and out of order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest

from bot.access.policy import Grant
from bot.notifications.calls.missed_card_message import CardOutcome
from bot.notifications.calls.missed_card_presses import PressResult
from bot.notifications.calls.missed_cards import CARD_LASTS, CLAIM_LASTS
from bot.pbx import TimedOut
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats, supergroups
from bot.store.tables.messages import Outgoing
from tests.engine.played_calls import (
    ANNA,
    ANSWERED,
    CALL_BACK,
    GROUP,
    MISSED,
    NINE,
    STATION,
    Labelled,
    Office,
    Path,
    a_day,
    caller,
    labelled,
    minutes,
    missed_at,
    play,
)
from tests.fixtures.examples import example_count


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.mark.parametrize("seed", range(example_count(2, 10)))
async def test_a_played_day_has_no_false_card_no_missed_one_and_one_of_each_caller(office: Office, seed: int) -> None:
    random = Random(seed)
    office.pbx.calls_made = calls = a_day(random, example_count(500, 1000))
    by_id = {call.linkedid: call for call in calls}
    await office.tell()
    await office.opens("mon-sun 00:00-24:00")
    told_at = await play(office, random)
    cards = await office.cards()
    told = [call["linkedid"] for card in cards for call in card.calls]
    assert len(told) == len(set(told))
    assert {by_id[linkedid].kind for linkedid in told} == {"incoming missed"}

    def contacts_after(call: Labelled) -> list[Labelled]:
        later = [one for one in calls if one.caller == call.caller and one.start > call.start]
        return [one for one in later if one.kind.endswith("answered")]

    for call in calls:
        if call.kind == "incoming missed" and call.linkedid not in told:
            soon = call.listed[-1] + timedelta(seconds=70)
            assert any(one.listed[0] <= soon for one in contacts_after(call)), call.linkedid
        elif call.linkedid in told and call.listed[-1] <= call.end + timedelta(seconds=10):
            assert told_at[call.linkedid] - call.end <= timedelta(seconds=45), call.linkedid
    still_open = [card.caller for card in cards if card.closed_at is None]
    assert len(still_open) == len(set(still_open))
    for card in cards:
        last = max((by_id[call["linkedid"]] for call in card.calls), key=lambda call: call.start)
        # The one that was listed first closes it.
        ways = {"called_back" if one.kind.startswith("outgoing") else "reached_us" for one in contacts_after(last)}
        assert card.outcome in ways if ways else card.outcome is None, last.linkedid
    assert all(card.told_at for card in cards)
    sent = [row.id for row in await office.messages() if (row.action, row.template) == ("send", "missed_card")]
    assert sorted(sent) == sorted(card.message for card in cards if card.message is not None)


@pytest.mark.parametrize("path", MISSED.values(), ids=MISSED)
async def test_every_way_to_miss_a_call_makes_a_card(office: Office, path: Path) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0, path=path)]
    assert len(await office.at(minutes(3))) == 1


@pytest.mark.parametrize("path", ANSWERED.values(), ids=ANSWERED)
async def test_no_way_to_answer_a_call_makes_a_card(office: Office, path: Path) -> None:
    await office.tell()
    # The legs are listed one after another, and the look is between them.
    call = labelled(1, "incoming answered", "79161234501", NINE, path, late=10, between=2)
    office.pbx.calls_made = [call]
    for seconds in range(40):
        assert await office.at(call.end + timedelta(seconds=seconds)) == []


async def test_a_call_that_goes_on_makes_no_card_though_a_leg_is_listed(office: Office) -> None:
    await office.tell()
    call = labelled(1, "incoming answered", "79161234501", NINE, ANSWERED["another phone"], leg_seconds=60)
    listed_early = replace(call, listed=(minutes(1), minutes(3)))
    office.pbx.calls_made = [listed_early]
    assert await office.at(minutes(1.2)) == []
    assert await office.at(minutes(4)) == []


async def test_a_leg_that_is_listed_much_later_withdraws_the_card(office: Office) -> None:
    await office.tell()
    call = labelled(1, "incoming answered", "79161234501", NINE, ANSWERED["another phone"])
    office.pbx.calls_made = [replace(call, listed=(minutes(1), minutes(2)))]
    (card,) = await office.at(minutes(1.2))
    assert card.outcome is None
    (card,) = await office.at(minutes(2.5))
    assert (card.outcome, card.closed_by, len(card.calls)) == (CardOutcome.ANSWERED, "203", 1)


async def test_only_the_call_that_was_answered_after_all_leaves_the_card(office: Office) -> None:
    await office.tell()
    later = labelled(2, "incoming answered", "79161234501", minutes(3), ANSWERED["another phone"])
    office.pbx.calls_made = [missed_at(0), replace(later, listed=(minutes(4), minutes(5)))]
    await office.at(minutes(1))
    (card,) = await office.at(minutes(4.5))
    assert (card.outcome, len(card.calls)) == (None, 2)
    (card,) = await office.at(minutes(5.5))
    assert (card.outcome, card.closed_by, len(card.calls)) == (CardOutcome.REACHED_US, "203", 1)


async def test_a_long_conversation_closes_the_card_too(office: Office) -> None:
    await office.tell()
    long = labelled(2, "outgoing answered", "79161234501", minutes(4), CALL_BACK, leg_seconds=3 * 3600)
    office.pbx.calls_made = [missed_at(0), long]
    for minute in range(1, 200):
        (card,) = await office.at(minutes(minute))
    assert card.outcome == CardOutcome.CALLED_BACK


async def test_a_chat_that_takes_no_messages_is_told_when_it_does(office: Office) -> None:
    await office.tell()
    await office.database.run(blocked_chats.close, GROUP, "kicked", NINE)
    office.pbx.calls_made = [missed_at(0)]
    assert await office.at(minutes(1)) == []
    await office.database.run(blocked_chats.reopen, [GROUP], minutes(2), in_topic=False)
    assert len(await office.at(minutes(3))) == 1


async def test_a_card_left_behind_by_a_group_that_became_a_supergroup_has_a_new_one_at_the_next_call(
    office: Office,
) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0), missed_at(5, 2)]
    await office.at(minutes(1))

    def deliver(session: Session) -> None:
        for row in session.query(Outgoing):
            row.state, row.message_id = "sent", 77

    await office.database.run(deliver)
    await office.database.run(supergroups.migrate, GROUP, -100777, office.pbx.now)
    await office.at(minutes(6))
    _, card = await office.messages()
    assert (card.chat_id, card.action, card.template, card.facts["times"]) == (-100777, "send", "missed_card", 2)
    assert card.keyboard_id is not None


async def test_a_card_comes_in_time_in_the_night_in_which_an_hour_comes_twice(database: Database) -> None:
    zone, change = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 1, tzinfo=UTC)
    office = Office(database, zone=zone)
    office.pbx.now = change - timedelta(hours=3)
    await office.tell()
    await office.opens("mon-sun 00:00-24:00")
    calls = {
        number: labelled(
            number, "incoming missed", caller(number), change + timedelta(minutes=minute), MISSED["a phone"], zone=zone
        )
        for number, minute in enumerate((-65, -35, -9, -2, 3, 25, 50, 70))
    }
    office.pbx.calls_made = [*calls.values()]
    for half in range(-140, 160):
        await office.at(change + timedelta(seconds=30 * half))
    late = [card.opened_at - calls[int(card.caller[-7:])].listed[0] for card in await office.cards()]
    assert len(late) == len(calls)
    assert max(late) <= timedelta(seconds=30)


async def test_a_fault_that_lasts_is_logged_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Mock()
    monkeypatch.setattr("bot.engine.calls.follower.log", log)
    await office.tell()
    slow = TimedOut("slow", "cdr")
    for minute, error in enumerate((slow, slow, None, slow)):
        office.pbx.error = error
        await office.at(minutes(minute))
    assert log.warning.call_count == 2


async def test_calls_from_before_the_chat_asked_make_no_card(office: Office) -> None:
    office.pbx.calls_made = [missed_at(-20)]
    await office.tell()
    assert await office.at(minutes(1)) == []


async def test_nobody_asked_so_the_pbx_is_not_asked(office: Office) -> None:
    await office.at(minutes(1))
    assert office.pbx.asked == 0


async def test_what_was_missed_while_the_bot_was_away_is_told_and_what_was_settled_is_not(office: Office) -> None:
    await office.tell()
    await office.at(minutes(6))
    office.pbx.calls_made = [
        missed_at(20, 1),
        missed_at(30, 2, "79161234502"),
        labelled(3, "outgoing answered", "79161234502", minutes(40), (("203", True, False),)),
    ]
    office.restart()
    (card,) = await office.at(minutes(20 * 60))
    assert card.caller == "9161234501"


async def test_a_fault_of_the_pbx_delays_a_card_and_loses_none(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    office.pbx.error = TimedOut("slow", "cdr")
    assert await office.at(minutes(1)) == []
    office.pbx.error = None
    assert len(await office.at(minutes(50))) == 1


@pytest.mark.parametrize(
    ("of", "told"),
    [
        ({"phones": ("202",)}, True),
        ({"phones": ("2200",)}, True),
        ({"phones": ("207",)}, False),
        ({"numbers": ("84951110001",)}, True),
        ({"numbers": ("84951110002",)}, False),
    ],
)
async def test_a_chat_is_told_only_of_what_it_asked_for(office: Office, of: dict[str, Any], told: bool) -> None:
    await office.tell(**of)
    office.pbx.calls_made = [missed_at(0, path=MISSED["a queue"])]
    assert bool(await office.at(minutes(3))) is told


async def test_a_wish_that_changes_while_a_call_is_not_listed_yet_loses_it_not(office: Office) -> None:
    await office.tell(phones=("202",))
    office.pbx.calls_made = [missed_at(0), missed_at(9, 2, "79161234502", MISSED["a queue"])]
    # It has ended.
    await office.at(minutes(10.1))
    await office.tell(phones=("2200",))
    await office.at(minutes(12))
    cards = await office.cards()
    assert [card.caller for card in cards] == ["9161234501", "9161234502"]
    # What the chat did not want then is not made up for.
    office.pbx.calls_made.append(missed_at(20, 3, "79161234503", (("203", False, False),)))
    for minute in (22, 26, 30):
        await office.at(minutes(minute))
    await office.tell()
    assert len(await office.at(minutes(31))) == 2


async def test_who_may_not_see_calls_is_told_of_none(database: Database) -> None:
    nobody = Office(database, grants=())
    await nobody.tell()
    nobody.pbx.calls_made = [missed_at(0)]
    assert await nobody.at(minutes(1)) == []


async def test_numbers_are_masked_in_a_chat_that_may_not_read_them(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    await office.at(minutes(2))
    (row,) = await office.messages()
    assert row.masked


async def test_an_edit_of_a_masked_card_is_masked(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    await office.at(minutes(1))

    def deliver(session: Session) -> None:
        for row in session.query(Outgoing):
            row.state, row.message_id = "sent", 7

    await office.database.run(deliver)
    office.pbx.calls_made.append(missed_at(5, 2))
    await office.at(minutes(6))
    assert [(row.action, row.masked) for row in await office.messages()] == [("send", True), ("edit", True)]


async def test_a_claim_is_of_one_person_and_lapses_without_a_call(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(1))
    where = (card.id, STATION, GROUP)
    assert await office.presses.claim(*where, 4, "Anna", minutes(2)) is PressResult.DONE
    assert await office.presses.claim(*where, 4, "Boris", minutes(3)) is PressResult.CLAIMED_BEFORE
    (kept,) = await office.at(minutes(10))
    assert kept.claimed_by == "Anna"
    (lapsed,) = await office.at(minutes(3) + CLAIM_LASTS)
    assert lapsed.claimed_by is None


async def test_a_card_closed_by_hand_stays_closed_and_a_new_call_opens_another(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(1))
    where = (card.id, STATION, GROUP)
    assert await office.presses.close(*where, "Anna", CardOutcome.NOT_NEEDED, minutes(2)) is PressResult.DONE
    assert await office.presses.claim(*where, 4, "Boris", minutes(3)) is PressResult.CLOSED_BEFORE
    assert len(await office.at(minutes(4))) == 1
    office.pbx.calls_made.append(missed_at(5, 2))
    assert len(await office.at(minutes(6))) == 2


@pytest.mark.parametrize(
    ("outcome", "own_is_closed"), [(CardOutcome.CALLED_BACK_BY_HAND, True), (CardOutcome.NOT_NEEDED, False)]
)
async def test_whom_somebody_called_back_is_off_their_own_list_too_and_off_nobody_elses(
    database: Database, outcome: CardOutcome, own_is_closed: bool
) -> None:
    office = Office(database, grants=(Grant(ANNA, "admin"), Grant(2, "admin")))
    for chat in (GROUP, ANNA, 2):
        await office.tell(chat)
    office.pbx.calls_made = [missed_at(0), missed_at(0, 2, "79161234502")]
    first, _ = await office.at(minutes(1))
    await office.presses.close(first.id, STATION, GROUP, "Anna", outcome, minutes(2), own_chat=ANNA)
    closed = {
        chat: [card.caller for card in await office.cards(chat) if card.closed_by == "Anna"]
        for chat in (GROUP, ANNA, 2)
    }
    assert closed == {GROUP: [first.caller], ANNA: [first.caller] if own_is_closed else [], 2: []}
    # It shows that in its message.
    shown = [
        row.facts["outcome"] for row in await office.messages() if row.chat_id == ANNA and row.facts.get("outcome")
    ]
    assert len(shown) == own_is_closed


async def test_the_cards_of_a_chat_that_is_told_no_more_are_closed_and_say_so(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0), missed_at(0.2, 2, "79161234502")]
    assert len(await office.at(minutes(1.5))) == 2
    await office.presses.end(STATION, GROUP, minutes(2))
    assert {card.outcome for card in await office.cards()} == {CardOutcome.NOT_TOLD}
    shown = [row for row in await office.messages() if row.facts.get("outcome") == "not_told"]
    assert [row.keyboard_id for row in shown] == [None, None]


async def test_another_chat_cannot_press_a_card(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(1))
    assert await office.presses.claim(card.id, STATION, -200, 4, "Sam", minutes(2)) is PressResult.CLOSED_BEFORE


async def test_a_card_that_nobody_closes_ends_after_a_week(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0, caller="anonymous")]
    await office.at(minutes(1))
    (card,) = await office.at(minutes(2) + CARD_LASTS)
    assert card.outcome == CardOutcome.TOO_OLD


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
async def test_a_kill_at_any_transaction_loses_no_card_and_repeats_none(
    office: Office, at: int, after_commit: bool
) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0), labelled(2, "outgoing answered", "79161234501", minutes(4), CALL_BACK)]
    await office.looks_though_killed(at, after_commit=after_commit)
    (card,) = await office.cards()
    assert card.outcome == CardOutcome.CALLED_BACK
    assert [row.action for row in await office.messages()] == ["send"]
