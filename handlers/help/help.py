"""/help: the commands that the person may use here, by topic; one command with its subcommands; how to write a time."""

from bot.access.policy import Permission
from bot.messages.message import Button, Message, Rows, grid, mark
from handlers.access import requests
from handlers.dispatch.declare import CATALOGUE, Command, StationScope, button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic
from handlers.parsing.command_words import named_command, nearest_commands
from handlers.parsing.times import examples as time_examples

WIDTH = 2
TO_TOPICS = Button(mark("↩ Topics"), "help.show")
TIMES = Button(mark("🕐 How to write times"), "help.show", {"times": True})


@command(
    "help",
    topic=Topic.BOT,
    summary=mark("The commands you may use here; how to write one of them"),
    usage=mark("[command | time]"),
    examples=("/help", "/help cdr", mark("/help time")),
    scope=StationScope.ANY,
)
async def help_(request: Request) -> Reply:
    if not request.may(Permission.ANY_ROLE).allowed:
        return Reply(await requests.answer_to_stranger(request))
    return Reply(_about(request, " ".join(request.arguments.split())))


@button("help.show", scope=StationScope.ALL)
async def show(request: Request) -> Reply:
    """Show a topic, a command, or how to write times; without data the topics."""
    if "times" in request.data:
        return Reply(_times())
    if "topic" in request.data:
        return Reply(_topic(request, Topic[str(request.data["topic"])]))
    return Reply(_about(request, str(request.data.get("command", ""))))


def may_use(request: Request, one: Command) -> bool:
    """Return True if permitted in this chat, at any PBX that the request can mean."""
    return one.rule.where.allows(private=request.place.private) and any(
        request.may_at(station, one.rule.permission).allowed for station in request.candidates
    )


def _about(request: Request, written: str) -> Message:
    if not written:
        return _topics(request)
    word = written.lstrip("/").lower()
    if word in time_examples.NAMES:
        return _times()
    commands = {one.name: one for one in CATALOGUE.in_order() if may_use(request, one)}
    name = word if word in commands else named_command(word, commands)
    return _command(commands[name], commands) if name else _unknown(written, commands)


def _topics(request: Request) -> Message:
    """Return the first page: headings only, so that it fits into a phone's screen."""
    topics = [topic for topic, _ in CATALOGUE.by_topic(lambda one: may_use(request, one))]
    buttons = [Button(topic.value, "help.show", {"topic": topic.name}) for topic in topics]
    return Message("help", {}, (*grid(buttons, WIDTH), (TIMES,)))


def _topic(request: Request, topic: Topic) -> Message:
    commands = next((some for one, some in CATALOGUE.by_topic(lambda one: may_use(request, one)) if one is topic), [])
    facts = {"label": topic.value, "commands": [{"name": one.name, "summary": one.summary} for one in commands]}
    return Message("help_topic", facts, ((TO_TOPICS,),))


def _command(one: Command, commands: dict[str, Command]) -> Message:
    facts = {
        "name": one.name,
        "usage": one.usage,
        "summary": one.summary,
        "examples": one.examples,
        "subcommands": [
            {"name": other.name, "usage": other.usage, "summary": other.summary}
            for other in commands.values()
            if other.name.startswith(f"{one.name} ")
        ],
    }
    back = Button(one.topic.value, "help.show", {"topic": one.topic.name})
    return Message("help_command", facts, ((back, TO_TOPICS),))


def _unknown(written: str, commands: dict[str, Command]) -> Message:
    """Return the answer to a name that is no command, or none that the person may use here."""
    first = written.split()[0].lstrip("/").lower()
    near = nearest_commands(first, [name for name in commands if " " not in name])
    buttons: Rows = tuple((Button(f"/{name}", "help.show", {"command": name}),) for name in near)
    facts = {"written": written, "is_command": first in CATALOGUE.commands, "near": bool(near)}
    return Message("help_unknown", facts, (*buttons, (TO_TOPICS,)))


def _times() -> Message:
    groups = {"past": time_examples.PAST, "ahead": time_examples.AHEAD, "windows": time_examples.WINDOWS}
    facts = {
        group: [{"heading": form.heading, "examples": form.examples} for form in forms]
        for group, forms in groups.items()
    }
    return Message("help_time", {**facts, "separator": time_examples.SEPARATOR}, ((TO_TOPICS,),))
