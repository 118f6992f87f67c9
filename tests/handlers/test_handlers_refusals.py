"""What speaks against doing something, and how it is said to whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.access import Decision
from bot.store.tables import Keyboard
from handlers import CATALOGUE
from handlers.command import button, command
from handlers.intent import Actor, Place, Pressed, Typed
from handlers.refusals import (
    ELSEWHERE,
    EXPIRED,
    NO_SUCH_COMMAND,
    OLD,
    SOMEONE_ELSES,
    UNKNOWN_BUTTON,
    USED,
    answer_to_command,
    chosen,
    objection_to_command,
    objection_to_press,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
PRESSED = Pressed("k", 0, 0, Actor(1, "Anna"), Place(-100, None, False), 7, "q")
TYPED = Typed("status", "", Actor(1, "Anna"), Place(-100, None, False), 7, NOW)
PRESS = CATALOGUE.presses["status.view"]


def keyboard(**more: object) -> Keyboard:
    rows = [[{"label": "x", "action": "status.view", "data": {}}]]
    return Keyboard(**({"id": "k", "chat_id": -100, "rows": rows, "single_use": False, "created_at": NOW} | more))


@pytest.mark.parametrize(
    ("stored", "objection"),
    [
        (keyboard(), None),
        (keyboard(asker_id=1, expires_at=NOW), None),
        (None, UNKNOWN_BUTTON),
        (keyboard(chat_id=-200), ELSEWHERE),
        (keyboard(asker_id=2), SOMEONE_ELSES),
        (keyboard(used_at=NOW), USED),
        (keyboard(expires_at=NOW - timedelta(seconds=1)), EXPIRED),
    ],
)
def test_a_press_is_looked_at_from_every_side(stored: Keyboard | None, objection: Decision | None) -> None:
    assert objection_to_press(stored, PRESSED, PRESS, NOW) == objection


def test_an_action_nobody_declared_is_an_unknown_button() -> None:
    assert objection_to_press(keyboard(), PRESSED, None, NOW) is UNKNOWN_BUTTON


@pytest.mark.parametrize(("row", "column"), [(1, 0), (0, 1), (99, 99)])
def test_a_place_without_a_button_holds_nothing(row: int, column: int) -> None:
    assert chosen(keyboard(), replace(PRESSED, row=row, column=column)) is None


def test_a_command_is_good_for_five_minutes() -> None:
    known = CATALOGUE.commands["status"]
    assert objection_to_command(TYPED, known, NOW + timedelta(minutes=5)) is None
    assert objection_to_command(TYPED, known, NOW + timedelta(minutes=5, seconds=1)) is OLD
    assert objection_to_command(TYPED, None, NOW) is NO_SUCH_COMMAND


def test_strangers_hear_nothing_in_groups_and_their_id_in_private() -> None:
    def nothing(_permission: str | None) -> Decision:
        return Decision(False, "stranger")

    private = replace(TYPED, place=Place(1, None, True))
    for decision in (Decision(False, "stranger"), OLD, NO_SUCH_COMMAND):
        assert answer_to_command(TYPED, decision, nothing) is None
        answer = answer_to_command(private, decision, nothing)
        assert answer is not None
        assert answer.facts["person"] == 1


def test_a_declaration_without_a_known_permission_does_not_import() -> None:
    with pytest.raises(TypeError):
        command("reboot", permission="", summary="")
    with pytest.raises(TypeError):
        button("pbx.reboot", permission="anything")


def test_a_name_is_declared_once() -> None:
    with pytest.raises(TypeError):
        command("status", permission="status.read", summary="")
