"""What is decided about: from a command, a press or an answer to the rule it stands under and what would handle it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.access.policy import Access, AccessContext
from bot.store.database import Session
from bot.store.messages import keyboards, questions, temporary_payloads
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.tables.incidents import Keyboard, QuestionRow
from handlers.dispatch.declare import ButtonAction, Catalogue, Command
from handlers.dispatch.preconditions import Approval
from handlers.dispatch.rules import OnRestart, Rule
from handlers.dispatch.update_parser import Actor, ButtonPressed, CommandTyped, Place, TextSent
from handlers.safety.independence import is_independent

# The buttons of what waits for a second person; what they do stands in the drawer.
CONFIRM, REFUSE = "second.confirm", "second.refuse"
OF_SECOND = frozenset({CONFIRM, REFUSE})


@dataclass(frozen=True, slots=True)
class ResolvedAction:
    """`handler` is given `data`, and what was `kept` for it; without a `rule` nobody declared it. `label` stands on the
    pressed button; `question` is what words answer; `waiting` is what waited for a second person, under the id
    `token`."""

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
        """What becomes of it when the program is killed meanwhile."""
        return self.handler.resume if self.handler else OnRestart.RERUN

    @property
    def recorded(self) -> str:
        """What the audit may keep of the arguments."""
        return self.handler.recorded(self.arguments) if isinstance(self.handler, Command) else self.arguments

    def taken(self) -> Checkpoint:
        """What was taken for it and nobody else has any more."""
        asked = self.question
        kept = ("answer", "data", "station", "said")
        question = {name: getattr(asked, name) for name in kept} if asked else None
        found = {"kept": self.kept, "question": question, "waiting": self.waiting}
        return {name: dict(value) for name, value in found.items() if value is not None}


async def claimed(subject: ResolvedAction, session: Session, now: datetime) -> ResolvedAction | None:
    """Takes what can be had only once; None when somebody was faster."""
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
    """What stands after a command that there is not may be anything, a password without its name too: it is left
    out."""
    command = catalogue.commands.get(typed.name)
    return ResolvedAction(
        what=f"/{typed.name}",
        rule=command.rule if command else None,
        handler=command,
        arguments=typed.arguments if command else "",
        sent_at=typed.sent_at,
    )


def of_answer(answer: ButtonAction, question: QuestionRow, said: TextSent) -> ResolvedAction:
    """The words themselves may be a password: they are not written down. An answer counts once."""
    return ResolvedAction(
        what=answer.name,
        rule=answer.rule,
        handler=answer,
        data=question.data,
        sent_at=said.sent_at,
        question=question,
    )


async def pressed_for(session: Session, pressed: ButtonPressed) -> tuple[str, str]:
    """What a button does, and whose PBX it is about: the keyboard says so, or the button itself."""
    keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
    choice = chosen(keyboard, pressed)
    if keyboard is None or choice is None:
        return "", ""
    return str(choice["action"]), str((choice["data"] or {}).get("station", keyboard.station))


def question_again(taken: Mapping[str, Any], said: TextSent, now: datetime) -> QuestionRow:
    """The question that these words had answered when the program was killed."""
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
    """`taken` is what a killed run had taken for this press."""
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
    """It stands under the rule of what somebody else asked for; who that was must still have the right."""
    token = str(choice["data"]["token"])
    waiting = taken.get("waiting") or await temporary_payloads.peek(session, token, asking.now)
    if waiting is None:
        return ResolvedAction(choice["action"])
    action, first, place = waiting["action"], Actor(**waiting["first"]), Place(**waiting["place"])
    handler = catalogue.presses.get(action) or catalogue.answers.get(action)
    may = partial(access.may, asking.of(first.id, place.chat, private=place.private))
    permission = handler.rule.permission if handler else ""
    # Of the first person themselves it is not asked.
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
    """What a button carries, in the form in which the audit knows secrets."""
    if "arguments" in data and (command := catalogue.commands.get(str(data.get("name")))):
        data = {**data, "arguments": command.recorded(str(data["arguments"]))}
    return " ".join(f"{key}={value}" for key, value in data.items())


def chosen(keyboard: Keyboard | None, pressed: ButtonPressed) -> dict[str, Any] | None:
    """The stored button at the pressed place, if there is one."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    choice: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return choice
