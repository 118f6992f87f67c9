"""Switch a trunk on and off, and read it back: some versions of the PBX accept the request without an effect."""

import asyncio
from typing import Any

from bot.messages.message import Button, Message, mark
from bot.pbx import PbxError
from bot.store.access.audit import Change
from handlers.dialog import confirm, verify_write
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.trunks import card, registration
from handlers.trunks.unregister import wait_unregistered


@button("trunk.switch")
async def ask(request: Request) -> Reply:
    status = await card.status_of(request, str(request.data["id"]))
    on = bool(request.data["on"])
    data = {"id": status.id, "on": on, "name": status.name}
    label = mark("🔌 Switch on") if on else mark("🔌 Switch off")
    facts = {"station": request.station.name, "name": status.name, "on": on}
    confirm_button = Button(label, "trunk.switch_now", data)
    cancel_button = Button(mark("Cancel"), "trunk.card", {"id": status.id})
    return confirm.preview(
        Message("trunk_switch", facts), confirm_button, cancel_button, outcome=f"asked for {status.name}"
    )


@button("trunk.switch_now", resume=OnRestart.VERIFY_FIRST)
async def switch(request: Request) -> Reply:
    trunk_id, on, name = str(request.data["id"]), bool(request.data["on"]), str(request.data["name"])
    change_facts: dict[str, Any] = {"station": request.station.name, "name": name, "done": "on" if on else "off"}
    if not (request.resumed and await _is_so(request, trunk_id, on)):
        if on:
            await _wait_for_asterisk(request, trunk_id, change_facts)
        written = await verify_write.write(
            request,
            lambda: request.station.pbx.trunks.switch(trunk_id, on=on),
            lambda: _is_so(request, trunk_id, on),
            Message("trunk_uncertain", change_facts),
        )
        if not written.was_read:
            return Reply(Message("trunk_not_done", change_facts | {"seen": False}), outcome=verify_write.UNKNOWN)
        if written.late:
            return _result(request, trunk_id, change_facts, done=written.found, answered=False)
    try:
        done = await _is_so(request, trunk_id, on)
    except PbxError as error:
        return registration.not_read_back(trunk_id, change_facts, error)
    return _result(request, trunk_id, change_facts, done=done, answered=True)


async def _wait_for_asterisk(request: Request, trunk_id: str, change_facts: dict[str, Any]) -> None:
    """Wait, before a trunk is switched on, until Asterisk has loaded that it is off."""
    progress_tasks: list[asyncio.Task[None]] = []

    def show_waiting(_seconds: float) -> None:
        if not progress_tasks:
            progress_tasks.append(
                asyncio.create_task(request.chat.progress(Message("trunk_not_off_yet", change_facts)))
            )

    if not (await _is_so(request, trunk_id, on=True)):
        await wait_unregistered(request.station, trunk_id, stopping=request.stopping, on_wait=show_waiting)
    if progress_tasks:
        await asyncio.wait(progress_tasks)


def _result(
    request: Request, trunk_id: str, change_facts: dict[str, Any], *, done: bool | None, answered: bool
) -> Reply:
    if not done:
        facts = change_facts | {"answered": answered, "known": done is None}
        message = Message("trunk_not_switched", facts, registration.details_rows(trunk_id))
        return Reply(message, outcome="the PBX did not do it")
    on = change_facts["done"] == "on"
    change = Change({"switched": "off" if on else "on"}, {"switched": change_facts["done"]})
    if on:
        return registration.watch_in_background(request, trunk_id, change_facts, change)
    facts = change_facts | {"state": None, "waited": 0.0, "waiting": False}
    message = Message("trunk_done", facts, registration.details_rows(trunk_id))
    return Reply(message, outcome=f"{change_facts['name']} is off", change=change)


async def _is_so(request: Request, trunk_id: str, on: bool) -> bool | None:
    """Return None while it is as before, False when the trunk is gone. Read from the list, which is not cached."""
    rows = (await request.station.pbx.trunks.list()).value
    is_on = next((not row.disabled for row in rows if row.id == trunk_id), None)
    if is_on is None:
        return False
    return True if is_on is on else None
