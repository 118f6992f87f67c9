"""/grant and /revoke: parse the subject, confirm, apply."""

from datetime import datetime, timedelta
from typing import Any

from bot.access.grant_checks import (
    BEYOND_CHAT_RIGHTS,
    BEYOND_OWN_RIGHTS,
    FROM_SETTINGS,
    LAST_ADMIN,
    NO_SUCH_ROLE,
    GrantRefused,
    check_grant,
)
from bot.access.policy import Grant
from bot.messages.message import Button, Message, Rows, mark
from bot.store.access.audit import Change
from handlers.access import access
from handlers.access.lookalikes import likeness
from handlers.dialog import confirm
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.parsing import people
from handlers.parsing.deadlines import NotADeadline, take_deadline
from handlers.parsing.role_words import role_named

HERE = frozenset({"here", "group", "chat", "здесь", "группа", "чат"})
LENGTHS = ((mark("for 8 h"), timedelta(hours=8)), (mark("for 7 d"), timedelta(days=7)))
REFUSALS = {
    NO_SUCH_ROLE: mark("The bot's settings do not know this role any more. /access lists what there is."),
    BEYOND_CHAT_RIGHTS: mark("A group can be operator at most. Give the higher role to the people themselves."),
    BEYOND_OWN_RIGHTS: mark("That is more than you may do yourself. Ask an administrator of the bot."),
    FROM_SETTINGS: mark("This stands in the bot's settings. It is changed there, in ADMINS, OPERATORS or VIEWERS."),
    LAST_ADMIN: mark("This is the last administrator. Make somebody else administrator first."),
}


@command(
    "grant",
    topic=Topic.ACCESS,
    summary=mark("Give a person or this group a role, for good or for a time"),
    usage=mark("[@username | id | here] role [for 8h | until date]"),
    examples=(
        mark("/grant @boris operator"),
        mark("/grant 100200300 viewer until 2026-12-31"),
        mark("/grant here viewer"),
    ),
)
async def grant(request: Request) -> Reply:
    words = request.arguments.split()
    try:
        until, words = take_deadline(words, request.station.local(request.now))
    except NotADeadline as wrong:
        facts = {"written": str(wrong)}
        raise WrongArguments(message=Message("not_a_deadline", facts)) from None
    roles, subject_words = _roles(request, words)
    subject = await _subject(request, subject_words)
    if len(roles) != 1:
        raise _which_role(request)
    aware = until.replace(tzinfo=request.station.zone()) if until else None
    return await _ask_give(request, subject, roles[0], aware)


@command(
    "revoke",
    topic=Topic.ACCESS,
    summary=mark("Take a role away, or all of them"),
    usage=mark("[@username | id | here] [role]"),
    examples=("/revoke @boris", mark("/revoke 100200300 operator")),
)
async def revoke(request: Request) -> Reply:
    roles, subject_words = _roles(request, request.arguments.split())
    return await _ask_take(request, await _subject(request, subject_words), roles)


def _roles(request: Request, words: list[str]) -> tuple[list[str], list[str]]:
    """Extract the roles; return them and the remaining words. Raises WrongArguments for a word that can only be an
    unknown role."""
    known = request.services.grants.roles
    roles = [role for word in words if (role := role_named(word, known))]
    others = [word for word in words if role_named(word, known) is None]
    wrong = [word for word in others if not _is_subject_reference(word)]
    if wrong and not roles and (request.reply_author is not None or len(others) > 1):
        raise _which_role(request, wrong[0])
    return roles, others


def _which_role(request: Request, wrong: str = "") -> WrongArguments:
    return WrongArguments(
        message=Message("which_role", {"roles": sorted(request.services.grants.roles), "wrong": wrong})
    )


def _is_subject_reference(word: str) -> bool:
    return word.lower() in HERE or people.is_person_reference(word)


async def _subject(request: Request, words: list[str]) -> int:
    """Return a subject's id: numeric, of a username that the bot has seen, of the author of the replied-to message, or
    of this group. Raises WrongArguments."""
    if not words and request.reply_author is not None:
        return request.reply_author.id
    if len(words) != 1 or not _is_subject_reference(words[0]):
        raise WrongArguments(people.PERSON_REQUIRED)
    (word,) = words
    if word.lower() in HERE:
        if request.place.private:
            raise WrongArguments(mark("Write that in the group you mean, or name the group by its numeric id."))
        return request.place.chat
    return await people.id_of(request, word)


@button("access.ask_give")
async def ask_give(request: Request) -> Reply:
    return await _ask_give(request, int(request.data["subject"]), str(request.data["role"]), None)


