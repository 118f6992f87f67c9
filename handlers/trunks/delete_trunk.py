"""/delete_trunk: a preview of the routes that go with it, its name typed in full, and a read-back of the deletion."""

from typing import Any

from bot.messages.message import Message, mark
from bot.messages.sanitize import sanitize
from bot.pbx import PbxError, TrunkStatus
from bot.store.access import audit
from handlers.dialog.verify_write import failure, write
from handlers.dispatch.declare import answer, button, command
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.trunks import card, registration, trunks


@command(
    "delete_trunk",
    topic=Topic.TRUNKS,
    summary=mark("Delete a trunk, after showing the routes that go with it"),
    usage=mark("name"),
    examples=("/delete_trunk Zadarma",),
)
async def delete_trunk(request: Request) -> Reply:
    if not request.arguments:
        raise WrongArguments(mark("Write the name of the trunk to delete."))
    found = await trunks.find(request, request.arguments)
    if len(found) != 1:
        return Reply(
            trunks.choice(request, found, request.arguments, "trunk.delete"),
            outcome=f"{len(found)} trunks of that name",
        )
    return await _ask(request, found[0])


@button("trunk.delete")
async def ask(request: Request) -> Reply:
    return await _ask(request, await card.status_of(request, str(request.data["id"])))


async def _ask(request: Request, trunk: TrunkStatus) -> Reply:
    routes = await card.routes_of(request, trunk.id)
    facts: dict[str, Any] = {
        "station": request.station.name,
        "name": trunk.name,
        "routes": routes,
        "private": request.place.private,
    }
    known = {"name": trunk.name, "host": trunk.host, "username": trunk.username}
    known |= {way: routes[way] for way in ("incoming", "outbound")}
    question = Question("trunk.name_to_delete", {"id": trunk.id, "name": trunk.name, "known": audit.plain(known)})
    return Reply(Message("trunk_delete", facts), question=question, outcome=f"asked for {trunk.name}")


@answer("trunk.name_to_delete", resume=OnRestart.VERIFY_FIRST)
async def delete(request: Request) -> Reply:
    trunk_id, name = str(request.data["id"]), str(request.data["name"])
    change_facts: dict[str, Any] = {"station": request.station.name, "name": name, "done": "deleted"}
    if _as_seen(request.arguments) != _as_seen(name):
        return Reply(Message("trunk_name_differs", change_facts), outcome="another name was typed")
    if not (request.resumed and await _is_deleted(request, trunk_id)):
        written = await write(
            request,
            lambda: request.station.pbx.trunks.delete(trunk_id),
            lambda: _is_deleted(request, trunk_id),
            Message("trunk_uncertain", change_facts),
        )
        if written.late and not written.found:
            facts = change_facts | {"seen": written.was_read}
            return Reply(Message("trunk_not_done", facts), outcome=failure("not deleted", was_read=written.was_read))
    try:
        deleted = await _is_deleted(request, trunk_id)
    except PbxError as error:
        return registration.not_read_back(trunk_id, change_facts, error)
    if not deleted:
        return Reply(Message("trunk_not_done", change_facts | {"seen": True}), outcome="not deleted")
    change = audit.Change(before=request.data.get("known"))
    return Reply(Message("trunk_deleted", change_facts), outcome=f"deleted {name}", change=change)


def _as_seen(name: str) -> str:
    """Return the name without invisible characters, which cannot be typed."""
    return " ".join(sanitize(name).split())


async def _is_deleted(request: Request, trunk_id: str) -> bool | None:
    """Return True once the trunk is not listed. The states are cached for some seconds, also those of deleted
    trunks."""
    rows = (await request.station.pbx.trunks.list()).value
    return True if all(row.id != trunk_id for row in rows) else None
