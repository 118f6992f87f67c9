"""Record decisions in the audit, and the names of the people and groups of an update with the stations they were seen
at."""

from collections.abc import Collection, Hashable
from dataclasses import replace

from bot.access.policy import EVERY_STATION, STRANGER, Decision, Permission
from bot.runtime.clock import Clock
from bot.store.access import audit, contacts
from bot.store.access.contacts import Contact
from bot.store.access.denials import Denials
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.messages import outbox
from handlers.authorization import preconditions
from handlers.authorization.access_request import AccessRequest, Authorization, ResolvedAction, Target
from handlers.authorization.rate_limits import RATE_LIMITED
from handlers.authorization.station_choice import StationChooser
from handlers.dispatch.intents import Actor, CommandTyped, Intent, Place

# Reasons without a subject to decide about, or with one named by the sender: repeats count as one denial for any input.
INPUT_INDEPENDENT = frozenset(
    {STRANGER, *(one.reason for one in (preconditions.NO_SUCH_COMMAND, preconditions.UNKNOWN_BUTTON, *RATE_LIMITED))}
)


class DecisionLog:
    """Each decision is one audit row; repeats of a denial are counted in `denials`."""

    def __init__(
        self, database: Database, grants: Grants, directory: StationChooser, denials: Denials, clock: Clock
    ) -> None:
        self._database = database
        self._grants = grants
        self._directory = directory
        self._denials = denials
        self._clock = clock
        # Public usernames of groups, when last seen.
        self._public_usernames: dict[int, str] = {}

    def record_or_count(
        self, session: Session, request: AccessRequest, subject: ResolvedAction, decision: Decision, target: Target
    ) -> int:
        """Return the audit row of the decision: a new one, or that of the first denial which this one repeats."""
        self._denials.write_expired(session)
        key = repeat_key(request.intent, subject.name, decision)
        audit_id = self._denials.count_repeat(key) if key is not None else None
        if audit_id is not None:
            return audit_id
        self._record_names(session, request.intent, self._contact_stations(session, target, decision))
        return self.record(session, request, subject, decision, target.audit_station)

    def count_repeats(self, intent: Intent, authorization: Authorization) -> None:
        """Count repeats of a denial from now on: its row is committed."""
        key = repeat_key(intent, authorization.subject.name, authorization.decision)
        if key is not None:
            self._denials.register(key, authorization.audit_id)

    def record_resumed(self, session: Session, request: AccessRequest, authorization: Authorization) -> Authorization:
        """Keep one audit row for an interrupted request. If it is dropped now, that decision is recorded too."""
        if authorization.decision.allowed or authorization.interrupted_decision is None:
            return authorization
        audit_id = self.record(
            session, request, authorization.subject, authorization.decision, authorization.station.name
        )
        outcome = f"interrupted, and given up: {authorization.decision.reason}"
        audit.record_outcome(
            session, authorization.interrupted_decision.id, outcome, audit.NOTHING_CHANGED, authorization.asking.now
        )
        return replace(authorization, audit_id=audit_id)

    def write_counts(self, session: Session) -> None:
        """Write the counted denials."""
        self._denials.write(session)

    def record(
        self, session: Session, request: AccessRequest, subject: ResolvedAction, decision: Decision, station: str
    ) -> int:
        """Write an audit row, and return its id."""
        intent = request.intent
        row = audit.entry(
            at=self._clock(),
            update_id=request.update_id,
            actor_id=intent.actor.id,
            actor_name=intent.actor.name,
            chat_id=intent.place.chat,
            station=self._directory.single_station or station,
            what=subject.name,
            arguments=subject.audit_arguments,
            permission=subject.rule.permission if subject.rule else "",
            allowed=decision.allowed,
            reason=decision.reason,
        )
        return audit.record_decision(session, row)

    async def record_group(self, place: Place) -> None:
        """Record from a message not addressed to the bot that a group is now public."""
        if place.private or self._public_usernames.get(place.chat, "") == place.username:
            return
        await self._database.run(self._record_group_here, place)
        self._public_usernames[place.chat] = place.username

    def _record_group_here(self, session: Session, place: Place) -> None:
        self._record_group(session, place, self._directory.contact_stations(session, place.chat))

    def _contact_stations(self, session: Session, target: Target, decision: Decision) -> Collection[str]:
        """Return the stations at which the actor is recorded: in a group those of the chat, in private the one that the
        request was allowed at."""
        asking = target.asking
        if not asking.private:
            return self._directory.contact_stations(session, asking.chat)
        return (asking.station,) if decision.allowed and target.audit_station != EVERY_STATION else ()

    def _record_names(self, session: Session, intent: Intent, station_names: Collection[str]) -> None:
        """Record the names at these stations; ignore an update that was rejected."""
        if intent.rejected_because is not None:
            return
        contacts.record(session, _contact(intent.actor), station_names)
        if isinstance(intent, CommandTyped) and intent.reply_author is not None:
            contacts.record(session, _contact(intent.reply_author), station_names)
        if not intent.place.private and intent.place.title:
            self._record_group(session, intent.place, station_names)

    def _record_group(self, session: Session, place: Place, station_names: Collection[str]) -> None:
        """Record a group. Administrators are notified once when it has become public, if it has grants or alerts."""
        previous = contacts.record(session, Contact(place.chat, place.title, place.username or None), station_names)
        if not place.username or (previous is not None and previous.username is not None):
            return
        access, now = self._grants.read(session), self._clock()
        given = [grant for grant in access.grants if grant.subject == place.chat and not grant.has_ended(now)]
        alerting = self._directory.alert_stations(session, place.chat)
        stations = sorted({*alerting, *(grant.station for grant in given)})
        admins = {one for name in stations for one in access.people_with(Permission.ACCESS_GRANT, name, now)}
        for admin in sorted(admins):
            facts = {
                "station": stations[0] if len(stations) == 1 else EVERY_STATION,
                "title": place.title,
                "username": place.username,
                "chat": place.chat,
                "roles": sorted({grant.role for grant in given}),
                "alerts": bool(alerting),
            }
            outbox.enqueue(session, chat_id=admin, thread_id=None, template="group_public", facts=facts, now=now)


def repeat_key(intent: Intent, action: str, decision: Decision) -> Hashable | None:
    """Return an equal key for repeats of one person's denial with the same reason; None if allowed, or if the reason is
    momentary."""
    if decision.allowed or decision in (preconditions.UNDECIDED, preconditions.INTERRUPTED):
        return None
    if decision.reason in INPUT_INDEPENDENT:
        return intent.actor.id, decision.reason
    return intent.actor.id, intent.place.chat, action, decision.reason


def _contact(actor: Actor) -> Contact:
    return Contact(actor.id, actor.name, actor.username)
