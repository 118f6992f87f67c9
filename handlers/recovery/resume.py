"""Resume confirmed work after a kill; for all other work notify its person and ask again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.messages.message import Button, Message, mark
from bot.store.database import Database
from bot.store.messages.temporary_payloads import TemporaryPayloads
from handlers.authorization import preconditions
from handlers.authorization.access_request import NO_UPDATE, Authorization
from handlers.authorization.authorizer import Authorizer
from handlers.dispatch.declare import ButtonAction
from handlers.dispatch.executor import AGAIN, ExecutionJob, Executor
from handlers.dispatch.intents import Actor, ButtonPressed, Place
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import CONFIRM_WITHIN, Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.dispatch.services import Services
from handlers.recovery.pending_replies import Address


@dataclass(frozen=True, slots=True)
class Resumed:
    """Interrupted job with a new decision: `allowed` if its person still has the right."""

    request: Request
    allowed: bool
    job: ExecutionJob
    chat: Replier


class Resumption:
    """Operations for the resume hooks: authorize interrupted work, and conclude it in its chat."""

    def __init__(self, authorizer: Authorizer, executor: Executor) -> None:
        self._authorizer = authorizer
        self._executor = executor

    @property
    def database(self) -> Database:
        return self._executor.database

    @property
    def services(self) -> Services:
        return self._executor.services

    def now(self) -> datetime:
        return self._executor.clock()

    async def decide(
        self,
        action: str,
        *,
        person: int,
        station: str,
        place: Place | None = None,
        shown: int | None = None,
        data: Mapping[str, Any] | None = None,
        subject: str = "",
    ) -> Resumed:
        """Authorize and record the work as a press of the button `action` by that person in `place`, by default their
        private chat. `shown`: message to edit; `subject`: text for the audit."""
        known = (await self.services.people.named([person], EVERY_STATION)).get(person)
        actor = Actor(person, known.name if known else "")
        place = place or Place(person, None, private=True)
        authorization = await self._authorizer.authorize_resumed(action, actor, place, station, subject, data or {})
        # A failed decision names no station.
        authorization = replace(
            authorization, station=self._executor.directory.station(station) or authorization.station
        )
        address = Address(actor, place, authorization.station.name, shown=shown)
        chat = self._executor.replier(address, authorization.may, possible_repeat=authorization.possible_repeat)
        press = ButtonPressed("", 0, 0, actor, place, shown or 0, "")
        request = replace(self._executor.request(press, chat, authorization), resumed=True)
        return Resumed(
            request, authorization.decision.allowed, ExecutionJob(NO_UPDATE, authorization.audit_id, address), chat
        )

    async def conclude(self, resumed: Resumed, reply: Reply) -> None:
        await self._executor.conclude(resumed.job, resumed.chat, reply)


async def interrupted(authorization: Authorization, temporary_payloads: TemporaryPayloads) -> Reply:
    """Return the reply to interrupted work that is not resumed: a person that still has the right may do it now."""
    subject, earlier = authorization.subject, authorization.interrupted_decision
    rule = subject.rule
    facts = {
        "deed": rule.writes if rule else "",
        "at": earlier.at if earlier else None,
        "undone": subject.resume is OnRestart.ATOMIC,
        "may": authorization.decision in (preconditions.INTERRUPTED, preconditions.TOO_OLD),
    }
    offers_again = (
        facts["may"]
        and isinstance(subject.handler, ButtonAction)
        and subject.keyboard
        and subject.approval_request is None
    )
    if not offers_again or subject.resume is OnRestart.ASK_USER:
        return Reply(Message("interrupted", facts))
    data = dict(subject.data) | {AGAIN: True}
    if subject.kept is not None:
        data["kept"] = await temporary_payloads.put(dict(subject.kept), CONFIRM_WITHIN)
    again_button = Button(mark("🔁 Do it now"), subject.name, data)
    return Reply(Message("interrupted", facts, ((again_button,),)), confirm=True)
