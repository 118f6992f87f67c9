"""When a chat takes nothing any more, somebody else is told, and the administrators hear of it once."""

import pytest

from bot.alerts.incident import Kind
from bot.store import chats, closed, outbox
from bot.store.database import Store
from tests.alerts.books import Books, read
from tests.alerts.world import ANNA, BORIS, GROUP, VERA

KICKED = "Forbidden: bot was kicked from the supergroup chat"
ADMINS = (ANNA, BORIS, VERA)


@pytest.fixture
async def books(store: Store) -> Books:
    books = Books(store)
    await books.meets_everybody()
    return books


async def told(books: Books, chat: int) -> list[str]:
    return [row.template for row in await books.owed() if row.chat_id == chat and row.action == "send"]


async def test_an_outage_that_its_group_does_not_take_goes_to_the_administrators(books: Books) -> None:
    await books.opens()
    (alert,) = await books.alerts()
    assert await books.cannot_be_delivered(alert.id, KICKED) == "Anna, Boris, Vera"
    for admin in ADMINS:
        note, card = await books.alerts(admin)
        assert (note.template, card.template, card.silent) == ("chat_closed", "alert", False)
        assert "I was removed from it. Add me again.\nUntil then its alerts come" in read(note)
    await books.arrives()
    await books.ends()
    assert await told(books, ANNA) == ["chat_closed", "alert", "alert_over"]
    assert await told(books, GROUP) == ["alert"]


async def test_that_general_is_closed_is_told_with_the_way_out(books: Books) -> None:
    await books.opens()
    (alert,) = await books.alerts()
    await books.cannot_be_delivered(alert.id, "TOPIC_CLOSED")
    note, _ = await books.alerts(ANNA)
    assert f"General is closed. Name one of its topics in ALERT_CHATS, like {GROUP}:5" in read(note)


async def test_the_next_outage_does_not_even_try_the_group_and_says_nothing_of_it_again(books: Books) -> None:
    await books.opens()
    await books.cannot_be_delivered((await books.alerts())[0].id, KICKED)
    await books.arrives()
    books.passes(600)
    await books.opens("t2")
    assert await told(books, GROUP) == ["alert"]
    assert await told(books, ANNA) == ["chat_closed", "alert", "alert"]


async def test_a_group_that_lets_the_bot_in_again_gets_the_next_one(books: Books) -> None:
    await books.opens()
    await books.cannot_be_delivered((await books.alerts())[0].id, KICKED)
    async with books.store.begin() as session:
        await closed.reopen(session, [GROUP], books.now)
    await books.arrives()
    books.passes(600)
    await books.opens("t2")
    assert await told(books, GROUP) == ["alert", "alert"]
    assert await told(books, ANNA) == ["chat_closed", "alert"]


async def test_the_end_of_what_the_group_saw_goes_to_the_administrators_when_it_is_shut_meanwhile(
    books: Books,
) -> None:
    await books.opens()
    await books.arrives()
    await books.ends()
    over = next(row for row in await books.owed() if row.template == "alert_over")
    await books.cannot_be_delivered(over.id, KICKED)
    assert await told(books, BORIS) == ["chat_closed", "alert_over"]


async def test_a_person_on_call_who_blocked_the_bot_is_passed_over_from_then_on(books: Books) -> None:
    books.on_call.levels = [[ANNA, BORIS]]
    await books.opens()
    (page,) = await books.alerts(ANNA)
    await books.cannot_be_delivered(page.id)
    assert "must open me and press Start" in read((await books.alerts(VERA))[0])
    await books.ends()
    books.passes(3600)
    await books.opens("t2", Kind.TRUNK_DOWN)
    assert len(await books.alerts(ANNA)) == 1
    assert (await books.alerts(BORIS))[-1].template == "alert"


async def test_with_nobody_left_who_takes_anything_it_is_at_least_in_the_log(
    books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    await books.opens()
    async with books.store.begin() as session:
        for admin in ADMINS:
            await closed.close(session, admin, "Forbidden: bot was blocked by the user", books.now)
    (alert,) = await books.alerts()
    assert await books.cannot_be_delivered(alert.id, KICKED) is None
    assert "nobody is left" in capsys.readouterr().out


async def test_a_group_that_became_a_supergroup_takes_everything_with_it(books: Books) -> None:
    await books.opens()
    await books.arrives(7)
    async with books.store.begin() as session:
        await chats.move(session, GROUP, -1005, books.now)
    number = (await books.incident()).id
    books.passes(1800)
    await books.tick()
    below = (await books.alerts(-1005))[-1]
    assert below.message_id is None, "it is put into the supergroup anew, for the old message cannot be changed"
    assert (await books.incident()).id == number
    await books.arrives(8)
    await books.ends()
    assert (await told(books, -1005))[-1] == "alert_over"
    assert not await books.alerts()


async def test_what_was_said_to_one_person_is_passed_on_to_nobody(books: Books) -> None:
    async with books.store.begin() as session:
        answer = outbox.owe(
            session, chat_id=GROUP, thread_id=None, template="access_answer", facts={"station": "x"}, now=books.now
        )
    assert await books.cannot_be_delivered(answer.id, KICKED) is None
    assert await told(books, ANNA) == ["chat_closed"]


async def test_an_outage_that_is_over_before_its_group_refuses_it_is_passed_on_as_it_ended(books: Books) -> None:
    await books.opens()
    (alert,) = await books.alerts()
    async with books.store.begin() as session:
        assert await outbox.claim(session, alert.id, books.now)
    await books.ends()
    await books.cannot_be_delivered(alert.id, KICKED)
    _, passed_on = await books.alerts(ANNA)
    assert read(passed_on).startswith("🟢")


async def test_a_message_with_a_newer_one_below_it_is_not_passed_on(books: Books) -> None:
    await books.opens()
    (first,) = await books.alerts()
    await books.arrives()
    books.passes(7200)
    await books.tick()
    before = await told(books, ANNA)
    await books.cannot_be_delivered(first.id, KICKED)
    assert await told(books, ANNA) == [*before, "chat_closed"]
