"""Re-register a trunk: switch it off, wait until Asterisk has dropped the registration, and switch it on again. The API
has no other way.

Measured: it is then registered within 16 to 26 s.

The trunk must not stay off. The record in the database is deleted only once it is on again: after any error, and after
a crash, it is switched on.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bot.messages.message import Button, Message, mark
from bot.pbx import NotFound, PbxError, TrunkRow, Uncertain
from bot.store.access.audit import Change
from bot.store.stations.registrations import Reregistration
from handlers.dialog import pbx_errors, verify_write
from handlers.dispatch.request import Reply, Request
from handlers.trunks import registration
from handlers.trunks.facts import ReregistrationNote
from handlers.trunks.unregister import wait_unregistered

log = structlog.get_logger(__name__)

POLL_INTERVAL = 2.0
# Retries before the person is notified that it is still off; then retried until it is on.
MAX_TRIES = 4
PAUSE, MAX_PAUSE = 2.0, 60.0
# Frequent retries do not help a refused key, and failed logins can get an address banned.
REFUSED_PAUSE = 300.0
REFUSED_KINDS = frozenset({"unauthorised", "forbidden", "key_too_narrow"})
# Seconds in which a write of a killed run may still be carried out.
LATE = 60.0


Work = Callable[[], Awaitable[Reply]]


def start(request: Request, record: Reregistration) -> Reply:
    """Reply to the confirmation, and run in a background task."""
    run = _ReregistrationRun(request, record)
    return Reply(
        run.progress("off"),
        then=run.rewatch_on_error(run.run_from_start),
        outcome=f"{record.name} is being registered anew",
    )


def resume(request: Request, record: Reregistration) -> Reply:
    """Continue a killed run: the trunk is only switched on."""
    run = _ReregistrationRun(request, record)
    return Reply(
        run.progress("again"),
        then=run.rewatch_on_error(run.run_after_restart),
        outcome=f"{record.name} is to be switched on",
    )


class _ReregistrationRun:
    """Task of a re-registration. The monitor does not evaluate the trunk meanwhile: the bot itself has switched it
    off."""

    def __init__(self, request: Request, record: Reregistration) -> None:
        self._request = request
        self._record = record
        self._trunks = request.station.pbx.trunks
        self._change_facts: dict[str, Any] = {"station": record.station, "name": record.name, "done": "anew"}
        self._progress_task: asyncio.Task[None] | None = None
        self._was_off = self._is_unregistered = False
        request.station.watch.paused_trunks.add(record.trunk)

    def rewatch_on_error(self, work: Work) -> Work:
        """Monitor the trunk again after an exception of the bot."""

        async def wrapped() -> Reply:
            try:
                return await work()
            except Exception:
                self._request.station.watch.paused_trunks.discard(self._record.trunk)
                raise

        return wrapped

    def progress(self, step: str, **more: Any) -> Message:
        return Message("trunk_anew", self._change_facts | {"step": step, "seconds": 0.0} | more)

    async def run_from_start(self) -> Reply:
        failure: Message | None = None
        try:
            await self._trunks.switch(self._record.trunk, on=False)
            failure = Message("trunk_not_switched", self._change_facts | {"answered": True, "known": True})
        except Uncertain:
            failure = Message("trunk_not_switched", self._change_facts | {"answered": False, "known": True})
            await verify_write.read_back(self._request, self._is_off)
        except PbxError as error:
            failure = Message("problem", self._change_facts | {"problem": pbx_errors.describe(error)})
        return await self._retry_until_on(failure)

    async def run_after_restart(self) -> Reply:
        since = self._request.now.timestamp() - self._record.begun_at
        if 0 <= since < LATE:
            # A write of the last run may be carried out only now.
            await verify_write.read_back(self._request, self._is_off)
        return await self._retry_until_on(None)

    async def _retry_until_on(self, failure: Message | None, tried: int = 0) -> Reply:
        """Retry until it is on. After some retries the person is notified, and the retries go on. `failure` is the
        message for a trunk that turns out never to have been off."""
        while True:
            problem: dict[str, Any] | None = None
            try:
                if (row := await self._switch_on()) is not None:
                    return await self._report_on(row, failure)
            except NotFound:
                return await self._report_deleted()
            except PbxError as error:
                problem = pbx_errors.describe(error)
            tried += 1
            if self._request.stopping():
                # The record in the database stays: continued by the next run.
                return Reply(outcome=f"{self._record.name} is still off; the next start goes on")
            refused = problem is not None and problem["kind"] in REFUSED_KINDS
            if tried == MAX_TRIES or (refused and tried < MAX_TRIES):
                return await self._report_still_off(problem, failure)
            await self._sleep(REFUSED_PAUSE if refused else min(PAUSE * 2.0 ** min(tried, MAX_TRIES + 1), MAX_PAUSE))

    async def _switch_on(self) -> TrunkRow | None:
        """Row of the trunk when it is listed as on. Raises NotFound when it does not exist any more."""
        row = await self._row()
        if not row.disabled:
            return row
        if not self._was_off:
            self._was_off = True
            self._is_unregistered = await wait_unregistered(
                self._request.station,
                self._record.trunk,
                stopping=self._request.stopping,
                on_wait=self._show_waiting,
                retry_errors=True,
            )
        with contextlib.suppress(Uncertain):
            await self._trunks.switch(self._record.trunk, on=True)
        row = await self._row()
        return None if row.disabled else row

    async def _report_on(self, row: TrunkRow, failure: Message | None) -> Reply:
        """Report that it is on. The monitor evaluates it again once its registration is known."""
        if failure is not None and not self._was_off:
            return await self._end(Reply(failure, outcome=f"{row.name}: not registered anew"))
        self._show_in_background(self.progress("on"))
        old = None if self._is_unregistered else ReregistrationNote(self._record.state, self._record.since)
        # After a killed run it is known only that the trunk is on.
        done = "anew" if self._was_off else "on"
        change_facts = self._change_facts | {"done": done, "let_go": self._is_unregistered or not self._was_off}
        reply = await registration.watch(self._request, self._record.trunk, change_facts, old)
        if self._request.stopping():
            return Reply(outcome=f"{row.name} is on; the next start tells how it is")
        return await self._end(Reply(reply.message, outcome=reply.outcome, change=Change({}, {"registered": "anew"})))

    async def _report_deleted(self) -> Reply:
        message = Message("trunk_not_switched", self._change_facts | {"answered": True, "known": False})
        return await self._end(Reply(message, outcome=f"{self._record.name} is gone"))

    async def _report_still_off(self, problem: dict[str, Any] | None, failure: Message | None) -> Reply:
        await self._wait_for_progress()
        on = Button(mark("🔌 Switch on"), "trunk.switch", {"id": self._record.trunk, "on": True})
        message = Message("trunk_left_off", self._change_facts | {"problem": problem}, ((on,),))
        pause = REFUSED_PAUSE if problem is not None and problem["kind"] in REFUSED_KINDS else MAX_PAUSE

        async def resume_retries() -> Reply:
            await self._sleep(pause)
            return await self._retry_until_on(failure, MAX_TRIES)

        return Reply(
            message,
            as_new_message=True,
            then=self.rewatch_on_error(resume_retries),
            outcome=f"{self._record.name} is still off; it is tried again",
        )

    async def _end(self, reply: Reply) -> Reply:
        """Send the result, then delete the record: a run killed in between sends it again."""
        await self._wait_for_progress()
        if reply.message is not None:
            await self._show(reply.message)
        await self._request.services.registrations.end(self._record.station, self._record.trunk)
        self._request.station.watch.paused_trunks.discard(self._record.trunk)
        return reply

    async def _row(self) -> TrunkRow:
        rows = (await self._trunks.list()).value
        if (found := next((row for row in rows if row.id == self._record.trunk), None)) is None:
            raise NotFound(("the trunk is not there any more",), "providers")
        return found

    async def _is_off(self) -> bool | None:
        return True if (await self._row()).disabled else None

    def _show_in_background(self, message: Message) -> None:
        """Show the progress in a task of its own: the trunk is off, and must not wait for Telegram."""
        if self._progress_task is None or self._progress_task.done():
            self._progress_task = asyncio.create_task(self._show(message))

    def _show_waiting(self, seconds: float) -> None:
        self._show_in_background(self.progress("waiting", seconds=seconds))

    async def _show(self, message: Message) -> None:
        try:
            await self._request.chat.progress(message)
        except Exception:
            log.exception("re-registration progress not shown")

    async def _wait_for_progress(self) -> None:
        if self._progress_task is not None:
            await asyncio.wait({self._progress_task})

    async def _sleep(self, seconds: float) -> None:
        waited = 0.0
        while waited < seconds and not self._request.stopping():
            await self._request.station.pause(POLL_INTERVAL)
            waited += POLL_INTERVAL
