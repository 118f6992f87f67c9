"""Authorize requests: one decision and one audit row each, in one transaction.

An error or a timeout before the decision denies. Single-use data is claimed in the transaction that allows the request.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.access.policy import EVERY_STATION, Access, AccessContext, Decision, Permission
from bot.runtime.clock import Clock
from bot.store.access import audit
from bot.store.access.denials import Denials
from bot.store.access.grants import Grants
from bot.store.database import Database, DatabaseError, OperationalError, Session
from bot.store.messages import unfinished_updates
from bot.store.stations import bindings, imports
from bot.telegram.membership import Membership
from handlers.authorization import access_request, preconditions, station_choice, stored_actions
from handlers.authorization.access_request import (
    NO_UPDATE,
    AccessRequest,
    Authorization,
    MembershipAnswer,
    MembershipUnknown,
    ResolvedAction,
    Target,
)
from handlers.authorization.decision_log import DecisionLog
from handlers.authorization.interrupted import InterruptedUpdates
from handlers.authorization.preconditions import CheckInput, May
from handlers.authorization.rate_limits import RateLimits
from handlers.authorization.station_choice import StationChooser
from handlers.authorization.update_requests import UpdateRequests
from handlers.dispatch.declare import Catalogue
from handlers.dispatch.intents import Actor, ButtonPressed, CommandTyped, Intent, Place, TextSent

log = structlog.get_logger(__name__)

DECISION_TIMEOUT = 10.0


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
        self._requests = UpdateRequests(catalogue, clock)
        self.interrupted = InterruptedUpdates(database, clock)
        self._decisions = DecisionLog(database, grants, directory, denials or Denials(clock, timedelta()), clock)

    def with_subcommand(self, intent: Intent) -> Intent:
        """Return a typed command with its second word in its name, if there is such a command."""
        return access_request.with_subcommand(self._catalogue, intent) if isinstance(intent, CommandTyped) else intent

    def decide(self, session: Session, intent: Intent, update_id: int) -> Authorization | None:
        """Decide in the session that stores the update; call `count_repeats` after its commit. None for a text that
        answers no question. Raises MembershipUnknown, with nothing written, if Telegram must be asked first: then call
        `authorize`."""
        request = self._requests.read(session, intent, update_id)
        return None if request is None else self._resolve_and_decide(session, request)

    async def authorize(self, intent: Intent, update_id: int) -> Authorization | None:
        """Decide in a transaction of its own. None for a text that answers no question."""
        request = self._requests.build(intent, update_id)
        if isinstance(intent, TextSent):
            request = await self._database.run(self._requests.read, intent, update_id)
        return None if request is None else await self._authorize(request)

    def count_repeats(self, intent: Intent, authorization: Authorization) -> None:
        """Count repeats of a denial from now on: its row is committed."""
        self._decisions.count_repeats(intent, authorization)

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
        access, candidates = await self._database.run(self._access_of, asking)
        contexts = station_choice.contexts_at(asking, candidates)
        if any(access.needs_membership(view) for view in contexts):
            member = await self._membership.is_member(place.chat, actor.id)
            contexts = [replace(view, member=member) for view in contexts]
        return partial(access.may, station_choice.first_allowed(access, contexts, Permission.ANY_ROLE) or contexts[0])

    def may_reply(self, typed: CommandTyped, authorization: Authorization) -> bool:
        """Return True if a denial is replied to. Expired read-only commands, sent while the bot was offline, get one
        reply per chat."""
        rule, decision = authorization.subject.rule, authorization.decision
        of_chat = decision == preconditions.TOO_OLD and rule is not None and rule.is_read_only
        return self._limits.may_reply(decision, typed.actor, typed.place, self._clock(), of_chat=of_chat)

    async def finish(self) -> None:
        """Write the counted denials, and mark running imports as interrupted by an orderly shutdown."""
        with suppress(DatabaseError):
            await self._database.run(self._finish)

    async def record_group(self, place: Place) -> None:
        await self._decisions.record_group(place)

    async def _authorize(self, request: AccessRequest) -> Authorization:
        """Deny and record a request if the decision fails. Raises OperationalError without a decision: the update is
        retried."""
        try:
            async with asyncio.timeout(self._timeout):
                authorization = await self._authorize_member(request)
        except OperationalError:
            raise
        except Exception:
            log.exception("authorization failed, request denied", what=request.subject.name)
            return await self._deny_undecided(request)
        self.count_repeats(request.intent, authorization)
        return authorization

    async def _authorize_member(self, request: AccessRequest) -> Authorization:
        """Decide; chat membership is requested from Telegram only if a grant depends on it, and outside the
        transaction."""
        try:
            return await self._database.run(self._resolve_and_decide, request)
        except MembershipUnknown:
            member = await self._membership.is_member(request.intent.place.chat, request.intent.actor.id)
            return await self._database.run(self._resolve_and_decide, request, MembershipAnswer(member))

    async def _deny_undecided(self, request: AccessRequest) -> Authorization:
        audit_id = await self._database.run(
            self._decisions.record, request, request.subject, preconditions.UNDECIDED, EVERY_STATION
        )
        asking = self._asking(request.intent.actor, request.intent.place)
        return Authorization(
            preconditions.UNDECIDED, request.subject, audit_id, asking, Access(), self._directory.fleet_station
        )

    def _access_of(self, session: Session, asking: AccessContext) -> tuple[Access, Sequence[str]]:
        access = self._grants.read(session).of(asking)
        return access, self._directory.candidates(session, access, asking)

    def _finish(self, session: Session) -> None:
        self._decisions.write_counts(session)
        imports.mark_clean_shutdown(session)

    def _resolve_and_decide(
        self, session: Session, request: AccessRequest, checked: MembershipAnswer | None = None
    ) -> Authorization:
        """Decide and record. Raises MembershipUnknown."""
        actor, place = request.intent.actor, request.intent.place
        member = checked.is_member if checked else self._membership.cached(place.chat, actor.id)
        asking = replace(self._asking(actor, place), member=member)
        access = self._grants.read(session)
        actor_access = access.of(asking)
        target = station_choice.resolve_target(session, self._directory, self._catalogue, request, actor_access, asking)
        if checked is None and member is None and any(actor_access.needs_membership(view) for view in target.contexts):
            raise MembershipUnknown
        target = station_choice.settle(target, actor_access)
        subject = request.resolve(session, access, target.asking) if request.resolve else target.subject
        return self._decide(session, request, subject, access, target)

    def _decide(
        self, session: Session, request: AccessRequest, subject: ResolvedAction, access: Access, target: Target
    ) -> Authorization:
        intent, possible_repeat, asking = request.intent, False, target.asking
        station = self._directory.station(asking.station)
        if station is None:
            station, subject = self._directory.fleet_station, ResolvedAction(subject.name)
        self.interrupted.read_last_earlier(session)
        decision = _undeclared(intent, subject)
        if subject.rule is not None:
            has_update = request.update_id != NO_UPDATE
            earlier = audit.earlier(session, request.update_id, subject.name, asking.now) if has_update else None
            check_input = CheckInput(
                actor=intent.actor,
                place=intent.place,
                now=asking.now,
                rule=subject.rule,
                may=partial(access.of(asking).may, asking),
                rejected_because=intent.rejected_because,
                sent_at=subject.sent_at,
                earlier=earlier,
                is_of_this_run=self.interrupted.is_of_this_run(request.update_id, earlier),
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
                    self._limits.exceeded_limit(
                        check_input.rule,
                        check_input.actor,
                        check_input.place,
                        check_input.now,
                        (request.update_id, subject.name) if has_update else None,
                    )
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
