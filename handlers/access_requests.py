"""Somebody without a role asks for one, and an administrator answers with a button."""

from typing import Any

from bot.access import EVERY_STATION, OPERATOR, VIEWER, NotGranted, Permission
from bot.chat.message import Button, Message, mark, stored
from bot.store.audit import Change
from handlers.command import Reply, Request, button
from handlers.grant import granting, not_granted
from handlers.rules import Resume


@button("access.request", resume=Resume.WHOLE)
async def ask(request: Request) -> Reply:
    actor = request.actor
    if request.may(Permission.SOMEBODY).allowed:
        return Reply(toast=mark("You have access already: /help lists what you may do."), outcome="has a role")
    granted = await request.desk.grants.current()
    admins = granted.people_with(Permission.GRANT, request.station.name, request.now)
    facts = {"person": actor.id, "name": actor.name, "username": actor.username or ""}
    names_none = request.desk.fleet.one is None and request.station.name == EVERY_STATION
    buttons = _refusal if names_none else _buttons
    asked = await request.desk.requests.ask(
        request.station.name, actor.id, facts | {"names_none": names_none}, admins, buttons
    )
    message = Message("access_requested", {"person": actor.id, "asked": asked})
    return Reply(message, outcome="asked for access" if asked else "asked too often")


def _buttons(request_id: int) -> list[list[dict[str, Any]]]:
    """What is given with one press; anything else with /grant."""
    offers = [_to(request_id, mark("👁 Viewer"), VIEWER.name), _to(request_id, mark("🎧 Operator"), OPERATOR.name)]
    return [*stored((tuple(offers),)), *_refusal(request_id)]


def _refusal(request_id: int) -> list[list[dict[str, Any]]]:
    """Whoever names no PBX is not given all of them with one press."""
    return stored(((_to(request_id, mark("✖ Refuse"), ""),),))


def _to(request_id: int, label: str, role: str) -> Button:
    return Button(label, "access.answer", {"request": request_id, "role": role})


@button("access.answer", resume=Resume.WHOLE)
async def answer(request: Request) -> Reply:
    """The ledger of requests tells the person and edits the question for every administrator."""
    found = await request.desk.requests.find(int(request.data["request"]))
    if found is None or found.station != request.station.name:
        return Reply(toast=mark("I do not know this request any more."), outcome="unknown")
    role = str(request.data["role"])
    given = granting(request, found.person_id, role) if role else None
    try:
        first = await request.desk.requests.answer(found.id, given, request.asking, request.actor.name)
    except NotGranted as refused:
        return not_granted(refused)
    if not first:
        return Reply(toast=mark("Somebody answered it before you: see the message."), outcome="answered already")
    outcome = f"gave {role} to {found.person_id}" if role else f"refused {found.person_id}"
    return Reply(outcome=outcome, change=Change({}, {role: "for good"} if role else {}))
