"""Two-person rule: approvers, their options, and the person in whose name the action runs."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.access.policy import Grant, Permission
from bot.messages.message import Button, Message
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.messages import Keyboard, Outgoing
from handlers.dispatch.request import Question, Reply
from handlers.dispatch.rules import Where
from handlers.safety.two_person import APPROVAL_TIMEOUT
from tests.handlers.dispatcher_harness import ANNA, GROUP, OLGA, SAM, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW

DEED = "trunk.switch_now"
QUESTION = Reply(Message("broken", {}, ((Button("Yes", DEED, {"id": "T"}),),)), confirm=True)


@pytest.fixture
def harness(database: Database) -> DispatcherHarness:
    harness = DispatcherHarness(database, two_person=frozenset({Permission.TRUNKS_WRITE}))
    harness.offers("ask", Permission.TRUNKS_WRITE, QUESTION)
    done = Reply(Message("broken"), outcome="switched")
    harness.on_press(DEED, Permission.TRUNKS_WRITE, done, writes="Switch a trunk on or off")
    return harness


async def said_yes(harness: DispatcherHarness, chat: int = GROUP) -> Keyboard:
    """Ask and confirm as Anna; return the approval buttons in the original chat."""
    await harness.types("/ask", chat=chat)
    harness.done.clear()
    await harness.presses(harness.chat.keyboards[-1], chat=chat)
    return harness.chat.keyboards[-1]


async def owed(harness: DispatcherHarness) -> list[Outgoing]:
    with harness.database.begin() as session:
        return list((session.execute(select(Outgoing))).scalars())


async def buttons_of(harness: DispatcherHarness, notice: Outgoing) -> Keyboard:
    with harness.database.begin() as session:
        keyboard = session.get(Keyboard, notice.keyboard_id)
    assert keyboard is not None
    return keyboard


async def test_in_a_group_somebody_else_confirms_and_it_is_done_in_the_askers_name(harness: DispatcherHarness) -> None:
    keyboard = await said_yes(harness)
    assert harness.chat.edited[-1] == "second_person"
    await harness.presses(keyboard, ANNA)
    assert not harness.done
    assert "another person" in str(harness.chat.toasts[-1])
    await harness.presses(keyboard, OLGA)
    assert [(one.actor.id, one.place.chat, one.data) for one in harness.done] == [(ANNA, GROUP, {"id": "T"})]
    row = (await harness.audit())[-1]
    assert (row.what, row.actor_id, row.arguments) == (DEED, OLGA, "asked by 1 A")
    assert (await harness.outcomes())[-1].outcome == "switched"


async def test_everybody_else_with_the_right_is_asked_in_private(harness: DispatcherHarness) -> None:
    await said_yes(harness, chat=ANNA)
    (notice,) = await owed(harness)
    assert (notice.chat_id, notice.template, notice.facts["first"]) == (OLGA, "second_person", "A")
    # The bot's own text and the button; not the text that the press came with.
    assert notice.facts["lines"][0].startswith("⚠️ Something broke inside the bot.")
    assert notice.facts["button"] == "Yes"
    await harness.presses(await buttons_of(harness, notice), OLGA, OLGA)
    assert [(one.actor.id, one.place.chat) for one in harness.done] == [(ANNA, ANNA)]
    assert harness.chat.edited[-2:] == ["broken", "second_person_confirmed"]


async def test_words_are_shown_with_what_they_answer_and_nothing_long_is_left_out(harness: DispatcherHarness) -> None:
    harness.on_answer(DEED, Permission.TRUNKS_WRITE, Reply(Message("broken")))
    harness.catalogue.answers[DEED] = replace(
        harness.catalogue.answers[DEED], rule=harness.catalogue.buttons[DEED].rule
    )
    harness.offers("name", Permission.TRUNKS_WRITE, Reply(Message("too_early"), question=Question(DEED)))
    await harness.types("/name", chat=ANNA)
    await harness.says("Mango " + "x" * 500, chat=ANNA)
    (notice,) = await owed(harness)
    assert "dated in the future" in notice.facts["lines"][0]
    assert "".join(notice.facts["words"]) == "Mango " + "x" * 500
    assert not harness.done[1:]


async def test_a_keyboard_of_which_nothing_is_kept_is_out_of_date(harness: DispatcherHarness) -> None:
    rows = [[{"label": "x", "action": DEED, "data": {}}]]
    made = new_keyboard(GROUP, rows, now=harness.now, station="Head office")
    with harness.database.begin() as session:
        session.add(made)
    await harness.presses(made)
    assert not harness.done
    assert "out of date" in str(harness.chat.toasts[-1])


async def test_who_has_the_right_from_the_first_or_from_today_is_no_second(database: Database) -> None:
    long_ago = NOW - timedelta(days=2)
    made = Grant(OLGA, "admin", given_by=ANNA, given_at=long_ago)
    harness = DispatcherHarness(
        database, two_person=frozenset({Permission.TRUNKS_WRITE}), grants=(Grant(ANNA, "admin"), made)
    )
    harness.offers("ask", Permission.TRUNKS_WRITE, QUESTION)
    harness.on_press(DEED, Permission.TRUNKS_WRITE, Reply(Message("broken")), writes="Switch a trunk on or off")
    await said_yes(harness)
    assert harness.chat.edited[-1] == "second_person_missing"
    assert harness.chat.shown[-1].facts["not_counted"] == 1
    await harness.types("/ask", OLGA)
    await harness.presses(harness.chat.keyboards[-1], OLGA)
    # Administrators in the settings always count.
    await harness.presses(harness.chat.keyboards[-1], ANNA)
    assert [one.actor.id for one in harness.done][-1] == OLGA


async def test_what_is_for_groups_alone_is_confirmed_in_private_too(harness: DispatcherHarness) -> None:
    harness.on_press(DEED, Permission.TRUNKS_WRITE, Reply(), writes="Give a group access", where=Where.GROUP)
    await said_yes(harness)
    (notice,) = await owed(harness)
    await harness.presses(await buttons_of(harness, notice), OLGA, OLGA)
    assert [(one.actor.id, one.place.chat) for one in harness.done] == [(ANNA, GROUP)]


async def test_in_private_the_asker_can_only_take_it_back(harness: DispatcherHarness) -> None:
    keyboard = await said_yes(harness, chat=ANNA)
    assert [[button["action"] for button in row] for row in keyboard.rows] == [["second.refuse"]]
    await harness.presses(keyboard, ANNA, ANNA)
    (notice,) = await owed(harness)
    await harness.presses(await buttons_of(harness, notice), OLGA, OLGA)
    assert not harness.done
    assert "no longer open" in str(harness.chat.toasts[-1])


async def test_a_second_person_may_refuse(harness: DispatcherHarness) -> None:
    keyboard = await said_yes(harness)
    await harness.presses(keyboard, OLGA, place="0:1")
    await harness.presses(keyboard, OLGA)
    assert not harness.done
    assert harness.chat.edited[-1] == "second_person_refused"


@pytest.mark.parametrize("person", [VERA, SAM])
async def test_a_second_person_needs_the_right(harness: DispatcherHarness, person: int) -> None:
    keyboard = await said_yes(harness)
    await harness.presses(keyboard, person)
    await harness.presses(keyboard, person, place="0:1")
    assert not harness.done


async def test_two_who_confirm_at_once_do_it_once(harness: DispatcherHarness) -> None:
    keyboard = await said_yes(harness)
    (notice,) = await owed(harness)
    in_private = await buttons_of(harness, notice)
    await asyncio.gather(harness.presses(keyboard, OLGA), harness.presses(in_private, OLGA, OLGA))
    assert len(harness.done) == 1


async def test_nobody_waits_for_ever(harness: DispatcherHarness) -> None:
    keyboard = await said_yes(harness)
    harness.now += APPROVAL_TIMEOUT + timedelta(seconds=1)
    await harness.presses(keyboard, OLGA)
    assert not harness.done


async def test_without_a_second_person_it_is_said_and_not_done(database: Database) -> None:
    harness = DispatcherHarness(database, two_person=frozenset({Permission.TRUNKS_WRITE}))
    harness.book._settings = harness.book._settings[:1]
    harness.offers("ask", Permission.TRUNKS_WRITE, QUESTION)
    harness.on_press(DEED, Permission.TRUNKS_WRITE, Reply(), writes="Switch a trunk on or off")
    await said_yes(harness)
    assert not harness.done
    assert harness.chat.edited[-1] == "second_person_missing"


async def test_what_is_asked_for_does_not_expire_while_it_waits(harness: DispatcherHarness) -> None:
    kept = await harness.services.temporary_payloads.put({"draft": 1}, timedelta(minutes=3))
    question = Reply(Message("broken", {}, ((Button("Yes", DEED, {"kept": kept}),),)), confirm=True)
    harness.offers("ask", Permission.TRUNKS_WRITE, question)
    await said_yes(harness)
    assert await harness.services.temporary_payloads.peek(kept) is None
    harness.now += timedelta(minutes=29)
    await harness.presses(harness.chat.keyboards[-1], OLGA)
    assert [one.kept for one in harness.done] == [{"draft": 1}]


async def test_what_no_setting_names_needs_one_person(harness: DispatcherHarness) -> None:
    harness.on_press(DEED, Permission.EMPLOYEES_WRITE, Reply(Message("broken")), writes="Create an employee")
    await said_yes(harness)
    assert len(harness.done) == 1
