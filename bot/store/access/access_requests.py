"""People without a role who asked for one, and what they were answered. What tells of it is owed in the same
transaction."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.policy import EVERY_STATION, Asking, Grant
from bot.runtime.clock import Clock
from bot.runtime.signals import Signal
from bot.store.access.contacts import known_at
from bot.store.access.grants import GrantBook
from bot.store.database import Store
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.incidents import Outgoing
from bot.store.tables.people import AccessRequest

# Who was not answered, or was refused, may ask again after this.
AGAIN_AFTER = timedelta(days=1)
# Of so many in an hour administrators are told one by one; of all others once, with a list. Nobody who asks is turned
# away because others ask.
TOLD_ONE_BY_ONE = 10
AN_HOUR = timedelta(hours=1)
REFUSED = ""

Facts = dict[str, Any]
Rows = list[list[dict[str, Any]]]


class Requests:
    """`wake` tells the courier."""

    def __init__(self, store: Store, clock: Clock, grants: GrantBook, wake: Signal) -> None:
        self._store = store
        self._clock = clock
        self._grants = grants
        self._wake = wake
        # When administrators were told of a crowd, by station.
        self._told_of_many: dict[str, datetime] = {}

    async def ask(
        self,
        station: str,
        person_id: int,
        facts: Facts,
        admins: Iterable[int],
        buttons: Callable[[int], Rows],
        listing: Rows,
    ) -> bool:
        """Tell the administrators, each in private, with `buttons` for the request of that id; when many ask, that they
        do, with the buttons of `listing`. False when the person has asked within a day."""
        now = self._clock()
        async with self._store.begin() as session:
            recent = await _asked_within(session, station, AN_HOUR, now)
            if await _asked_within(session, station, AGAIN_AFTER, now, person_id):
                return False
            if station != EVERY_STATION:
                await known_at(session, person_id, station)
            request = AccessRequest(station=station, person_id=person_id, asked_at=now, notices=[])
            session.add(request)
            await session.flush()
            facts = facts | {"station": station, "role": None, "by": ""}
            if recent < TOLD_ONE_BY_ONE:
                rows = buttons(request.id)
                request.notices = await self._tell(session, "access_request", station, facts, admins, rows)
            elif now - self._told_of_many.get(station, now - AN_HOUR) >= AN_HOUR:
                self._told_of_many[station] = now
                await self._tell(session, "access_requests", station, {"station": station}, admins, listing)
        self._wake.send()
        return True

    async def _tell(
        self, session: AsyncSession, template: str, station: str, facts: Facts, admins: Iterable[int], rows: Rows
    ) -> list[int]:
        """The ids of what is owed to them."""
        now = self._clock()
        notices = [
            outbox.owe(
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
        await session.flush()
        return [notice.id for notice in notices]

    async def untold(self, station: str, limit: int) -> Sequence[AccessRequest]:
        """Those that nobody has answered and no message of their own tells of, newest first."""
        query = (
            select(AccessRequest)
            .where(
                AccessRequest.station == station,
                AccessRequest.answer.is_(None),
                func.json_array_length(AccessRequest.notices) == 0,
            )
            .order_by(AccessRequest.id.desc())
            .limit(limit)
        )
        async with self._store.begin() as session:
            return (await session.execute(query)).scalars().all()

    async def answer(self, request_id: int, grant: Grant | None, by: Asking, name: str) -> bool:
        """The first answer counts, None refuses: what is given is given, the person is told, and every administrator
        sees it. False when somebody was faster. Raises NotGranted, and then nothing was answered."""
        role = grant.role if grant else REFUSED
        async with self._store.begin() as session:
            request = await _answered(session, request_id, role, name, self._clock())
            if request is None:
                return False
            if grant is not None:
                await self._grants.write(session, grant, by)
            await self._owe_news(session, request)
        self._grants.tell()
        self._wake.send()
        return True

    async def waits(self, station: str, person_id: int) -> bool:
        """Whether the person has asked within a day and nobody has answered."""
        now = self._clock()
        async with self._store.begin() as session:
            return await _asked_within(session, station, AGAIN_AFTER, now, person_id, unanswered=True) > 0

    async def find(self, request_id: int) -> AccessRequest | None:
        async with self._store.begin() as session:
            return await session.get(AccessRequest, request_id)

    async def _owe_news(self, session: AsyncSession, request: AccessRequest) -> None:
        now, news = self._clock(), {"role": request.answer, "by": request.answered_by}
        told = await session.execute(select(Outgoing).where(Outgoing.id.in_(request.notices)))
        for notice in told.scalars().all():
            outbox.owe(
                session,
                action="edit",
                chat_id=notice.chat_id,
                thread_id=None,
                about=notice.id,
                template="access_request",
                facts=notice.facts | news,
                now=now,
                silent=True,
            )
        facts = news | {"station": request.station}
        outbox.owe(session, chat_id=request.person_id, thread_id=None, template="access_answer", facts=facts, now=now)


async def _asked_within(
    session: AsyncSession,
    station: str,
    time: timedelta,
    now: datetime,
    person_id: int | None = None,
    *,
    unanswered: bool = False,
) -> int:
    """How often, by one person or by all; all of them, or those that wait for an answer."""
    asked = select(func.count()).where(AccessRequest.station == station, AccessRequest.asked_at > now - time)
    if person_id is not None:
        asked = asked.where(AccessRequest.person_id == person_id)
    if unanswered:
        asked = asked.where(AccessRequest.answer.is_(None))
    return (await session.execute(asked)).scalar_one()


async def _answered(session: AsyncSession, request_id: int, role: str, by: str, now: datetime) -> AccessRequest | None:
    answered = await session.execute(
        update(AccessRequest)
        .where(AccessRequest.id == request_id, AccessRequest.answer.is_(None))
        .values(answer=role, answered_by=by[:128], answered_at=now)
        .returning(AccessRequest)
    )
    return answered.scalar_one_or_none()
