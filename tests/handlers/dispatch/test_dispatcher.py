"""Dispatcher: every request is decided and audited, and runs only after a decision."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.access.policy import Grant, Permission
from bot.messages.message import Button, Message
from bot.pbx import Forbidden
from bot.store.database import Database, OperationalError
from bot.store.tables.messages import Keyboard, Outgoing
from bot.telegram.errors import MessageGone, TryLater, Undeliverable
from handlers.dispatch.declare import Command
from handlers.dispatch.request import Handler, Question, Reply, Request, Secret, WrongArguments
from handlers.dispatch.rules import Rule
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW


async def test_what_is_allowed_is_done_and_written_down(harness: DispatcherHarness) -> None:
    harness.offers("status", Permission.STATUS_READ, Reply(Message("broken"), outcome="answered"))
    await harness.types("/status 202")
    assert [request.arguments for request in harness.done] == ["202"]
    (row,) = await harness.audit()
    assert (row.what, row.arguments, row.allowed, row.reason) == ("/status", "202", True, "role admin")
    assert [outcome.outcome for outcome in await harness.outcomes()] == ["answered"]


async def test_what_is_denied_is_not_done_and_written_down(harness: DispatcherHarness) -> None:
    harness.offers("add", Permission.EMPLOYEES_WRITE)
    await harness.types("/add x", person=VERA)
    await harness.types("/add x", person=SAM)
    assert not harness.done
    assert [(row.allowed, row.reason) for row in await harness.audit()] == [
        (False, "beyond role viewer"),
        (False, "not a member of the chat"),
    ]
    assert [template for _, template, _ in harness.chat.said] == ["no_right"]


async def test_an_old_command_is_not_done(harness: DispatcherHarness) -> None:
    harness.offers("status", Permission.STATUS_READ)
    await harness.types("/status", sent=NOW - timedelta(minutes=6))
    assert not harness.done
    assert [template for _, template, _ in harness.chat.said] == ["too_old"]


async def test_an_error_while_deciding_denies_and_is_written_down(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_case: Any) -> None:
        raise RuntimeError("the decision cannot be made")

    harness.offers("status", Permission.STATUS_READ)
    monkeypatch.setattr("handlers.authorization.preconditions.evaluate", broken)
    await harness.types("/status")
    await harness.types("/status", chat=ANNA)
    assert not harness.done
    assert [(row.allowed, row.reason) for row in await harness.audit()] == [(False, "error while deciding")] * 2
    assert [(chat, template) for chat, template, _ in harness.chat.said] == [(ANNA, "undecided")]


async def test_a_decision_that_hangs_denies(database: Database) -> None:
    harness = DispatcherHarness(database)
    harness.hurry(0.05)
    harness.members.slow = 5
    harness.offers("status", Permission.STATUS_READ)
    await harness.types("/status", person=SAM)
    assert not harness.done
    assert [row.reason for row in await harness.audit()] == ["error while deciding"]


async def test_without_its_audit_row_nothing_is_done(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.offers("status", Permission.STATUS_READ)

    def broken(*_: Any) -> int:
        raise OSError("disk full")

    monkeypatch.setattr("handlers.authorization.authorizer.audit.record_decision", broken)
    with pytest.raises(OSError, match="disk full"):
        await harness.types("/status")
    assert not harness.done


QUESTION = Reply(Message("broken", {}, ((Button("Yes", "thing.do", {"n": 1}),),)), confirm=True)


async def ask(harness: DispatcherHarness) -> Keyboard:
    harness.offers("ask", Permission.EMPLOYEES_WRITE, QUESTION)
    harness.on_press("thing.do", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), toast="Done."))
    await harness.types("/ask")
    return harness.chat.keyboards[-1]


async def test_a_confirmation_is_for_the_asker_once_and_soon(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    assert (keyboard.asker_id, keyboard.single_use) == (ANNA, True)
    assert keyboard.expires_at == NOW + timedelta(minutes=2)


async def test_a_press_tells_of_the_message_what_a_killed_run_could_not(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    with harness.database.begin() as session:
        (session.get_one(Keyboard, keyboard.id)).message_id = None
    await harness.presses(keyboard)
    assert harness.done[-1].data == {"n": 1}
    with harness.database.begin() as session:
        assert (session.get_one(Keyboard, keyboard.id)).message_id == 7


async def test_pressed_by_many_and_often_it_is_done_once(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    harness.done.clear()
    await asyncio.gather(*(harness.presses(keyboard, person) for person in (ANNA, SAM, ANNA, VERA, ANNA)))
    assert [request.data for request in harness.done] == [{"n": 1}]
    authorizer = [row.reason for row in await harness.audit() if row.what == "thing.do"]
    assert sorted(authorizer) == sorted(
        ["role admin", "already used", "already used", *["button of another person"] * 2]
    )


@pytest.mark.parametrize("place", ["0:1", "1:0", "9:9"])
async def test_a_place_without_a_button_does_nothing(harness: DispatcherHarness, place: str) -> None:
    keyboard = await ask(harness)
    harness.done.clear()
    await harness.presses(keyboard, place=place)
    assert not harness.done
    assert "out of date" in str(harness.chat.toasts[-1])


async def test_a_button_of_another_chat_does_nothing(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    harness.done.clear()
    await harness.presses(keyboard, chat=-200)
    assert not harness.done


@pytest.mark.parametrize(
    ("error", "template"),
    [
        (WrongArguments("A name is missing."), "wrong_arguments"),
        (Forbidden("Call Records", "read"), "problem"),
        (RuntimeError("bug"), "broken"),
    ],
)
async def test_whatever_happens_the_person_gets_an_answer(
    harness: DispatcherHarness, error: Exception, template: str
) -> None:
    harness.offers("cdr", Permission.CDR_READ, error, usage="[period]", examples=("/cdr today",))
    await harness.types("/cdr x")
    assert [said for _, said, _ in harness.chat.said] == [template]
    assert len(await harness.outcomes()) == 1


async def test_work_goes_on_though_the_buttons_of_its_progress_are_not_stored(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup holds the lock of the database for long, or its server was started anew."""

    async def locked(*_: Any) -> None:
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))

    async def read(request: Request) -> Reply:
        with monkeypatch.context() as patch:
            patch.setattr(harness.database, "run", locked)
            await request.chat.progress(Message("reading", {}, ((Button("⏹ Stop", "work.stop"),),)))
        return Reply(Message("cdr"), outcome="answered")

    harness.catalogue.commands["cdr"] = Command("cdr", read, Rule(Permission.STATUS_READ), "")
    await harness.types("/cdr")
    assert [message.template for message in harness.chat.shown] == ["reading", "cdr"]
    assert [outcome.outcome for outcome in await harness.outcomes()] == ["answered"]


