"""Requests for access by people without a role, and their answers. Notifications are queued in the session that stores
the change."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.access.policy import EVERY_STATION, AccessContext, Grant
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access.contacts import make_known_at
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.messages import Outgoing
from bot.store.tables.people import AccessRequestRow

# A person that was refused, or got no answer, may ask again after this.
AGAIN_AFTER = timedelta(days=1)
# Within an hour administrators are notified of so many requests one by one, of the rest once, with a list. No request
# is rejected because of the number.
MAX_SINGLE_NOTICES = 10
AN_HOUR = timedelta(hours=1)
REFUSED = ""
# Templates of the notifications of administrators.
SINGLE, SUMMARY = "access_request", "access_requests"

Facts = dict[str, Any]
Rows = list[list[dict[str, Any]]]


class AccessRequests:
    """Each method is a transaction. `wake` is called after the commit of queued notifications."""

    def __init__(self, database: Database, clock: Clock, grants: Grants, wake: Signal) -> None:
        self._database = database
        self._clock = clock
        self._grants = grants
        self._wake = wake
        # Time of the last collective notification, by station.
        self._summary_sent_at: dict[str, datetime] = {}

    async def ask(
        self,
        station: str,
        person_id: int,
        facts: Facts,
        admins: Iterable[int],
        buttons: Callable[[int], Rows],
        summary_buttons: Rows,
    ) -> bool:
        """Store a request and notify each administrator in private, with `buttons` for the request's id; when there are
        many, one notification for all, with the buttons of `summary_buttons`. Return False if the person has asked
        within a day."""
        notified = await self._database.run(self._ask, station, person_id, facts, admins, buttons, summary_buttons)
        if notified is None:
            return False
        if notified == SUMMARY:
            self._summary_sent_at[station] = self._clock()
        self._wake.send()
        return True

    def _ask(
        self,
        session: Session,
        station: str,
        person_id: int,
        facts: Facts,
        admins: Iterable[int],
        buttons: Callable[[int], Rows],
        summary_buttons: Rows,
    ) -> str | None:
        """Return the template of the notification, "" if the last summary covers the request; None if the person has
        asked within a day."""
        now = self._clock()
        recent = _asked_within(session, station, AN_HOUR, now)
        if _asked_within(session, station, AGAIN_AFTER, now, person_id):
            return None
        if station != EVERY_STATION:
            make_known_at(session, person_id, station)
        request = AccessRequestRow(station=station, person_id=person_id, asked_at=now, notices=[])
        session.add(request)
        session.flush()
        if recent < MAX_SINGLE_NOTICES:
            facts = facts | {"station": station, "role": None, "by": ""}
            request.notices = self._notify_admins(session, SINGLE, station, facts, admins, buttons(request.id))
            return SINGLE
        if now - self._summary_sent_at.get(station, now - AN_HOUR) < AN_HOUR:
            return ""
        self._notify_admins(session, SUMMARY, station, {"station": station}, admins, summary_buttons)
        return SUMMARY

    def _notify_admins(
        self, session: Session, template: str, station: str, facts: Facts, admins: Iterable[int], rows: Rows
    ) -> list[int]:
        """Queue the notifications in the caller's session; flush it, and return their outbox ids."""
        now = self._clock()
        notices = [
            outbox.enqueue(
                session,
                chat_id=admin,
                thread_id=None,
                template=template,
                facts=facts,
                now=now,
                keyboard=new_keyboard(admin, rows, now=now, station=station),
            )
            for admin in admins
        ]
        session.flush()
        return [notice.id for notice in notices]

    async def unnotified(self, station: str, limit: int) -> Sequence[AccessRequestRow]:
        """Return unanswered requests without a notification of their own, newest first."""
        query = (
            select(AccessRequestRow)
            .where(
                AccessRequestRow.station == station,
                AccessRequestRow.answer.is_(None),
                func.json_array_length(AccessRequestRow.notices) == 0,
            )
            .order_by(AccessRequestRow.id.desc())
            .limit(limit)
        )
        return await self._database.run(lambda session: session.scalars(query).all())

    async def answer(self, request_id: int, grant: Grant | None, by: AccessContext, name: str) -> bool:
        """Answer a request: with a grant, or refuse with None. The role is granted, and the person and all
        administrators are notified, in one transaction. False if it is already answered. Raises GrantRefused and leaves
        it unanswered."""
        if not await self._database.run(self._answer, request_id, grant, by, name):
            return False
        self._grants.notify_changed()
        self._wake.send()
        return True

    async def is_pending(self, station: str, person_id: int) -> bool:
        """Return True if the person has an unanswered request from the last day."""
        now = self._clock()
        return await self._database.run(_asked_within, station, AGAIN_AFTER, now, person_id, unanswered=True) > 0

    async def find(self, request_id: int) -> AccessRequestRow | None:
        return await self._database.run(Session.get, AccessRequestRow, request_id)

    def _answer(self, session: Session, request_id: int, grant: Grant | None, by: AccessContext, name: str) -> bool:
        request = _answered(session, request_id, grant.role if grant else REFUSED, name, self._clock())
        if request is None:
            return False
        if grant is not None:
            self._grants.write(session, grant, by)
        self._enqueue_answer(session, request)
        return True

    def _enqueue_answer(self, session: Session, request: AccessRequestRow) -> None:
        """Queue the notification of the person, and edits of the administrators' notifications, in the caller's
        session."""
        now, answer = self._clock(), {"role": request.answer, "by": request.answered_by}
        notices = session.execute(select(Outgoing).where(Outgoing.id.in_(request.notices)))
        for notice in notices.scalars().all():
            outbox.enqueue(
                session,
                action="edit",
                chat_id=notice.chat_id,
                thread_id=None,
                about=notice.id,
                template=SINGLE,
                facts=notice.facts | answer,
                now=now,
                silent=True,
            )
        facts = answer | {"station": request.station}
        outbox.enqueue(
            session, chat_id=request.person_id, thread_id=None, template="access_answer", facts=facts, now=now
        )


def _asked_within(
    session: Session,
    station: str,
    period: timedelta,
    now: datetime,
    person_id: int | None = None,
    *,
    unanswered: bool = False,
) -> int:
    """Count requests by one person or by all; with `unanswered` only pending ones."""
    query = select(func.count()).where(AccessRequestRow.station == station, AccessRequestRow.asked_at > now - period)
    if person_id is not None:
        query = query.where(AccessRequestRow.person_id == person_id)
    if unanswered:
        query = query.where(AccessRequestRow.answer.is_(None))
    return session.execute(query).scalar_one()


def _answered(session: Session, request_id: int, role: str, by: str, now: datetime) -> AccessRequestRow | None:
    answered = session.execute(
        update(AccessRequestRow)
        .where(AccessRequestRow.id == request_id, AccessRequestRow.answer.is_(None))
        .values(answer=role, answered_by=by[:128], answered_at=now)
        .returning(AccessRequestRow)
    )
    return answered.scalar_one_or_none()
