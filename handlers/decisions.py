"""The deciding: one decision and one audit row for everything that anybody wants, in one transaction.

Whatever fails or hangs on the way to the decision denies. What can be done only once is claimed in the same transaction
that allows it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Access, Asking, Decision
from bot.chat.membership import Membership
from bot.store import acquaintances, audit, drawer, keyboards, questions
from bot.store.acquaintances import Known
from bot.store.database import Store
from bot.store.grants import GrantBook
from bot.store.tables import Keyboard, Question
from handlers import checks
from handlers.checks import Approval, Case, May
from handlers.command import Catalogue, Command, Press
from handlers.intent import Actor, Added, Intent, Place, Pressed, Said, Typed
from handlers.limits import Limits
from handlers.rules import RULES, Rule

log = structlog.get_logger(__name__)

DECIDE_WITHIN = 10.0
ADDED = "chat.added"
# The buttons of what waits for a second person; what they do stands in the drawer.
CONFIRM, REFUSE = "second.confirm", "second.refuse"


async def _nothing_to_claim(_session: AsyncSession, _now: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Subject:
    """What is decided about. `claim` takes what can be had only once, and says whether it was still there."""

    what: str
    rule: Rule | None
    arguments: str = ""
    sent_at: datetime | None = None
    is_press: bool = False
    keyboard: Keyboard | None = None
    approval: Approval | None = None
    claim: Callable[[AsyncSession, datetime], Awaitable[bool]] = _nothing_to_claim


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entry` is the audit row; `asking` who, where and when; `handler` what is to be done with `data`; `waiting` what
    waited for a second person."""

    decision: Decision
    entry: int
    asking: Asking
    access: Access
    rule: Rule | None = None
    handler: Command | Press | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    approval: Approval | None = None
    waiting: Mapping[str, Any] | None = None

    def may(self, permission: str) -> Decision:
        return self.access.may(self.asking, permission)

    def of(self, actor: Actor, place: Place) -> "Verdict":
        """The same, seen from where somebody else asked."""
        asking = replace(self.asking, person=actor.id, chat=place.chat, private=place.private, member=None)
        return replace(self, asking=asking)


