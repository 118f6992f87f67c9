"""The check of a running bot: at each start and then daily, in the log; to the administrators what nothing else tells.

The watch, the check of chats, and the start itself tell of PBXs, chats and settings already.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

import structlog

from bot.app.check.findings import Finding, Level
from bot.notifications.admin_notices import AdminNotices
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal, sleep_or_stop
from bot.store.database import Database, Session
from bot.store.stations import states

log = structlog.get_logger(__name__)

# Seconds: after a start updates that waited come first. While something is told, its end is looked for.
AFTER_START = 10.0
EVERY_DAY = 24 * 3600.0
EVERY_HOUR = 3600.0
# Subject of the stored state.
TOLD = ":check"
LOGGED_ELSEWHERE = frozenset({"settings.risk", "settings.mode", "service.root", "people.admin", "groups.member"})
# Told in a chat from this level on; each has its words in the template.
TOLD_FROM = {
    "groups.write": Level.FAULT,
    "groups.topic": Level.FAULT,
    "telegram.clock": Level.FAULT,
    "database.processes": Level.FAULT,
    "database.space": Level.FAULT,
    "pbx.certificate": Level.WARNING,
}
MOST_TOLD = 5


class StartupCheck:
    """Task that checks the installation. `inspect` returns the findings; `whole` is the station that stands for all."""

    def __init__(
        self,
        inspect: Callable[[], Awaitable[Sequence[Finding]]],
        database: Database,
        administrators: AdminNotices,
        whole: str,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._inspect = inspect
        self._database = database
        self._administrators = administrators
        self._whole = whole
        self._clock = clock
        self._wake = wake
        self._logged: frozenset[str] = frozenset()
        self._checked = False

    async def run(self, stop: asyncio.Event) -> None:
        """Check until `stop`. A database error ends the task; the application retries it."""
        await sleep_or_stop(stop, AFTER_START)
        while not stop.is_set():
            checking = asyncio.create_task(self.run_once())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({checking, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if stop.is_set():
                checking.cancel()
                return
            await sleep_or_stop(stop, EVERY_HOUR if checking.result() else EVERY_DAY)

    async def run_once(self) -> bool:
        """Check once; return True while something told is not mended."""
        findings = [one for one in await self._inspect() if one.level is not Level.OK]
        if findings or self._checked:
            self._log([one for one in findings if one.check not in LOGGED_ELSEWHERE])
        else:
            log.info("installation checked, nothing is wrong", more="mikopbx-bot check")
        self._checked = True
        told = await self._database.run(self._tell, findings)
        self._wake.send()
        return told

    def _log(self, findings: Sequence[Finding]) -> None:
        for one in findings:
            if one.line not in self._logged:
                log.info(one.line, check=one.check)
        self._logged = frozenset(one.line for one in findings)

    def _tell(self, session: Session, findings: Sequence[Finding]) -> bool:
        """Queue a message if something is new, or all is mended; return True while something is told."""
        state = states.load(session, self._whole).get(TOLD) or {}
        before = frozenset(map(str, state.get("told", ())))
        wanted = {_key(one): one for one in findings if _is_told(one)}
        now = frozenset(wanted) | {key for key in before if _is_unknown(key, findings)}
        if now - before:
            if not self._administrators.enqueue(session, "installation", facts_of(wanted.values())):
                return bool(before)
        elif before and not now:
            self._administrators.enqueue(session, "installation_mended", {})
        if now != before:
            states.save(session, self._whole, {TOLD: {"told": sorted(now)} if now else None}, self._clock())
        return bool(now)


def facts_of(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return the facts of the message. A dot in a value would be made harmless, as in an address that nobody sent."""
    return {"found": [{"what": one.check.replace(".", "_"), **one.facts} for one in findings][:MOST_TOLD]}


def _key(one: Finding) -> str:
    return f"{one.check}/{one.subject}"


def _is_told(one: Finding) -> bool:
    order = list(Level)
    least = TOLD_FROM.get(one.check)
    return least is not None and bool(one.facts) and order.index(one.level) >= order.index(least)


def _is_unknown(key: str, findings: Collection[Finding]) -> bool:
    """Return True for something told that could not be looked at now: it is not mended."""
    check, _, subject = key.partition("/")
    area = check.partition(".")[0]
    if area in ("groups", "telegram"):
        return any(one.check in ("people.unknown", "telegram.reach", "telegram.token") for one in findings)
    if area == "pbx":
        return any(one.check in ("pbx.address", "pbx.key") and one.subject == subject for one in findings)
    return any(one.check == "database.schema" and one.level is Level.FAULT for one in findings)
