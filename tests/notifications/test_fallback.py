"""Closed chats: another recipient is notified, and the administrators once."""

from collections.abc import AsyncIterator

import pytest

from bot.access.policy import BUILT_IN, Destination, Grant
from bot.incidents.model import Kind
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import blocked_chats, outbox, supergroups
from tests.fixtures import incident_claims
from tests.incident_harness.incident_ledger import ManagerHarness, read
from tests.incident_harness.pbx import ANNA, BLOCKED, BORIS, GROUP, VERA

KICKED = "Forbidden: bot was kicked from the supergroup chat"
ADMINS = (ANNA, BORIS, VERA)


@pytest.fixture
async def manager(database: Database) -> ManagerHarness:
    manager = ManagerHarness(database)
    await manager.meets_everybody()
    return manager


@pytest.fixture(autouse=True)
async def _claims(manager: ManagerHarness) -> AsyncIterator[None]:
    """Check after each test that no undelivered notification counts as delivered."""
    yield
    with manager.database.begin() as session:
        nobody_is_left = blocked_chats.closed(session) >= set(ADMINS)
    assert nobody_is_left or incident_claims.broken_claims(await incident_claims.tables_of(manager.database)) == []


async def told(manager: ManagerHarness, chat: int) -> list[str]:
    return [row.template for row in await manager.owed() if row.chat_id == chat and row.action == "send"]


async def test_an_outage_that_its_group_does_not_take_goes_to_the_administrators(manager: ManagerHarness) -> None:
    await manager.opens()
    (alert,) = await manager.alerts()
    assert await manager.cannot_be_delivered(alert.id, KICKED) == "Anna, Boris, Vera"
    for admin in ADMINS:
        note, card = await manager.alerts(admin)
        assert (note.template, card.template, card.silent) == ("chat_closed", "alert", False)
        assert "I was removed from it. Add me again.\nUntil then its alerts come" in read(note)
    await manager.arrives()
    await manager.ends()
    assert await told(manager, ANNA) == ["chat_closed", "alert", "alert_over"]
    assert await told(manager, GROUP) == ["alert"]


async def test_that_general_is_closed_is_told_with_the_way_out(manager: ManagerHarness) -> None:
    await manager.opens()
    (alert,) = await manager.alerts()
    await manager.cannot_be_delivered(alert.id, "TOPIC_CLOSED")
    note, _ = await manager.alerts(ANNA)
    assert f"General is closed. Name one of its topics in ALERT_CHATS, like {GROUP}:5" in read(note)


async def test_the_next_outage_does_not_even_try_the_group_and_says_nothing_of_it_again(
    manager: ManagerHarness,
) -> None:
    await manager.opens()
    await manager.cannot_be_delivered((await manager.alerts())[0].id, KICKED)
    await manager.arrives()
    manager.passes(600)
    await manager.opens("t2")
    assert await told(manager, GROUP) == ["alert"]
    assert await told(manager, ANNA) == ["chat_closed", "alert", "alert"]


async def test_a_group_that_lets_the_bot_in_again_gets_the_next_one(manager: ManagerHarness) -> None:
    await manager.opens()
    await manager.cannot_be_delivered((await manager.alerts())[0].id, KICKED)
    with manager.database.begin() as session:
        blocked_chats.reopen(session, [GROUP], manager.now)
    await manager.arrives()
    manager.passes(600)
    await manager.opens("t2")
    assert await told(manager, GROUP) == ["alert", "alert"]
    assert await told(manager, ANNA) == ["chat_closed", "alert"]


async def test_the_end_of_what_the_group_saw_goes_to_the_administrators_when_it_is_shut_meanwhile(
    manager: ManagerHarness,
) -> None:
    await manager.opens()
    await manager.arrives()
    await manager.ends()
    over = next(row for row in await manager.owed() if row.template == "alert_over")
    await manager.cannot_be_delivered(over.id, KICKED)
    assert await told(manager, BORIS) == ["chat_closed", "alert_over"]


async def test_a_person_on_call_who_blocked_the_bot_is_passed_over_from_then_on(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA, BORIS]]
    await manager.opens()
    (page,) = await manager.alerts(ANNA)
    await manager.cannot_be_delivered(page.id)
    assert "must open me and press Start" in read((await manager.alerts(VERA))[0])
    await manager.ends()
    manager.passes(3600)
    await manager.opens("t2", Kind.TRUNK_DOWN)
    assert len(await manager.alerts(ANNA)) == 1
    assert (await manager.alerts(BORIS))[-1].template == "alert"


