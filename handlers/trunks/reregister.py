"""Re-registration of a trunk, after Asterisk has stopped its retries or before it does: the preview, and the record
committed with the confirmation. `reregister_run` carries it out."""

from typing import Any

from bot.detection.trunk_health import Health
from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import PbxError
from bot.pbx.resources.trunk_models import type_of
from bot.store.stations.registrations import Reregistration
from handlers.dialog import confirm
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.trunks import card, registration, reregister_run
from handlers.trunks.facts import facts_of, note_of


@button("trunk.reregister")
async def ask(request: Request) -> Reply:
    """Reply beside the alert message, which stays as it is."""
    status = await card.status_of(request, str(request.data["id"]))
    facts: dict[str, Any] = {"station": request.station.name, "name": status.name}
    if (why := await _why_not(request, status.id, facts_of(request, status)["health"])) is not None:
        on = Button(mark("🔌 Switch on"), "trunk.switch", {"id": status.id, "on": True})
        rows: Rows = ((on,),) if why == "off" else registration.details_rows(status.id)
        return Reply(
            Message("trunk_not_anew", facts | {"why": why}, rows), as_new_message=True, outcome=f"not offered: {why}"
        )
    state, since = note_of(status)
    data = {"id": status.id, "name": status.name, "state": state, "since": since}
    confirm_button = Button(mark("♻️ Re-register"), "trunk.reregister_now", data)
    cancel_button = Button(mark("Cancel"), "trunk.card", {"id": status.id})
    message = Message("trunk_reregister", facts | {"calls": await _calls_over(request, status.id)})
    return confirm.preview(
        message, confirm_button, cancel_button, as_new_message=True, outcome=f"asked for {status.name}"
    )


@button("trunk.reregister_now", resume=OnRestart.ATOMIC)
async def reregister(request: Request) -> Reply:
    """Commit the record that it is to be switched on again before it is switched off."""
    trunk_id, name = str(request.data["id"]), str(request.data["name"])
    record = Reregistration(
        station=request.station.name,
        trunk=trunk_id,
        name=name,
        person=request.actor.id,
        chat=request.place.chat,
        thread=request.place.thread,
        private=request.place.private,
        shown=request.shown,
        begun_at=request.now.timestamp(),
        state=str(request.data.get("state", "")),
        since=request.data.get("since"),
    )
    if not await request.services.registrations.begin(record):
        return Reply(toast=mark("It is being registered anew already."), outcome="under way already")
    return reregister_run.start(request, record)


async def _why_not(request: Request, trunk_id: str, health: Health) -> str | None:
    """Reason why this trunk cannot be re-registered, as a word of the template."""
    if health is Health.OFF:
        return "off"
    if type_of(trunk_id) == "iax":
        return "iax"
    rows = (await request.station.pbx.trunks.list()).value
    kind = next((row.registration for row in rows if row.id == trunk_id), "")
    return kind if kind in ("inbound", "none") else None


async def _calls_over(request: Request, trunk_id: str) -> int | None:
    """Number of current calls over it; None on an error of the PBX."""
    try:
        channels = (await request.station.pbx.calls.channels()).value
    except PbxError:
        return None
    return len({one.linkedid for one in channels if one.trunk_id == trunk_id})
