"""Dispatcher: every request is decided and audited, and runs only after a decision."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.access.policy import Grant, Permission
from bot.messages.message import Button, Message
from bot.pbx import Forbidden
from bot.store.database import Store
from bot.store.tables.incidents import Keyboard, Outgoing
from bot.telegram.errors import MessageGone, TryLater, Undeliverable
from handlers.dispatch.declare import Command, Handler, Question, Reply, Request, Secret, WrongArguments
from handlers.dispatch.rules import Rule
from tests.handlers.dispatcher_harness import ANNA, GROUP, NOW, SAM, VERA, Bench


async def test_what_is_allowed_is_done_and_written_down(bench: Bench) -> None:
    bench.offers("status", Permission.STATUS, Reply(Message("broken"), outcome="answered"))
    await bench.types("/status 202")
    assert [request.arguments for request in bench.done] == ["202"]
    (row,) = await bench.audit()
    assert (row.what, row.arguments, row.allowed, row.reason) == ("/status", "202", True, "role admin")
    assert [outcome.outcome for outcome in await bench.outcomes()] == ["answered"]


async def test_what_is_denied_is_not_done_and_written_down(bench: Bench) -> None:
    bench.offers("add", Permission.EMPLOYEES)
    await bench.types("/add x", person=VERA)
    await bench.types("/add x", person=SAM)
    assert not bench.done
    assert [(row.allowed, row.reason) for row in await bench.audit()] == [
        (False, "beyond role viewer"),
        (False, "not a member of the chat"),
    ]
    assert [template for _, template, _ in bench.chat.said] == ["no_right"]


async def test_an_old_command_is_not_done(bench: Bench) -> None:
    bench.offers("status", Permission.STATUS)
    await bench.types("/status", sent=NOW - timedelta(minutes=6))
    assert not bench.done
    assert [template for _, template, _ in bench.chat.said] == ["too_old"]


async def test_an_error_while_deciding_denies_and_is_written_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_case: Any) -> None:
        raise RuntimeError("the decision cannot be made")

    bench.offers("status", Permission.STATUS)
    monkeypatch.setattr("handlers.dispatch.preconditions.judge", broken)
    await bench.types("/status")
    await bench.types("/status", chat=ANNA)
    assert not bench.done
    assert [(row.allowed, row.reason) for row in await bench.audit()] == [(False, "error while deciding")] * 2
    assert [(chat, template) for chat, template, _ in bench.chat.said] == [(ANNA, "undecided")]


async def test_a_decision_that_hangs_denies(store: Store) -> None:
    bench = Bench(store, within=0.05)
    bench.members.slow = 5
    bench.offers("status", Permission.STATUS)
    await bench.types("/status", person=SAM)
    assert not bench.done
    assert [row.reason for row in await bench.audit()] == ["error while deciding"]


async def test_without_its_audit_row_nothing_is_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.offers("status", Permission.STATUS)

    async def broken(*_: Any) -> int:
        raise OSError("disk full")

    monkeypatch.setattr("handlers.dispatch.authorizer.audit.record_decision", broken)
    with pytest.raises(OSError, match="disk full"):
        await bench.types("/status")
    assert not bench.done


QUESTION = Reply(Message("broken", {}, ((Button("Yes", "thing.do", {"n": 1}),),)), confirm=True)


async def ask(bench: Bench) -> Keyboard:
    bench.offers("ask", Permission.EMPLOYEES, QUESTION)
    bench.on_press("thing.do", Permission.EMPLOYEES, Reply(Message("broken"), toast="Done."))
    await bench.types("/ask")
    return bench.chat.keyboards[-1]


async def test_a_confirmation_is_for_the_asker_once_and_soon(bench: Bench) -> None:
    keyboard = await ask(bench)
    assert (keyboard.asker_id, keyboard.single_use) == (ANNA, True)
    assert keyboard.expires_at == NOW + timedelta(minutes=2)


async def test_the_store_knows_the_message_of_each_keyboard_and_needs_no_transaction_more_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0
    begin = Store.begin

    def counted(store: Store) -> Any:
        nonlocal begun
        begun += 1
        return begin(store)

    bench.offers("plain", Permission.STATUS, Reply(Message("broken")))
    view = Message("broken", {}, ((Button("Refresh", "thing.show"),),))
    bench.offers("view", Permission.STATUS, Reply(view))
    bench.on_press("thing.show", Permission.STATUS, Reply(view))
    await bench.types("/plain")
    monkeypatch.setattr(Store, "begin", counted)
    await bench.types("/plain")
    plain, begun = begun, 0
    await bench.types("/view")
    # The buttons are stored before they are sent.
    assert begun == plain + 1
    sent = len(bench.chat.said)
    await bench.presses(bench.chat.keyboards[-1])
    async with bench.store.begin() as session:
        known = [await session.get_one(Keyboard, keyboard.id) for keyboard in bench.chat.keyboards]
    # The press belongs to message 7, which it changed.
    assert [keyboard.message_id for keyboard in known] == [sent, 7]


async def test_a_press_tells_of_the_message_what_a_killed_run_could_not(bench: Bench) -> None:
    keyboard = await ask(bench)
    async with bench.store.begin() as session:
        (await session.get_one(Keyboard, keyboard.id)).message_id = None
    await bench.presses(keyboard)
    assert bench.done[-1].data == {"n": 1}
    async with bench.store.begin() as session:
        assert (await session.get_one(Keyboard, keyboard.id)).message_id == 7


async def test_pressed_by_many_and_often_it_is_done_once(bench: Bench) -> None:
    keyboard = await ask(bench)
    bench.done.clear()
    await asyncio.gather(*(bench.presses(keyboard, person) for person in (ANNA, SAM, ANNA, VERA, ANNA)))
    assert [request.data for request in bench.done] == [{"n": 1}]
    decisions = [row.reason for row in await bench.audit() if row.what == "thing.do"]
    assert sorted(decisions) == sorted(
        ["role admin", "already used", "already used", *["button of another person"] * 2]
    )


@pytest.mark.parametrize("place", ["0:1", "1:0", "9:9"])
async def test_a_place_without_a_button_does_nothing(bench: Bench, place: str) -> None:
    keyboard = await ask(bench)
    bench.done.clear()
    await bench.presses(keyboard, place=place)
    assert not bench.done
    assert "out of date" in str(bench.chat.toasts[-1])


async def test_a_button_of_another_chat_does_nothing(bench: Bench) -> None:
    keyboard = await ask(bench)
    bench.done.clear()
    await bench.presses(keyboard, chat=-200)
    assert not bench.done


@pytest.mark.parametrize(
    ("error", "template"),
    [
        (WrongArguments("A name is missing."), "wrong_arguments"),
        (Forbidden("Call Records", "read"), "problem"),
        (RuntimeError("bug"), "broken"),
    ],
)
async def test_whatever_happens_the_person_gets_an_answer(bench: Bench, error: Exception, template: str) -> None:
    bench.offers("cdr", Permission.RECORDS, error, usage="[period]", examples=("/cdr today",))
    await bench.types("/cdr x")
    assert [said for _, said, _ in bench.chat.said] == [template]
    assert len(await bench.outcomes()) == 1


async def test_an_answer_whose_message_is_gone_comes_as_a_new_one(bench: Bench) -> None:
    keyboard = await ask(bench)
    bench.chat.failures = [MessageGone("gone")]
    said = len(bench.chat.said)
    await bench.presses(keyboard)
    assert len(bench.chat.said) == said + 1


async def test_an_answer_telegram_did_not_take_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_sleep(_seconds: float) -> None:
        return None

    monkeypatch.setattr("handlers.dispatch.replier.asyncio.sleep", no_sleep)
    bench.chat.failures = [TryLater("busy", 1), TryLater("busy", 1)]
    bench.catalogue.commands["status"] = Command(
        "status", _answering(Reply(Message("broken"))), Rule(Permission.STATUS), ""
    )
    await bench.types("/status")
    assert len(bench.chat.said) == 1


def _answering(reply: Reply) -> Handler:
    async def handler(_request: Request) -> Reply:
        return reply

    return handler


WANTED = Reply(Message("broken"), question=Question("thing.word", {"n": 1}))


async def wait_for_words(bench: Bench, chat: int = GROUP) -> int:
    """Open a pending reply; returns the id of the message that asks for it."""
    bench.offers("ask", Permission.EMPLOYEES, WANTED)
    bench.on_answer("thing.word", Permission.EMPLOYEES, Reply(Message("broken"), outcome="heard"))
    await bench.types("/ask", chat=chat)
    bench.done.clear()
    return len(bench.chat.said)


async def test_in_private_the_next_words_are_the_answer_and_only_once(bench: Bench) -> None:
    await wait_for_words(bench, chat=ANNA)
    await bench.says("s3cret", chat=ANNA)
    await bench.says("again", chat=ANNA)
    assert [(request.arguments, request.data) for request in bench.done] == [("s3cret", {"n": 1})]
    row = (await bench.audit())[-1]
    assert (row.what, row.arguments) == ("thing.word", "")
    assert (await bench.outcomes())[-1].outcome == "heard"
    assert bench.chat.said[-1][1] == "not_a_command"


async def test_in_a_group_only_the_askers_reply_to_the_question_is_the_answer(bench: Bench) -> None:
    asking = await wait_for_words(bench)
    said = len(bench.chat.said)
    await bench.says("hello everybody")
    await bench.says("mine", replied_to=asking + 1)
    await bench.says("not asked", person=2, replied_to=asking)
    assert not bench.done
    assert len(bench.chat.said) == said
    await bench.says("yes", replied_to=asking)
    assert [request.arguments for request in bench.done] == ["yes"]


async def test_an_answer_needs_the_right_at_that_moment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await wait_for_words(bench, chat=ANNA)
    monkeypatch.setattr(bench.book, "_settings", (Grant(ANNA, "viewer"),))
    await bench.says("s3cret", chat=ANNA)
    assert not bench.done
    assert (await bench.audit())[-1].reason == "beyond role viewer"
    assert bench.chat.said[-1][1] == "no_right_now"


async def test_words_that_waited_too_long_answer_nothing(bench: Bench) -> None:
    await wait_for_words(bench, chat=ANNA)
    await bench.says("s3cret", chat=ANNA, sent=NOW - timedelta(minutes=6))
    assert not bench.done
    assert (await bench.audit())[-1].reason == "too old"


async def test_an_answer_that_cannot_be_meant_is_asked_for_again(bench: Bench) -> None:
    await wait_for_words(bench, chat=ANNA)
    bench.on_answer("thing.word", Permission.EMPLOYEES, WrongArguments("A name is missing."))
    await bench.says("", chat=ANNA)
    await bench.says("x", chat=ANNA)
    await bench.says("y", chat=ANNA)
    assert [request.arguments for request in bench.done] == ["x", "y"]


async def test_a_stranger_who_talks_in_private_gets_silence(bench: Bench) -> None:
    await bench.says("hello", person=SAM, chat=SAM)
    assert not bench.chat.said


async def test_an_answer_goes_on_after_it_is_given_and_ends_in_its_audit_row(bench: Bench) -> None:
    go_on = asyncio.Event()

    async def later() -> Reply:
        await go_on.wait()
        return Reply(Message("too_old"), outcome="registered")

    bench.offers("add", Permission.EMPLOYEES, Reply(Message("broken"), then=later, outcome="created"))
    await bench.types("/add x")
    assert (await bench.outcomes())[-1].outcome == "created"
    go_on.set()
    await bench.dispatcher.finish(5)
    assert bench.chat.edited == ["too_old"]
    assert (await bench.outcomes())[-1].outcome == "registered"


async def test_what_goes_on_is_told_that_the_program_ends(bench: Bench) -> None:
    async def handler(request: Request) -> Reply:
        async def later() -> Reply:
            while not request.stopping():  # noqa: ASYNC110 (stands for a step of work)
                await asyncio.sleep(0)
            return Reply(outcome="stopped between two steps")

        return Reply(Message("broken"), then=later)

    bench.catalogue.commands["add"] = Command("add", handler, Rule(Permission.EMPLOYEES), "")
    await bench.types("/add x")
    await bench.dispatcher.finish(5)
    assert (await bench.outcomes())[-1].outcome == "stopped between two steps"


async def test_passwords_and_pasted_lists_are_not_written_down(bench: Bench) -> None:
    bench.offers("add", Permission.EMPLOYEES)
    await bench.types('/add "Zadarma" password="my s3cret" host=x пароль=тайна\n243,John,Qw3rty')
    (row,) = await bench.audit()
    assert row.arguments == '"Zadarma" password=•••'


async def test_a_secret_goes_to_the_asker_alone_and_is_owed_its_deletion(bench: Bench) -> None:
    secret = Secret(Message("broken", protected=True))
    bench.catalogue.commands["ask"] = Command("ask", _answering(Reply(secret=secret)), Rule(Permission.EMPLOYEES), "")
    await bench.types("/ask")
    assert [chat for chat, _, _ in bench.chat.said] == [ANNA]
    async with bench.store.begin() as session:
        (row,) = (await session.execute(select(Outgoing))).scalars()
    assert (row.action, row.chat_id, row.message_id) == ("delete", ANNA, 1)
    assert row.not_before - row.created_at == timedelta(minutes=10)


async def test_a_secret_that_cannot_be_delivered_is_known_not_to_be(bench: Bench) -> None:
    results: list[bool] = []

    async def handler(request: Request) -> Reply:
        results.append(await request.chat.send_secret(Secret(Message("broken"))))
        return Reply()

    bench.catalogue.commands["ask"] = Command("ask", handler, Rule(Permission.EMPLOYEES), "")
    bench.chat.failures = [Undeliverable("blocked")]
    await bench.types("/ask")
    assert results == [False]
