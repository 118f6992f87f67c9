"""The check of a running bot: administrators are told once, again when something is new, and when all is mended."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.access.policy import Destination
from bot.app.check.findings import Finding, fault, ok, warning
from bot.app.check.startup import TOLD_FROM, StartupCheck, facts_of
from bot.notifications.admin_notices import AdminNotices
from bot.notifications.destinations import Destinations
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.messages import blocked_chats
from tests.incident_harness.incident_ledger import RENDERERS, ManagerHarness, read
from tests.incident_harness.pbx import ANNA, NAMES, STATION, ZONE
from tests.incident_harness.station import START

MUTED = fault("groups.write", "the bot may not write", "allow it", subject="-7", chat=-7, title="On <call>")
FULL = fault("database.space", "only 3 MB are free", "make room", megabytes=3)
EXAMPLES = [
    MUTED,
    FULL,
    fault("groups.topic", "no topics", "name another", subject="-8", chat=-8, title="Office"),
    fault("telegram.clock", "the clock is wrong", "set it", seconds=-600),
    fault("database.processes", "another bot", "stop one", bots=2),
    warning("pbx.certificate", "it ends", "renew it", subject="acme", title="Acme", until="2026-12-05"),
]


class Running:
    """Bot whose check finds `findings`."""

    def __init__(self, database: Database) -> None:
        self.manager = ManagerHarness(database)
        self.findings: list[Finding] = []
        destinations = Destinations(STATION, [Destination(-7)], self.manager.grants)
        self._notices = AdminNotices(database, destinations, self.manager.clock, Signal())
        self.restarts()

    def restarts(self) -> None:
        self.startup_check = StartupCheck(
            self._inspect, self.manager.database, self._notices, STATION, self.manager.clock, Signal()
        )

    async def _inspect(self) -> list[Finding]:
        return self.findings

    async def told_of(self, *findings: Finding) -> list[str]:
        """Check, and return what Anna is told of it."""
        before = len(await self._to_anna())
        self.findings = list(findings)
        self.is_told: bool = await self.startup_check.run_once()
        return (await self._to_anna())[before:]

    async def _to_anna(self) -> list[str]:
        return [read(row) for row in await self.manager.owed() if row.chat_id == ANNA]


@pytest.fixture
def running(database: Database) -> Running:
    return Running(database)


async def test_a_fault_is_told_once_also_after_a_restart_and_its_end(running: Running) -> None:
    (said,) = await running.told_of(MUTED)
    assert "I may not write in On <call>" in said
    assert "mikopbx-bot check" in said
    assert running.is_told
    running.restarts()
    assert await running.told_of(MUTED) == []
    (again,) = await running.told_of(MUTED, FULL)
    assert "Only 3 MB" in again
    assert await running.told_of(FULL) == []
    (ended,) = await running.told_of(ok("database.space", "64 GB are free"))
    assert "mended" in ended
    assert (await running.told_of(), running.is_told) == ([], False)
    assert await running.told_of() == []


async def test_what_cannot_be_looked_at_is_not_mended(running: Running) -> None:
    soon = EXAMPLES[-1]
    assert len(await running.told_of(MUTED, soon)) == 1
    away = fault("telegram.reach", "Telegram cannot be reached", "mend the way there")
    down = fault("pbx.address", "Acme does not answer", "check its power", subject="acme")
    assert await running.told_of(away, down) == []
    assert running.is_told
    assert len(await running.told_of()) == 1


async def test_what_the_watch_tells_already_is_not_told_again(running: Running) -> None:
    others = [
        fault("pbx.address", "Acme does not answer", "check its power", subject="acme"),
        fault("people.admin", "administrator 1 has never pressed Start", "let them", subject="1"),
        warning("pbx.right", "no right on CDR", "add it", subject="acme/cdr"),
    ]
    with capture_logs() as logged:
        assert await running.told_of(*others) == []
        assert await running.told_of(*others) == []
    assert [line["event"] for line in logged if line["log_level"] == "info"] == [others[0].line, others[2].line]


async def test_while_no_administrator_is_reached_it_waits(running: Running) -> None:
    with running.manager.database.begin() as session:
        for person in NAMES:
            blocked_chats.close(session, person, "Forbidden: bot was blocked by the user", running.manager.now)
    assert await running.told_of(MUTED) == []
    with running.manager.database.begin() as session:
        blocked_chats.reopen(session, NAMES, running.manager.now)
    assert len(await running.told_of(MUTED)) == 1


def rendered(facts: dict[str, Any]) -> list[str]:
    return [renderer.text("installation", facts, zone=ZONE, now=START) for renderer in RENDERERS.values()]


def test_all_that_is_told_has_words_in_both_languages() -> None:
    assert {one.check for one in EXAMPLES} == set(TOLD_FROM)
    for one in EXAMPLES:
        said, nothing = rendered(facts_of([one])), rendered(facts_of([]))
        assert all(len(text) > len(empty) + 40 for text, empty in zip(said, nothing, strict=True)), said
        assert said[0] != said[1]


async def test_a_stop_ends_it_at_once(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.app.check.startup.AFTER_START", 0.0)
    began, stop = asyncio.Event(), asyncio.Event()

    async def endless() -> list[Finding]:
        began.set()
        await asyncio.Event().wait()
        return []

    running.startup_check._inspect = endless
    task = asyncio.create_task(running.startup_check.run(stop))
    await began.wait()
    stop.set()
    await asyncio.wait_for(task, 30)