async def test_an_answer_whose_message_is_gone_comes_as_a_new_one(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    harness.chat.failures = [MessageGone("gone")]
    said = len(harness.chat.said)
    await harness.presses(keyboard)
    assert len(harness.chat.said) == said + 1


async def test_an_answer_telegram_did_not_take_is_tried_again(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_sleep(_seconds: float) -> None:
        return None

    monkeypatch.setattr("handlers.dispatch.send_retry.asyncio.sleep", no_sleep)
    harness.chat.failures = [TryLater("busy", 1), TryLater("busy", 1)]
    harness.catalogue.commands["status"] = Command(
        "status", _answering(Reply(Message("broken"))), Rule(Permission.STATUS_READ), ""
    )
    await harness.types("/status")
    assert len(harness.chat.said) == 1


def _answering(reply: Reply) -> Handler:
    async def handler(_request: Request) -> Reply:
        return reply

    return handler


WANTED = Reply(Message("broken"), question=Question("thing.word", {"n": 1}))


async def wait_for_words(harness: DispatcherHarness, chat: int = GROUP) -> int:
    """Open a pending reply; returns the id of the message that asks for it."""
    harness.offers("ask", Permission.EMPLOYEES_WRITE, WANTED)
    harness.on_answer("thing.word", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), outcome="heard"))
    await harness.types("/ask", chat=chat)
    harness.done.clear()
    return len(harness.chat.said)


async def test_in_private_the_next_words_are_the_answer_and_only_once(harness: DispatcherHarness) -> None:
    await wait_for_words(harness, chat=ANNA)
    await harness.says("s3cret", chat=ANNA)
    await harness.says("again", chat=ANNA)
    assert [(request.arguments, request.data) for request in harness.done] == [("s3cret", {"n": 1})]
    row = (await harness.audit())[-1]
    assert (row.what, row.arguments) == ("thing.word", "")
    assert (await harness.outcomes())[-1].outcome == "heard"
    assert harness.chat.said[-1][1] == "not_a_command"


async def test_in_a_group_only_the_askers_reply_to_the_question_is_the_answer(harness: DispatcherHarness) -> None:
    asking = await wait_for_words(harness)
    said = len(harness.chat.said)
    await harness.says("hello everybody")
    await harness.says("mine", replied_to=asking + 1)
    await harness.says("not asked", person=2, replied_to=asking)
    assert not harness.done
    assert len(harness.chat.said) == said
    await harness.says("yes", replied_to=asking)
    assert [request.arguments for request in harness.done] == ["yes"]


