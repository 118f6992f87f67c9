"""Two-person approval: actions with a permission in TWO_PERSON require confirmation by a second person."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.access.policy import Access
from bot.messages.message import Button, Message, Rows, mark, stored
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.temporary_payloads import TemporaryPayloads
from handlers.authorization.independence import independent_people
from handlers.authorization.stored_actions import CONFIRM, REFUSE
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.request import Reply
from handlers.dispatch.rules import RULES, Rule

# Timeout of an approval request: a later answer lacks its context.
APPROVAL_TIMEOUT = timedelta(minutes=30)
MAX_LINES = 30
# Longer lines are split; templates truncate facts above this length.
MAX_LINE_LENGTH = 400


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """Approval request.

    `question`: text above the button or of the prompt, rendered from stored data, so that no client can alter it.
    `label`: text of the button. `kept`: its stored payload. `arguments`: typed text. `message`: id of the message that
    shows the result.
    """

    actor: Actor
    place: Place
    action: str
    data: Mapping[str, Any]
    kept: Mapping[str, Any] | None
    arguments: str
    question: str
    label: str
    message: int | None
    station: str


class TwoPersonRule:
    def __init__(
        self,
        permissions: frozenset[str],
        *,
        database: Database,
        temporary_payloads: TemporaryPayloads,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._permissions = permissions
        self._database = database
        self._temporary_payloads = temporary_payloads
        self._clock = clock
        self._wake = wake

    def is_needed(self, rule: Rule) -> bool:
        return bool(rule.writes) and rule.permission in self._permissions

    def is_needed_for(self, action: str) -> bool:
        return action in RULES and self.is_needed(RULES[action])

    async def ask(self, approval: ApprovalRequest, access: Access) -> Reply:
        """Ask everybody else with the right in private; in a group, the message itself asks too."""
        permission = RULES[approval.action].permission
        others, not_counted = independent_people(access, permission, approval.station, approval.actor.id, self._clock())
        if not others:
            facts = {"permission": permission, "not_counted": not_counted}
            return Reply(Message("second_person_missing", facts), outcome="no second person")
        token = await self._store_request(approval)
        await self._database.run(_enqueue_questions, approval, token, others, self._clock())
        self._wake.send()
        facts = _facts(approval) | {"asked": len(others), "private": approval.place.private, "mine": True}
        buttons = _buttons(token) if not approval.place.private else ((_refuse(token, mark("✖ Take back")),),)
        return Reply(Message("second_person", facts, buttons), outcome="waits for a second person")

    async def _store_request(self, approval: ApprovalRequest) -> str:
        payload = {
            "action": approval.action,
            "data": dict(approval.data),
            "kept": None if approval.kept is None else dict(approval.kept),
            "arguments": approval.arguments,
            "first": asdict(approval.actor),
            "place": asdict(approval.place),
            "message": approval.message,
            "station": approval.station,
        }
        return await self._temporary_payloads.put(payload, APPROVAL_TIMEOUT)


def _enqueue_questions(
    session: Session, approval: ApprovalRequest, token: str, others: Sequence[int], now: datetime
) -> None:
    facts = _facts(approval) | {"asked": 0, "private": True, "mine": False}
    for person in others:
        outbox.enqueue(
            session,
            chat_id=person,
            thread_id=None,
            template="second_person",
            facts=facts,
            now=now,
            keyboard=new_keyboard(person, stored(_buttons(token)), now=now, station=approval.station),
        )


def _facts(approval: ApprovalRequest) -> dict[str, Any]:
    lines = _lines(approval.question)
    return {
        "station": approval.station,
        "first": approval.actor.name,
        "deed": RULES[approval.action].writes,
        "button": approval.label,
        "words": _lines(approval.arguments)[:MAX_LINES],
        "lines": lines[:MAX_LINES],
        "more": max(0, len(lines) - MAX_LINES),
    }


def _lines(text: str) -> list[str]:
    """Split long lines without loss."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [line[start : start + MAX_LINE_LENGTH] for line in lines for start in range(0, len(line), MAX_LINE_LENGTH)]


def refused(first: Actor, by: Actor) -> Message:
    return Message("second_person_refused", {"first": first.name, "by": by.name, "same": first.id == by.id})


def confirmed(first: Actor, action: str) -> Message:
    return Message("second_person_confirmed", {"first": first.name, "deed": RULES[action].writes})


def _buttons(token: str) -> Rows:
    return ((Button(mark("✅ Confirm"), CONFIRM, {"token": token}), _refuse(token)),)


def _refuse(token: str, label: str = mark("✖ Refuse")) -> Button:
    return Button(label, REFUSE, {"token": token})
