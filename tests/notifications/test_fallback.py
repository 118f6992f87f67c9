"""Closed chats: another recipient is notified, and the administrators once."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.access.policy import BUILT_IN, Destination, Grant
from bot.incidents.model import Kind
from bot.notifications.escalation import EscalationPolicy
from bot.runtime.waiting import Signal
from bot.store.access.grants import GrantBook
from bot.store.database import Store
from bot.store.messages import blocked_chats, outbox, supergroups
from tests.fixtures import incident_claims
from tests.incident_harness.incident_ledger import Books, read
from tests.incident_harness.pbx import ANNA, BLOCKED, BORIS, GROUP, VERA

KICKED = "Forbidden: bot was kicked from the supergroup chat"
ADMINS = (ANNA, BORIS, VERA)


@pytest.fixture
async def books(store: Store) -> Books:
    books = Books(store)
    await books.meets_everybody()
    return books


@pytest.fixture(autouse=True)
async def _claims(books: Books) -> AsyncIterator[None]:
    """Check after each test that no undelivered notification counts as delivered."""
    yield
    async with books.store.begin() as session:
        nobody_is_left = await blocked_chats.closed(session) >= set(ADMINS)
    assert nobody_is_left or incident_claims.broken_claims(await incident_claims.tables_of(books.store)) == []


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


async def test_that_general_is_closed_is_reported_with_the_way_out(books: Books) -> None:
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
        await blocked_chats.reopen(session, [GROUP], books.now)
    await books.arrives()
    books.passes(600)
    await books.opens("t2")
    assert await told(books, GROUP) == ["alert", "alert"]
    assert await told(books, ANNA) == ["chat_closed", "alert"]


async def test_the_end_of_what_the_group_was_shown_goes_to_the_administrators_when_it_is_shut_meanwhile(
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
            await blocked_chats.close(session, admin, "Forbidden: bot was blocked by the user", books.now)
    (alert,) = await books.alerts()
    assert await books.cannot_be_delivered(alert.id, KICKED) is None
    assert "no administrator is reachable, closed chat not reported" in capsys.readouterr().out


async def test_a_group_that_became_a_supergroup_takes_everything_with_it(books: Books) -> None:
    await books.opens()
    await books.arrives(7)
    async with books.store.begin() as session:
        await supergroups.move(session, GROUP, -1005, books.now)
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
        answer = outbox.enqueue(
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


# --- private alert chats, and open incidents when a chat closes -------------------------------------------------------


def administered_by(books: Books, *admins: int, chats: tuple[int, ...] = (GROUP,)) -> None:
    given = [Grant(one, "admin" if one in admins else "operator") for one in ADMINS]
    books.grants = GrantBook(books.store, lambda: books.now, given, BUILT_IN, Signal())
    books.people._grants = books.grants
    books.chats = [Destination(chat) for chat in chats]
    books.incident_manager = books.another_incident_manager()


async def sounds(books: Books, chat: int) -> list[bool]:
    return [not row.silent for row in await books.alerts(chat) if row.template == "alert"]


async def test_the_only_administrator_gets_what_a_person_for_alerts_does_not_take(books: Books) -> None:
    administered_by(books, ANNA, chats=(VERA,))
    await books.opens()
    (alert,) = await books.alerts(VERA)
    reason = "Forbidden: bot can't initiate conversation with a user"
    assert await books.cannot_be_delivered(alert.id, reason) == "Anna"
    note, card = await books.alerts(ANNA)
    assert "One of ALERT_CHATS takes no alerts from me" in read(note)
    assert "Vera: They never started me. They must open me and press Start." in read(note)
    assert (card.template, card.silent) == ("alert", False)
    await books.arrives()
    for _ in range(2):
        books.passes(600)
        await books.tick()
        await books.arrives()
    assert await sounds(books, ANNA) == [True, True], "nobody else is on call, so she is asked by name"


async def test_a_group_lost_amid_an_outage_is_stood_in_for_at_once_and_the_next_is_asked_in_time(books: Books) -> None:
    administered_by(books, ANNA)
    books.on_call.levels = [[BORIS, ANNA]]
    await books.opens()
    await books.arrives()
    books.passes(5)
    async with books.store.begin() as session:
        await blocked_chats.close(session, GROUP, KICKED, books.now)
        await books.fallback.shut_out(session, GROUP, books.now)
    assert await sounds(books, ANNA) == [False], "Boris is awake for it"
    await books.arrives()
    books.passes(600)
    await books.tick()
    assert await sounds(books, ANNA) == [False, True]
    assert (await books.incident()).facts["asked"] == ["Boris", "Anna"]
    async with books.store.begin() as session:
        for chat, since in (await blocked_chats.reopen(session, [GROUP], books.now)).items():
            await books.fallback.let_in(session, chat, since, books.now)
    await books.arrives()
    assert len(await books.alerts()) == 2, "what is open is shown to the group again"
    await books.ends()
    assert [row.chat_id for row in await books.owed() if row.template == "alert_over"] == [GROUP, BORIS, ANNA]


async def test_a_group_let_in_after_the_end_sees_that_it_is_over(books: Books) -> None:
    await books.opens()
    await books.arrives(7)
    async with books.store.begin() as session:
        await blocked_chats.close(session, GROUP, KICKED, books.now)
        await books.fallback.shut_out(session, GROUP, books.now)
    books.passes(60)
    await books.ends()
    async with books.store.begin() as session:
        for chat, since in (await blocked_chats.reopen(session, [GROUP], books.now)).items():
            await books.fallback.let_in(session, chat, since, books.now)
    changed = [row for row in await books.owed() if row.chat_id == GROUP][1:]
    assert [(row.action, row.template) for row in changed] == [("edit", "alert"), ("send", "alert_over")]
    assert read(changed[0]).startswith("🟢")
    assert changed[1].silent


async def test_who_is_let_in_and_is_not_notified_anew_keeps_the_message_and_sees_its_end(books: Books) -> None:
    """It is acknowledged by now."""
    books.on_call.levels = [[BORIS, ANNA]]
    number = await books.opens()
    await books.arrives()
    async with books.store.begin() as session:
        await blocked_chats.close(session, BORIS, BLOCKED, books.now)
        await books.fallback.shut_out(session, BORIS, books.now)
    await books.incident_manager.acknowledge(number, ANNA, "Anna", books.now)
    books.passes(60)
    async with books.store.begin() as session:
        for chat, since in (await blocked_chats.reopen(session, [BORIS], books.now)).items():
            await books.fallback.let_in(session, chat, since, books.now)
    told = [row for row in await books.owed() if row.chat_id == BORIS]
    assert len(await books.alerts(BORIS)) == 1
    assert not told[-1].facts["superseded"], "nothing is below it"
    await books.arrives()
    await books.ends()
    assert BORIS in [row.chat_id for row in await books.owed() if row.template == "alert_over"]


async def test_what_was_on_its_way_when_the_group_closed_and_opened_again_is_the_one_message(books: Books) -> None:
    await books.opens()
    async with books.store.begin() as session:
        await blocked_chats.close(session, GROUP, KICKED, books.now)
        await books.fallback.shut_out(session, GROUP, books.now)
        for chat, since in (await blocked_chats.reopen(session, [GROUP], books.now)).items():
            await books.fallback.let_in(session, chat, since, books.now)
    await books.arrives(7)
    assert len(await books.alerts()) == 1
    await books.ends()
    ended = [row for row in await books.owed() if row.chat_id == GROUP and row.action == "edit"]
    assert read(ended[-1]).startswith("🟢")


async def test_the_same_person_is_paged_again_until_they_take_it_and_once_however_late(books: Books) -> None:
    books.on_call.levels = [[ANNA, BORIS]]
    books.plan = EscalationPolicy(page_again_every=timedelta(minutes=2))
    books.incident_manager = books.another_incident_manager()
    number = await books.opens()
    await books.opens("t2")
    for seconds in (120, 125, 240):
        await books.arrives()
        books.passes(seconds)
        books.incident_manager = books.another_incident_manager()
        await books.tick()
    assert await sounds(books, ANNA) == [True] * 4, "two trunks on one message are one page"
    assert await sounds(books, GROUP) == [False]
    for one in (number, number + 1):
        await books.incident_manager.acknowledge(one, ANNA, "Anna", books.now)
    await books.arrives()
    books.passes(3600)
    await books.tick()
    assert len(await sounds(books, ANNA)) == 4
    assert not await books.alerts(BORIS)
