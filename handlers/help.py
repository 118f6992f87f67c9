"""/start, /help and /id."""

from bot.access.policy import EVERY_STATION, Permission
from bot.messages.message import Message, mark
from handlers.access import requests
from handlers.dialog import refusals
from handlers.dispatch.declare import CATALOGUE, StationScope, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic

FIRST_ASKED = ("status", "calls", "cdr")


@command(
    "help",
    topic=Topic.BOT,
    summary=mark("The commands you may use here; how to write one of them"),
    usage=mark("[command]"),
    examples=("/help", "/help cdr"),
    whose=StationScope.ANY,
)
async def help_(request: Request) -> Reply:
    if not request.may(Permission.ANY_ROLE).allowed:
        return Reply(await _to_a_stranger(request))
    topics = [
        (label, commands)
        for label, commands in CATALOGUE.by_topic(
            lambda c: _may(request, c.rule.permission) and c.rule.where.holds(private=request.place.private),
        )
    ]
    wanted = request.arguments.strip().lstrip("/").lower()
    one = next((c for _, commands in topics for c in commands if c.name == wanted), None)
    if one is not None:
        facts = {"name": one.name, "usage": one.usage, "summary": one.summary, "examples": one.examples}
        return Reply(Message("help_command", facts))
    shown = [
        {"label": label, "commands": [{"name": c.name, "summary": c.summary} for c in commands]}
        for label, commands in topics
    ]
    return Reply(Message("help", {"topics": shown}))


async def _to_a_stranger(request: Request) -> Message:
    return await requests.still_waits(request) or refusals.stranger(request.actor)


def _may(request: Request, permission: str) -> bool:
    """Return True if permitted at any PBX the request can mean."""
    return any(request.may_at(station, permission).allowed for station in request.among)


@command(
    "id",
    topic=Topic.BOT,
    summary=mark("Your numeric id and this chat's, as the settings want them"),
    whose=StationScope.ANY,
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


@command("start", topic=Topic.BOT, summary=mark("What this bot does and how to begin"), whose=StationScope.ANY)
async def start(request: Request) -> Reply:
    if not request.may(Permission.ANY_ROLE).allowed:
        return Reply(await _to_a_stranger(request))
    asks = [f"/{name}" for name in FIRST_ASKED if _may(request, CATALOGUE.commands[name].rule.permission)]
    about = request.station.name if request.settled else EVERY_STATION
    return Reply(Message("start", {"station": about, "private": request.place.private, "asks": asks}))
