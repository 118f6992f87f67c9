"""Updates queued during downtime, and actions that a killed run had begun: resumed, reported, or confirmed again."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError

from bot.access.policy import Grant, Permission
from bot.messages.message import Button, Message
from bot.store.access import audit
from bot.store.messages import inbox
from bot.store.tables.messages import Keyboard
from handlers.dispatch.declare import ButtonAction
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart, Rule
from tests.handlers.dispatcher_harness import ANNA, GROUP, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW, press
from tests.messages.renderers import renderer

LOCKED = OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))


async def ask(harness: DispatcherHarness) -> Keyboard:
    question = Reply(Message("broken", {}, ((Button("Yes", "thing.do", {"n": 1}),),)), confirm=True)
    harness.offers("ask", Permission.EMPLOYEES_WRITE, question)
    harness.on_press("thing.do", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), toast="Done."))
    await harness.types("/ask")
    return harness.chat.keyboards[-1]


async def test_old_questions_are_reported_once_in_a_chat_and_old_requests_each_with_their_age(
    harness: DispatcherHarness,
) -> None:
    long_ago = NOW - timedelta(hours=3)
    harness.offers("status", Permission.STATUS_READ)
    harness.offers("add", Permission.EMPLOYEES_WRITE)
    for _ in range(10):
        await harness.types("/status", sent=long_ago)
        await harness.types("/status", person=VERA, chat=VERA, sent=long_ago)
    for _ in range(2):
        await harness.types("/add x", sent=long_ago)
    assert not harness.done
    shown = [
        (to, facts["command"], facts["alone"]) for to, template, facts in harness.chat.said if template == "too_old"
    ]
    assert shown == [(GROUP, "/status", False), (VERA, "/status", False), *[(GROUP, "/add", True)] * 2]
    text = renderer().text("too_old", harness.chat.said[-1][2], zone=UTC, now=NOW)
    assert "3 h ago" in text
    assert "not done" in text


async def pressed_and_left_lying(harness: DispatcherHarness, keyboard: Keyboard, waits: timedelta) -> None:
    """Store a press and kill the program before its decision."""
    harness.update_id += 1
    update = {"callback_query": press(f"{keyboard.id}:0:0", ANNA, GROUP, harness.now)}
    with harness.database.begin() as session:
        inbox.add_new(session, {harness.update_id: update}, harness.now)
    harness.restart(waits)
    await harness.takes(update, harness.update_id)


async def test_a_press_that_waited_for_hours_is_not_done_and_that_is_said(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    harness.done.clear()
    await pressed_and_left_lying(harness, keyboard, timedelta(hours=20))
    assert not harness.done
    assert harness.chat.said[-1][1] == "too_old"


async def test_a_press_in_time_is_in_time_though_it_waited_for_a_restart(harness: DispatcherHarness) -> None:
    keyboard = await ask(harness)
    harness.done.clear()
    harness.now += timedelta(seconds=115)
    await pressed_and_left_lying(harness, keyboard, timedelta(seconds=30))
    assert len(harness.done) == 1


async def begun_and_killed(harness: DispatcherHarness, resume: OnRestart, after: timedelta) -> None:
    """Kill a confirmed write with a stored payload while it runs, and start the next run."""
    kept = await harness.services.temporary_payloads.put({"draft": 1}, timedelta(minutes=3))
    question = Reply(Message("broken", {}, ((Button("Yes", "thing.do", {"kept": kept}),),)), confirm=True)
    harness.offers("ask", Permission.EMPLOYEES_WRITE, question)

    async def killed(_request: Request) -> Reply:
        raise asyncio.CancelledError

    rule = Rule(Permission.EMPLOYEES_WRITE, writes="Create an employee")
    harness.catalogue.buttons["thing.do"] = ButtonAction("thing.do", killed, rule, resume)
    await harness.types("/ask")
    harness.update_id += 1
    update = {"callback_query": press(f"{harness.chat.keyboards[-1].id}:0:0", ANNA, GROUP, harness.now)}
    with pytest.raises(asyncio.CancelledError):
        await harness.takes(update, harness.update_id)
    harness.on_press("thing.do", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), outcome="done"), writes="x")
    harness.catalogue.buttons["thing.do"] = replace(harness.catalogue.buttons["thing.do"], rule=rule, resume=resume)
    harness.restart(after)
    harness.done.clear()
    await harness.takes(update, harness.update_id)


async def test_what_was_begun_is_gone_on_with_under_the_same_row(harness: DispatcherHarness) -> None:
    await begun_and_killed(harness, OnRestart.VERIFY_FIRST, timedelta(minutes=59))
    assert [(one.resumed, one.kept) for one in harness.done] == [(True, {"draft": 1})]
    (row,) = [row for row in await harness.audit() if row.what == "thing.do"]
    assert [one.outcome for one in await harness.outcomes() if one.decision_id == row.id] == ["done"]


@pytest.mark.parametrize("resume", [OnRestart.VERIFY_FIRST, OnRestart.ATOMIC])
async def test_after_an_hour_it_is_asked_anew(harness: DispatcherHarness, resume: OnRestart) -> None:
    await begun_and_killed(harness, resume, timedelta(hours=2))
    assert not harness.done
    _, template, facts = harness.chat.said[-1]
    assert (template, facts["undone"], facts["may"]) == ("interrupted", resume is OnRestart.ATOMIC, True)
    await harness.presses(harness.chat.keyboards[-1])
    assert [(one.resumed, one.kept) for one in harness.done] == [(True, {"draft": 1})]


async def test_what_nobody_may_any_more_is_not_gone_on_with_and_that_is_said(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "start", lambda: _with_grants(harness))
    await begun_and_killed(harness, OnRestart.VERIFY_FIRST, timedelta(minutes=1))
    assert not harness.done
    assert harness.chat.said[-1][1:] == ("interrupted", harness.chat.said[-1][2] | {"may": False})
    assert len([row for row in await harness.audit() if row.what == "thing.do"]) == 2


def _with_grants(harness: DispatcherHarness) -> None:
    harness._grants = (Grant(ANNA, "viewer"),)
    DispatcherHarness.start(harness)


async def test_what_the_store_cut_off_is_gone_on_with_in_the_same_run(
    harness: DispatcherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Reply(Message("broken", {}, ((Button("Yes", "thing.do", {}),),)), confirm=True)
    harness.offers("ask", Permission.EMPLOYEES_WRITE, question)
    harness.on_press("thing.do", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), outcome="done"), writes="x")
    harness.catalogue.buttons["thing.do"] = replace(
        harness.catalogue.buttons["thing.do"], resume=OnRestart.VERIFY_FIRST
    )
    await harness.types("/ask")
    harness.update_id += 1
    update = {"callback_query": press(f"{harness.chat.keyboards[-1].id}:0:0", ANNA, GROUP, harness.now)}
    with monkeypatch.context() as locked:
        locked.setattr(audit, "record_outcome", Mock(side_effect=LOCKED))
        with pytest.raises(OperationalError):
            await harness.takes(update, harness.update_id)
    await harness.takes(update, harness.update_id)
    assert [one.resumed for one in harness.done[1:]] == [False, True]
    (row,) = [row for row in await harness.audit() if row.what == "thing.do"]
    assert [one.outcome for one in await harness.outcomes() if one.decision_id == row.id] == ["done"]
