"""Resolve a command, button press or answer to its rule and handler."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.access.policy import Access, AccessContext
from bot.store.database import Session
from bot.store.messages import keyboards, questions, temporary_payloads
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import Keyboard
from handlers.dispatch.declare import ButtonAction, Catalogue, Command
from handlers.dispatch.preconditions import Approval
from handlers.dispatch.rules import OnRestart, Rule
from handlers.dispatch.update_parser import Actor, ButtonPressed, CommandTyped, Place, TextSent
from handlers.safety.independence import is_independent

# Buttons of an approval request; its action is in the stored payload.
CONFIRM, REFUSE = "second.confirm", "second.refuse"
OF_SECOND = frozenset({CONFIRM, REFUSE})


@dataclass(frozen=True, slots=True)
class ResolvedAction:
    """Action of an update. `handler` is called with `data` and the stored payload `kept`; without a `rule` it is
    undeclared. `label`: text of the pressed button. `question`: the question that is answered. `waiting`: the approval
    request stored under `token`."""

    what: str
    rule: Rule | None = None
    handler: Command | ButtonAction | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] | None = None
    arguments: str = ""
    sent_at: datetime | None = None
    keyboard: Keyboard | None = None
    label: str = ""
    approval: Approval | None = None
    question: QuestionRow | None = None
    waiting: Mapping[str, Any] | None = None
    token: str = ""

    @property
    def resume(self) -> OnRestart:
        """Return the restart policy of the handler."""
        return self.handler.resume if self.handler else OnRestart.RERUN

    @property
    def recorded(self) -> str:
        """Return the arguments as the audit may store them."""
        return self.handler.recorded(self.arguments) if isinstance(self.handler, Command) else self.arguments

    def taken(self) -> Checkpoint:
        """Return the single-use data claimed for the action, which is stored in no other place any more."""
        asked = self.question
        kept = ("answer", "data", "station", "said")
        question = {name: getattr(asked, name) for name in kept} if asked else None
        found = {"kept": self.kept, "question": question, "waiting": self.waiting}
        return {name: dict(value) for name, value in found.items() if value is not None}


async def claimed(subject: ResolvedAction, session: Session, now: datetime) -> ResolvedAction | None:
    """Claim single-use data; return None if another update was faster."""
    keyboard, question = subject.keyboard, subject.question
    if subject.token and await temporary_payloads.take_out(session, subject.token, now) is None:
        return None
    if question and not await questions.forget(session, chat_id=question.chat_id, person_id=question.person_id):
        return None
    if keyboard is not None and keyboard.single_use and not await keyboards.use_once(session, keyboard.id, now):
        return None
    kept_at = subject.sent_at or now
    if subject.waiting is None and subject.rule is not None and subject.rule.writes and "kept" in subject.data:
        return replace(subject, kept=await temporary_payloads.take_out(session, str(subject.data["kept"]), kept_at))
    return subject


def of_command(catalogue: Catalogue, typed: CommandTyped) -> ResolvedAction:
    """Resolve a command. The arguments of an unknown command are dropped: they may contain a password."""
    command = catalogue.commands.get(typed.name)
    return ResolvedAction(
        what=f"/{typed.name}",
        rule=command.rule if command else None,
        handler=command,
        arguments=typed.arguments if command else "",
        sent_at=typed.sent_at,
    )


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


async def pressed_for(session: Session, pressed: ButtonPressed) -> tuple[str, str]:
    """Return a button's action and station; the button's own station overrides that of the keyboard."""
    keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
    choice = chosen(keyboard, pressed)
    if keyboard is None or choice is None:
        return "", ""
    return str(choice["action"]), str((choice["data"] or {}).get("station", keyboard.station))


def question_again(taken: Mapping[str, Any], said: TextSent, now: datetime) -> QuestionRow:
    """Rebuild the question that this text had answered in a killed run."""
    return QuestionRow(
        chat_id=said.place.chat, person_id=said.actor.id, message_id=0, expires_at=now, **{"station": "", **taken}
    )


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
        data = {**data, "arguments": command.recorded(str(data["arguments"]))}
    return " ".join(f"{key}={value}" for key, value in data.items())


def chosen(keyboard: Keyboard | None, pressed: ButtonPressed) -> dict[str, Any] | None:
    """Return the stored button at the pressed position; None if there is none."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    choice: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return choice
