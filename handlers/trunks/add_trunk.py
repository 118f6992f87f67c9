"""/add_trunk: the settings in one line, the password in private, a preview, and a minute of watching it register."""

from datetime import timedelta
from typing import Any

from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import PbxError, TrunkDraft
from bot.pbx.resources.trunk_models import TrunkType
from bot.store.access.audit import Change
from handlers.dialog import confirm
from handlers.dialog.verify_write import failure, read_back, write
from handlers.dispatch.declare import answer, button, command
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.parsing.arguments import Words, read_words
from handlers.parsing.fields import Problem, WrongValue
from handlers.parsing.station_names import OwnWords
from handlers.safety import password_in_chat
from handlers.trunks import fields, registration

TYPES: dict[str, TrunkType] = {"sip": "sip", "iax": "iax", "iax2": "iax"}
TYPE_WORDS = ("type", "тип")
DRAFT_LIFETIME = timedelta(minutes=15)


@command(
    "add_trunk",
    topic=Topic.TRUNKS,
    summary=mark("Create a trunk; its password is asked in private"),
    usage=mark("name host=… username=… [field=value …]"),
    examples=(
        '/add_trunk "Zadarma" host=sip.zadarma.com username=316811',
        mark("/add_trunk Office registration=none host=10.0.0.5"),
    ),
    fields=fields.FIELDS.names | {*TYPE_WORDS},
    own_words=OwnWords.ANYWHERE,
)
async def add_trunk(request: Request) -> Reply:
    words = read_words(request.arguments, fields.NAME_WORDS)
    hidden = await password_in_chat.delete_typed(request, words)
    if not words.free and not words.fields:
        raise WrongArguments(mark("Write the trunk's name, its host, and the login if it has one."))
    draft, kind, problems = _read(words)
    if hidden is not None and not request.place.private and (problems or password_in_chat.is_unassigned(words)):
        return password_in_chat.group_warning(deleted=hidden)
    password_in_chat.refuse(words, problems)
    if not request.place.private:
        return await _in_private(request, draft.model_copy(update={"secret": None}), kind, hidden)
    if draft.secret is None and draft.registration != "none":
        return await _ask_password(request, draft, kind)
    return await _preview(request, draft, kind)


def _read(words: Words) -> tuple[TrunkDraft, TrunkType, list[Problem]]:
    written = dict(words.fields)
    kind = TYPES.get(next((written.pop(word) for word in TYPE_WORDS if word in written), "sip").lower())
    if words.free:
        written["name"] = " ".join(words.free)
    draft, problems = fields.read_fields(written)
    draft = fields.completed(draft)
    if kind is None:
        problems.append(Problem(mark("Type"), mark("sip or iax")))
    return draft, kind or "sip", [*problems, *fields.missing(draft)]


async def _in_private(request: Request, draft: TrunkDraft, kind: TrunkType, hidden: bool | None) -> Reply:
    """Continue in private: a group never sees a password, and one that it has seen is not used."""
    if draft.registration == "none" and hidden is None:
        return await _preview(request, draft, kind)
    reply = await _ask_password(request, draft, kind)
    if reply.message is None or reply.question is None:
        return reply
    if not await request.chat.ask_privately(reply.message, reply.question):
        if hidden is not None:
            return password_in_chat.group_warning(deleted=hidden)
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    if hidden is not None:
        return password_in_chat.group_warning(deleted=hidden)
    return Reply(Message("goes_on_in_private", {"person": request.actor.name}), outcome="the password is asked")


async def _ask_password(request: Request, draft: TrunkDraft, kind: TrunkType) -> Reply:
    kept = await request.services.temporary_payloads.put(
        {"draft": fields.draft_values(draft), "kind": kind}, DRAFT_LIFETIME
    )
    facts = {"station": request.station.name, "name": draft.name, "username": draft.username, "new": True}
    cancel_row: Rows = ((Button(mark("Cancel"), "trunk.forget", {"kept": kept}),),)
    return Reply(Message("trunk_password", facts, cancel_row), question=Question("trunk.password", {"kept": kept}))


