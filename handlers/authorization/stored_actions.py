"""Resolve presses and texts to the actions stored with their keyboard or question."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from bot.access.policy import Access, AccessContext
from bot.store.database import Session
from bot.store.messages import keyboards, questions, temporary_payloads, unfinished_updates
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import Keyboard
from handlers.authorization import preconditions
from handlers.authorization.access_request import ResolvedAction, recorded
from handlers.authorization.independence import is_independent
from handlers.authorization.preconditions import Approval
from handlers.dispatch.declare import ButtonAction, Catalogue
from handlers.dispatch.intents import Actor, ButtonPressed, Place, TextSent

# Buttons of an approval request; its action is in the stored payload.
CONFIRM, REFUSE = "second.confirm", "second.refuse"
OF_SECOND = frozenset({CONFIRM, REFUSE})


async def pressed_for(session: Session, pressed: ButtonPressed) -> tuple[str, str]:
    """Return a button's action and station; the button's own station overrides that of the keyboard."""
    keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
    choice = chosen(keyboard, pressed)
    if keyboard is None or choice is None:
        return "", ""
    return str(choice["action"]), str((choice["data"] or {}).get("station", keyboard.station))


async def of_press(
    session: Session,
    catalogue: Catalogue,
    pressed: ButtonPressed,
    access: Access,
    asking: AccessContext,
    taken: Checkpoint,
) -> ResolvedAction:
    """Resolve a button press. `taken`: the data that a killed run had claimed for it."""
    keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
    choice = chosen(keyboard, pressed)
    if keyboard is None or choice is None:
        return ResolvedAction("unknown button")
    if choice["action"] in OF_SECOND:
        return await _of_second_press(session, catalogue, keyboard, choice, access, asking, taken)
    press = catalogue.presses.get(choice["action"])
    return ResolvedAction(
        what=choice["action"],
        rule=press.rule if press else None,
        handler=press,
        data=choice["data"],
        kept=taken.get("kept"),
        arguments=_written(catalogue, choice["data"] or {}),
        keyboard=keyboard,
        label=choice["label"],
    )


async def _of_second_press(
    session: Session,
    catalogue: Catalogue,
    keyboard: Keyboard,
    choice: Mapping[str, Any],
    access: Access,
    asking: AccessContext,
    taken: Checkpoint,
) -> ResolvedAction:
    """Resolve a press under an approval request: the rule is that of the requested action, and the first person must
    still have the right."""
    token = str(choice["data"]["token"])
    waiting = taken.get("waiting") or await temporary_payloads.peek(session, token, asking.now)
    if waiting is None:
        return ResolvedAction(choice["action"])
    action, first, place = waiting["action"], Actor(**waiting["first"]), Place(**waiting["place"])
    handler = catalogue.presses.get(action) or catalogue.answers.get(action)
    may = partial(access.may, asking.of(first.id, place.chat, private=place.private))
    permission = handler.rule.permission if handler else ""
    # Not checked for the first person: independence is required of another person only.
    is_own = asking.person == first.id or is_independent(access, asking, permission, first.id)
    return ResolvedAction(
        what=action,
        rule=handler.rule if handler else None,
        handler=handler,
        data=waiting["data"],
        kept=waiting["kept"],
        arguments=f"asked by {first.id} {first.name}",
        keyboard=keyboard,
        approval=Approval(first, place, may, choice["action"] == REFUSE, is_own),
        waiting=waiting,
        token=token,
    )


def _written(catalogue: Catalogue, data: Mapping[str, Any]) -> str:
    """Return the data of a button for the audit, without secrets."""
    if "arguments" in data and (command := catalogue.commands.get(str(data.get("name")))):
        data = {**data, "arguments": recorded(command, str(data["arguments"]))}
    return " ".join(f"{key}={value}" for key, value in data.items())


def chosen(keyboard: Keyboard | None, pressed: ButtonPressed) -> dict[str, Any] | None:
    """Return the stored button at the pressed position; None if there is none."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    choice: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return choice


def of_answer(answer: ButtonAction, question: QuestionRow, said: TextSent) -> ResolvedAction:
    """Resolve an answer to a question. The text is not recorded: it may be a password."""
    return ResolvedAction(
        what=answer.name,
        rule=answer.rule,
        handler=answer,
        data=question.data,
        sent_at=said.sent_at,
        question=question,
    )


async def open_question(session: Session, said: TextSent, update_id: int, now: datetime) -> QuestionRow | None:
    """Return the question that a text answers, or had answered in a killed run."""
    taken = await unfinished_updates.find(session, update_id, now)
    if "question" in taken:
        return _question_again(taken["question"], said, now)
    found = await questions.find(session, chat_id=said.place.chat, person_id=said.actor.id)
    return found if found is not None and preconditions.is_answer(said, found, now) else None


def _question_again(taken: Mapping[str, Any], said: TextSent, now: datetime) -> QuestionRow:
    """Rebuild the question that this text had answered in a killed run."""
    return QuestionRow(
        chat_id=said.place.chat, person_id=said.actor.id, message_id=0, expires_at=now, **{"station": "", **taken}
    )