async def _ask_give(request: Request, subject: int, role: str, until: datetime | None) -> Reply:
    granted = await request.services.grants.current()
    try:
        check_grant(granted, request.asking, granting(request, subject, role, until))
    except GrantRefused as refused:
        return not_granted(refused)

    def give(label: str, ends: datetime | None) -> Button:
        data = {"subject": subject, "role": role, "until": ends.isoformat() if ends else None}
        return Button(label, "access.give", data)

    lengths = () if until else tuple(give(label, request.now + length) for label, length in LENGTHS)
    cancel_button = Button(mark("Cancel"), "access.leave", {"subject": subject})
    rows: Rows = ((give(mark("✅ Give"), until), *lengths), (cancel_button,))
    names = await request.known([subject])
    facts = (
        access.subject_facts(subject, names)
        | {
            "station": request.station.name,
            "role": role,
            "until": until,
            "rights": sorted(request.services.grants.roles[role].permissions),
        }
        | await likeness(request, names.get(subject))
    )
    return Reply(Message("access_give", facts, rows), confirm=True, outcome=f"asked for {subject}")


@button("access.give", resume=OnRestart.ATOMIC)
async def give(request: Request) -> Reply:
    subject, role, until = int(request.data["subject"]), str(request.data["role"]), request.data["until"]
    given = granting(request, subject, role, datetime.fromisoformat(until) if until else None)
    before = await _current_roles(request, subject)
    try:
        await request.services.grants.grant(given, request.asking)
    except GrantRefused as refused:
        return not_granted(refused)
    return await _changed(request, subject, before, mark("Given"), f"gave {role} to {subject}")


@button("access.ask_take")
async def ask_take(request: Request) -> Reply:
    return await _ask_take(request, int(request.data["subject"]), [str(request.data["role"])])


async def _ask_take(request: Request, subject: int, roles: list[str]) -> Reply:
    granted = access.of_station(await request.services.grants.current(), request)
    matching = [grant for grant in granted if grant.subject == subject and (not roles or grant.role in roles)]
    names = await request.known([subject])
    facts = access.subject_facts(subject, names) | {
        "station": request.station.name,
        "roles": [grant.role for grant in matching if not grant.is_from_settings],
        "fixed": [grant.role for grant in matching if grant.is_from_settings],
    }
    if not facts["roles"]:
        return Reply(Message("nothing_to_take", facts), outcome="nothing to take")
    data = {"subject": subject, "roles": facts["roles"]}
    cancel_button = Button(mark("Cancel"), "access.leave", {"subject": subject})
    confirm_button = Button(mark("🗑 Take away"), "access.take", data)
    return confirm.preview(Message("access_take", facts), confirm_button, cancel_button, outcome=f"asked for {subject}")


@button("access.take", resume=OnRestart.ATOMIC)
async def take(request: Request) -> Reply:
    subject, roles = int(request.data["subject"]), request.data["roles"]
    before = await _current_roles(request, subject)
    granted = access.of_station(await request.services.grants.current(), request)
    revoked = [
        grant for grant in granted if grant.subject == subject and grant.role in roles and not grant.is_from_settings
    ]
    try:
        await request.services.grants.revoke(revoked, request.asking)
    except GrantRefused as refused:
        return not_granted(refused)
    return await _changed(request, subject, before, mark("Taken away"), f"took {', '.join(roles)} from {subject}")


@button("access.leave")
async def cancel(request: Request) -> Reply:
    return Reply(await access.details_view(request, int(request.data["subject"])), outcome="cancelled")


def granting(request: Request, subject: int, role: str, until: datetime | None = None) -> Grant:
    """Return a grant on this station, given by the actor."""
    return Grant(
        subject=subject,
        role=role,
        station=request.station.name,
        given_by=request.actor.id,
        giver=request.actor.name,
        until=until,
    )


def not_granted(refused: GrantRefused) -> Reply:
    return Reply(Message("not_granted", {"reason": REFUSALS[refused.reason]}), outcome=refused.reason)


async def _changed(request: Request, subject: int, before: dict[str, Any], done: str, outcome: str) -> Reply:
    details = await access.details_view(request, subject)
    after = await _current_roles(request, subject)
    message = Message(details.template, {**details.facts, "deed": done}, details.buttons)
    return Reply(message, outcome=outcome, change=Change(before, after))


async def _current_roles(request: Request, subject: int) -> dict[str, Any]:
    """Return the subject's roles with their ends, for the audit."""
    granted = access.of_station(await request.services.grants.current(), request)
    return {
        grant.role: grant.until.isoformat() if grant.until else "for good"
        for grant in granted
        if grant.subject == subject
    }
