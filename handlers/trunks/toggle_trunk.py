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
from handlers.trunks.unregister import let_go


@button("trunk.switch")
async def ask(request: Request) -> Reply:
    status = await card.status_of(request, str(request.data["id"]))
    on = bool(request.data["on"])
    data = {"id": status.id, "on": on, "name": status.name}
    label = mark("🔌 Switch on") if on else mark("🔌 Switch off")
    facts = {"station": request.station.name, "name": status.name, "on": on}
    go, leave = Button(label, "trunk.switch_now", data), Button(mark("Cancel"), "trunk.card", {"id": status.id})
    return confirm.preview(Message("trunk_switch", facts), go, leave, outcome=f"asked for {status.name}")


@button("trunk.switch_now", resume=OnRestart.VERIFY_FIRST)
async def switch(request: Request) -> Reply:
    trunk_id, on, name = str(request.data["id"]), bool(request.data["on"]), str(request.data["name"])
    said: dict[str, Any] = {"station": request.station.name, "name": name, "done": "on" if on else "off"}
    if not (request.resumed and await _is_so(request, trunk_id, on)):
        if on:
            await _wait_for_asterisk(request, trunk_id, said)
        written = await verify_write.write(
            request,
            lambda: request.station.pbx.trunks.switch(trunk_id, on=on),
            lambda: _is_so(request, trunk_id, on),
            Message("trunk_uncertain", said),
        )
        if not written.seen:
            return Reply(Message("trunk_not_done", said | {"seen": False}), outcome=verify_write.UNKNOWN)
        if written.late:
            return _told(request, trunk_id, said, done=written.found, answered=False)
    try:
        done = await _is_so(request, trunk_id, on)
    except PbxError as error:
        return registration.unseen(trunk_id, said, error)
    return _told(request, trunk_id, said, done=done, answered=True)


async def _wait_for_asterisk(request: Request, trunk_id: str, said: dict[str, Any]) -> None:
    """Wait, before a trunk is switched on, until Asterisk has loaded that it is off."""
    telling: list[asyncio.Task[None]] = []

    def tell(_seconds: float) -> None:
        if not telling:
            telling.append(asyncio.create_task(request.chat.progress(Message("trunk_not_off_yet", said))))

    if not (await _is_so(request, trunk_id, on=True)):
        await let_go(request.station, trunk_id, stopping=request.stopping, tell=tell)
    if telling:
        await asyncio.wait(telling)


def _told(request: Request, trunk_id: str, said: dict[str, Any], *, done: bool | None, answered: bool) -> Reply:
    if not done:
        facts = said | {"answered": answered, "known": done is None}
        message = Message("trunk_not_switched", facts, registration.to_card(trunk_id))
        return Reply(message, outcome="the PBX did not do it")
    on = said["done"] == "on"
    change = Change({"switched": "off" if on else "on"}, {"switched": said["done"]})
    if on:
        return registration.begun(request, trunk_id, said, change)
    facts = said | {"state": None, "waited": 0.0, "waiting": False}
    message = Message("trunk_done", facts, registration.to_card(trunk_id))
    return Reply(message, outcome=f"{said['name']} is off", change=change)


async def _is_so(request: Request, trunk_id: str, on: bool) -> bool | None:
    """Return None while it is as before, False when the trunk is gone. Read from the list, which is not cached."""
    rows = (await request.station.pbx.trunks.list()).value
    is_on = next((not row.disabled for row in rows if row.id == trunk_id), None)
    if is_on is None:
        return False
    return True if is_on is on else None
