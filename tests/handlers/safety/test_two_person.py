"""Two-person rule: approvers, their options, and the person in whose name the action runs."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.access.policy import Grant, Permission
from bot.messages.message import Button, Message
from bot.store.database import Store
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.incidents import Keyboard, Outgoing
from handlers.dispatch.declare import Question, Reply
from handlers.dispatch.rules import Where
from handlers.safety.two_person import WITHIN
from tests.handlers.dispatcher_harness import ANNA, GROUP, NOW, OLGA, SAM, VERA, Bench

DEED = "trunk.switch_now"
QUESTION = Reply(Message("broken", {}, ((Button("Yes", DEED, {"id": "T"}),),)), confirm=True)


@pytest.fixture
def bench(store: Store) -> Bench:
    bench = Bench(store, two_person=frozenset({Permission.TRUNKS}))
    bench.offers("ask", Permission.TRUNKS, QUESTION)
    done = Reply(Message("broken"), outcome="switched")
    bench.on_press(DEED, Permission.TRUNKS, done, writes="Switch a trunk on or off")
    return bench


async def said_yes(bench: Bench, chat: int = GROUP) -> Keyboard:
    """Ask and confirm as Anna; return the approval buttons in the original chat."""
    await bench.types("/ask", chat=chat)
    bench.done.clear()
    await bench.presses(bench.chat.keyboards[-1], chat=chat)
    return bench.chat.keyboards[-1]


async def owed(bench: Bench) -> list[Outgoing]:
    async with bench.store.begin() as session:
        return list((await session.execute(select(Outgoing))).scalars())


async def buttons_of(bench: Bench, notice: Outgoing) -> Keyboard:
    async with bench.store.begin() as session:
        keyboard = await session.get(Keyboard, notice.keyboard_id)
    assert keyboard is not None
    return keyboard


async def test_in_a_group_somebody_else_confirms_and_it_is_done_in_the_askers_name(bench: Bench) -> None:
    keyboard = await said_yes(bench)
    assert bench.chat.edited[-1] == "second_person"
    await bench.presses(keyboard, ANNA)
    assert not bench.done
    assert "another person" in str(bench.chat.toasts[-1])
    await bench.presses(keyboard, OLGA)
    assert [(one.actor.id, one.place.chat, one.data) for one in bench.done] == [(ANNA, GROUP, {"id": "T"})]
    row = (await bench.audit())[-1]
    assert (row.what, row.actor_id, row.arguments) == (DEED, OLGA, "asked by 1 A")
    assert (await bench.outcomes())[-1].outcome == "switched"


async def test_everybody_else_with_the_right_is_asked_in_private(bench: Bench) -> None:
    await said_yes(bench, chat=ANNA)
    (notice,) = await owed(bench)
    assert (notice.chat_id, notice.template, notice.facts["first"]) == (OLGA, "second_person", "A")
    # The bot's own text and the button; not the text that the press came with.
    assert notice.facts["lines"][0].startswith("⚠️ Something broke inside the bot.")
    assert notice.facts["button"] == "Yes"
    await bench.presses(await buttons_of(bench, notice), OLGA, OLGA)
    assert [(one.actor.id, one.place.chat) for one in bench.done] == [(ANNA, ANNA)]
    assert bench.chat.edited[-2:] == ["broken", "second_person_confirmed"]


async def test_words_are_shown_with_what_they_answer_and_nothing_long_is_left_out(bench: Bench) -> None:
    bench.on_answer(DEED, Permission.TRUNKS, Reply(Message("broken")))
    bench.catalogue.answers[DEED] = replace(bench.catalogue.answers[DEED], rule=bench.catalogue.presses[DEED].rule)
    bench.offers("name", Permission.TRUNKS, Reply(Message("too_early"), question=Question(DEED)))
    await bench.types("/name", chat=ANNA)
    await bench.says("Mango " + "x" * 500, chat=ANNA)
    (notice,) = await owed(bench)
    assert "dated in the future" in notice.facts["lines"][0]
    assert "".join(notice.facts["words"]) == "Mango " + "x" * 500
    assert not bench.done[1:]


async def test_a_keyboard_of_which_nothing_is_kept_is_out_of_date(bench: Bench) -> None:
    rows = [[{"label": "x", "action": DEED, "data": {}}]]
    made = new_keyboard(GROUP, rows, now=bench.now, station="Head office")
    async with bench.store.begin() as session:
        session.add(made)
    await bench.presses(made)
    assert not bench.done
    assert "out of date" in str(bench.chat.toasts[-1])


async def test_who_has_the_right_from_the_first_or_from_today_is_no_second(store: Store) -> None:
    long_ago = NOW - timedelta(days=2)
    made = Grant(OLGA, "admin", given_by=ANNA, given_at=long_ago)
    bench = Bench(store, two_person=frozenset({Permission.TRUNKS}), grants=(Grant(ANNA, "admin"), made))
    bench.offers("ask", Permission.TRUNKS, QUESTION)
    bench.on_press(DEED, Permission.TRUNKS, Reply(Message("broken")), writes="Switch a trunk on or off")
    await said_yes(bench)
    assert bench.chat.edited[-1] == "second_person_missing"
    assert bench.chat.shown[-1].facts["not_counted"] == 1
    await bench.types("/ask", OLGA)
    await bench.presses(bench.chat.keyboards[-1], OLGA)
    # Administrators in the settings always count.
    await bench.presses(bench.chat.keyboards[-1], ANNA)
    assert [one.actor.id for one in bench.done][-1] == OLGA


async def test_what_is_for_groups_alone_is_confirmed_in_private_too(bench: Bench) -> None:
    bench.on_press(DEED, Permission.TRUNKS, Reply(), writes="Give a group access", where=Where.GROUP)
    await said_yes(bench)
    (notice,) = await owed(bench)
    await bench.presses(await buttons_of(bench, notice), OLGA, OLGA)
    assert [(one.actor.id, one.place.chat) for one in bench.done] == [(ANNA, GROUP)]


async def test_in_private_the_asker_can_only_take_it_back(bench: Bench) -> None:
    keyboard = await said_yes(bench, chat=ANNA)
    assert [[button["action"] for button in row] for row in keyboard.rows] == [["second.refuse"]]
    await bench.presses(keyboard, ANNA, ANNA)
    (notice,) = await owed(bench)
    await bench.presses(await buttons_of(bench, notice), OLGA, OLGA)
    assert not bench.done
    assert "no longer open" in str(bench.chat.toasts[-1])


async def test_a_second_person_may_refuse(bench: Bench) -> None:
    keyboard = await said_yes(bench)
    await bench.presses(keyboard, OLGA, place="0:1")
    await bench.presses(keyboard, OLGA)
    assert not bench.done
    assert bench.chat.edited[-1] == "second_person_refused"


@pytest.mark.parametrize("person", [VERA, SAM])
async def test_a_second_person_needs_the_right(bench: Bench, person: int) -> None:
    keyboard = await said_yes(bench)
    await bench.presses(keyboard, person)
    await bench.presses(keyboard, person, place="0:1")
    assert not bench.done


async def test_two_who_confirm_at_once_do_it_once(bench: Bench) -> None:
    keyboard = await said_yes(bench)
    (notice,) = await owed(bench)
    in_private = await buttons_of(bench, notice)
    await asyncio.gather(bench.presses(keyboard, OLGA), bench.presses(in_private, OLGA, OLGA))
    assert len(bench.done) == 1


async def test_nobody_waits_for_ever(bench: Bench) -> None:
    keyboard = await said_yes(bench)
    bench.now += WITHIN + timedelta(seconds=1)
    await bench.presses(keyboard, OLGA)
    assert not bench.done


async def test_without_a_second_person_it_is_said_and_not_done(store: Store) -> None:
    bench = Bench(store, two_person=frozenset({Permission.TRUNKS}))
    bench.book._settings = bench.book._settings[:1]
    bench.offers("ask", Permission.TRUNKS, QUESTION)
    bench.on_press(DEED, Permission.TRUNKS, Reply(), writes="Switch a trunk on or off")
    await said_yes(bench)
    assert not bench.done
    assert bench.chat.edited[-1] == "second_person_missing"


async def test_what_is_asked_for_does_not_expire_while_it_waits(bench: Bench) -> None:
    kept = await bench.desk.drawer.put({"draft": 1}, timedelta(minutes=3))
    question = Reply(Message("broken", {}, ((Button("Yes", DEED, {"kept": kept}),),)), confirm=True)
    bench.offers("ask", Permission.TRUNKS, question)
    await said_yes(bench)
    assert await bench.desk.drawer.peek(kept) is None
    bench.now += timedelta(minutes=29)
    await bench.presses(bench.chat.keyboards[-1], OLGA)
    assert [one.kept for one in bench.done] == [{"draft": 1}]


async def test_what_no_setting_names_needs_one_person(bench: Bench) -> None:
    bench.on_press(DEED, Permission.EMPLOYEES, Reply(Message("broken")), writes="Create an employee")
    await said_yes(bench)
    assert len(bench.done) == 1
