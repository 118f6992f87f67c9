"""/start, /help and /id."""

from bot.access.policy import EVERY_STATION, Permission
from bot.messages.message import Message, mark
from handlers.access import requests
from handlers.dialog import refusals
from handlers.dispatch.declare import CATALOGUE, StationScope, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic

SUGGESTED = ("status", "calls", "cdr")


@command(
    "help",
    topic=Topic.BOT,
    summary=mark("The commands you may use here; how to write one of them"),
    usage=mark("[command]"),
    examples=("/help", "/help cdr"),
    scope=StationScope.ANY,
)
async def help_(request: Request) -> Reply:
    if not request.may(Permission.ANY_ROLE).allowed:
        return Reply(await _stranger_message(request))
    topics = [
        (label, commands)
        for label, commands in CATALOGUE.by_topic(
            lambda c: _may(request, c.rule.permission) and c.rule.where.allows(private=request.place.private),
        )
    ]
    requested = request.arguments.strip().lstrip("/").lower()
    selected = next((c for _, commands in topics for c in commands if c.name == requested), None)
    if selected is not None:
        facts = {
            "name": selected.name,
            "usage": selected.usage,
            "summary": selected.summary,
            "examples": selected.examples,
        }
        return Reply(Message("help_command", facts))
    listed = [
        {"label": label, "commands": [{"name": c.name, "summary": c.summary} for c in commands]}
        for label, commands in topics
    ]
    return Reply(Message("help", {"topics": listed}))


async def _stranger_message(request: Request) -> Message:
    return await requests.still_waits(request) or refusals.stranger(request.actor)


def _may(request: Request, permission: str) -> bool:
    """Return True if permitted at any PBX the request can mean."""
    return any(request.may_at(station, permission).allowed for station in request.candidates)


@command(
    "id",
    topic=Topic.BOT,
    summary=mark("Your numeric id and this chat's, as the settings want them"),
    scope=StationScope.ANY,
)
async def id_(request: Request) -> Reply:
    place = request.place
    facts = {
        "person": request.actor.id,
        "chat": None if place.private else place.chat,
        "thread": place.thread,
        "known": request.may(Permission.ANY_ROLE).allowed,
    }
    return Reply(Message("id", facts))


@command("start", topic=Topic.BOT, summary=mark("What this bot does and how to begin"), scope=StationScope.ANY)
async def start(request: Request) -> Reply:
    if not request.may(Permission.ANY_ROLE).allowed:
        return Reply(await _stranger_message(request))
    asks = [f"/{name}" for name in SUGGESTED if _may(request, CATALOGUE.commands[name].rule.permission)]
    about = request.station.name if request.settled else EVERY_STATION
    return Reply(Message("start", {"station": about, "private": request.place.private, "asks": asks}))
