"""What is decided about: from a command, a press or an answer to the rule it stands under and what would handle it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Access, Asking
from bot.store import drawer, keyboards, questions
from bot.store.tables import Keyboard, Question
from handlers.checks import Approval
from handlers.command import Catalogue, Command, Press
from handlers.intent import Actor, Place, Pressed, Said, Typed
from handlers.rules import Rule

# The buttons of what waits for a second person; what they do stands in the drawer.
CONFIRM, REFUSE = "second.confirm", "second.refuse"

Claim = Callable[[AsyncSession, datetime], Awaitable[bool]]


async def _nothing_to_claim(_session: AsyncSession, _now: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Subject:
    """`handler` is given `data`; without a `rule` nobody declared it. `claim` takes what can be had only once, and
    says whether it was still there. `waiting` is what waited for a second person."""

    what: str
    rule: Rule | None = None
    handler: Command | Press | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    arguments: str = ""
    sent_at: datetime | None = None
    keyboard: Keyboard | None = None
    approval: Approval | None = None
    waiting: Mapping[str, Any] | None = None
    claim: Claim = _nothing_to_claim


def of_command(catalogue: Catalogue, typed: Typed) -> Subject:
    command = catalogue.commands.get(typed.name)
    return Subject(
        what=f"/{typed.name}",
        rule=command.rule if command else None,
        handler=command,
        arguments=typed.arguments,
        sent_at=typed.sent_at,
    )


def of_answer(answer: Press, question: Question, said: Said) -> Subject:
    """The words themselves may be a password: they are not written down. An answer counts once."""

    async def claim(session: AsyncSession, _now: datetime) -> bool:
        return await questions.forget(session, chat_id=question.chat_id, person_id=question.person_id)

    return Subject(
        what=answer.name, rule=answer.rule, handler=answer, data=question.data, sent_at=said.sent_at, claim=claim
    )


async def of_press(
    session: AsyncSession, catalogue: Catalogue, pressed: Pressed, access: Access, asking: Asking
) -> Subject:
    keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
    choice = chosen(keyboard, pressed)
    if keyboard is None or choice is None:
        return Subject("unknown button")
    if choice["action"] in (CONFIRM, REFUSE):
        return await _of_second_press(session, catalogue, keyboard, choice, access, asking)
    press = catalogue.presses.get(choice["action"])
    return Subject(
        what=choice["action"],
        rule=press.rule if press else None,
        handler=press,
        data=choice["data"],
        arguments=_written(choice["data"] or {}),
        keyboard=keyboard,
        claim=partial(_use_once, keyboard) if keyboard.single_use else _nothing_to_claim,
    )


async def _of_second_press(
    session: AsyncSession,
    catalogue: Catalogue,
    keyboard: Keyboard,
    choice: Mapping[str, Any],
    access: Access,
    asking: Asking,
) -> Subject:
    """It stands under the rule of what somebody else asked for; who that was must still have the right."""
    token = str(choice["data"]["token"])
    waiting = await drawer.peek(session, token, asking.now)
    if waiting is None:
        return Subject(choice["action"])
    action, first, place = waiting["action"], Actor(**waiting["first"]), Place(**waiting["place"])
    handler = catalogue.presses.get(action) or catalogue.answers.get(action)
    may = partial(access.may, asking.of(first.id, place.chat, private=place.private))

    async def claim(session: AsyncSession, now: datetime) -> bool:
        return await drawer.take_out(session, token, now) is not None

    return Subject(
        what=action,
        rule=handler.rule if handler else None,
        handler=handler,
        data=waiting["data"],
        arguments=f"asked by {first.id} {first.name}",
        keyboard=keyboard,
        approval=Approval(first, place, may, choice["action"] == REFUSE),
        waiting=waiting,
        claim=claim,
    )


def _written(data: Mapping[str, Any]) -> str:
    """What a button carries, in the form in which the audit knows secrets."""
    return " ".join(f"{key}={value}" for key, value in data.items())


def chosen(keyboard: Keyboard | None, pressed: Pressed) -> dict[str, Any] | None:
    """The stored button at the pressed place, if there is one."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    choice: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return choice


async def _use_once(keyboard: Keyboard, session: AsyncSession, now: datetime) -> bool:
    return await keyboards.use_once(session, keyboard.id, now)
