"""/watch and /unwatch: extensions that are monitored for being offline."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx import ExtensionStatus, PbxError
from bot.store.stations.watched_extensions import Watched
from handlers.dialog import pbx_errors
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.employees.employees import select_one

NUMBER = re.compile(r"[0-9]{1,32}")
MAX_WATCHED = 40
BUTTONS_IN_A_ROW = 4

Phones = Mapping[str, ExtensionStatus]


@command(
    "watch",
    topic=Topic.INCIDENTS,
    summary=mark("Alert when the phone of an extension goes offline; alone: which are watched"),
    usage=mark("[extension or name …]"),
    examples=("/watch 202 203", mark("/watch Anna"), "/watch"),
)
async def watch(request: Request) -> Reply:
    numbers = await _numbers(request)
    if not numbers:
        return Reply(await _list(request))
    if request.station.watch.asterisk_down:
        raise WrongArguments(mark("The telephony engine does not answer, so no extension can be looked up. Try later."))
    phones = (await request.station.pbx.extensions.statuses()).value
    for number in numbers:
        if number not in phones:
            raise WrongArguments(
                message=Message("no_such_extension", {"number": number, "station": request.station.name})
            )
    watched = {one.number for one in await request.station.watched.all()}
    if len(watched | set(numbers)) > MAX_WATCHED:
        raise WrongArguments(mark("That is too much: 40 extensions can be watched. /unwatch takes some away."))
    await request.station.watched.watch(numbers, request.actor.id, request.actor.name, request.now)
    return Reply(await _list(request, phones, added=numbers), outcome=f"watched {' '.join(numbers)}")


@command(
    "unwatch",
    topic=Topic.INCIDENTS,
    summary=mark("Stop watching an extension"),
    usage=mark("[extension or name …]"),
    examples=("/unwatch 202",),
    resume=OnRestart.VERIFY_FIRST,
)
async def unwatch(request: Request) -> Reply:
    numbers = await _numbers(request)
    if not numbers:
        return Reply(await _list(request))
    removed = await request.station.watched.unwatch(numbers)
    if not removed and not request.resumed:
        raise WrongArguments(mark("Nobody watches that. /watch lists the extensions that are watched."))
    return Reply(await _list(request, taken=removed), outcome=f"not watched any more: {' '.join(removed)}")


@button("watch.show")
async def show(request: Request) -> Reply:
    return Reply(await _list(request))


@button("watch.stop")
async def stop(request: Request) -> Reply:
    number = str(request.data["number"])
    removed = await request.station.watched.unwatch([number])
    toast = mark("Not watched any more.") if removed else mark("Somebody took it away before you.")
    return Reply(await _list(request), toast=toast, outcome=f"not watched any more: {number}")


async def _numbers(request: Request) -> list[str]:
    """Return unique numbers in input order, those of employees for their names. Raises WrongArguments."""
    numbers: list[str] = []
    for part in re.split(r"[,;]+", request.arguments):
        words = part.split()
        if all(NUMBER.fullmatch(word) for word in words):
            numbers += words
            continue
        if any(char.isdigit() for char in part):
            raise WrongArguments(mark("An extension is a number, like 202."))
        employee = await select_one(request, " ".join(words))
        if isinstance(employee, Message):
            raise WrongArguments(message=employee)
        numbers.append(employee.number)
    return list(dict.fromkeys(numbers))


async def _list(
    request: Request, phones: Phones | None = None, added: Sequence[str] = (), taken: Sequence[str] = ()
) -> Message:
    """List the extensions; if the PBX fails, with the error in place of their states."""
    watched = await request.station.watched.all()
    problem = None
    if phones is None and watched and not request.station.watch.asterisk_down:
        try:
            phones = (await request.station.pbx.extensions.statuses()).value
        except PbxError as error:
            problem = pbx_errors.describe(error)
    facts = {
        "station": request.station.name,
        "added": added,
        "taken": taken,
        "rows": [_row(request, extension, phones) for extension in watched],
        "problem": problem,
        "engine_is_silent": request.station.watch.asterisk_down,
    }
    return Message("watched", facts, _buttons(watched))


def _row(request: Request, extension: Watched, phones: Phones | None) -> dict[str, Any]:
    phone = (phones or {}).get(extension.number)
    online = phone.online if phone else None
    return {
        "number": extension.number,
        "name": phone.name if phone else "",
        "online": online,
        "missing": phones is not None and phone is None,
        "since": request.station.phones.offline_since(extension.number) if online is False else None,
    }


def _buttons(watched: Sequence[Watched]) -> Rows:
    stop_buttons = [
        Button(f"✖ {extension.number}", "watch.stop", {"number": extension.number}) for extension in watched
    ]
    rows = grid(stop_buttons, BUTTONS_IN_A_ROW)
    return (*rows, (Button(mark("↻ Refresh"), "watch.show"),)) if rows else ()
