"""/start and /id."""

from bot.access.policy import EVERY_STATION, Permission
from bot.messages.message import Button, Message, grid, mark
from handlers.access import requests
from handlers.dialog.not_understood import run_button
from handlers.dispatch.declare import CATALOGUE, StationScope, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import RULES, Topic
from handlers.help.help import may_use

# What somebody does first, of those that they may; the last ones are an administrator's.
FIRST_STEPS = (
    ("status", mark("🚦 Status")),
    ("calls", mark("📞 Calls now")),
    ("missed", mark("📵 Missed today")),
    ("oncall", mark("📟 On call")),
    ("test_alert", mark("🔔 Rehearse an alert")),
    ("add_employee", mark("👤 New employee")),
    ("access", mark("🔐 Who has access")),
)
TO_HELP = Button(mark("❓ All commands"), "help.show")
WIDTH = 2


@command(
    "id",
    topic=Topic.BOT,
    summary=mark("Your numeric id and this chat's, as the settings want them"),
    scope=StationScope.ANY,
)
async def id_(request: Request) -> Reply:
    place = request.place
    known = request.may(Permission.ANY_ROLE).allowed
    facts = {
        "person": request.actor.id,
        "chat": None if place.private else place.chat,
        "thread": place.thread,
        "known": known,
        "has_administrator": known or await requests.has_administrator(request),
    }
    return Reply(Message("id", facts))


@command("start", topic=Topic.BOT, summary=mark("What this bot does and how to begin"), scope=StationScope.ANY)
async def start(request: Request) -> Reply:
    if not request.may(Permission.ANY_ROLE).allowed:
        return Reply(await requests.answer_to_stranger(request))
    steps = [run_button(label, name) for name, label in FIRST_STEPS if may_use(request, CATALOGUE.commands[name])]
    about = request.station.name if request.settled else EVERY_STATION
    # A group that anybody else adds the bot to is left again.
    may_add = any(request.may_at(station, RULES["chat.added"].permission).allowed for station in request.candidates)
    count = 1 if request.settled else len(request.candidates)
    facts = {"station": about, "count": count, "private": request.place.private, "may_add": may_add}
    return Reply(Message("start", facts, grid([*steps, TO_HELP], WIDTH)))
