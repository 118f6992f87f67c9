"""Task of an import: batch after batch, each committed before its request and after its answer.

No employee is created twice: rows that were in flight when the bot was killed, or were not answered, are read back from
the PBX first. The client limits the rate: bulk work gets the requests that monitoring and commands leave.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import Busy, EmployeeDraft, EmployeeRow, PbxError, Priority, Uncertain
from bot.pbx.resources.employees import BATCH_SIZE
from bot.store.access.audit import Change
from bot.store.stations import imports
from handlers.dialog import pbx_errors
from handlers.dialog.long_work import PROGRESS_INTERVAL, STOP
from handlers.dialog.verify_write import READ_BACK_INTERVAL, READ_BACK_TIMEOUT
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart
from handlers.employee_import.report import LIFETIME, count, report_file
from handlers.employees.fields import new_sip_password

# Estimate before the first batch, for a PBX that reloads its telephony after each; then it is measured.
SECONDS_PER_BATCH = 2.0
BAR = 16
LAPSED = mark("It was left for more than a day and is forgotten. Send the list again: who is there already is skipped.")
OUTCOME_UNKNOWN = "the PBX did not say what became of it"

Row = dict[str, Any]


def seconds_for(employees: int) -> float:
    return -(-employees // BATCH_SIZE) * SECONDS_PER_BATCH


def run_in_background(request: Request, import_id: int, rows: Sequence[Row]) -> Reply:
    problem = {"kind": "restarted"} if request.resumed else None
    return Reply(
        _progress(request, import_id, rows, None, problem),
        then=lambda: _run(request, import_id),
        outcome=f"import {import_id} begun",
    )


@button("import.stop", resume=OnRestart.ATOMIC)
async def stop(request: Request) -> Reply:
    found = await request.services.imports.find(request.station.name, int(request.data["import"]))
    stopping = found is not None and await request.services.imports.change_state(
        found.id, imports.STOPPING, only_from=(imports.RUNNING,)
    )
    return Reply(toast=mark("It stops after this batch.") if stopping else mark("It has ended already."))


@button("import.go_on", resume=OnRestart.ATOMIC)
async def resume(request: Request) -> Reply:
    import_id = int(request.data["import"])
    found = await request.services.imports.find(request.station.name, import_id)
    if found is not None and found.state == imports.LAPSED:
        return Reply(toast=LAPSED)
    if found is None or not await request.services.imports.change_state(
        import_id, imports.RUNNING, only_from=(imports.STOPPED,)
    ):
        return Reply(toast=mark("It is under way, or has ended already."))
    return run_in_background(request, import_id, found.rows)


@button("import.report")
async def report(request: Request) -> Reply:
    found = await request.services.imports.find(request.station.name, int(request.data["import"]))
    if found is not None and found.state == imports.LAPSED:
        return Reply(toast=LAPSED)
    if found is None or not found.rows:
        return Reply(toast=mark("The report was delivered already."))
    file = await report_file(request, found.rows, request.actor.id)
    sent = await request.chat.send_privately(file, lifetime=LIFETIME)
    if sent:
        await request.services.imports.mark_reported(
            found.id, {row["line"] for row in found.rows if row["state"] == "created"}
        )
    return Reply(toast=mark("Sent to our private chat.") if sent else mark("Telegram did not take the file."))


async def _run(request: Request, import_id: int) -> Reply:
    """Run until all rows are done, a person stops it, or the PBX refuses to go on."""
    run = _ImportRun(request, import_id)
    try:
        await run.settle_in_flight()
        while (batch := run.next_batch()) and await run.may_continue():
            await run.create(batch)
    except PbxError as error:
        return await run.stopped(pbx_errors.describe(error))
    if request.stopping():
        # Still marked as running: continued after the restart.
        return Reply(outcome=f"import {import_id} interrupted")
    if run.next_batch():
        return await run.stopped(None)
    return await run.ended()


class _ImportRun:
    def __init__(self, request: Request, import_id: int) -> None:
        self._request = request
        self._id = import_id
        self._rows: list[Row] = []
        self._employees = request.station.pbx.employees
        self._began_at = time.monotonic()
        self._shown_at = 0.0
        self._done_before = 0
        self._settled = 0

    async def settle_in_flight(self) -> None:
        found = await self._request.services.imports.find(self._request.station.name, self._id)
        self._rows = [dict(row) for row in found.rows] if found else []
        self._done_before = len(self._rows) - count(self._rows, "waiting")
        self._settled = self._settled_count()
        await self._read_back([row for row in self._rows if row["state"] == "sending"])

    def next_batch(self) -> list[Row]:
        return [row for row in self._rows if row["state"] == "waiting"][:BATCH_SIZE]

    async def may_continue(self) -> bool:
        found = await self._request.services.imports.find(self._request.station.name, self._id)
        return found is not None and found.state == imports.RUNNING and not self._request.stopping()

    async def create(self, batch: list[Row]) -> None:
        for row in batch:
            # Generated and committed first: after a crash the report still has the password of every created employee.
            row["state"], row["secret"] = "sending", row["secret"] or new_sip_password()
        await self._save()
        drafts = [EmployeeDraft(**row["draft"], secret=SecretStr(row["secret"])) for row in batch]
        try:
            results = await self._employees.create_many(drafts)
        except Uncertain:
            await self._read_back(batch)
            return
        except Busy as busy:
            # Refused before any row was created.
            await self._requeue(batch)
            await self._show_progress({"kind": "busy", "wait": busy.retry_after})
            await self._request.station.pause(busy.retry_after)
            return
        except PbxError:
            await self._requeue(batch)
            raise
        for row, result in zip(batch, results, strict=True):
            if result.employee is not None:
                row["state"] = "created"
                row["draft"] = row["draft"] | {"number": result.employee.number}
            elif result.errors:
                row["state"], row["errors"] = "failed", list(result.errors)
        unanswered = [row for row in batch if row["state"] == "sending"]
        await self._read_back(unanswered)
        for row in unanswered:
            if row["state"] == "waiting":
                row["state"], row["errors"] = "failed", [OUTCOME_UNKNOWN]
        await self._save()
        await self._show_progress(None)

    async def _read_back(self, batch: list[Row]) -> None:
        """Read back rows that were not answered; retry until all are there, or the 35 s are over in which the PBX may
        still create them."""
        waited = 0.0
        open_rows = batch
        while open_rows:
            # One request for all of them: the budget for bulk work is too small for one each at every retry.
            on_pbx = {row.number: row for row in (await self._employees.list(priority=Priority.BULK)).value}
            open_rows = [row for row in open_rows if not await self._exists(row, on_pbx)]
            await self._save()
            if not open_rows or waited >= READ_BACK_TIMEOUT:
                break
            await self._show_progress({"kind": "uncertain"})
            await self._request.station.pause(READ_BACK_INTERVAL)
            waited += READ_BACK_INTERVAL
        await self._requeue(open_rows)

    async def _exists(self, row: Row, on_pbx: Mapping[str, EmployeeRow]) -> bool:
        found = on_pbx.get(row["draft"]["number"])
        if found is None:
            return False
        employee = (await self._employees.get(found.id, priority=Priority.BULK)).value
        ours = employee.secret.get_secret_value() == row["secret"]
        row["state"] = "created" if ours else "conflict"
        return True

    async def _requeue(self, batch: Sequence[Row]) -> None:
        for row in batch:
            row["state"] = "waiting"
        await self._save()

    async def _save(self) -> None:
        before, self._settled = self._settled, self._settled_count()
        await self._request.services.imports.save(self._id, self._rows, progress=self._settled > before)

    def _settled_count(self) -> int:
        return len(self._rows) - count(self._rows, "waiting") - count(self._rows, "sending")

    async def _deliver_report(self) -> bool:
        try:
            file = await report_file(self._request, self._rows, ("import", self._id))
        except WrongArguments:
            # The button under the last message sends it later.
            return False
        return await self._request.chat.send_privately(file, lifetime=LIFETIME)

    async def _show_progress(self, problem: dict[str, Any] | None) -> None:
        now = time.monotonic()
        if now - self._shown_at < PROGRESS_INTERVAL and problem is None:
            return
        self._shown_at = now
        done = len(self._rows) - count(self._rows, "waiting") - self._done_before
        remaining = count(self._rows, "waiting")
        seconds = remaining * (now - self._began_at) / done if done else None
        await self._request.chat.progress(_progress(self._request, self._id, self._rows, seconds, problem))

    async def stopped(self, problem: dict[str, Any] | None) -> Reply:
        facts = _counts(self._rows) | {"station": self._request.station.name, "problem": problem}
        message = Message("import_stopped", facts, buttons_of_stopped(self._id))
        # The message before the commit: a run killed in between continues and sends it again.
        await self._request.chat.progress(message)
        await self._request.services.imports.change_state(
            self._id, imports.STOPPED, only_from=(imports.RUNNING, imports.STOPPING)
        )
        return Reply(message, outcome=f"import {self._id} stopped")

    async def ended(self) -> Reply:
        delivered = await self._deliver_report()
        facts = _counts(self._rows) | {"station": self._request.station.name, "delivered": delivered}
        report_row: Rows = () if delivered else ((_report_button(self._id),),)
        message = Message("import_done", facts, report_row)
        await self._request.chat.progress(message)
        # The rows contain the passwords of the created employees.
        await self._request.services.imports.end(self._id, [] if delivered else self._rows)
        outcome = f"import {self._id}: {facts['created']} created, {facts['failed']} failed"
        change = Change(after={"created": [row["draft"]["number"] for row in self._rows if row["state"] == "created"]})
        return Reply(message, outcome=outcome, change=change)


def buttons_of_stopped(import_id: int) -> Rows:
    return ((Button(mark("▶ Continue"), "import.go_on", {"import": import_id}), _report_button(import_id)),)


def _report_button(import_id: int) -> Button:
    return Button(mark("📄 Report"), "import.report", {"import": import_id})


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    skipped = sum(count(rows, state) for state in ("there", "conflict", "bad"))
    created, failed = count(rows, "created"), count(rows, "failed")
    return {"created": created, "failed": failed, "skipped": skipped, "of": len(rows) - skipped}


def _progress(
    request: Request,
    import_id: int,
    rows: Sequence[Row],
    seconds: float | None,
    problem: dict[str, Any] | None = None,
) -> Message:
    counts = _counts(rows)
    done = counts["created"] + counts["failed"]
    filled = round(BAR * done / counts["of"]) if counts["of"] else BAR
    facts = counts | {
        "station": request.station.name,
        "done": done,
        "bar": "▓" * filled + "░" * (BAR - filled),
        "seconds": seconds,
        "trouble": problem,
    }
    return Message("import_progress", facts, ((Button(STOP, "import.stop", {"import": import_id}),),))
