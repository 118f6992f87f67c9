"""Cards of ended calls and of voicemail: played days of labelled calls, each told once and rightly."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from bot.access.policy import BUILT_IN, Grant, Permission, Role
from bot.calls.call_lists import LIST_SIZE, MAX_CARDS, MAX_LISTED
from bot.calls.outcome import Outcome, answered_leg, outcome, talk_seconds
from bot.engine.calls.call_cards import CallCards
from bot.engine.calls.follower import CallFollower
from bot.engine.calls.missed_calls import MissedCallCards
from bot.engine.calls.unread_calls import UnreadCalls
from bot.notifications.calls.call_messages import MAX_EDITS
from bot.pbx import CallRecord
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.messages import supergroups, told_calls
from bot.store.messages.told_calls import ToldMessage
from bot.store.stations import renames
from bot.store.tables.calls import CallKind, MissedCard
from bot.store.tables.messages import Keyboard, Outgoing
from tests.engine.played_calls import (
    ANNA,
    ANSWERED,
    GROUP,
    MISSED,
    NINE,
    STATION,
    Labelled,
    Office,
    Path,
    a_day,
    labelled,
    minutes,
    missed_at,
)
from tests.fixtures.examples import example_count

LONG_AGO = NINE - timedelta(days=9)
VOICEMAIL = MISSED["voicemail"]


class CallOffice(Office):
    """The follower with all that take part, for chats that are told of every call or of voicemail."""

    def restart(self) -> None:
        consumers = [
            consumer(STATION, self.read_clock, self.grants, mask_numbers=True)
            for consumer in (MissedCallCards, CallCards)
        ]
        self.follower = CallFollower(
            STATION,
            self.pbx,  # type: ignore[arg-type]
            self.read_clock,
            consumers,
            UnreadCalls(STATION, self.grants),
            database=self.database,
            clock=self.clock,
            wake=Signal(),
            pause=self.pause,
        )

    async def look(self, moment: datetime) -> list[ToldMessage]:
        await self.at(moment)
        return await self.told()

    async def waits_after(self, call: Labelled, until: Callable[[], Awaitable[object]]) -> timedelta:
        """Look every half minute until that is so; return how long after the end of the call."""
        while not await until():
            await self.at(self.pbx.now + timedelta(seconds=30))
            assert self.pbx.now < call.end + timedelta(minutes=20), "never so"
        return self.pbx.now - call.end

    async def told(self, chat: int = GROUP) -> list[ToldMessage]:
        return await self.database.run(told_calls.told, STATION, chat, LONG_AGO)

    async def closed_cards(self) -> list[MissedCard]:
        return [card for card in await self.cards() if card.closed_at is not None]

    async def deliver(self) -> None:
        def sent(session: Session) -> None:
            for row in session.query(Outgoing).filter_by(state="pending"):
                row.state, row.message_id, row.tried_at = "sent", row.id, self.pbx.now

        await self.database.run(sent)


@pytest.fixture
def office(database: Database) -> CallOffice:
    return CallOffice(database)


def recorded(call: Labelled, *places: int) -> Labelled:
    """Return the call with recordings of these legs."""
    legs = tuple(leg.model_copy(update={"had_address": place in places}) for place, leg in enumerate(call.record.legs))
    return replace(call, record=call.record.model_copy(update={"legs": legs}))


def answered_at(minute: float, number: int = 1, path: Path = ANSWERED["a phone"], **more: Any) -> Labelled:
    return labelled(number, "incoming answered", "79161234501", minutes(minute), path, **more)


def calls_shown(told: list[ToldMessage]) -> list[dict[str, Any]]:
    return [call for message in told for call in message.facts["calls"]]


def counted(told: list[ToldMessage]) -> list[str]:
    left = [linkedid for message in told for linkedid in message.facts["left"]]
    return [call["linkedid"] for call in calls_shown(told)] + left


async def play(office: CallOffice, random: Random) -> dict[str, datetime]:
    """Look every half minute in which anything was listed; return when each call was told."""
    told_at: dict[str, datetime] = {}
    halves = {(at - NINE) // timedelta(seconds=30) for call in office.pbx.calls_made for at in call.listed}
    for half in [*sorted(halves), max(halves) + 20]:
        if random.random() < 0.05:
            office.restart()
        for linkedid in counted(await office.look(NINE + timedelta(seconds=30 * (half + 1)))):
            told_at.setdefault(linkedid, office.pbx.now)
        await office.deliver()
    return told_at


@pytest.mark.parametrize("seed", range(example_count(2, 10)))
async def test_a_played_day_tells_every_ended_incoming_call_once_in_time_and_rightly(
    office: CallOffice, seed: int
) -> None:
    random = Random(seed)
    office.pbx.calls_made = calls = a_day(random, example_count(500, 1000))
    await office.asks(CallKind.CALLS)
    told_at = await play(office, random)
    told = await office.told()
    shown = {call["linkedid"]: call for call in calls_shown(told)}
    incoming = [call for call in calls if call.kind.startswith("incoming")]
    assert sorted(counted(told)) == sorted(call.linkedid for call in incoming)
    for call in incoming:
        record, card = call.record, shown[call.linkedid]
        by = answered_leg(record)
        assert card["answered"] is (outcome(record) is Outcome.ANSWERED)
        assert (card["source"], card["talk"]) == (call.caller, talk_seconds(record))
        assert by is None or card["target"] == by.destination_number
        if call.listed[-1] <= call.end + timedelta(seconds=10) and call.end - call.start < timedelta(minutes=25):
            assert told_at[call.linkedid] - call.end <= timedelta(seconds=45), call.linkedid
    # The PBX changed no record after the last of its legs was listed.
    assert sum(message.edits for message in told) < len(incoming) / 10


@pytest.mark.parametrize("seed", range(example_count(1, 5)))
async def test_a_played_day_tells_every_call_that_reached_voicemail_once(office: CallOffice, seed: int) -> None:
    random = Random(100 + seed)
    office.pbx.calls_made = calls = a_day(random, example_count(300, 1000))
    await office.asks(CallKind.VOICEMAIL)
    await play(office, random)
    reached = [call for call in calls if any(leg.destination_number == "voicemail" for leg in call.record.legs)]
    assert sorted(counted(await office.told())) == sorted(call.linkedid for call in reached)
    assert reached


PATHS: Mapping[str, tuple[Path, dict[str, Any]]] = {
    "answered": (ANSWERED["a phone"], {"target": "202", "answered": True, "waited": 0, "talk": 20}),
    "by another phone": (ANSWERED["another phone"], {"target": "203", "answered": True, "waited": 20}),
    "by a queue": (ANSWERED["a queue"], {"target": "203", "answered": True}),
    "transferred": (
        ANSWERED["transferred"],
        {"target": "202", "passed_to": [{"number": "203", "name": ""}], "talk": 40},
    ),
    "on a mobile": (ANSWERED["forwarded to a mobile"], {"target": "79031234567", "answered": True}),
    "missed": (MISSED["a phone"], {"answered": False, "rang": [{"number": "202", "name": ""}], "waited": 20}),
    "after hours": (MISSED["after hours"], {"answered": False, "after_hours": True, "rang": []}),
    "voicemail": (VOICEMAIL, {"answered": False, "voicemail": 20, "message": False}),
}


@pytest.mark.parametrize(("path", "facts"), PATHS.values(), ids=PATHS)
async def test_a_card_says_what_became_of_the_call(office: CallOffice, path: Path, facts: dict[str, Any]) -> None:
    await office.asks(CallKind.CALLS)
    call = labelled(1, "incoming", "79161234501", minutes(0), path)
    legs = tuple(leg.model_copy(update={"talk_seconds": 20}) for leg in call.record.legs)
    office.pbx.calls_made = [replace(call, record=call.record.model_copy(update={"legs": legs}))]
    (message,) = await office.look(minutes(3))
    assert message.template == "call_card"
    (shown,) = message.facts["calls"]
    assert {name: shown[name] for name in facts} == facts
    assert all(row.silent for row in await office.messages())


async def test_a_recording_that_appears_later_puts_its_button_on_the_card(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    call = answered_at(0)
    office.pbx.calls_made = [call]
    await office.look(minutes(1))
    await office.deliver()
    office.pbx.calls_made = [recorded(call, 0)]
    for minute in (2, 2.5, 3):
        (message,) = await office.look(minutes(minute))
    assert message.facts["calls"][0]["recorded"] == [0]
    assert [row.action for row in await office.messages()] == ["send", "edit"]


async def test_a_message_left_in_voicemail_is_said_when_its_recording_is_there(office: CallOffice) -> None:
    await office.asks(CallKind.VOICEMAIL)
    call = labelled(1, "incoming missed", "79161234501", minutes(0), VOICEMAIL)
    office.pbx.calls_made = [call, missed_at(0, 2), answered_at(0, 3)]
    (message,) = await office.look(minutes(2))
    assert not message.facts["calls"][0]["message"]
    office.pbx.calls_made = [recorded(call, 1)]
    (message,) = await office.look(minutes(3))
    assert message.facts["calls"][0]["message"]
    assert message.facts["calls"][0]["recorded"] == [1]


async def test_the_card_of_a_missed_caller_says_that_a_message_was_left_and_offers_it(office: CallOffice) -> None:
    await office.tell()
    call = labelled(1, "incoming missed", "79161234501", minutes(0), VOICEMAIL)
    office.pbx.calls_made = [call]
    await office.at(minutes(2))
    office.pbx.calls_made = [recorded(call, 1)]
    for minute in (3, 4):
        await office.at(minutes(minute))
    (row,) = await office.messages()
    assert (row.facts["voicemail"], row.facts["message"]) == (0, True)
    rows = await office.database.run(lambda session: session.get_one(Keyboard, row.keyboard_id).rows)
    assert rows[-1] == [
        {"label": "🎧 Listen", "action": "cdr.listen", "data": {"linkedid": "mikopbx-1", "leg": 1, "apart": True}}
    ]


async def test_what_was_said_to_the_voicemail_is_no_waiting_on_the_card_of_a_missed_caller(office: CallOffice) -> None:
    await office.tell()
    call = labelled(1, "incoming missed", "79161234501", minutes(0), VOICEMAIL, leg_seconds=15)
    rang, said = call.record.legs
    legs = (rang, said.model_copy(update={"talk_seconds": 15}))
    office.pbx.calls_made = [replace(call, record=call.record.model_copy(update={"legs": legs}))]
    await office.at(minutes(2))
    (row,) = await office.messages()
    assert (row.facts["waited"], row.facts["voicemail"]) == (15, 15)


async def test_a_leg_listed_late_mends_the_card(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    call = answered_at(0, path=ANSWERED["another phone"])
    office.pbx.calls_made = [replace(call, listed=(minutes(1), minutes(2)))]
    (message,) = await office.look(minutes(1.5))
    assert not message.facts["calls"][0]["answered"]
    (message,) = await office.look(minutes(2.5))
    assert message.facts["calls"][0]["target"] == "203"


async def test_a_pbx_that_always_tells_something_else_is_not_followed_for_ever(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    for look in range(MAX_EDITS + 8):
        call = answered_at(0)
        office.pbx.calls_made = [
            replace(call, record=call.record.model_copy(update={"source_number": f"7916123450{look % 10}"}))
        ]
        await office.look(minutes(1 + look / 2))
        await office.deliver()
    (message,) = await office.told()
    assert message.edits == MAX_EDITS


async def test_a_call_is_told_once_in_a_chat_whatever_it_asked_for(office: CallOffice) -> None:
    for kind in CallKind:
        await office.asks(kind)
    office.pbx.calls_made = [
        answered_at(0, 1),
        missed_at(0, 2),
        labelled(3, "incoming missed", "79161234503", minutes(0), VOICEMAIL),
        # Somebody answered, and passed the caller on to voicemail.
        labelled(4, "incoming", "79161234504", minutes(0), (("202", True, False), ("voicemail", True, False))),
    ]
    for minute in (2, 3, 20):
        told = await office.look(minutes(minute))
    on_cards = [call["linkedid"] for card in await office.cards() for call in card.calls]
    assert sorted([*counted(told), *on_cards]) == [f"mikopbx-{number}" for number in range(1, 5)]
    await office.subscriptions.remove(STATION, GROUP, CallKind.MISSED)
    assert len(counted(await office.look(minutes(21)))) == len(counted(told))


async def test_voicemail_goes_to_the_topic_that_asked_for_it(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS, thread=7)
    await office.asks(CallKind.VOICEMAIL, thread=9)
    office.pbx.calls_made = [answered_at(0), labelled(2, "incoming missed", "79161234502", minutes(0), VOICEMAIL)]
    await office.look(minutes(3))
    rows = await office.messages()
    assert sorted((row.thread_id, row.facts["calls"][0]["linkedid"]) for row in rows) == [
        (7, "mikopbx-1"),
        (9, "mikopbx-2"),
    ]


async def test_a_storm_of_calls_becomes_lists_and_what_is_not_listed_is_counted(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    many = [
        labelled(number, "incoming missed", f"7916{number:07}", minutes(number / 1000), MISSED["a phone"])
        for number in range(MAX_LISTED + 40)
    ]
    office.pbx.calls_made = many
    for minute in (2, 3, 4):
        told = await office.look(minutes(minute))
    assert {message.template for message in told} == {"call_list"}
    assert [len(message.facts["calls"]) for message in told] == [LIST_SIZE] * (MAX_LISTED // LIST_SIZE)
    assert sorted(counted(told)) == sorted(call.linkedid for call in many)
    assert len(told[0].facts["left"]) == 40


@pytest.mark.parametrize(("number", "template"), [(MAX_CARDS, "call_card"), (MAX_CARDS + 1, "call_list")])
async def test_a_few_calls_have_a_card_each(office: CallOffice, number: int, template: str) -> None:
    await office.asks(CallKind.CALLS)
    office.pbx.calls_made = [missed_at(0, one, f"7916123450{one}") for one in range(number)]
    told = await office.look(minutes(2))
    assert {message.template for message in told} == {template}


async def test_a_busy_hour_stays_within_what_telegram_takes(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    random = Random(3)
    office.pbx.calls_made = [
        recorded(answered_at(random.random() * 60, number, leg_seconds=60, late=8), 0) for number in range(300)
    ]
    for half in range(1, 130):
        await office.look(NINE + timedelta(seconds=30 * half))
    sent = [row.created_at.replace(second=0, microsecond=0) for row in await office.messages()]
    assert max(map(sent.count, sent)) <= 2 * MAX_CARDS
    assert sorted(counted(await office.told())) == sorted(call.linkedid for call in office.pbx.calls_made)


@pytest.mark.parametrize(
    ("of", "told"),
    [
        ({"phones": ("203",)}, True),
        ({"phones": ("2200",)}, True),
        ({"phones": ("207",)}, False),
        ({"numbers": ("84951110001",)}, True),
        ({"numbers": ("84951110002",)}, False),
    ],
)
async def test_a_chat_is_told_only_of_the_calls_it_asked_for(
    office: CallOffice, of: dict[str, Any], told: bool
) -> None:
    await office.asks(CallKind.CALLS, **of)
    office.pbx.calls_made = [answered_at(0, path=ANSWERED["a queue"])]
    assert bool(await office.look(minutes(3))) is told


async def test_calls_from_before_the_chat_asked_are_not_told(office: CallOffice) -> None:
    office.pbx.calls_made = [answered_at(-20)]
    await office.asks(CallKind.CALLS)
    assert await office.look(minutes(1)) == []


async def test_who_asked_must_be_able_to_read_call_records_each_time(database: Database) -> None:
    follows = Role("follower", frozenset({Permission.MISSED_FOLLOW}))
    office = CallOffice(database, grants=(Grant(ANNA, "follower"),))
    office.grants = Grants(
        database, office.clock, (Grant(ANNA, "follower"),), {**BUILT_IN, "follower": follows}, Signal()
    )
    office.restart()
    for kind in (CallKind.CALLS, CallKind.VOICEMAIL):
        await office.asks(kind)
    office.pbx.calls_made = [answered_at(0), labelled(2, "incoming missed", "79161234502", minutes(0), VOICEMAIL)]
    assert await office.look(minutes(2)) == []
    # The channels that are up, and the records, only once.
    assert office.pbx.asked == 2
    admin = CallOffice(database)
    admin.pbx = office.pbx
    admin.restart()
    assert len(await admin.look(minutes(3))) == 2
    assert all(row.masked for row in await admin.messages())


@pytest.mark.parametrize(("chat", "may_listen"), [(GROUP, True), (ANNA, True), (2, False)])
async def test_recordings_are_offered_to_who_may_hear_them(database: Database, chat: int, may_listen: bool) -> None:
    office = CallOffice(database, grants=(Grant(ANNA, "admin"), Grant(2, "operator")))
    await office.asks(CallKind.CALLS, chat, by_id=2 if chat == 2 else ANNA)
    office.pbx.calls_made = [recorded(answered_at(0), 0)]
    await office.look(minutes(2))
    rows = await office.database.run(lambda session: session.query(Keyboard).one().rows)
    assert any(button["action"] == "cdr.listen" for row in rows for button in row) is may_listen


async def test_a_pbx_of_another_name_and_a_supergroup_tell_no_call_twice(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    office.pbx.calls_made = [answered_at(0)]
    await office.look(minutes(1))

    def move(session: Session) -> None:
        supergroups.migrate(session, GROUP, -1000, minutes(2))
        renames.rename_station(session, formerly=STATION, name="New name")

    await office.database.run(move)
    told = await office.database.run(told_calls.told, "New name", -1000, LONG_AGO)
    assert counted(told) == ["mikopbx-1"]
    # Another PBX may number its calls alike.
    assert await office.told(-1000) == []


async def test_a_call_missed_and_settled_while_the_bot_was_away_is_told_as_missed_calls_are(
    office: CallOffice,
) -> None:
    for kind in (CallKind.MISSED, CallKind.CALLS):
        await office.asks(kind)
    await office.look(minutes(6))
    office.pbx.calls_made = [missed_at(20, 1), answered_at(40, 2), missed_at(50, 3, "79161234503")]
    office.restart()
    assert counted(await office.look(minutes(20 * 60))) == ["mikopbx-2"]
    assert [card.caller for card in await office.cards()] == ["9161234503"]


@pytest.mark.parametrize("path", ANSWERED.values(), ids=ANSWERED)
async def test_a_call_that_is_listed_leg_by_leg_is_right_at_once(office: CallOffice, path: Path) -> None:
    await office.asks(CallKind.CALLS)
    call = answered_at(0, path=path, late=10, between=2)
    office.pbx.calls_made = [call]
    for seconds in range(0, 40, 3):
        await office.look(call.end + timedelta(seconds=seconds))
    assert [row.action for row in await office.messages()] == ["send"]
    (message,) = await office.told()
    assert message.facts["calls"][0]["answered"]


async def test_a_call_that_goes_on_is_not_told_though_a_leg_is_listed(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    call = answered_at(0, path=ANSWERED["another phone"], leg_seconds=60)
    office.pbx.calls_made = [replace(call, listed=(minutes(1), minutes(2.2)))]
    assert await office.look(minutes(1.5)) == []
    assert counted(await office.look(minutes(3))) == ["mikopbx-1"]


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
async def test_a_kill_at_any_transaction_tells_each_call_once(office: CallOffice, at: int, after_commit: bool) -> None:
    await office.asks(CallKind.CALLS)
    voicemail = labelled(2, "incoming missed", "79161234502", minutes(4), VOICEMAIL)
    office.pbx.calls_made = [answered_at(0), voicemail]
    await office.looks_though_killed(at, after_commit=after_commit)
    assert sorted(counted(await office.told())) == ["mikopbx-1", "mikopbx-2"]
    assert [row.action for row in await office.messages()] == ["send", "send"]


async def test_a_record_without_a_time_is_left_out(office: CallOffice) -> None:
    await office.asks(CallKind.CALLS)
    call = answered_at(0)
    empty = CallRecord.model_validate({"linkedid": "mikopbx-9", "records": []})
    office.pbx.calls_made = [call, replace(call, linkedid="mikopbx-9", record=empty, listed=())]
    assert counted(await office.look(minutes(1))) == ["mikopbx-1"]
