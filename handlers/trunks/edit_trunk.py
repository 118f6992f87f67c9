"""/edit_trunk: a preview of the difference, the change, and the settings that the PBX has afterwards."""

from contextlib import suppress
from typing import Any

from bot.messages.message import Button, Message, mark
from bot.pbx import PbxError, Trunk, TrunkDraft
from bot.pbx.resources.trunk_models import MASK
from handlers.dialog import confirm, verify_write
from handlers.dispatch.declare import answer, button, command
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.parsing import fields
from handlers.parsing.arguments import read_words
from handlers.parsing.fields import WrongValue
from handlers.safety import password_in_chat
from handlers.trunks import card, registration, trunks
from handlers.trunks import fields as trunk_fields
from handlers.trunks.facts import ReregistrationNote, note_of
from handlers.trunks.unregister import wait_unregistered

# Settings that change the registration, which is then watched.
REGISTERS = frozenset({"host", "port", "username", "registration", "transport", "disabled"})


@command(
    "edit_trunk",
    topic=Topic.TRUNKS,
    summary=mark("Change a trunk: the difference is shown first"),
    usage=mark("name field=value … [password]"),
    examples=("/edit_trunk Zadarma host=sip2.zadarma.com", mark("/edit_trunk Zadarma password")),
    fields=trunk_fields.FIELDS.names,
)
async def edit_trunk(request: Request) -> Reply:
    words = read_words(request.arguments, trunk_fields.NAME_WORDS)
    hidden = await password_in_chat.delete_typed(request, words)
    new_password = len(words.free) > 1 and words.free[-1].lower() in password_in_chat.NAMES
    name = " ".join(words.free[:-1] if new_password else words.free)
    if not name or not (words.fields or new_password or hidden is not None):
        raise WrongArguments(mark("Write which trunk, and what to change: its name, then field=value."))
    draft, problems = trunk_fields.read_fields(words.fields)
    if hidden is not None and not request.place.private:
        if not problems and not password_in_chat.is_unassigned(words):
            await _ask_another(request, name, draft.model_copy(update={"secret": None}))
        return password_in_chat.group_warning(deleted=hidden)
    password_in_chat.refuse(words, problems)
    found = await trunks.find(request, name)
    if len(found) != 1:
        return Reply(trunks.choice(request, found, name), outcome=f"{len(found)} trunks of that name")
    if new_password:
        return await _ask_password(request, found[0].id, found[0].name, draft)
    return await _ask(request, found[0].id, draft)


@button("trunk.edit")
async def how_to_edit(request: Request) -> Reply:
    status = await card.status_of(request, str(request.data["id"]))
    facts = {
        "name": status.name,
        "fields": [{"key": f.key, "label": f.label} for f in trunk_fields.FIELDS.table if f.key != fields.PASSWORD],
    }
    return Reply(Message("trunk_edit_help", facts, registration.details_rows(status.id)))


async def _ask_another(request: Request, name: str, draft: TrunkDraft) -> None:
    """Ask in private, if one trunk has that name; the answer in the group does not depend on the PBX."""
    with suppress(PbxError):
        found = await trunks.find(request, name)
        if len(found) == 1:
            await _ask_password(request, found[0].id, found[0].name, draft)


async def _ask_password(request: Request, trunk_id: str, name: str, draft: TrunkDraft) -> Reply:
    data = {"id": trunk_id, "draft": trunk_fields.draft_values(draft)}
    facts = {"station": request.station.name, "name": name, "username": draft.username, "new": False}
    message, question = Message("trunk_password", facts), Question("trunk.new_password", data)
    if request.place.private:
        return Reply(message, question=question, outcome="the password is asked")
    if not await request.chat.ask_privately(message, question):
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    return Reply(Message("goes_on_in_private", {"person": request.actor.name}), outcome="the password is asked")


@answer("trunk.new_password")
async def take_password(request: Request) -> Reply:
    await request.chat.delete_asked()
    try:
        secret = trunk_fields.password(request.arguments)
    except WrongValue as wrong:
        raise WrongArguments(wrong.problem) from None
    return await _ask(request, str(request.data["id"]), TrunkDraft(**request.data["draft"], secret=secret))


