"""Authorize requests: one decision and one audit row each, in one transaction.

An error or a timeout before the decision denies. Single-use data is claimed in the transaction that allows the request.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.access.policy import EVERY_STATION, Access, AccessContext, Decision, Permission
from bot.runtime.clock import Clock
from bot.store.access import audit
from bot.store.access.audit import EarlierDecision
from bot.store.access.denials import Denials
from bot.store.access.grants import Grants
from bot.store.database import DatabaseError, OperationalError, Session, Store
from bot.store.messages import inbox, unfinished_updates
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.stations import bindings, imports
from bot.telegram.membership import Membership
from handlers.authorization import access_request, preconditions, station_choice, stored_actions
from handlers.authorization.access_request import NO_UPDATE, AccessRequest, Authorization, ResolvedAction, Target
from handlers.authorization.decision_log import DecisionLog
from handlers.authorization.preconditions import CheckInput, May
from handlers.authorization.rate_limits import RateLimits
from handlers.authorization.station_choice import StationChooser
from handlers.dispatch.declare import Catalogue
from handlers.dispatch.intents import Actor, AddedToChat, ButtonPressed, CommandTyped, Intent, Place, TextSent
from handlers.dispatch.rules import RULES

log = structlog.get_logger(__name__)

DECIDE_WITHIN = 10.0
ADDED = "chat.added"


class Authorizer:
    def __init__(
        self,
        *,
        store: Store,
        catalogue: Catalogue,
        grants: Grants,
        membership: Membership,
        limits: RateLimits,
        directory: StationChooser,
        clock: Clock,
        within: float = DECIDE_WITHIN,
        denials: Denials | None = None,
    ) -> None:
        """Keep `denials` None for an audit row of each denial."""
        self._store = store
        self._catalogue = catalogue
        self._grants = grants
        self._membership = membership
        self._limits = limits
        self._directory = directory
        self._clock = clock
        self._within = within
        # Id of the newest decision of earlier runs; ids only grow, while clocks are set back.
        self._newest_before: int | None = None
        # Updates that earlier runs left unfinished; all others need no database query.
        self._begun_before: set[int] | None = None
        # Updates of this run interrupted by a database error: retried as after a kill.
        self._cut_off: set[int] = set()
        self._decisions = DecisionLog(store, grants, directory, denials or Denials(clock, timedelta()), clock)

    def refined(self, typed: CommandTyped) -> CommandTyped:
        return access_request.with_second_word(self._catalogue, typed)

    async def authorize_command(self, typed: CommandTyped, update_id: int) -> Authorization:
        return await self._guarded(AccessRequest(typed, update_id, access_request.of_command(self._catalogue, typed)))

    async def authorize_press(self, pressed: ButtonPressed, update_id: int) -> Authorization:
        async def look(session: Session, access: Access, asking: AccessContext) -> ResolvedAction:
            taken = await unfinished_updates.find(session, update_id, asking.now)
            subject = await stored_actions.of_press(session, self._catalogue, pressed, access, asking, taken)
            # Telegram sends no time of a press, and forgets it soon: the time of receipt is used.
            return replace(subject, sent_at=await inbox.received_at(session, update_id))

        return await self._guarded(AccessRequest(pressed, update_id, ResolvedAction("a button"), look))

    async def authorize_text(self, said: TextSent, update_id: int) -> Authorization | None:
        """Return None if the text answers no question."""
        async with self._store.begin() as session:
            question = await stored_actions.open_question(session, said, update_id, self._clock())
        answer = self._catalogue.answers.get(question.answer) if question else None
        if question is None or answer is None:
            return None
        return await self._guarded(
            AccessRequest(said, update_id, stored_actions.of_answer(answer, question, said), station=question.station)
        )

    async def authorize_joining(self, added: AddedToChat, update_id: int) -> Authorization:
        subject = ResolvedAction(ADDED, RULES[ADDED], arguments=added.place.title)
        return await self._guarded(AccessRequest(added, update_id, subject))

    async def authorize_resumed(
        self, action: str, actor: Actor, place: Place, station: str, subject_name: str, data: Mapping[str, Any]
    ) -> Authorization:
        """Authorize confirmed work that a restart interrupted, as if its button were pressed now."""
        press = self._catalogue.presses[action]
        subject = ResolvedAction(action, press.rule, press, data, arguments=f"after a restart: {subject_name}")
        intent = ButtonPressed("", 0, 0, actor, place, 0, "")
        return await self._guarded(AccessRequest(intent, NO_UPDATE, subject, station=station))

    async def rights(self, actor: Actor, place: Place) -> May:
        """Return the permission check of an actor at a place, to choose the wording of a reply; no decision is
        recorded."""
        asking = self._asking(actor, place)
        async with self._store.begin() as session:
            access = (await self._grants.read(session)).of(asking)
            among = await self._directory.among(session, access, asking)
        views = station_choice.views(asking, among)
        if any(access.needs_membership(view) for view in views):
            member = await self._membership.is_member(place.chat, actor.id)
            views = [replace(view, member=member) for view in views]
        return partial(access.may, station_choice.first_allowed(access, views, Permission.ANY_ROLE) or views[0])

    def cut_off(self, update_id: int) -> None:
        """Mark an update as interrupted by a database error."""
        self._cut_off.add(update_id)

    def may_be_told(self, typed: CommandTyped, authorization: Authorization) -> bool:
        """Return True if a denial is replied to. Expired read-only commands, sent while the bot was offline, get one
        reply per chat."""
        rule, decision = authorization.subject.rule, authorization.decision
        of_chat = decision == preconditions.OLD and rule is not None and rule.only_looks
        return self._limits.may_be_told(decision, typed.actor, typed.place, self._clock(), of_chat=of_chat)

    async def pending_checkpoint(self, update_id: int) -> Checkpoint | None:
        """Return the pending reply of an update that a killed run had handled; None if there is none."""
        if self._begun_before is None:
            async with self._store.begin() as session:
                self._begun_before = await unfinished_updates.updates(session)
        if update_id not in self._begun_before | self._cut_off:
            return None
        async with self._store.begin() as session:
            work = await unfinished_updates.find(session, update_id, self._clock())
        return work if "answer" in work else None

    async def finish(self) -> None:
        """Write the counted denials, and mark running imports as interrupted by an orderly shutdown."""
        with suppress(DatabaseError):
            async with self._store.begin() as session:
                await self._decisions.write_counts(session)
                await imports.mark_clean_shutdown(session)

    async def forget_checkpoint(self, update_id: int) -> None:
        async with self._store.begin() as session:
            await unfinished_updates.remove(session, update_id)

    async def overhear(self, place: Place) -> None:
        await self._decisions.overhear(place)

    async def _guarded(self, matter: AccessRequest) -> Authorization:
        """Deny and record a request if the decision fails. Raises OperationalError without a decision: the update is
        retried."""
        try:
            async with asyncio.timeout(self._within):
                authorization = await self._decided(matter)
                self._decisions.committed(matter, authorization)
                return authorization
        except OperationalError:
            raise
        except Exception:
            log.exception("authorization failed, request denied", what=matter.subject.what)
        asking = self._asking(matter.intent.actor, matter.intent.place)
        async with self._store.begin() as session:
            entry = await self._decisions.record(
                session, matter, matter.subject, preconditions.UNDECIDED, EVERY_STATION
            )
        return Authorization(
            preconditions.UNDECIDED, matter.subject, entry, asking, Access(), self._directory.fleet_station
        )

    async def _decided(
        self, matter: AccessRequest, member: bool | None = None, *, asked: bool = False
    ) -> Authorization:
        """Decide; chat membership is requested from Telegram only if a grant depends on it, and outside the
        transaction."""
        asking = replace(self._asking(matter.intent.actor, matter.intent.place), member=member)
        async with self._store.begin() as session:
            access = await self._grants.read(session)
            theirs = access.of(asking)
            about = await station_choice.target_of(session, self._directory, self._catalogue, matter, theirs, asking)
            if asked or not any(theirs.needs_membership(view) for view in about.views):
                about = station_choice.settled(about, theirs)
                subject = await matter.look(session, access, about.asking) if matter.look else about.subject
                return await self._decide(session, matter, subject, access, about)
        member = await self._membership.is_member(asking.chat, asking.person)
        return await self._decided(matter, member, asked=True)

    async def _decide(
        self, session: Session, matter: AccessRequest, subject: ResolvedAction, access: Access, about: Target
    ) -> Authorization:
        intent, again, asking = matter.intent, False, about.asking
        station = self._directory.station(asking.station)
        if station is None:
            station, subject = self._directory.fleet_station, ResolvedAction(subject.what)
        if self._newest_before is None:
            self._newest_before = await audit.newest(session)
        decision = _undeclared(intent, subject)
        if subject.rule is not None:
            known = matter.update_id != NO_UPDATE
            earlier = await audit.earlier(session, matter.update_id, subject.what, asking.now) if known else None
            case = CheckInput(
                actor=intent.actor,
                place=intent.place,
                now=asking.now,
                rule=subject.rule,
                may=partial(access.may, asking),
                rejected_because=intent.rejected_because,
                sent_at=subject.sent_at,
                earlier=earlier,
                begun_here=self._is_of_this_run(matter.update_id, earlier),
                resume=subject.resume,
                keyboard=subject.keyboard,
                message_id=intent.message_id if isinstance(intent, ButtonPressed) else 0,
                is_shown=isinstance(intent, ButtonPressed) and intent.is_shown,
                approval=subject.approval,
                words=intent.arguments if isinstance(intent, CommandTyped) else "",
            )
            decision, again = preconditions.judge(case), earlier is not None and not case.begun_here
            if decision.allowed and about.unbound:
                decision = preconditions.UNBOUND
            if case.is_open and earlier is not None:
                authorization = Authorization(decision, subject, earlier.id, asking, access, station, earlier, again)
                return await self._decisions.note_resumed(session, matter, authorization.seen_by(about))
            if decision.allowed:
                decision = self._limits.objection(case.rule, case.actor, case.place, case.now) or decision
            if decision.allowed:
                decision, subject = await self._claimed(session, matter, subject, decision, asking.now)
            if decision.allowed and about.by_word:
                await bindings.choose(session, chat_id=asking.chat, person_id=asking.person, station=asking.station)
        entry = await self._decisions.note(session, matter, subject, decision, about)
        return Authorization(decision, subject, entry, asking, access, station, again=again).seen_by(about)

    def _is_of_this_run(self, update_id: int, earlier: EarlierDecision | None) -> bool:
        if earlier is None or update_id in self._cut_off:
            return False
        return earlier.id > (self._newest_before or 0)

    async def _claimed(
        self, session: Session, matter: AccessRequest, subject: ResolvedAction, decision: Decision, now: datetime
    ) -> tuple[Decision, ResolvedAction]:
        """Claim single-use data and record it, in the transaction that allows the request."""
        claimed = await access_request.claimed(subject, session, now)
        if claimed is None:
            return preconditions.USED, subject
        keyboard = subject.keyboard
        if keyboard is not None and keyboard.message_id is None and isinstance(matter.intent, ButtonPressed):
            # The run that sent it did not store the message id, because it was killed or has not got there yet.
            keyboard.message_id = matter.intent.message_id or None
        if taken := claimed.taken():
            await unfinished_updates.write(session, matter.update_id, taken, now)
        return decision, claimed

    def _asking(self, actor: Actor, place: Place) -> AccessContext:
        return AccessContext(
            person=actor.id,
            chat=place.chat,
            private=place.private,
            station=self._directory.single_station or EVERY_STATION,
            now=self._clock(),
        )


def _undeclared(intent: Intent, subject: ResolvedAction) -> Decision:
    """Return the denial of an action without a rule."""
    if not isinstance(intent, ButtonPressed):
        return preconditions.NO_SUCH_COMMAND
    return preconditions.NOT_OPEN if subject.what in stored_actions.OF_SECOND else preconditions.UNKNOWN_BUTTON
