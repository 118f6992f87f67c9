"""Registering a trunk anew, after Asterisk has given it up or before it does.

The API has no call for it. Measured: a trunk that is switched off and on registers within 10 s.
"""

from typing import Any

from bot.alerts.health import Health
from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import PbxError, Uncertain
from bot.store.audit import Change
from handlers import problems, trunk_card, trunk_registration
from handlers.command import Reply, Request, button
from handlers.read_back import read_back
from handlers.rules import Resume
from handlers.trunk_facts import facts_of

# Off is where it must not stay.
TRIES = 3
PAUSE = 2.0


@button("trunk.reregister")
async def ask(request: Request) -> Reply:
    """Beside the alert, which stays an alert."""
    status = await trunk_card.status_of(request, str(request.data["id"]))
    data = {"id": status.id, "name": status.name}
    question: Rows = (
        (
            Button(mark("♻️ Re-register"), "trunk.reregister_now", data),
            Button(mark("Cancel"), "trunk.card", {"id": status.id}),
        ),
    )
    facts = {"station": request.station.name, "name": status.name}
    message = Message("trunk_reregister", facts, question)
    return Reply(message, confirm=True, beside=True, outcome=f"asked for {status.name}")


@button("trunk.reregister_now", resume=Resume.LOOKS)
async def reregister(request: Request) -> Reply:
    trunk_id, name = str(request.data["id"]), str(request.data["name"])
    said: dict[str, Any] = {"station": request.station.name, "name": name, "done": "anew"}
    old = await trunk_card.status_of(request, trunk_id, fresh=request.resumed)
    if request.resumed and facts_of(request, old)["health"] is Health.UP:
        return trunk_registration.begun(request, trunk_id, said, Change({}, {"registered": "anew"}))
    await _switch(request, trunk_id, on=False)
    for _ in range(TRIES):
        try:
            if await _switch(request, trunk_id, on=True):
                change = Change({}, {"registered": "anew"})
                return trunk_registration.begun(request, trunk_id, said, change)
        except PbxError as error:
            problem: dict[str, Any] | None = problems.describe(error)
        else:
            problem = None
        await request.station.pause(PAUSE)
    facts = {"station": request.station.name, "name": old.name, "problem": problem}
    on = Button(mark("🔌 Switch on"), "trunk.switch", {"id": trunk_id, "on": True})
    return Reply(Message("trunk_left_off", facts, ((on,),)), outcome=f"{name} could not be switched on")


async def _switch(request: Request, trunk_id: str, *, on: bool) -> bool:
    """Whether the list of trunks shows it so; what was not answered in time is looked at until that is known."""
    try:
        await request.station.pbx.trunks.switch(trunk_id, on=on)
    except Uncertain:
        done, _ = await read_back(request, lambda: _is_so(request, trunk_id, on))
        return bool(done)
    return bool(await _is_so(request, trunk_id, on))


async def _is_so(request: Request, trunk_id: str, on: bool) -> bool | None:
    rows = (await request.station.pbx.trunks.list()).value
    return True if any(row.id == trunk_id and row.disabled is not on for row in rows) else None
