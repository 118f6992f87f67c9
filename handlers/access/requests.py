"""Access requests of people without a role, answered by an administrator with a button."""

from typing import Any

from bot.access.grant_checks import GrantRefused
from bot.access.policy import EVERY_STATION, OPERATOR, VIEWER, Permission
from bot.messages.message import Button, Message, Rows, grid, mark, stored
from bot.store.access.audit import Change
from bot.store.access.contacts import Contact
from bot.store.tables.people import AccessRequestRow
from handlers.access import access
from handlers.access.grant import granting, not_granted
from handlers.access.lookalikes import likeness
from handlers.dialog import refusals
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart

PAGE_SIZE = 10
BUTTONS_IN_A_ROW = 5
UNKNOWN = mark("I do not know this request any more.")
LIST: Rows = ((Button(mark("📋 Who asks"), "access.requests"),),)


@button("access.request", resume=OnRestart.ATOMIC)
async def ask(request: Request) -> Reply:
    actor = request.actor
    if request.may(Permission.ANY_ROLE).allowed:
        return Reply(toast=mark("You have access already: /help lists what you may do."), outcome="has a role")
    if not await has_administrator(request):
        return Reply(refusals.stranger(actor, has_administrator=False), outcome="nobody to ask")
    granted = await request.services.grants.current()
    admins = granted.people_with(Permission.ACCESS_GRANT, request.station.name, request.now)
    facts: dict[str, Any] = {"person": actor.id, "name": actor.name, "username": actor.username or ""}
    names_none = _names_none(request)
    buttons = _stored_refusal if names_none else _stored
    facts |= await likeness(request, Contact(actor.id, actor.name, actor.username)) | {"names_none": names_none}
    created = await request.services.requests.ask(request.station.name, actor.id, facts, admins, buttons, _listing())
    if not created and (pending := await still_waits(request)):
        return Reply(pending, outcome="has asked already")
    message = Message("access_requested", {"person": actor.id, "asked": created})
    return Reply(message, outcome="asked for access" if created else "asked too often")


async def still_waits(request: Request) -> Message | None:
    """Return the reply to a person with a pending request; None if there is none."""
    waits = await request.services.requests.is_pending(request.station.name, request.actor.id)
    return Message("access_waits") if waits else None


async def answer_to_stranger(request: Request) -> Message:
    waits = await still_waits(request)
    return waits or refusals.stranger(request.actor, has_administrator=await has_administrator(request))


async def has_administrator(request: Request) -> bool:
    """Return True if anybody who can give access has ever written to the bot. Otherwise ADMINS names nobody yet."""
    granted = await request.services.grants.current()
    admins = granted.people_with(Permission.ACCESS_GRANT, request.station.name, request.now)
    return bool(await request.services.people.named(admins, EVERY_STATION))


@button("access.requests")
async def requests(request: Request) -> Reply:
    """List requests without a notification of their own."""
    found = await request.services.requests.unnotified(request.station.name, PAGE_SIZE)
    names = await request.known([waiting.person_id for waiting in found])
    detail_buttons = [
        Button(str(number), "access.show_request", {"request": waiting.id}) for number, waiting in enumerate(found, 1)
    ]
    rows = grid(detail_buttons, BUTTONS_IN_A_ROW)
    facts = {
        "station": request.station.name,
        "subjects": [
            access.subject_facts(waiting.person_id, names) | {"asked_at": waiting.asked_at} for waiting in found
        ],
    }
    return Reply(Message("access_requests_list", facts, (*rows, *LIST)))


@button("access.show_request")
async def show(request: Request) -> Reply:
    found = await request.services.requests.find(int(request.data["request"]))
    if found is None or found.station != request.station.name:
        return Reply(toast=UNKNOWN, outcome="unknown")
    facts = await _facts(request, found)
    if found.answer is not None:
        return Reply(Message("access_request", facts | {"role": found.answer, "by": found.answered_by or ""}, LIST))
    rows = _refusal(found.id) if facts["names_none"] else _buttons(found.id)
    return Reply(Message("access_request", facts, (*rows, *LIST)))


async def _facts(request: Request, row: AccessRequestRow) -> dict[str, Any]:
    known = (await request.known([row.person_id])).get(row.person_id)
    return {
        "station": row.station,
        "person": row.person_id,
        "name": known.name if known else "",
        "username": known.username or "" if known else "",
        "role": None,
        "by": "",
        "names_none": _names_none(request),
    } | await likeness(request, known)


def _names_none(request: Request) -> bool:
    return request.services.fleet.single_station is None and request.station.name == EVERY_STATION


def _stored(request_id: int) -> list[list[dict[str, Any]]]:
    return stored(_buttons(request_id))


def _stored_refusal(request_id: int) -> list[list[dict[str, Any]]]:
    return stored(_refusal(request_id))


def _listing() -> list[list[dict[str, Any]]]:
    return stored(LIST)


def _buttons(request_id: int) -> Rows:
    """Return buttons for roles given with one press; others need /grant."""
    offers = (
        _answer_button(request_id, mark("👁 Viewer"), VIEWER.name),
        _answer_button(request_id, mark("🎧 Operator"), OPERATOR.name),
    )
    return (offers, *_refusal(request_id))


def _refusal(request_id: int) -> Rows:
    """Return the only button of a request without a PBX: one press must not grant access to all."""
    return ((_answer_button(request_id, mark("✖ Refuse"), ""),),)


def _answer_button(request_id: int, label: str, role: str) -> Button:
    return Button(label, "access.answer", {"request": request_id, "role": role})


@button("access.answer", resume=OnRestart.ATOMIC)
async def answer(request: Request) -> Reply:
    """Answer a request. The person is notified, and the question is edited for every administrator."""
    found = await request.services.requests.find(int(request.data["request"]))
    if found is None or found.station != request.station.name:
        return Reply(toast=UNKNOWN, outcome="unknown")
    role = str(request.data["role"])
    given = granting(request, found.person_id, role) if role else None
    try:
        answered = await request.services.requests.answer(found.id, given, request.asking, request.actor.name)
    except GrantRefused as refused:
        return not_granted(refused)
    if not answered:
        return Reply(toast=mark("Somebody answered it before you: see the message."), outcome="answered already")
    outcome = f"gave {role} to {found.person_id}" if role else f"refused {found.person_id}"
    # Requests with notifications of their own are edited there, for every administrator.
    facts = {} if found.notices else await _facts(request, found) | {"role": role, "by": request.actor.name}
    message = Message("access_request", facts, LIST) if facts else None
    return Reply(message, outcome=outcome, change=Change({}, {role: "for good"} if role else {}))