async def test_with_nobody_left_who_takes_anything_it_is_at_least_in_the_log(
    manager: ManagerHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await manager.opens()
    with manager.database.begin() as session:
        for admin in ADMINS:
            blocked_chats.close(session, admin, "Forbidden: bot was blocked by the user", manager.now)
    (alert,) = await manager.alerts()
    assert await manager.cannot_be_delivered(alert.id, KICKED) is None
    assert "no administrator is reachable, closed chat not reported" in capsys.readouterr().out


async def test_a_group_that_became_a_supergroup_takes_everything_with_it(manager: ManagerHarness) -> None:
    await manager.opens()
    await manager.arrives(7)
    with manager.database.begin() as session:
        supergroups.migrate(session, GROUP, -1005, manager.now)
    number = (await manager.incident()).id
    manager.passes(1800)
    await manager.tick()
    below = (await manager.alerts(-1005))[-1]
    assert below.message_id is None, "it is put into the supergroup anew, for the old message cannot be changed"
    assert (await manager.incident()).id == number
    await manager.arrives(8)
    await manager.ends()
    assert (await told(manager, -1005))[-1] == "alert_over"
    assert not await manager.alerts()


async def test_what_was_said_to_one_person_is_passed_on_to_nobody(manager: ManagerHarness) -> None:
    with manager.database.begin() as session:
        answer = outbox.enqueue(
            session, chat_id=GROUP, thread_id=None, template="access_answer", facts={"station": "x"}, now=manager.now
        )
    assert await manager.cannot_be_delivered(answer.id, KICKED) is None
    assert await told(manager, ANNA) == ["chat_closed"]


async def test_an_outage_that_is_over_before_its_group_refuses_it_is_passed_on_as_it_ended(
    manager: ManagerHarness,
) -> None:
    await manager.opens()
    (alert,) = await manager.alerts()
    with manager.database.begin() as session:
        assert outbox.claim(session, alert.id, manager.now)
    await manager.ends()
    await manager.cannot_be_delivered(alert.id, KICKED)
    _, passed_on = await manager.alerts(ANNA)
    assert read(passed_on).startswith("🟢")


async def test_a_message_with_a_newer_one_below_it_is_not_passed_on(manager: ManagerHarness) -> None:
    await manager.opens()
    (first,) = await manager.alerts()
    await manager.arrives()
    manager.passes(7200)
    await manager.tick()
    before = await told(manager, ANNA)
    await manager.cannot_be_delivered(first.id, KICKED)
    assert await told(manager, ANNA) == [*before, "chat_closed"]


# --- private alert chats, and open incidents when a chat closes -------------------------------------------------------


def administered_by(manager: ManagerHarness, *admins: int, chats: tuple[int, ...] = (GROUP,)) -> None:
    given = [Grant(one, "admin" if one in admins else "operator") for one in ADMINS]
    manager.grants = Grants(manager.database, manager.clock, given, BUILT_IN, Signal())
    manager.chats = [Destination(chat) for chat in chats]
    manager.incident_manager = manager.another_incident_manager()


async def sounds(manager: ManagerHarness, chat: int) -> list[bool]:
    return [not row.silent for row in await manager.alerts(chat) if row.template == "alert"]


async def test_the_only_administrator_gets_what_a_person_for_alerts_does_not_take(manager: ManagerHarness) -> None:
    administered_by(manager, ANNA, chats=(VERA,))
    await manager.opens()
    (alert,) = await manager.alerts(VERA)
    reason = "Forbidden: bot can't initiate conversation with a user"
    assert await manager.cannot_be_delivered(alert.id, reason) == "Anna"
    note, card = await manager.alerts(ANNA)
    assert "One of ALERT_CHATS takes no alerts from me" in read(note)
    assert "Vera: They never started me. They must open me and press Start." in read(note)
    assert (card.template, card.silent) == ("alert", False)
    await manager.arrives()
    for _ in range(2):
        manager.passes(600)
        await manager.tick()
        await manager.arrives()
    assert await sounds(manager, ANNA) == [True, True], "nobody else is on call, so she is asked by name"


async def test_a_group_lost_amid_an_outage_is_replaced_at_once_and_the_next_is_paged_in_time(
    manager: ManagerHarness,
) -> None:
    administered_by(manager, ANNA)
    manager.on_call.levels = [[BORIS, ANNA]]
    await manager.opens()
    await manager.arrives()
    manager.passes(5)
    with manager.database.begin() as session:
        blocked_chats.close(session, GROUP, KICKED, manager.now)
        manager.fallback.on_chat_blocked(session, GROUP, manager.now)
    assert await sounds(manager, ANNA) == [False], "Boris is awake for it"
    await manager.arrives()
    manager.passes(600)
    await manager.tick()
    assert await sounds(manager, ANNA) == [False, True]
    assert (await manager.incident()).facts["asked"] == ["Boris", "Anna"]
    with manager.database.begin() as session:
        for chat, since in blocked_chats.reopen(session, [GROUP], manager.now).items():
            manager.fallback.on_chat_unblocked(session, chat, since, manager.now)
    await manager.arrives()
    assert len(await manager.alerts()) == 2, "what is open is shown to the group again"
    await manager.ends()
    assert [row.chat_id for row in await manager.owed() if row.template == "alert_over"] == [GROUP, BORIS, ANNA]


async def test_a_group_let_in_after_the_end_sees_that_it_is_over(manager: ManagerHarness) -> None:
    await manager.opens()
    await manager.arrives(7)
    with manager.database.begin() as session:
        blocked_chats.close(session, GROUP, KICKED, manager.now)
        manager.fallback.on_chat_blocked(session, GROUP, manager.now)
    manager.passes(60)
    await manager.ends()
    with manager.database.begin() as session:
        for chat, since in blocked_chats.reopen(session, [GROUP], manager.now).items():
            manager.fallback.on_chat_unblocked(session, chat, since, manager.now)
    changed = [row for row in await manager.owed() if row.chat_id == GROUP][1:]
    assert [(row.action, row.template) for row in changed] == [("edit", "alert"), ("send", "alert_over")]
    assert read(changed[0]).startswith("🟢")
    assert changed[1].silent


async def test_who_is_let_in_and_is_not_told_anew_keeps_the_message_and_sees_its_end(manager: ManagerHarness) -> None:
    """It is acknowledged by now."""
    manager.on_call.levels = [[BORIS, ANNA]]
    number = await manager.opens()
    await manager.arrives()
    with manager.database.begin() as session:
        blocked_chats.close(session, BORIS, BLOCKED, manager.now)
        manager.fallback.on_chat_blocked(session, BORIS, manager.now)
    await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
    manager.passes(60)
    with manager.database.begin() as session:
        for chat, since in blocked_chats.reopen(session, [BORIS], manager.now).items():
            manager.fallback.on_chat_unblocked(session, chat, since, manager.now)
    told = [row for row in await manager.owed() if row.chat_id == BORIS]
    assert len(await manager.alerts(BORIS)) == 1
    assert not told[-1].facts["superseded"], "nothing is below it"
    await manager.arrives()
    await manager.ends()
    assert BORIS in [row.chat_id for row in await manager.owed() if row.template == "alert_over"]


async def test_what_was_on_its_way_when_the_group_closed_and_opened_again_is_the_one_message(
    manager: ManagerHarness,
) -> None:
    await manager.opens()
    with manager.database.begin() as session:
        blocked_chats.close(session, GROUP, KICKED, manager.now)
        manager.fallback.on_chat_blocked(session, GROUP, manager.now)
        for chat, since in blocked_chats.reopen(session, [GROUP], manager.now).items():
            manager.fallback.on_chat_unblocked(session, chat, since, manager.now)
    await manager.arrives(7)
    assert len(await manager.alerts()) == 1
    await manager.ends()
    ended = [row for row in await manager.owed() if row.chat_id == GROUP and row.action == "edit"]
    assert read(ended[-1]).startswith("🟢")


async def test_the_same_person_is_paged_again_until_they_take_it_and_once_however_late(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA, BORIS]]
    manager.page_again_every = 120.0
    manager.incident_manager = manager.another_incident_manager()
    number = await manager.opens()
    await manager.opens("t2")
    for seconds in (120, 125, 240):
        await manager.arrives()
        manager.passes(seconds)
        manager.incident_manager = manager.another_incident_manager()
        await manager.tick()
    assert await sounds(manager, ANNA) == [True] * 4, "two trunks on one message are one page"
    assert await sounds(manager, GROUP) == [False]
    for one in (number, number + 1):
        await manager.incident_manager.acknowledge(one, ANNA, "Anna", manager.now)
    await manager.arrives()
    manager.passes(3600)
    await manager.tick()
    assert len(await sounds(manager, ANNA)) == 4
    assert not await manager.alerts(BORIS)