async def test_an_answer_needs_the_right_at_that_moment(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wait_for_words(harness, chat=ANNA)
    monkeypatch.setattr(harness.book, "_settings", (Grant(ANNA, "viewer"),))
    await harness.says("s3cret", chat=ANNA)
    assert not harness.done
    assert (await harness.audit())[-1].reason == "beyond role viewer"
    assert harness.chat.said[-1][1] == "no_right_now"


async def test_words_that_waited_too_long_answer_nothing(harness: DispatcherHarness) -> None:
    await wait_for_words(harness, chat=ANNA)
    await harness.says("s3cret", chat=ANNA, sent=NOW - timedelta(minutes=6))
    assert not harness.done
    assert (await harness.audit())[-1].reason == "too old"


async def test_an_answer_that_cannot_be_meant_is_asked_for_again(harness: DispatcherHarness) -> None:
    await wait_for_words(harness, chat=ANNA)
    harness.on_answer("thing.word", Permission.EMPLOYEES_WRITE, WrongArguments("A name is missing."))
    await harness.says("", chat=ANNA)
    await harness.says("x", chat=ANNA)
    await harness.says("y", chat=ANNA)
    assert [request.arguments for request in harness.done] == ["x", "y"]


async def test_a_stranger_who_talks_in_private_gets_silence(harness: DispatcherHarness) -> None:
    await harness.says("hello", person=SAM, chat=SAM)
    assert not harness.chat.said


async def test_an_answer_goes_on_after_it_is_given_and_ends_in_its_audit_row(harness: DispatcherHarness) -> None:
    go_on = asyncio.Event()

    async def later() -> Reply:
        await go_on.wait()
        return Reply(Message("too_old"), outcome="registered")

    harness.offers("add", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), then=later, outcome="created"))
    await harness.types("/add x")
    assert (await harness.outcomes())[-1].outcome == "created"
    go_on.set()
    await harness.dispatcher.finish(5)
    assert harness.chat.edited == ["too_old"]
    assert (await harness.outcomes())[-1].outcome == "registered"


async def test_what_goes_on_is_reported_that_the_program_ends(harness: DispatcherHarness) -> None:
    async def handler(request: Request) -> Reply:
        async def later() -> Reply:
            while not request.stopping():  # noqa: ASYNC110 (stands for a step of work)
                await asyncio.sleep(0)
            return Reply(outcome="stopped between two steps")

        return Reply(Message("broken"), then=later)

    harness.catalogue.commands["add"] = Command("add", handler, Rule(Permission.EMPLOYEES_WRITE), "", "name")
    await harness.types("/add x")
    await harness.dispatcher.finish(5)
    assert (await harness.outcomes())[-1].outcome == "stopped between two steps"


async def test_passwords_and_pasted_lists_are_not_written_down(harness: DispatcherHarness) -> None:
    harness.offers("add", Permission.EMPLOYEES_WRITE)
    await harness.types('/add "Zadarma" password="my s3cret" host=x пароль=тайна\n243,John,Qw3rty')
    (row,) = await harness.audit()
    assert row.arguments == '"Zadarma" password=•••'


async def test_a_secret_goes_to_the_asker_alone_and_its_deletion_is_queued(harness: DispatcherHarness) -> None:
    secret = Secret(Message("broken", protected=True))
    harness.catalogue.commands["ask"] = Command(
        "ask", _answering(Reply(secret=secret)), Rule(Permission.EMPLOYEES_WRITE), ""
    )
    await harness.types("/ask")
    assert [chat for chat, _, _ in harness.chat.said] == [ANNA]
    with harness.database.begin() as session:
        (row,) = (session.execute(select(Outgoing))).scalars()
    assert (row.action, row.chat_id, row.message_id) == ("delete", ANNA, 1)
    assert row.not_before - row.created_at == timedelta(minutes=10)


async def test_a_secret_that_cannot_be_delivered_is_known_not_to_be(harness: DispatcherHarness) -> None:
    results: list[bool] = []

    async def handler(request: Request) -> Reply:
        results.append(await request.chat.send_secret(Secret(Message("broken"))))
        return Reply()

    harness.catalogue.commands["ask"] = Command("ask", handler, Rule(Permission.EMPLOYEES_WRITE), "")
    harness.chat.failures = [Undeliverable("blocked")]
    await harness.types("/ask")
    assert results == [False]
