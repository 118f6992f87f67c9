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
from handlers.trunks.unregister import let_go

log = structlog.get_logger(__name__)

EVERY = 2.0
# Retries before the person is notified that it is still off; then retried until it is on.
TRIES = 4
PAUSE, LONGEST_PAUSE = 2.0, 60.0
# Frequent retries do not help a refused key, and failed logins can get an address banned.
REFUSED_PAUSE = 300.0
REFUSALS = frozenset({"unauthorised", "forbidden", "key_too_narrow"})
# Seconds in which a write of a killed run may still be carried out.
LATE = 60.0


Work = Callable[[], Awaitable[Reply]]


def begun(request: Request, wanted: Reregistration) -> Reply:
    """Reply to the confirmation, and run in a background task."""
    run = _ReregistrationRun(request, wanted)
    return Reply(
        run.progress("off"),
        then=run.watched_again(run.from_the_beginning),
        outcome=f"{wanted.name} is being registered anew",
    )


def goes_on(request: Request, wanted: Reregistration) -> Reply:
    """Continue a killed run: the trunk is only switched on."""
    run = _ReregistrationRun(request, wanted)
    return Reply(
        run.progress("again"), then=run.watched_again(run.after_a_kill), outcome=f"{wanted.name} is to be switched on"
    )