async def _ask(request: Request, trunk_id: str, draft: TrunkDraft) -> Reply:
    trunk = (await request.station.pbx.trunks.get(trunk_id)).value
    differences = trunk_fields.FIELDS.changes(trunk_fields.current_values(trunk), trunk_fields.draft_values(draft))
    if not differences and draft.secret is None:
        return Reply(Message("trunk_like_that", {"name": trunk.name}), outcome="nothing to change")
    payload = {
        "wanted": {one["key"]: one["new"] for one in differences},
        "seen": {one["key"]: one["old"] for one in differences},
        "secret": draft.secret.get_secret_value() if draft.secret else "",
    }
    facts = {
        "station": request.station.name,
        "name": trunk.name,
        "differences": differences,
        "new_password": draft.secret is not None,
    }
    return await confirm.preview_stored(
        request,
        payload,
        Message("trunk_difference", facts),
        Button(mark("✅ Apply"), "trunk.apply", {"id": trunk_id, "name": trunk.name}),
        Button(mark("Cancel"), "trunk.forget"),
        outcome=f"asked for {trunk.name}",
    )


@button("trunk.apply", resume=OnRestart.VERIFY_FIRST)
async def apply(request: Request) -> Reply:
    kept = request.kept
    if kept is None:
        return confirm.EXPIRED
    client, trunk_id = request.station.pbx.trunks, str(request.data["id"])
    before = (await client.get(trunk_id)).value
    # Measured: a change that does not repeat the note deletes it.
    draft = TrunkDraft(**{"note": before.note} | kept["wanted"], secret=kept["secret"] or None)
    if request.resumed and not _pending_changes(before, draft):
        # Applied already. A password that the PBX does not show is written again, which has no further effect.
        before = before.model_copy(update=kept["seen"])
    elif any(trunk_fields.current_values(before)[key] != value for key, value in kept["seen"].items()):
        # Changed since the preview: confirmed again.
        return await _ask(request, trunk_id, draft)
    change_facts: dict[str, Any] = {
        "station": request.station.name,
        "name": before.name,
        "done": "changed",
        "new_password": draft.secret is not None,
    }
    registers = draft.secret is not None or bool(REGISTERS & kept["wanted"].keys())
    # Asterisk loads it seconds later, and ends no registration for a new password: the state may be that of before.
    old = await _note_before(request, trunk_id) if registers else None
    if kept["wanted"].get("disabled") is False:
        await wait_unregistered(request.station, trunk_id, stopping=request.stopping)

    async def poll() -> Trunk | None:
        current = (await client.get(trunk_id)).value
        return (
            None if _pending_changes(current, draft) or _password_state(current, draft, late=True) == "old" else current
        )

    uncertain = Message("trunk_uncertain", change_facts)
    written = await verify_write.write(request, lambda: client.update(trunk_id, draft), poll, uncertain)
    if not written.was_read:
        return Reply(Message("trunk_not_done", change_facts | {"seen": False}), outcome=verify_write.UNKNOWN)
    try:
        after = (await client.get(trunk_id)).value
    except PbxError as error:
        return registration.not_read_back(trunk_id, change_facts, error)
    change_facts |= {
        "name": after.name,
        "changes": trunk_fields.FIELDS.changes(trunk_fields.current_values(before), trunk_fields.current_values(after)),
        "left": _pending_changes(after, draft),
        "password": _password_state(after, draft, late=written.late),
    }
    change = fields.as_change(change_facts["changes"], new_password=draft.secret is not None)
    if registers:
        return registration.watch_in_background(request, trunk_id, change_facts, change, old)
    message = Message(
        "trunk_done",
        change_facts | {"state": None, "waited": 0.0, "waiting": False},
        registration.details_rows(trunk_id),
    )
    return Reply(message, outcome=f"changed {after.name}", change=change)


def _pending_changes(trunk: Trunk, draft: TrunkDraft) -> list[dict[str, Any]]:
    return trunk_fields.FIELDS.changes(trunk_fields.current_values(trunk), trunk_fields.draft_values(draft))


def _password_state(trunk: Trunk, draft: TrunkDraft, *, late: bool) -> str:
    """State of the password. The PBX masks it for a trunk that registers with its provider; then its answer decides."""
    if draft.secret is None:
        return ""
    reported = trunk.secret.get_secret_value()
    if reported == MASK:
        return "unseen" if late else "new"
    return "new" if reported == draft.secret.get_secret_value() else "old"


async def _note_before(request: Request, trunk_id: str) -> ReregistrationNote | None:
    """Store the state before the change, for the trunk's card in the next minutes."""
    try:
        old = note_of(await card.status_of(request, trunk_id, fresh=True))
    except PbxError:
        return None
    await request.services.registrations.store_before(request.station.name, trunk_id, *old)
    return old
