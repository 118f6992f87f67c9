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
from bot.store.database import Database, DatabaseError, OperationalError, Session
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

DECISION_TIMEOUT = 10.0
ADDED = "chat.added"


class Authorizer:
    def __init__(
        self,
        *,
        database: Database,
        catalogue: Catalogue,
        grants: Grants,
        membership: Membership,
        limits: RateLimits,
        directory: StationChooser,
        clock: Clock,
        timeout: float = DECISION_TIMEOUT,
        denials: Denials | None = None,
    ) -> None:
        """Keep `denials` None for an audit row of each denial."""
        self._database = database
        self._catalogue = catalogue
        self._grants = grants
        self._membership = membership
        self._limits = limits
        self._directory = directory
        self._clock = clock
        self._timeout = timeout
        # Id of the newest decision of earlier runs; ids only grow, while clocks are set back.
        self._last_earlier_id: int | None = None
        # Updates that earlier runs left unfinished; all others need no database query.
        self._unfinished: set[int] | None = None
        # Updates of this run interrupted by a database error: retried as after a kill.
        self._interrupted: set[int] = set()
        self._decisions = DecisionLog(database, grants, directory, denials or Denials(clock, timedelta()), clock)

    def with_subcommand(self, typed: CommandTyped) -> CommandTyped:
        return access_request.with_subcommand(self._catalogue, typed)

    async def authorize_command(self, typed: CommandTyped, update_id: int) -> Authorization:
        return await self._authorize(
            AccessRequest(typed, update_id, access_request.resolve_command(self._catalogue, typed))
        )

    async def authorize_press(self, pressed: ButtonPressed, update_id: int) -> Authorization:
        def resolve(session: Session, access: Access, asking: AccessContext) -> ResolvedAction:
            checkpoint = unfinished_updates.find(session, update_id, asking.now)
            subject = stored_actions.resolve_press(session, self._catalogue, pressed, access, asking, checkpoint)
            # Telegram sends no time of a press, and forgets it soon: the time of receipt is used.
            return replace(subject, sent_at=inbox.received_at(session, update_id))

        return await self._authorize(AccessRequest(pressed, update_id, ResolvedAction("a button"), resolve))

    async def authorize_text(self, sent: TextSent, update_id: int) -> Authorization | None:
        """Return None if the text answers no question."""
        with self._database.begin() as session:
            question = stored_actions.open_question(session, sent, update_id, self._clock())
        answer = self._catalogue.answers.get(question.answer) if question else None
        if question is None or answer is None:
            return None
        return await self._authorize(
            AccessRequest(
                sent, update_id, stored_actions.resolve_answer(answer, question, sent), station=question.station
            )
        )

    async def authorize_joining(self, added: AddedToChat, update_id: int) -> Authorization:
        subject = ResolvedAction(ADDED, RULES[ADDED], arguments=added.place.title)
        return await self._authorize(AccessRequest(added, update_id, subject))

    async def authorize_resumed(
        self, action: str, actor: Actor, place: Place, station: str, subject_name: str, data: Mapping[str, Any]
    ) -> Authorization:
        """Authorize confirmed work that a restart interrupted, as if its button were pressed now."""
        press = self._catalogue.buttons[action]
        subject = ResolvedAction(action, press.rule, press, data, arguments=f"after a restart: {subject_name}")
        intent = ButtonPressed("", 0, 0, actor, place, 0, "")
        return await self._authorize(AccessRequest(intent, NO_UPDATE, subject, station=station))

    async def rights(self, actor: Actor, place: Place) -> May:
        """Return the permission check of an actor at a place, to choose the wording of a reply; no decision is
        recorded."""
        asking = self._asking(actor, place)
        with self._database.begin() as session:
            access = (self._grants.read(session)).of(asking)
            candidates = self._directory.candidates(session, access, asking)
        contexts = station_choice.contexts_at(asking, candidates)
        if any(access.needs_membership(view) for view in contexts):
            member = await self._membership.is_member(place.chat, actor.id)
            contexts = [replace(view, member=member) for view in contexts]
        return partial(access.may, station_choice.first_allowed(access, contexts, Permission.ANY_ROLE) or contexts[0])

    def mark_interrupted(self, update_id: int) -> None:
        """Mark an update as interrupted by a database error."""
        self._interrupted.add(update_id)

    def may_reply(self, typed: CommandTyped, authorization: Authorization) -> bool:
        """Return True if a denial is replied to. Expired read-only commands, sent while the bot was offline, get one
        reply per chat."""
        rule, decision = authorization.subject.rule, authorization.decision
        of_chat = decision == preconditions.TOO_OLD and rule is not None and rule.is_read_only
        return self._limits.may_reply(decision, typed.actor, typed.place, self._clock(), of_chat=of_chat)

    async def pending_checkpoint(self, update_id: int) -> Checkpoint | None:
        """Return the pending reply of an update that a killed run had handled; None if there is none."""
        if self._unfinished is None:
            with self._database.begin() as session:
                self._unfinished = unfinished_updates.updates(session)
        if update_id not in self._unfinished | self._interrupted:
            return None
        with self._database.begin() as session:
            checkpoint = unfinished_updates.find(session, update_id, self._clock())
        return checkpoint if "answer" in checkpoint else None

    async def finish(self) -> None:
        """Write the counted denials, and mark running imports as interrupted by an orderly shutdown."""
        with suppress(DatabaseError), self._database.begin() as session:
            self._decisions.write_counts(session)
            imports.mark_clean_shutdown(session)

    async def delete_checkpoint(self, update_id: int) -> None:
        with self._database.begin() as session:
            unfinished_updates.remove(session, update_id)

    async def record_group(self, place: Place) -> None:
        await self._decisions.record_group(place)

    async def _authorize(self, request: AccessRequest) -> Authorization:
        """Deny and record a request if the decision fails. Raises OperationalError without a decision: the update is
        retried."""
        try:
            async with asyncio.timeout(self._timeout):
                authorization = await self._resolve_and_decide(request)
                self._decisions.count_repeats(request, authorization)
                return authorization
        except OperationalError:
            raise
        except Exception:
            log.exception("authorization failed, request denied", what=request.subject.name)
        asking = self._asking(request.intent.actor, request.intent.place)
        with self._database.begin() as session:
            audit_id = self._decisions.record(session, request, request.subject, preconditions.UNDECIDED, EVERY_STATION)
        return Authorization(
            preconditions.UNDECIDED, request.subject, audit_id, asking, Access(), self._directory.fleet_station
        )

    async def _resolve_and_decide(
        self, request: AccessRequest, member: bool | None = None, *, membership_checked: bool = False
    ) -> Authorization:
        """Decide; chat membership is requested from Telegram only if a grant depends on it, and outside the
        transaction."""
        asking = replace(self._asking(request.intent.actor, request.intent.place), member=member)
        with self._database.begin() as session:
            access = self._grants.read(session)
            actor_access = access.of(asking)
            target = station_choice.resolve_target(
                session, self._directory, self._catalogue, request, actor_access, asking
            )
            if membership_checked or not any(actor_access.needs_membership(view) for view in target.contexts):
                target = station_choice.settle(target, actor_access)
                subject = request.resolve(session, access, target.asking) if request.resolve else target.subject
                return self._decide(session, request, subject, access, target)
        member = await self._membership.is_member(asking.chat, asking.person)
        return await self._resolve_and_decide(request, member, membership_checked=True)

    def _decide(
        self, session: Session, request: AccessRequest, subject: ResolvedAction, access: Access, target: Target
    ) -> Authorization:
        intent, possible_repeat, asking = request.intent, False, target.asking
        station = self._directory.station(asking.station)
        if station is None:
            station, subject = self._directory.fleet_station, ResolvedAction(subject.name)
        if self._last_earlier_id is None:
            self._last_earlier_id = audit.newest(session)
        decision = _undeclared(intent, subject)
        if subject.rule is not None:
            has_update = request.update_id != NO_UPDATE
            earlier = audit.earlier(session, request.update_id, subject.name, asking.now) if has_update else None
            check_input = CheckInput(
                actor=intent.actor,
                place=intent.place,
                now=asking.now,
                rule=subject.rule,
                may=partial(access.may, asking),
                rejected_because=intent.rejected_because,
                sent_at=subject.sent_at,
                earlier=earlier,
                is_of_this_run=self._is_of_this_run(request.update_id, earlier),
                resume=subject.resume,
                keyboard=subject.keyboard,
                message_id=intent.message_id if isinstance(intent, ButtonPressed) else 0,
                is_shown=isinstance(intent, ButtonPressed) and intent.is_shown,
                approval=subject.approval,
                arguments=intent.arguments if isinstance(intent, CommandTyped) else "",
            )
            decision, possible_repeat = (
                preconditions.evaluate(check_input),
                earlier is not None and not check_input.is_of_this_run,
            )
            if decision.allowed and target.unbound:
                decision = preconditions.UNBOUND
            if check_input.is_open and earlier is not None:
                authorization = Authorization(
                    decision, subject, earlier.id, asking, access, station, earlier, possible_repeat
                )
                return self._decisions.record_resumed(session, request, authorization.with_target(target))
            if decision.allowed:
                decision = (
                    self._limits.exceeded_limit(check_input.rule, check_input.actor, check_input.place, check_input.now)
                    or decision
                )
            if decision.allowed:
                decision, subject = self._claim(session, request, subject, decision, asking.now)
            if decision.allowed and target.named:
                bindings.choose(session, chat_id=asking.chat, person_id=asking.person, station=asking.station)
        audit_id = self._decisions.record_or_count(session, request, subject, decision, target)
        return Authorization(
            decision, subject, audit_id, asking, access, station, possible_repeat=possible_repeat
        ).with_target(target)

    def _is_of_this_run(self, update_id: int, earlier: EarlierDecision | None) -> bool:
        if earlier is None or update_id in self._interrupted:
            return False
        return earlier.id > (self._last_earlier_id or 0)

    def _claim(
        self, session: Session, request: AccessRequest, subject: ResolvedAction, decision: Decision, now: datetime
    ) -> tuple[Decision, ResolvedAction]:
        """Claim single-use data and record it, in the transaction that allows the request."""
        claimed = access_request.claim(subject, session, now)
        if claimed is None:
            return preconditions.USED, subject
        keyboard = subject.keyboard
        if keyboard is not None and keyboard.message_id is None and isinstance(request.intent, ButtonPressed):
            # The run that sent it did not store the message id, because it was killed or has not got there yet.
            keyboard.message_id = request.intent.message_id or None
        if checkpoint := claimed.single_use_data():
            unfinished_updates.write(session, request.update_id, checkpoint, now)
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
    return (
        preconditions.REQUEST_CLOSED
        if subject.name in stored_actions.APPROVAL_ACTIONS
        else preconditions.UNKNOWN_BUTTON
    )
