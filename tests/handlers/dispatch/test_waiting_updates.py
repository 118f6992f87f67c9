"""Updates that wait for their turn: decided by the rights of that moment, not of the moment when they were stored."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.access.policy import AccessContext, Grant, Permission
from bot.messages.message import Message
from bot.store.database import Database
from bot.telegram.updates.admission import Admitted, Intake, SenderStanding
from bot.telegram.updates.lanes import LONG_QUEUE, MAX_AT_ONCE_IN_CHAT, MAX_LONG_AT_ONCE
from bot.telegram.updates.queue import UpdateQueue
from bot.telegram.updates.summary import UpdateSummary
from handlers.dispatch.declare import Command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Rule
from tests.handlers.dispatcher_harness import ANNA, GROUP, STATION, DispatcherHarness
from tests.handlers.update_factory import message

SLOW = Rule(Permission.STATUS_READ)


class Admitting:
    """Admission of updates of one standing."""

    def __init__(self, standing: SenderStanding) -> None:
        self._standing = standing

    async def refresh(self) -> None:
        return None

    def admit(self, _summary: UpdateSummary, _now: Any) -> Admitted:
        return Admitted(Intake.FIRST, self._standing)


class SlowOffice(DispatcherHarness):
    """One command, which lasts until `released`; `began` has its people."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, grants=(Grant(ANNA, "admin"),))
        self.began: list[int] = []
        self.released = asyncio.Event()
        self.catalogue.commands["slow"] = Command("slow", self._slow, SLOW, "")

    async def _slow(self, request: Request) -> Reply:
        self.began.append(request.actor.id)
        await self.released.wait()
        return Reply(Message("broken"))

    def queue(self, standing: SenderStanding) -> UpdateQueue:
        admission: Any = Admitting(standing)
        bot: Any = None
        return UpdateQueue(bot, self.database, self.dispatcher, clock=self.clock, admission=admission)

    async def receives(self, queue: UpdateQueue, *senders: tuple[int, int]) -> None:
        """Receive a batch of commands, of each person in a chat."""
        batch = []
        for person, chat in senders:
            self.update_id += 1
            batch.append({"update_id": self.update_id, "message": message("/slow", person, chat, self.now)})
        await queue.enqueue(batch)
        await _until_idle()

    async def grants(self, subject: int) -> Grant:
        grant = Grant(subject, "operator", "", ANNA, "Anna", self.now)
        await self.book.grant(grant, self._anna())
        return grant

    async def revokes(self, grant: Grant) -> None:
        await self.book.revoke([grant], self._anna())

    def _anna(self) -> AccessContext:
        return AccessContext(person=ANNA, chat=ANNA, private=True, station=STATION, now=self.now)


async def _until_idle() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


@pytest.fixture
def office(database: Database) -> SlowOffice:
    return SlowOffice(database)


async def test_who_waits_for_the_crowd_of_a_group_is_judged_afterwards(office: SlowOffice) -> None:
    people = range(101, 102 + MAX_AT_ONCE_IN_CHAT)
    office.members.remembered.update((GROUP, person) for person in people)
    grant, queue = await office.grants(GROUP), office.queue(SenderStanding.MEMBER)
    await office.receives(queue, *((person, GROUP) for person in people))
    assert office.began == list(people)[:-1]
    await office.revokes(grant)
    office.released.set()
    await _until_idle()
    assert office.began == list(people)[:-1]


async def test_who_waits_for_the_long_queues_of_others_is_judged_afterwards(office: SlowOffice) -> None:
    people, queue = range(101, 102 + MAX_LONG_AT_ONCE), office.queue(SenderStanding.KNOWN)
    for person in people:
        grant = await office.grants(person)
        await office.receives(queue, *[(person, person)] * (LONG_QUEUE + 2))
    assert office.began == list(people)[:-1]
    await office.revokes(grant)
    office.released.set()
    await _until_idle()
    assert people[-1] not in office.began


async def test_what_waits_too_long_is_not_done(office: SlowOffice) -> None:
    people = range(101, 102 + MAX_AT_ONCE_IN_CHAT)
    office.members.remembered.update((GROUP, person) for person in people)
    await office.grants(GROUP)
    await office.receives(office.queue(SenderStanding.MEMBER), *((person, GROUP) for person in people))
    office.now += timedelta(minutes=6)
    office.released.set()
    await _until_idle()
    assert office.began == list(people)[:-1]