@answer("trunk.password")
async def take_password(request: Request) -> Reply:
    await request.chat.delete_asked()
    try:
        secret = fields.password(request.arguments)
    except WrongValue as wrong:
        raise WrongArguments(wrong.problem) from None
    kept = await request.services.temporary_payloads.pop(str(request.data["kept"]))
    if kept is None:
        return confirm.EXPIRED
    return await _preview(request, TrunkDraft(**kept["draft"], secret=secret), kept["kind"])


@button("trunk.forget")
async def cancel_trunk(request: Request) -> Reply:
    return await confirm.cancelled(request, Message("trunk_cancelled"), closes_question=True)


async def _preview(request: Request, draft: TrunkDraft, kind: TrunkType) -> Reply:
    secret = draft.secret.get_secret_value() if draft.secret else ""
    payload = {
        "draft": fields.draft_values(draft),
        "secret": secret,
        "kind": kind,
        "there": await _matching_ids(request, draft),
    }
    facts = {
        "station": request.station.name,
        "name": draft.name,
        "kind": kind,
        "settings": fields.FIELDS.labelled(fields.draft_values(draft)),
        "with_password": draft.secret is not None,
        "twin": await _same_account(request, draft),
    }
    return await confirm.preview_stored(
        request,
        payload,
        Message("trunk_preview", facts),
        Button(mark("✅ Create"), "trunk.create", {"name": draft.name}),
        Button(mark("Cancel"), "trunk.forget"),
        closes_question=True,
        outcome=f"asked for {draft.name}",
    )


async def _same_account(request: Request, draft: TrunkDraft) -> str | None:
    """Name of a trunk with the same account: the PBX accepts a second one, and the two registrations conflict."""
    try:
        trunks = (await request.station.pbx.trunks.statuses()).value.values()
    except PbxError:
        return None
    same = (trunk.name for trunk in trunks if (trunk.host, trunk.username) == (draft.host, draft.username))
    return next(same, None) if draft.username else None


@button("trunk.create", resume=OnRestart.VERIFY_FIRST)
async def create(request: Request) -> Reply:
    kept = request.kept
    if kept is None:
        return confirm.EXPIRED
    draft = TrunkDraft(**kept["draft"], secret=kept["secret"] or None)
    change_facts: dict[str, Any] = {"station": request.station.name, "name": draft.name, "done": "created"}
    change = Change(after=fields.draft_values(draft))

    async def poll() -> str | None:
        return next((one for one in await _matching_ids(request, draft) if one not in kept["there"]), None)

    uncertain = Message("trunk_uncertain", change_facts)
    if request.resumed:
        await request.chat.progress(uncertain)
        found, seen = await read_back(request, poll)
        if found is not None or not seen:
            return _result(request, found, seen, change_facts, change)
    written = await write(request, lambda: request.station.pbx.trunks.create(draft, kept["kind"]), poll, uncertain)
    trunk_id = written.answer.id if written.answer else written.found
    return _result(request, trunk_id, written.was_read, change_facts, change)


def _result(request: Request, trunk_id: str | None, seen: bool, change_facts: dict[str, Any], change: Change) -> Reply:
    if trunk_id is not None:
        return registration.watch_in_background(request, trunk_id, change_facts, change)
    outcome = failure("not created: nothing appeared", was_read=seen)
    return Reply(Message("trunk_not_done", change_facts | {"seen": seen}), outcome=outcome)


async def _matching_ids(request: Request, draft: TrunkDraft) -> list[str]:
    """Ids of all trunks with its name and host: the PBX allows several."""
    rows = (await request.station.pbx.trunks.list()).value
    return [row.id for row in rows if row.name == draft.name and row.host == (draft.host or "")]
