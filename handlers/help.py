"""/start, /help, /id: what the bot is, what this person may do with it, and who they are to it."""

from bot.access import Permission
from bot.chat.message import Message, mark
from handlers import refusals
from handlers.command import CATALOGUE, Reply, Request, command


@command("help", permission=Permission.ANYONE, summary=mark("The commands you may use here"))
async def help_(request: Request) -> Reply:
    if not request.may(Permission.STATUS).allowed:
        return Reply(refusals.stranger(request.actor))
    allowed = [c for c in CATALOGUE.commands.values() if request.may(c.permission).allowed]
    commands = [{"name": c.name, "usage": c.usage, "summary": c.summary} for c in allowed]
    return Reply(Message("help", {"commands": commands, "station": request.station.name}))


@command("id", permission=Permission.ANYONE, summary=mark("Your numeric id and this chat's, as the settings want them"))
async def id_(request: Request) -> Reply:
    place = request.place
    facts = {
        "person": request.actor.id,
        "chat": None if place.private else place.chat,
        "thread": place.thread,
        "known": request.may(Permission.STATUS).allowed,
    }
    return Reply(Message("id", facts))


@command("start", permission=Permission.ANYONE, summary=mark("What this bot does and how to begin"))
async def start(request: Request) -> Reply:
    if not request.may(Permission.STATUS).allowed:
        return Reply(refusals.stranger(request.actor))
    return Reply(Message("start", {"station": request.station.name, "private": request.place.private}))