class _ReregistrationRun:
    """Task of a re-registration. The monitor does not evaluate the trunk meanwhile: the bot itself has switched it
    off."""

    def __init__(self, request: Request, wanted: Reregistration) -> None:
        self._request = request
        self._wanted = wanted
        self._trunks = request.station.pbx.trunks
        self._said: dict[str, Any] = {"station": wanted.station, "name": wanted.name, "done": "anew"}
        self._telling: asyncio.Task[None] | None = None
        self._was_off = self._let_go = False
        request.station.watch.left_alone.add(wanted.trunk)

    def watched_again(self, work: Work) -> Work:
        """Monitor the trunk again after an exception of the bot."""

        async def guarded() -> Reply:
            try:
                return await work()
            except Exception:
                self._request.station.watch.left_alone.discard(self._wanted.trunk)
                raise

        return guarded

    def progress(self, step: str, **more: Any) -> Message:
        return Message("trunk_anew", self._said | {"step": step, "seconds": 0.0} | more)

    async def from_the_beginning(self) -> Reply:
        failed: Message | None = None
        try:
            await self._trunks.switch(self._wanted.trunk, on=False)
            failed = Message("trunk_not_switched", self._said | {"answered": True, "known": True})
        except Uncertain:
            failed = Message("trunk_not_switched", self._said | {"answered": False, "known": True})
            await verify_write.read_back(self._request, self._is_off)
        except PbxError as error:
            failed = Message("problem", self._said | {"problem": pbx_errors.describe(error)})
        return await self._back_on(failed)

    async def after_a_kill(self) -> Reply:
        since = self._request.now.timestamp() - self._wanted.begun_at
        if 0 <= since < LATE:
            # A write of the last run may be carried out only now.
            await verify_write.read_back(self._request, self._is_off)
        return await self._back_on(None)

    async def _back_on(self, failed: Message | None, tried: int = 0) -> Reply:
        """Retry until it is on. After some retries the person is notified, and the retries go on. `failed` is the
        message for a trunk that turns out never to have been off."""
        while True:
            problem: dict[str, Any] | None = None
            try:
                if (row := await self._on()) is not None:
                    return await self._is_on(row, failed)
            except NotFound:
                return await self._is_gone()
            except PbxError as error:
                problem = pbx_errors.describe(error)
            tried += 1
            if self._request.stopping():
                # The record in the database stays: continued by the next run.
                return Reply(outcome=f"{self._wanted.name} is still off; the next start goes on")
            refused = problem is not None and problem["kind"] in REFUSALS
            if tried == TRIES or (refused and tried < TRIES):
                return await self._still_off(problem, failed)
            await self._patience(REFUSED_PAUSE if refused else min(PAUSE * 2.0 ** min(tried, TRIES + 1), LONGEST_PAUSE))

    async def _on(self) -> TrunkRow | None:
        """Row of the trunk when it is listed as on. Raises NotFound when it does not exist any more."""
        row = await self._row()
        if not row.disabled:
            return row
        if not self._was_off:
            self._was_off = True
            self._let_go = await let_go(
                self._request.station,
                self._wanted.trunk,
                stopping=self._request.stopping,
                tell=self._tell_waiting,
                patient=True,
            )
        with contextlib.suppress(Uncertain):
            await self._trunks.switch(self._wanted.trunk, on=True)
        row = await self._row()
        return None if row.disabled else row

    async def _is_on(self, row: TrunkRow, failed: Message | None) -> Reply:
        """Report that it is on. The monitor evaluates it again once its registration is known."""
        if failed is not None and not self._was_off:
            return await self._end(Reply(failed, outcome=f"{row.name}: not registered anew"))
        self._tell(self.progress("on"))
        old = None if self._let_go else ReregistrationNote(self._wanted.state, self._wanted.since)
        # After a killed run it is known only that the trunk is on.
        done = "anew" if self._was_off else "on"
        said = self._said | {"done": done, "let_go": self._let_go or not self._was_off}
        reply = await registration.watch(self._request, self._wanted.trunk, said, old)
        if self._request.stopping():
            return Reply(outcome=f"{row.name} is on; the next start tells how it is")
        return await self._end(Reply(reply.message, outcome=reply.outcome, change=Change({}, {"registered": "anew"})))

    async def _is_gone(self) -> Reply:
        gone = Message("trunk_not_switched", self._said | {"answered": True, "known": False})
        return await self._end(Reply(gone, outcome=f"{self._wanted.name} is gone"))

    async def _still_off(self, problem: dict[str, Any] | None, failed: Message | None) -> Reply:
        await self._told()
        on = Button(mark("🔌 Switch on"), "trunk.switch", {"id": self._wanted.trunk, "on": True})
        message = Message("trunk_left_off", self._said | {"problem": problem}, ((on,),))
        pause = REFUSED_PAUSE if problem is not None and problem["kind"] in REFUSALS else LONGEST_PAUSE

        async def go_on() -> Reply:
            await self._patience(pause)
            return await self._back_on(failed, TRIES)

        return Reply(
            message,
            beside=True,
            then=self.watched_again(go_on),
            outcome=f"{self._wanted.name} is still off; it is tried again",
        )

    async def _end(self, reply: Reply) -> Reply:
        """Send the result, then delete the record: a run killed in between sends it again."""
        await self._told()
        if reply.message is not None:
            await self._show(reply.message)
        await self._request.services.registrations.end(self._wanted.station, self._wanted.trunk)
        self._request.station.watch.left_alone.discard(self._wanted.trunk)
        return reply

    async def _row(self) -> TrunkRow:
        rows = (await self._trunks.list()).value
        if (found := next((row for row in rows if row.id == self._wanted.trunk), None)) is None:
            raise NotFound(("the trunk is not there any more",), "providers")
        return found

    async def _is_off(self) -> bool | None:
        return True if (await self._row()).disabled else None

    def _tell(self, message: Message) -> None:
        """Show the progress in a task of its own: the trunk is off, and must not wait for Telegram."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._show(message))

    def _tell_waiting(self, seconds: float) -> None:
        self._tell(self.progress("waiting", seconds=seconds))

    async def _show(self, message: Message) -> None:
        try:
            await self._request.chat.progress(message)
        except Exception:
            log.exception("re-registration progress not shown")

    async def _told(self) -> None:
        if self._telling is not None:
            await asyncio.wait({self._telling})

    async def _patience(self, seconds: float) -> None:
        waited = 0.0
        while waited < seconds and not self._request.stopping():
            await self._request.station.pause(EVERY)
            waited += EVERY
