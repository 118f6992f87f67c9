"""When a chat is told of missed callers: in its hours, at the opening, in a storm, again, and reminded."""

from datetime import UTC, time, timedelta

import pytest

from bot.calls.telling import STORM_OVER
from bot.notifications.calls.missed_card_message import CardOutcome
from bot.notifications.calls.missed_card_presses import PressResult
from bot.notifications.calls.missed_cards import CLAIM_LASTS
from bot.pbx import TimedOut
from bot.store.database import Database
from bot.store.oncall.reachability import set_quiet_hours
from tests.engine.played_calls import (
    ANNA,
    ANSWERED,
    CALL_BACK,
    GROUP,
    MISSED,
    STATION,
    Labelled,
    Office,
    caller,
    labelled,
    minutes,
    missed_at,
    storm,
)
from tests.messages.renderers import renderer

HOURS = "mon-fri 09:00-18:00"
EVENING, NEXT_NINE = 10 * 60, 24 * 60
REMIND = timedelta(minutes=15)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_what_comes_while_closed_is_one_message_at_the_opening(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [
        missed_at(EVENING, 1, caller(1)),
        missed_at(EVENING + 5, 2, caller(2)),
        missed_at(EVENING + 9, 3, caller(1)),
        labelled(4, "outgoing answered", caller(2), minutes(EVENING + 30), CALL_BACK),
        missed_at(NEXT_NINE - 1, 5, caller(3)),
    ]
    for minute in range(EVENING, NEXT_NINE, 7):
        await office.at(minutes(minute))
    assert await office.sent() == []
    await office.at(minutes(NEXT_NINE + 0.1))
    await office.at(minutes(NEXT_NINE + 1))
    (message,) = await office.messages()
    assert (message.template, message.silent, message.created_at) == (
        "missed_gathering",
        False,
        minutes(NEXT_NINE + 0.1),
    )
    facts = message.facts
    assert (facts["calls"], facts["callers"], facts["open"]) == (4, 3, 2)
    assert [(line["place"], line["outcome"]) for line in facts["lines"]] == [(1, None), (2, "called_back"), (3, None)]


async def test_the_message_of_the_opening_goes_on_until_everybody_is_reached(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [missed_at(EVENING, 1, caller(1)), missed_at(EVENING + 5, 2, caller(2))]
    await office.at(minutes(EVENING + 20))
    one, other = await office.at(minutes(NEXT_NINE))
    assert await office.presses.open(one.id, STATION, GROUP, minutes(NEXT_NINE + 1)) is PressResult.DONE
    assert await office.presses.open(one.id, STATION, GROUP, minutes(NEXT_NINE + 2)) is PressResult.IN_THE_CHAT
    assert await office.presses.open(one.id, STATION, -200, minutes(NEXT_NINE + 2)) is PressResult.CLOSED_BEFORE
    await office.presses.claim(one.id, STATION, GROUP, 4, "Boris", minutes(NEXT_NINE + 3))
    gathering, card, here = await office.messages()
    assert gathering.facts["lines"][0]["claimed_by"] == card.facts["claimed_by"] == "Boris"
    assert (card.about, card.silent, here.template, here.about) == (gathering.id, True, "missed_card_here", card.id)
    await office.presses.close(one.id, STATION, GROUP, "Boris", CardOutcome.CALLED_BACK_BY_HAND, minutes(NEXT_NINE + 4))
    assert await office.presses.open(one.id, STATION, GROUP, minutes(NEXT_NINE + 5)) is PressResult.CLOSED_BEFORE
    office.pbx.calls_made.append(
        labelled(3, "outgoing answered", f"7{other.caller}", minutes(NEXT_NINE + 5), CALL_BACK)
    )
    await office.at(minutes(NEXT_NINE + 7))
    (row,) = await office.gatherings()
    gathering = (await office.messages())[0]
    assert (gathering.facts["open"], gathering.keyboard_id, row.closed_at) == (0, None, minutes(NEXT_NINE + 7))


async def test_the_callers_of_a_chat_that_ends_its_missed_calls_are_not_said_to_be_called_back(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [
        missed_at(EVENING, 1, caller(1)),
        missed_at(EVENING, 2, caller(2)),
        labelled(4, "outgoing answered", caller(1), minutes(EVENING + 30), CALL_BACK),
    ]
    for minute in (EVENING + 1, EVENING + 40, NEXT_NINE):
        await office.at(minutes(minute))
    await office.presses.end(STATION, GROUP, office.pbx.now)
    (message,) = await office.messages()
    for language, words in (("en", "1 not called back"), ("ru", "не перезвонили: 1")):
        text = renderer(language).text(message.template, message.facts, zone=UTC, now=office.pbx.now)
        assert text.startswith("⚪")
        assert words in text


async def test_nobody_is_woken_for_what_is_settled(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [
        missed_at(EVENING, 1, caller(1)),
        labelled(4, "outgoing answered", caller(1), minutes(EVENING + 30), CALL_BACK),
    ]
    for minute in (EVENING + 1, EVENING + 40, NEXT_NINE):
        await office.at(minutes(minute))
    (message,) = await office.messages()
    assert (message.template, message.silent, message.facts["open"]) == ("missed_gathering", True, 0)


@pytest.mark.parametrize("back_after", [1, 60])
async def test_an_absence_over_the_opening_delays_the_message_and_repeats_none(office: Office, back_after: int) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [missed_at(EVENING, 1, caller(1)), missed_at(NEXT_NINE - 20, 2, caller(2))]
    await office.at(minutes(EVENING + 2))
    office.pbx.error = TimedOut("slow", "cdr")
    for minute in (NEXT_NINE - 10, NEXT_NINE, NEXT_NINE + back_after / 2):
        await office.at(minutes(minute))
    assert await office.sent() == []
    office.pbx.error = None
    office.restart()
    for minute in (back_after, back_after + 1, back_after + 2):
        await office.at(minutes(NEXT_NINE + minute))
    ((template, _),) = await office.sent()
    assert template == "missed_gathering"
    (told,) = [row for row in await office.messages() if row.template == "missed_gathering"]
    assert told.facts["callers"] == 2


async def test_who_is_found_after_the_message_of_the_opening_has_a_card(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [missed_at(EVENING, 1, caller(1)), missed_at(NEXT_NINE - 1, 2, caller(2), late=120)]
    for minute in (EVENING + 1, NEXT_NINE, NEXT_NINE + 2, NEXT_NINE + 3):
        await office.at(minutes(minute))
    assert [template for template, _ in await office.sent()] == ["missed_gathering", "missed_card"]


async def test_nights_are_closed_where_nobody_has_said_otherwise_and_the_greeting_of_the_pbx_counts(
    office: Office,
) -> None:
    await office.tell()
    night = 14 * 60
    office.pbx.calls_made = [
        missed_at(EVENING, 1, caller(1)),
        missed_at(EVENING + 1, 2, caller(2), MISSED["after hours"]),
        missed_at(night, 3, caller(3)),
    ]
    for minute in range(EVENING + 2, NEXT_NINE, 5):
        await office.at(minutes(minute))
    assert [(template, at.hour) for template, at in await office.sent()] == [
        ("missed_card", 19),
        ("missed_gathering", 8),
    ]
    # With hours of its own, a chat goes by these alone.
    await office.opens("mon-sun 00:00-24:00")
    office.pbx.calls_made = [missed_at(NEXT_NINE, 4, caller(4), MISSED["after hours"])]
    await office.at(minutes(NEXT_NINE + 1))
    assert [template for template, _ in await office.sent()][2:] == ["missed_card"]


async def test_a_break_of_the_pbx_is_over_when_its_number_takes_calls_again(office: Office) -> None:
    await office.tell()
    lunch = [missed_at(4 * 60 + number, number, caller(number), MISSED["after hours"]) for number in (1, 2)]
    back = labelled(3, "incoming answered", "79169999999", minutes(5 * 60), ANSWERED["a phone"])
    evening = missed_at(10 * 60, 4, caller(4), MISSED["after hours"])
    office.pbx.calls_made = [*lunch, back, evening]
    for minute in range(4 * 60 + 3, 11 * 60, 5):
        await office.at(minutes(minute))
    # What comes after the break waits for the next opening.
    assert [(template, at.hour) for template, at in await office.sent()] == [("missed_gathering", 14)]


async def test_a_person_is_told_outside_of_their_quiet_hours(office: Office) -> None:
    await office.tell(ANNA)
    await office.database.run(set_quiet_hours, ANNA, (time(12), time(14)))
    office.pbx.calls_made = [missed_at(3 * 60 + 30, 1, caller(1))]
    await office.at(minutes(3 * 60 + 32))
    assert await office.sent() == []
    await office.at(minutes(5 * 60))
    assert [template for template, _ in await office.sent()] == ["missed_gathering"]


async def test_quiet_hours_that_change_while_a_caller_waits_do_not_hold_them_for_a_day(office: Office) -> None:
    await office.tell(ANNA)
    await office.database.run(set_quiet_hours, ANNA, (time(22), time(12)))
    office.pbx.calls_made = [missed_at(5, 1, caller(1)), missed_at(25, 2, caller(2), MISSED["after hours"])]
    await office.at(minutes(7))
    assert await office.sent() == []
    await office.database.run(set_quiet_hours, ANNA, (time(22), time(8)))
    for minute in (8, 9, 26, 27):
        await office.at(minutes(minute))
    # The PBX's own greeting waits for the next opening as before.
    assert await office.sent() == [("missed_gathering", minutes(8))]


async def test_hours_that_change_while_callers_wait_lose_nobody(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [missed_at(EVENING, 1, caller(1))]
    await office.at(minutes(EVENING + 2))
    await office.opens("mon-sun 00:00-24:00")
    await office.at(minutes(EVENING + 3))
    assert [template for template, _ in await office.sent()] == ["missed_gathering"]


async def test_a_caller_of_the_day_who_calls_at_night_is_in_the_message_of_the_opening(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    office.pbx.calls_made = [missed_at(0, 1, caller(1)), missed_at(EVENING, 2, caller(1))]
    for minute in (1, EVENING + 1, NEXT_NINE):
        await office.at(minutes(minute))
    assert [template for template, _ in await office.sent()] == ["missed_card", "missed_gathering"]
    assert [
        message.facts["calls"] for message in await office.messages() if message.template == "missed_gathering"
    ] == [1]


async def test_who_calls_again_much_later_is_told_again_and_once(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(minute, minute + 1, caller(1)) for minute in (0, 10, 20, 31, 32, 40)]
    for minute in range(1, 60):
        await office.at(minutes(minute))
    (card,) = await office.cards()
    sent = await office.messages()
    assert [row.template for row in sent if row.action == "send"] == ["missed_card", "missed_again"]
    assert (sent[1].about, sent[1].facts["times"]) == (card.message, 4)
    assert sent[0].facts["times"] == 6


async def test_who_is_called_back_already_is_not_told_again(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0, 1, caller(1)), missed_at(35, 2, caller(1))]
    (card,) = await office.at(minutes(1))
    await office.presses.claim(card.id, STATION, GROUP, 4, "Boris", minutes(30))
    await office.at(minutes(36))
    assert len(await office.sent()) == 1


async def test_the_keys_that_a_caller_pressed_are_on_the_card(office: Office) -> None:
    await office.tell()
    call = missed_at(0, path=MISSED["a menu, then a phone"])
    menu, phone = call.record.legs
    pressed = call.record.model_copy(update={"legs": (menu.model_copy(update={"dtmf": "2"}), phone)})
    office.pbx.calls_made = [
        Labelled(call.linkedid, call.caller, call.start, call.end, call.kind, pressed, call.listed)
    ]
    await office.at(minutes(2))
    assert (await office.messages())[0].facts["keys"] == "2"


async def test_a_chat_is_reminded_once_of_a_caller_nobody_took(office: Office) -> None:
    await office.tell()
    await office.reminds(REMIND)
    office.pbx.calls_made = [missed_at(0, 1, caller(1)), missed_at(1, 2, caller(2))]
    _, claimed = await office.at(minutes(2))
    await office.presses.claim(claimed.id, STATION, GROUP, 4, "Boris", minutes(3))
    for minute in range(3, 90):
        await office.at(minutes(minute))
    reminders = [row for row in await office.messages() if row.template == "missed_reminder"]
    one, other = await office.cards()
    # The claim lapsed, and nobody took the caller afterwards.
    lapsed = 3 + CLAIM_LASTS // timedelta(minutes=1)
    assert [(row.about, row.created_at) for row in reminders] == [
        (one.message, minutes(17)),
        (other.message, minutes(lapsed + 15)),
    ]


async def test_a_reminder_waits_for_the_opening_and_one_is_of_all_in_a_message(office: Office) -> None:
    await office.tell()
    await office.opens(HOURS)
    await office.reminds(REMIND)
    office.pbx.calls_made = [missed_at(9 * 60 - 5, 1, caller(1)), *storm(EVENING, 4)]
    for minute in [*range(9 * 60 - 4, NEXT_NINE, 10), *range(NEXT_NINE, NEXT_NINE + 60)]:
        await office.at(minutes(minute))
    assert [(template, at) for template, at in await office.sent()][1:] == [
        ("missed_gathering", minutes(NEXT_NINE)),
        ("missed_reminder", minutes(NEXT_NINE)),
        ("missed_reminder", minutes(NEXT_NINE + 15)),
    ]
    reminders = [row.facts["callers"] for row in await office.messages() if row.template == "missed_reminder"]
    assert reminders == [1, 4]


async def test_many_callers_at_once_are_one_message(office: Office) -> None:
    await office.tell()
    calls = storm(0, 60)
    calls += [labelled(5000, "outgoing answered", caller(1050), minutes(7), CALL_BACK), missed_at(40, 6000, caller(7))]
    office.pbx.calls_made = calls
    for half in range(100):
        await office.at(minutes(half / 2))
    sent = [template for template, _ in await office.sent()]
    assert sent.count("missed_gathering") == 1
    assert sent.count("missed_card") <= STORM_OVER + 1
    assert sent[-1] == "missed_card"
    (row,) = await office.gatherings()
    message = next(one for one in await office.messages() if one.id == row.message)
    alone = sent.count("missed_card") - 1
    assert (message.facts["callers"], message.facts["open"]) == (60 - alone, 59 - alone)
    assert message.facts["until"] is not None
    assert len(message.facts["lines"]) + message.facts["more"] == 60 - alone


async def test_a_storm_without_end_is_told_every_hour(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [*storm(0, 15), *(missed_at(minute / 2, minute, caller(minute)) for minute in range(300))]
    for minute in range(0, 151, 2):
        await office.at(minutes(minute))
    sent = [template for template, _ in await office.sent()]
    assert sent.count("missed_gathering") == 3
    assert sent.count("missed_card") <= STORM_OVER


async def test_a_reminder_is_of_callers_who_were_told_since_it_was_set(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0, 1, caller(1)), missed_at(20, 2, caller(2))]
    await office.at(minutes(1))
    office.pbx.now = minutes(10)
    await office.reminds(REMIND)
    for minute in range(11, 60):
        await office.at(minutes(minute))
    _, other = await office.cards()
    assert [row.about for row in await office.messages() if row.template == "missed_reminder"] == [other.message]
