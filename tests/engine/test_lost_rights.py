"""What a chat is told when who asked may not be told of calls any more, and what becomes of its cards."""

from datetime import UTC

import pytest

from bot.access.policy import Grant
from bot.notifications.calls.missed_card_message import CardOutcome
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats
from bot.store.tables.calls import CallKind
from bot.store.tables.messages import Keyboard
from tests.engine.played_calls import ANNA, GROUP, STATION, Office, minutes, missed_at
from tests.messages.renderers import renderer

UNTIL = minutes(10)


async def shown(office: Office, language: str = "en") -> str:
    row = (await office.messages())[-1]
    return renderer(language).text(row.template, row.facts, zone=UTC, now=minutes(11))


@pytest.mark.parametrize("subject", [ANNA, GROUP])
async def test_the_chat_is_told_once_and_its_open_cards_end(database: Database, subject: int) -> None:
    office = Office(database, grants=(Grant(subject, "operator", until=UNTIL),))
    await office.tell(phones=("202", "2200"), numbers=("74951110001",))
    office.pbx.calls_made = [missed_at(0), missed_at(12, 2, "79161234502")]
    (card,) = await office.at(minutes(2))
    assert card.closed_at is None
    for minute in (11, 14):
        (card,) = await office.at(minutes(minute))
    assert card.outcome == CardOutcome.NOT_TOLD
    assert await office.subscriptions.of_chat(STATION, GROUP) == {}
    sent = [row for row in await office.messages() if row.action == "send"]
    assert [(row.template, row.silent) for row in sent] == [("missed_card", False), ("right_lost", True)]
    assert "this chat is told no more of: missed calls" in await shown(office)
    assert "Anna" in await shown(office)
    assert "в этот чат больше не приходят: пропущенные" in await shown(office, "ru")
    buttons = await database.run(lambda session: session.get_one(Keyboard, sent[-1].keyboard_id).rows)
    assert buttons[0][0]["data"] == {
        "command": "notify",
        "arguments": "missed here of 202 2200 number 74951110001",
    }


async def test_a_person_in_private_is_told_whom_to_ask(database: Database) -> None:
    office = Office(database, grants=(Grant(ANNA, "operator", until=UNTIL),))
    await office.tell(ANNA)
    await office.at(minutes(11))
    (row,) = await office.messages()
    assert (row.chat_id, row.keyboard_id) == (ANNA, None)
    assert "Ask an administrator" in await shown(office)


async def test_only_what_needs_the_lost_right_ends(database: Database) -> None:
    office = Office(database, grants=(Grant(ANNA, "operator"),))
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(2))
    await office.asks(CallKind.CALLS, by_id=2, by_name="Boris")
    (card,) = await office.at(minutes(11))
    assert card.closed_at is None
    assert (await office.subscriptions.of_chat(STATION, GROUP)).keys() == {CallKind.MISSED}
    assert "incoming calls" in await shown(office)


async def test_a_chat_that_takes_no_messages_is_told_when_it_does_again(database: Database) -> None:
    office = Office(database, grants=(Grant(ANNA, "operator", until=UNTIL),))
    await office.tell()

    def close(session: Session) -> None:
        blocked_chats.close(session, GROUP, "kicked", minutes(1))

    def reopen(session: Session) -> None:
        blocked_chats.reopen(session, [GROUP], minutes(20))

    await database.run(close)
    await office.at(minutes(11))
    assert await office.messages() == []
    await database.run(reopen)
    await office.at(minutes(21))
    assert [row.template for row in await office.messages()] == ["right_lost"]


async def test_each_topic_is_told_of_what_it_hears_no_more(database: Database) -> None:
    office = Office(database, grants=(Grant(ANNA, "operator", until=UNTIL),))
    await office.tell()
    for topic, kind in ((7, CallKind.CALLS), (7, CallKind.VOICEMAIL)):
        await office.asks(kind, GROUP, topic)
    await office.at(minutes(11))
    told = {row.thread_id: row.facts["ended"] for row in await office.messages()}
    assert told == {None: ["missed"], 7: ["calls", "voicemail"]}