class Decisions:
    def __init__(
        self,
        *,
        store: Store,
        catalogue: Catalogue,
        grants: GrantBook,
        membership: Membership,
        limits: Limits,
        station: str,
        clock: Callable[[], datetime],
        within: float = DECIDE_WITHIN,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._grants = grants
        self._membership = membership
        self._limits = limits
        self._station = station
        self._clock = clock
        self._within = within
        self._began = clock()

    async def about_command(self, typed: Typed, update_id: int) -> Verdict:
        command = self._catalogue.commands.get(typed.name)
        subject = Subject(
            what=f"/{typed.name}",
            rule=command.rule if command else None,
            arguments=typed.arguments,
            sent_at=typed.sent_at,
        )

        async def look(_session: AsyncSession, _access: Access) -> Subject:
            return subject

        return replace(await self._guarded(typed, update_id, subject, look), handler=command)

    async def about_press(self, pressed: Pressed, update_id: int) -> Verdict:
        found: dict[str, Any] = {}

        async def look(session: AsyncSession, access: Access) -> Subject:
            keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
            choice = chosen(keyboard, pressed)
            if choice is not None and choice["action"] in (CONFIRM, REFUSE):
                return await self._waiting(session, access, pressed, keyboard, choice, found)
            press = self._catalogue.presses.get(choice["action"]) if choice else None
            found.update(handler=press, data=choice["data"] if choice else {})
            return Subject(
                what=choice["action"] if choice else "unknown button",
                rule=press.rule if press else None,
                arguments=str(found["data"] or ""),
                is_press=True,
                keyboard=keyboard,
                claim=_once(keyboard),
            )

        unknown = Subject(what="a button", rule=None, is_press=True)
        return replace(await self._guarded(pressed, update_id, unknown, look), **found)

    async def _waiting(
        self,
        session: AsyncSession,
        access: Access,
        pressed: Pressed,
        keyboard: Keyboard | None,
        choice: Mapping[str, Any],
        found: dict[str, Any],
    ) -> Subject:
        """A press that decides about what somebody else asked for."""
        token = str(choice["data"]["token"])
        waiting = await drawer.peek(session, token, self._clock())
        if waiting is None:
            return Subject(choice["action"], None, is_press=True, claim=_nothing_to_claim)
        first, place = Actor(**waiting["first"]), Place(**waiting["place"])
        handler = self._catalogue.presses.get(waiting["action"]) or self._catalogue.answers.get(waiting["action"])
        may = partial(access.may, self._asking(first, place, None))
        found.update(handler=handler, data=waiting["data"], waiting=waiting)
        found["approval"] = Approval(first, may, choice["action"] == REFUSE)

        async def claim(session: AsyncSession, now: datetime) -> bool:
            return await drawer.take_out(session, token, now) is not None

        return Subject(
            what=waiting["action"],
            rule=RULES.get(waiting["action"]) if handler else None,
            arguments=f"asked by {first.id} {first.name}",
            is_press=True,
            keyboard=keyboard,
            approval=found["approval"],
            claim=claim,
        )

    async def about_words(self, said: Said, update_id: int) -> tuple[Verdict, Question] | None:
        """None when they answer no question."""
        question = await self._question(said)
        answer = self._catalogue.answers.get(question.answer) if question else None
        if question is None or answer is None:
            return None
        # The words themselves may be a password: they are not written down.
        subject = Subject(what=answer.name, rule=answer.rule, sent_at=said.sent_at)

        async def look(session: AsyncSession, _access: Access) -> Subject:
            # An answer counts once: what is asked again, the handler asks again.
            await questions.forget(session, chat_id=question.chat_id, person_id=question.person_id)
            return subject

        verdict = await self._guarded(said, update_id, subject, look)
        return replace(verdict, handler=answer, data=question.data), question

    async def about_joining(self, added: Added, update_id: int) -> Verdict:
        subject = Subject(what=ADDED, rule=RULES[ADDED], arguments=added.place.title)

        async def look(_session: AsyncSession, _access: Access) -> Subject:
            return subject

        return await self._guarded(added, update_id, subject, look)

    def may_be_told(self, typed: Typed, decision: Decision) -> bool:
        return self._limits.may_be_told(decision, typed.actor, typed.place, self._clock())

    async def rights(self, actor: Actor, place: Place) -> May:
        """What somebody may do here, without deciding anything: to choose what is said to them."""
        asking = await self._asked(actor, place)
        return partial((await self._grants.current()).may, asking)

    async def _question(self, said: Said) -> Question | None:
        async with self._store.begin() as session:
            found = await questions.find(session, chat_id=said.place.chat, person_id=said.actor.id)
        return found if found is not None and checks.is_answer(said, found, self._clock()) else None

    async def _guarded(
        self,
        intent: Intent,
        update_id: int,
        subject: Subject,
        look: Callable[[AsyncSession, Access], Awaitable[Subject]],
    ) -> Verdict:
        """What cannot be decided is denied, and that is written down too; if even that fails, nothing happens."""
        try:
            async with asyncio.timeout(self._within):
                asking = await self._asked(intent.actor, intent.place)
                async with self._store.begin() as session:
                    return await self._decide(session, intent, update_id, asking, look)
        except Exception:
            log.exception("a decision could not be made", what=subject.what)
        asking = self._asking(intent.actor, intent.place, None)
        async with self._store.begin() as session:
            entry = await self._record(session, intent, update_id, subject, checks.UNDECIDED)
        return Verdict(checks.UNDECIDED, entry, asking, Access())

    async def _decide(
        self,
        session: AsyncSession,
        intent: Intent,
        update_id: int,
        asking: Asking,
        look: Callable[[AsyncSession, Access], Awaitable[Subject]],
    ) -> Verdict:
        now = asking.now
        access = await self._grants.read(session, now)
        subject = await look(session, access)
        earlier = await audit.earlier(session, update_id, subject.what, now)
        case = Case(
            actor=intent.actor,
            place=intent.place,
            now=now,
            rule=subject.rule,
            may=partial(access.may, asking),
            flaw=None if isinstance(intent, Said) else intent.flaw,
            sent_at=subject.sent_at,
            earlier=earlier,
            begun_here=earlier is not None and earlier.at >= self._began,
            is_press=subject.is_press,
            keyboard=subject.keyboard,
            approval=subject.approval,
            words=intent.arguments if isinstance(intent, Typed) else "",
        )
        decision = checks.judge(case)
        if decision.allowed and subject.rule is not None:
            decision = self._limits.objection(subject.rule, intent.actor, intent.place, now) or decision
        if decision.allowed and not await subject.claim(session, now):
            decision = checks.USED
        await self._meet(session, intent, case)
        entry = await self._record(session, intent, update_id, subject, decision)
        return Verdict(decision, entry, asking, access, subject.rule, approval=subject.approval)

    async def _meet(self, session: AsyncSession, intent: Intent, case: Case) -> None:
        if case.flaw is not None:
            return
        await acquaintances.meet(session, Known(intent.actor.id, intent.actor.name, intent.actor.username))
        if not intent.place.private and intent.place.title:
            await acquaintances.meet(session, Known(intent.place.chat, intent.place.title))

    async def _record(
        self, session: AsyncSession, intent: Intent, update_id: int, subject: Subject, decision: Decision
    ) -> int:
        row = audit.entry(
            at=self._clock(),
            update_id=update_id,
            actor_id=intent.actor.id,
            actor_name=intent.actor.name,
            chat_id=intent.place.chat,
            station=self._station,
            what=subject.what,
            arguments=subject.arguments,
            permission=subject.rule.permission if subject.rule else "",
            allowed=decision.allowed,
            reason=decision.reason,
        )
        return await audit.record_decision(session, row)

    async def _asked(self, actor: Actor, place: Place) -> Asking:
        """Telegram is asked who is in the chat only when something depends on it, and never within a transaction."""
        asking = self._asking(actor, place, None)
        if not (await self._grants.current()).needs_membership(asking):
            return asking
        return replace(asking, member=await self._membership.is_member(place.chat, actor.id))

    def _asking(self, actor: Actor, place: Place, member: bool | None) -> Asking:
        return Asking(
            person=actor.id,
            chat=place.chat,
            private=place.private,
            station=self._station,
            now=self._clock(),
            member=member,
        )


def chosen(keyboard: Keyboard | None, pressed: Pressed) -> dict[str, Any] | None:
    """The stored button at the pressed place, if there is one."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    choice: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return choice


def _once(keyboard: Keyboard | None) -> Callable[[AsyncSession, datetime], Awaitable[bool]]:
    if keyboard is None or not keyboard.single_use:
        return _nothing_to_claim

    async def claim(session: AsyncSession, now: datetime) -> bool:
        return await keyboards.use_once(session, keyboard.id, now)

    return claim
