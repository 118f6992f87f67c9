"""/edit_trunk and switching on and off: the difference first, then the change, then what the PBX really has."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from bot.access import Permission
from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import PbxError, Trunk, TrunkDraft, Uncertain
from handlers import fields, trunk_card, trunk_fields, trunk_password, trunk_registration, trunks
from handlers.command import CONFIRM_WITHIN, Question, Reply, Request, WrongArguments, answer, button, command
from handlers.fields import WrongValue
from handlers.read_back import read_back
from handlers.words import read_words

# What changes the way the trunk registers, so that it is worth watching.
REGISTERS = frozenset({"host", "port", "username", "registration", "transport", "disabled"})


@command(
    "edit_trunk",
    permission=Permission.TRUNKS,
    summary=mark("Change a trunk: the difference is shown first"),
    usage=mark("name field=value … [password]"),
    examples=("/edit_trunk Zadarma host=sip2.zadarma.com", "/edit_trunk Zadarma password"),
)
async def edit_trunk(request: Request) -> Reply:
    words = read_words(request.arguments)
    hidden = await trunk_password.deleted(request, words)
    new_password = len(words.free) > 1 and words.free[-1].lower() in trunk_fields.PASSWORD_WORDS
    name = " ".join(words.free[:-1] if new_password else words.free)
    if not name or not (words.fields or new_password or hidden is not None):
        raise WrongArguments(mark("Write which trunk, and what to change: its name, then field=value."))
    draft, problems = trunk_fields.read_fields(words.fields)
    if hidden is not None and not request.place.private:
        if not problems and not trunk_fields.has_loose_password(words):
            await _ask_another(request, name, draft.model_copy(update={"secret": None}))
        return trunk_password.was_seen(hidden=hidden)
    trunk_password.refuse(words, problems)
    found = await trunks.find(request, name)
    if len(found) != 1:
        return Reply(trunks.choice(request, found), outcome=f"{len(found)} trunks of that name")
    if new_password:
        return await _ask_password(request, found[0].id, found[0].name, draft)
    return await _ask(request, found[0].id, draft)


@button("trunk.edit", permission=Permission.TRUNKS)
async def how_to_edit(request: Request) -> Reply:
    status = await trunk_card.status_of(request, str(request.data["id"]))
    facts = {
        "name": status.name,
        "fields": [{"key": f.key, "label": f.label} for f in trunk_fields.FIELDS.table if f.key != fields.PASSWORD],
    }
    return Reply(Message("trunk_edit_help", facts, trunk_registration.to_card(status.id)))


async def _ask_another(request: Request, name: str, draft: TrunkDraft) -> None:
    """In private, if it is clear for which trunk; what the group is told does not wait for the PBX to be well."""
    with suppress(PbxError):
        found = await trunks.find(request, name)
        if len(found) == 1:
            await _ask_password(request, found[0].id, found[0].name, draft)


async def _ask_password(request: Request, trunk_id: str, name: str, draft: TrunkDraft) -> Reply:
    data = {"id": trunk_id, "draft": trunk_fields.said(draft)}
    facts = {"station": request.station.name, "name": name, "username": draft.username, "new": False}
    message, question = Message("trunk_password", facts), Question("trunk.new_password", data)
    if request.place.private:
        return Reply(message, question=question, outcome="the password is asked")
    if not await request.talk.ask_privately(message, question):
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    return Reply(Message("goes_on_in_private", {"person": request.actor.name}), outcome="the password is asked")


@answer("trunk.new_password", permission=Permission.TRUNKS)
async def take_password(request: Request) -> Reply:
    await request.talk.delete_asked()
    try:
        secret = trunk_fields.password(request.arguments)
    except WrongValue as wrong:
        raise WrongArguments(wrong.problem) from None
    return await _ask(request, str(request.data["id"]), TrunkDraft(**request.data["draft"], secret=secret))


async def _ask(request: Request, trunk_id: str, draft: TrunkDraft) -> Reply:
    trunk = (await request.station.pbx.trunks.get(trunk_id)).value
    differences = trunk_fields.FIELDS.changes(trunk_fields.known(trunk), trunk_fields.said(draft))
    if not differences and draft.secret is None:
        return Reply(Message("trunk_like_that", {"name": trunk.name}), outcome="nothing to change")
    payload = {
        "wanted": {one["key"]: one["new"] for one in differences},
        "seen": {one["key"]: one["old"] for one in differences},
        "secret": draft.secret.get_secret_value() if draft.secret else "",
    }
    kept = await request.drawer.put(payload, CONFIRM_WITHIN + timedelta(minutes=1))
    data = {"kept": kept, "id": trunk_id, "name": trunk.name}
    question: Rows = (
        (Button(mark("✅ Apply"), "trunk.apply", data), Button(mark("Cancel"), "trunk.forget", {"kept": kept})),
    )
    facts = {
        "station": request.station.name,
        "name": trunk.name,
        "differences": differences,
        "new_password": draft.secret is not None,
    }
    return Reply(Message("trunk_difference", facts, question), confirm=True, outcome=f"asked for {trunk.name}")


@button("trunk.apply", permission=Permission.TRUNKS)
async def apply(request: Request) -> Reply:
    kept = await request.drawer.take(str(request.data["kept"]))
    if kept is None:
        return Reply(Message("expired"), outcome="expired")
    client, trunk_id = request.station.pbx.trunks, str(request.data["id"])
    before = (await client.get(trunk_id)).value
    # Measured: a change that does not repeat the note deletes it.
    draft = TrunkDraft(**{"note": before.note} | kept["wanted"], secret=kept["secret"] or None)
    if any(trunk_fields.known(before)[key] != value for key, value in kept["seen"].items()):
        # Somebody was faster; what was agreed to is not what would happen now.
        return await _ask(request, trunk_id, draft)
    said: dict[str, Any] = {"station": request.station.name, "name": before.name, "done": "changed"}
    try:
        await client.update(trunk_id, draft)
    except Uncertain:
        await request.talk.progress(Message("trunk_uncertain", said))

        async def look() -> Trunk | None:
            now = (await client.get(trunk_id)).value
            return None if _left(now, draft) else now

        _, seen = await read_back(request, look)
        if not seen:
            return Reply(Message("trunk_not_done", said | {"seen": False}), outcome="unknown: the PBX does not answer")
    after = (await client.get(trunk_id)).value
    said |= {
        "name": after.name,
        "changes": trunk_fields.FIELDS.changes(trunk_fields.known(before), trunk_fields.known(after)),
        "left": _left(after, draft),
        "new_password": draft.secret is not None,
    }
    if draft.secret is not None or REGISTERS & kept["wanted"].keys():
        return trunk_registration.begun(request, trunk_id, said)
    facts = said | {"state": None, "waited": 0.0, "waiting": False}
    return Reply(Message("trunk_done", facts, trunk_registration.to_card(trunk_id)), outcome=f"changed {after.name}")


def _left(trunk: Trunk, draft: TrunkDraft) -> list[dict[str, Any]]:
    return trunk_fields.FIELDS.changes(trunk_fields.known(trunk), trunk_fields.said(draft))


@button("trunk.switch", permission=Permission.TRUNKS)
async def ask_switch(request: Request) -> Reply:
    status = await trunk_card.status_of(request, str(request.data["id"]))
    on = bool(request.data["on"])
    data = {"id": status.id, "on": on, "name": status.name}
    label = mark("🔌 Switch on") if on else mark("🔌 Switch off")
    question: Rows = (
        (Button(label, "trunk.switch_now", data), Button(mark("Cancel"), "trunk.card", {"id": status.id})),
    )
    facts = {"station": request.station.name, "name": status.name, "on": on}
    return Reply(Message("trunk_switch", facts, question), confirm=True, outcome=f"asked for {status.name}")


@button("trunk.switch_now", permission=Permission.TRUNKS)
async def switch(request: Request) -> Reply:
    trunk_id, on, name = str(request.data["id"]), bool(request.data["on"]), str(request.data["name"])
    said: dict[str, Any] = {"station": request.station.name, "name": name, "done": "on" if on else "off"}
    answered = True
    try:
        await request.station.pbx.trunks.switch(trunk_id, on=on)
    except Uncertain:
        answered = False
        await request.talk.progress(Message("trunk_uncertain", said))
    is_on = await _is_on(request, trunk_id)
    if is_on is not on:
        facts = said | {"answered": answered, "known": is_on is not None}
        return Reply(
            Message("trunk_not_switched", facts, trunk_registration.to_card(trunk_id)), outcome="the PBX did not do it"
        )
    if on:
        return trunk_registration.begun(request, trunk_id, said)
    facts = said | {"state": None, "waited": 0.0, "waiting": False}
    return Reply(Message("trunk_done", facts, trunk_registration.to_card(trunk_id)), outcome=f"{name} is off")


async def _is_on(request: Request, trunk_id: str) -> bool | None:
    """Read back, because some versions say yes and do nothing. The list forgets no trunk and remembers no old state."""
    rows = (await request.station.pbx.trunks.list()).value
    return next((not row.disabled for row in rows if row.id == trunk_id), None)
