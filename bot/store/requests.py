"""People without a role who asked for one, and what they were answered. What tells of it is owed in the same
transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Asking, Grant
from bot.store import outbox
from bot.store.database import Store
from bot.store.grants import GrantBook
from bot.store.keyboards import new_keyboard
from bot.store.people_tables import AccessRequest
from bot.store.tables import Outgoing

# Who was not answered, or was refused, may ask again after this.
AGAIN_AFTER = timedelta(days=1)
# More than these at a time are not people who want to work with the PBX.
MOST_OPEN = 20
REFUSED = ""

Facts = dict[str, Any]
Rows = list[list[dict[str, Any]]]


class Requests:
    """`wake` tells the courier."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], grants: GrantBook, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._grants = grants
        self._wake = wake

    async def ask(
        self, station: str, person_id: int, facts: Facts, admins: Iterable[int], buttons: Callable[[int], Rows]
    ) -> bool:
        """Tell the administrators, each in private, with `buttons` for the request of that id. False when the person
        has asked within a day, or too many others are waiting."""
        now = self._clock()
        async with self._store.begin() as session:
            if not await _may_ask(session, station, person_id, now):
                return False
            request = AccessRequest(station=station, person_id=person_id, asked_at=now, notices=[])
            session.add(request)
            await session.flush()
            rows = buttons(request.id)
            notices = [
                outbox.owe(
                    session,
                    chat_id=admin,
                    thread_id=None,
                    template="access_request",
                    facts=facts | {"station": station, "role": None, "by": ""},
                    now=now,
                    keyboard=new_keyboard(admin, rows, now=now, station=station),
                )
                for admin in admins
            ]
            await session.flush()
            request.notices = [notice.id for notice in notices]
        self._wake()
        return True

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
        self._wake()
        return True

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


async def _may_ask(session: AsyncSession, station: str, person_id: int, now: datetime) -> bool:
    recent = (AccessRequest.station == station, AccessRequest.asked_at > now - AGAIN_AFTER)
    own = select(func.count()).where(*recent, AccessRequest.person_id == person_id)
    waiting = select(func.count()).where(*recent, AccessRequest.answer.is_(None))
    asked, others = (await session.execute(select(own.scalar_subquery(), waiting.scalar_subquery()))).one()
    return bool(asked == 0 and others < MOST_OPEN)


async def _answered(session: AsyncSession, request_id: int, role: str, by: str, now: datetime) -> AccessRequest | None:
    answered = await session.execute(
        update(AccessRequest)
        .where(AccessRequest.id == request_id, AccessRequest.answer.is_(None))
        .values(answer=role, answered_by=by[:128], answered_at=now)
        .returning(AccessRequest)
    )
    return answered.scalar_one_or_none()
