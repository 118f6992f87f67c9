"""Refusals: reasons, and their texts for each recipient."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.access.policy import Access, AccessContext, Decision, Grant
from bot.messages.message import Message, stored
from bot.store.access.audit import EarlierDecision
from bot.store.tables.messages import Keyboard
from handlers import CATALOGUE
from handlers.authorization.preconditions import (
    CHECKS,
    DUPLICATE,
    EXPIRED,
    INTERRUPTED,
    NO_SUCH_COMMAND,
    ONLY_IN_PRIVATE,
    OTHER_CHAT,
    OTHER_MESSAGE,
    OTHER_PERSON,
    SECRET_IN_GROUP,
    TOO_OLD,
    CheckInput,
    evaluate,
)
from handlers.authorization.stored_actions import find_button
from handlers.dialog.refusals import answer_to_command
from handlers.dispatch.declare import button, command
from handlers.dispatch.intents import Actor, ButtonPressed, CommandTyped, Place
from handlers.dispatch.rules import RULES, OnRestart, Topic

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(minutes=61)
GROUP = Place(-100, None, private=False)
PRESSED = ButtonPressed("k", 0, 0, Actor(1, "Anna"), GROUP, 7, "q")
TYPED = CommandTyped("status", "", Actor(1, "Anna"), GROUP, 7, NOW)
ANNA = partial(Access((Grant(1, "admin"),)).may, AccessContext(1, -100, private=False, station="", now=NOW))
CASE = CheckInput(actor=TYPED.actor, place=GROUP, now=NOW, rule=RULES["/status"], may=ANNA)
PRESS = replace(CASE, rule=RULES["status.view"], message_id=7, is_shown=True)


def keyboard(**more: object) -> Keyboard:
    rows = [[{"label": "x", "action": "status.view", "data": {}}]]
    return Keyboard(**({"id": "k", "chat_id": -100, "rows": rows, "single_use": False, "created_at": NOW} | more))


OPEN = EarlierDecision(1, NOW, allowed=True, reason="role admin", is_finished=False)
REFUSED = EarlierDecision(1, NOW, allowed=False, reason="too old", is_finished=False)


@pytest.mark.parametrize(
    ("stored", "objection"),
    [
        (keyboard(), None),
        (keyboard(asker_id=1, expires_at=NOW), None),
        (keyboard(chat_id=-200), OTHER_CHAT),
        (keyboard(asker_id=2), OTHER_PERSON),
        (keyboard(expires_at=NOW - timedelta(seconds=1)), EXPIRED),
    ],
)
def test_a_press_is_looked_at_from_every_side(stored: Keyboard, objection: Decision | None) -> None:
    decision = evaluate(replace(PRESS, keyboard=stored))
    assert decision.allowed if objection is None else decision == objection


@pytest.mark.parametrize(
    ("known", "under", "is_shown", "allowed"),
    [
        (7, 7, True, True),
        (7, 7, False, True),  # just edited, or too old for Telegram to describe
        (None, 7, True, True),  # killed before it was stored
        (5, 7, True, True),  # repeated after an uncertain delivery: both belong to it
        (5, 7, False, False),
        (None, 7, False, False),
        (None, 0, False, False),
        (0, 0, False, False),
    ],
)
def test_a_press_counts_under_its_own_message_alone(
    known: int | None, under: int, is_shown: bool, allowed: bool
) -> None:
    case = replace(PRESS, keyboard=keyboard(message_id=known), message_id=under, is_shown=is_shown)
    assert evaluate(case).allowed is allowed
    assert allowed or evaluate(case) == OTHER_MESSAGE


@pytest.mark.parametrize(
    ("rule", "resume", "earlier", "is_of_this_run", "objection"),
    [
        ("/status", OnRestart.RERUN, replace(OPEN, is_finished=True), False, DUPLICATE),
        ("/status", OnRestart.RERUN, REFUSED, False, TOO_OLD),
        ("/status", OnRestart.RERUN, REFUSED, True, DUPLICATE),
        ("/status", OnRestart.RERUN, OPEN, True, DUPLICATE),
        ("/status", OnRestart.RERUN, OPEN, False, None),
        (
            "employee.create",
            OnRestart.ASK_USER,
            OPEN,
            False,
            INTERRUPTED,
        ),
        (
            "employee.create",
            OnRestart.VERIFY_FIRST,
            OPEN,
            False,
            None,
        ),
        (
            "employee.create",
            OnRestart.VERIFY_FIRST,
            replace(OPEN, at=LONG_AGO),
            False,
            INTERRUPTED,
        ),
        (
            "access.give",
            OnRestart.ATOMIC,
            replace(OPEN, at=LONG_AGO),
            False,
            INTERRUPTED,
        ),
    ],
)
def test_what_a_killed_run_had_begun_is_gone_on_with_for_an_hour_unless_it_cannot_look(
    rule: str, resume: OnRestart, earlier: EarlierDecision, is_of_this_run: bool, objection: Decision | None
) -> None:
    decision = evaluate(replace(CASE, rule=RULES[rule], resume=resume, earlier=earlier, is_of_this_run=is_of_this_run))
    assert decision.allowed if objection is None else decision == objection


def test_what_is_for_private_chats_is_not_done_in_a_group() -> None:
    assert evaluate(replace(CASE, rule=RULES["/audit"])) == ONLY_IN_PRIVATE
    assert evaluate(replace(CASE, rule=RULES["/audit"], place=Place(1, None, private=True))).allowed


@pytest.mark.parametrize("words", ["password=hunter2", "1234567890:AAtestTestTestTestTestTestTestTestTest0"])
def test_a_secret_in_a_group_ends_the_matter(words: str) -> None:
    assert evaluate(replace(CASE, arguments=words)) == SECRET_IN_GROUP
    assert evaluate(replace(CASE, arguments=words, rule=RULES["/add_trunk"])).allowed
    assert evaluate(replace(CASE, arguments=words, place=Place(1, None, private=True))).allowed


def test_the_first_objection_decides() -> None:
    assert next(iter(CHECKS)) == "the update itself"
    flawed = replace(CASE, rejected_because="forwarded", sent_at=NOW - timedelta(hours=1))
    assert evaluate(flawed) == Decision(False, "forwarded")


@pytest.mark.parametrize(("row", "column"), [(1, 0), (0, 1), (99, 99)])
def test_a_place_without_a_button_holds_nothing(row: int, column: int) -> None:
    assert find_button(keyboard(), replace(PRESSED, row=row, column=column)) is None


def test_a_command_is_good_for_five_minutes() -> None:
    assert evaluate(replace(CASE, sent_at=NOW - timedelta(minutes=5))).allowed
    assert evaluate(replace(CASE, sent_at=NOW - timedelta(minutes=5, seconds=1))) == TOO_OLD


def test_strangers_hear_nothing_in_groups_and_their_id_in_private() -> None:
    def told(place: Place, decision: Decision) -> Message | None:
        asking = AccessContext(1, place.chat, place.private, "", NOW)
        return answer_to_command(replace(TYPED, place=place), decision, partial(Access().may, asking))

    for decision in (Decision(False, "stranger"), TOO_OLD, NO_SUCH_COMMAND):
        assert told(GROUP, decision) is None
        answer = told(Place(1, None, private=True), decision)
        assert answer is not None
        assert answer.facts["person"] == 1
        assert [one["action"] for row in stored(answer.buttons) for one in row] == ["access.request"]


def test_a_declaration_without_a_rule_does_not_import() -> None:
    with pytest.raises(TypeError):
        command("reboot", topic=Topic.BOT, summary="")
    with pytest.raises(TypeError):
        button("pbx.reboot")


def test_a_name_is_declared_once() -> None:
    with pytest.raises(TypeError):
        command("status", topic=Topic.BOT, summary="")


def test_every_rule_is_of_something_that_people_can_say_or_do() -> None:
    declared = {f"/{name}" for name in CATALOGUE.commands} | CATALOGUE.buttons.keys() | CATALOGUE.answers.keys()
    # Telegram reports by itself that the bot was added to a group.
    assert RULES.keys() - declared == {"chat.added"}
