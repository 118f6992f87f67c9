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
from handlers.authorization.access_request import ResolvedAction, audit_arguments
from handlers.authorization.independence import is_independent
from handlers.authorization.preconditions import Approval
from handlers.dispatch.declare import ButtonAction, Catalogue
from handlers.dispatch.intents import Actor, ButtonPressed, Place, TextSent

# Buttons of an approval request; its action is in the stored payload.
CONFIRM, REFUSE = "second.confirm", "second.refuse"
APPROVAL_ACTIONS = frozenset({CONFIRM, REFUSE})


def button_target(session: Session, pressed: ButtonPressed) -> tuple[str, str]:
    """Return a button's action and station; the button's own station overrides that of the keyboard."""
    keyboard = keyboards.find_keyboard(session, pressed.keyboard)
    button = find_button(keyboard, pressed)
    if keyboard is None or button is None:
        return "", ""
    return str(button["action"]), str((button["data"] or {}).get("station", keyboard.station))


def resolve_press(
    session: Session,
    catalogue: Catalogue,
    pressed: ButtonPressed,
    access: Access,
    asking: AccessContext,
    checkpoint: Checkpoint,
) -> ResolvedAction:
    """Resolve a button press. `checkpoint`: the data that a killed run had claimed for it."""
    keyboard = keyboards.find_keyboard(session, pressed.keyboard)
    button = find_button(keyboard, pressed)
    if keyboard is None or button is None:
        return ResolvedAction("unknown button")
    if button["action"] in APPROVAL_ACTIONS:
        return _resolve_approval_press(session, catalogue, keyboard, button, access, asking, checkpoint)
    press = catalogue.buttons.get(button["action"])
    return ResolvedAction(
        name=button["action"],
        rule=press.rule if press else None,
        handler=press,
        data=button["data"],
        kept=checkpoint.get("kept"),
        arguments=_audit_data(catalogue, button["data"] or {}),
        keyboard=keyboard,
        label=button["label"],
    )


def _resolve_approval_press(
    session: Session,
    catalogue: Catalogue,
    keyboard: Keyboard,
    button: Mapping[str, Any],
    access: Access,
    asking: AccessContext,
    checkpoint: Checkpoint,
) -> ResolvedAction:
    """Resolve a press under an approval request: the rule is that of the requested action, and the first person must
    still have the right."""
    token = str(button["data"]["token"])
    approval_request = checkpoint.get("waiting") or temporary_payloads.peek(session, token, asking.now)
    if approval_request is None:
        return ResolvedAction(button["action"])
    action, first, place = (
        approval_request["action"],
        Actor(**approval_request["first"]),
        Place(**approval_request["place"]),
    )
    handler = catalogue.buttons.get(action) or catalogue.answers.get(action)
    may = partial(access.may, asking.of(first.id, place.chat, private=place.private))
    permission = handler.rule.permission if handler else ""
    # Not checked for the first person: independence is required of another person only.
    is_own = asking.person == first.id or is_independent(access, asking, permission, first.id)
    return ResolvedAction(
        name=action,
        rule=handler.rule if handler else None,
        handler=handler,
        data=approval_request["data"],
        kept=approval_request["kept"],
        arguments=f"asked by {first.id} {first.name}",
        keyboard=keyboard,
        approval=Approval(first, place, may, button["action"] == REFUSE, is_own),
        approval_request=approval_request,
        token=token,
    )


def _audit_data(catalogue: Catalogue, data: Mapping[str, Any]) -> str:
    """Return the data of a button for the audit, without secrets."""
    if "arguments" in data and (command := catalogue.commands.get(str(data.get("name")))):
        data = {**data, "arguments": audit_arguments(command, str(data["arguments"]))}
    return " ".join(f"{key}={value}" for key, value in data.items())


def find_button(keyboard: Keyboard | None, pressed: ButtonPressed) -> dict[str, Any] | None:
    """Return the stored button at the pressed position; None if there is none, or it has no action."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    button: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return button if "action" in button else None


def resolve_answer(answer: ButtonAction, question: QuestionRow, sent: TextSent) -> ResolvedAction:
    """Resolve an answer to a question. The text is not recorded: it may be a password."""
    return ResolvedAction(
        name=answer.name,
        rule=answer.rule,
        handler=answer,
        data=question.data,
        sent_at=sent.sent_at,
        question=question,
    )


def open_question(session: Session, sent: TextSent, update_id: int, now: datetime) -> QuestionRow | None:
    """Return the question that a text answers, or had answered in a killed run."""
    checkpoint = unfinished_updates.find(session, update_id, now)
    if "question" in checkpoint:
        return _restore_question(checkpoint["question"], sent, now)
    found = questions.find(session, chat_id=sent.place.chat, person_id=sent.actor.id)
    return found if found is not None and preconditions.is_answer(sent, found, now) else None


def _restore_question(checkpoint: Mapping[str, Any], sent: TextSent, now: datetime) -> QuestionRow:
    """Rebuild the question that this text had answered in a killed run."""
    return QuestionRow(
        chat_id=sent.place.chat, person_id=sent.actor.id, message_id=0, expires_at=now, **{"station": "", **checkpoint}
    )
