"""/my_phone: the extension that rings for whoever has the PBX call somebody."""

import re

from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from bot.text.phone_numbers import bare
from handlers.dispatch.declare import command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.parsing.arguments import OFF
from handlers.parsing.times.model import fold

EXTENSION = re.compile(r"[0-9]{2,12}")


@command(
    "my_phone",
    topic=Topic.CALLS,
    summary=mark("Your extension, which rings when you press ☎ Call"),
    usage=mark("[extension | off]"),
    examples=("/my_phone 202", mark("/my_phone off"), "/my_phone"),
)
async def my_phone(request: Request) -> Reply:
    station, person = request.station.name, request.actor.id
    phones = request.services.person_phones
    if not request.arguments:
        return Reply(message_of(request, await phones.of(station, person)))
    if fold(request.arguments.strip()) in OFF:
        before = await phones.of(station, person)
        await phones.set(station, person, None)
        return Reply(
            message_of(request, None, forgotten=before is not None),
            outcome="switched off",
            change=Change({"phone": before}, {"phone": None}),
        )
    phone, change = await set_phone(request)
    return Reply(message_of(request, phone), outcome="set", change=change)


async def set_phone(request: Request) -> tuple[str, Change]:
    """Keep the extension that was written. Raises WrongArguments if it is none of this PBX, and PbxError."""
    station, person, phones = request.station.name, request.actor.id, request.services.person_phones
    phone = bare(request.arguments.strip())
    if not EXTENSION.fullmatch(phone):
        raise WrongArguments(mark("Write the number of your extension, such as 202."))
    if await request.station.pbx.employees.find(phone) is None:
        raise WrongArguments(
            mark("This PBX has no extension %(written)s. Write the number of your own."), written=phone
        )
    before = await phones.of(station, person)
    await phones.set(station, person, phone)
    return phone, Change({"phone": before}, {"phone": phone})


def message_of(request: Request, phone: str | None, call: str = "", *, forgotten: bool = False) -> Message:
    """Return what is kept. `call`: what becomes of the call that was asked for, as a word of the template; `forgotten`:
    there was a phone until now."""
    facts = {
        "station": request.station.name,
        "phone": phone,
        "forgotten": forgotten,
        "is_set_up": request.station.pbx.calling is not None,
        "call": call,
    }
    return Message("my_phone", facts)
