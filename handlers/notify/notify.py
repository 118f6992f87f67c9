"""/notify: whether a chat is told of calls, and of which."""

from collections.abc import Mapping
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from bot.store.tables.calls import CallKind, CallSubscription
from handlers.dispatch.declare import command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.notify import times
from handlers.notify.words import UNCLEAR, Asked, read
from handlers.parsing.times.model import fold

OFF = frozenset(map(fold, ("off", "no", "выкл", "выключить", "нет")))
KINDS = dict.fromkeys(map(fold, ("missed", "пропущенные", "пропущенных")), CallKind.MISSED)

Subscriptions = Mapping[CallKind, CallSubscription]


@command(
    "notify",
    topic=Topic.CALLS,
    summary=mark("A card for each caller nobody answered, until somebody has talked to them"),
    usage=mark("[missed here|me [of extensions | queue name | number …]] | hours … | remind … | off"),
    examples=(
        "/notify missed here",
        mark("/notify missed me of 202 203"),
        mark("/notify hours mon-fri 09:00-18:00"),
        mark("/notify remind 15m"),
        "/notify off",
        "/notify",
    ),
)
async def notify(request: Request) -> Reply:
    subscriptions, station, words = request.services.call_subscriptions, request.station.name, request.arguments.split()
    if not words:
        return Reply(await _message(request, await subscriptions.of_chat(station, request.place.chat)))
    if len(words) == 1 and fold(words[0]) in OFF:
        before = await subscriptions.of_chat(station, request.place.chat)
        await subscriptions.remove(station, request.place.chat)
        return Reply(await _message(request, {}), outcome="switched off", change=_change(before, {}))
    if fold(words[0]) in times.SETTINGS:
        return await _set_times(request, words)
    if fold(words[0]) not in KINDS:
        raise WrongArguments(UNCLEAR)
    return await _subscribe(request, KINDS[fold(words[0])], read(words[1:]))


async def _subscribe(request: Request, kind: CallKind, asked: Asked) -> Reply:
    subscriptions, station = request.services.call_subscriptions, request.station.name
    phones = (*asked.phones, *([await _queue(request, asked.queue)] if asked.queue else ()))
    chat, thread = request.place.chat, request.place.thread
    if asked.me and not request.place.private:
        granted = await request.services.grants.current()
        if request.actor.id not in granted.people_with(Permission.MISSED_FOLLOW, station, request.now):
            raise WrongArguments(mark("Your role is of this chat only: write /notify missed here."))
        if not await request.chat.private_chat_is_open():
            raise WrongArguments(mark("I cannot write to you in private yet: open a chat with me and press Start."))
        chat, thread = request.actor.id, None
    before = await subscriptions.of_chat(station, chat)
    await subscriptions.set(
        station,
        chat,
        thread,
        kind,
        phones=phones,
        numbers=asked.numbers,
        by_id=request.actor.id,
        by_name=request.actor.name,
        now=request.now,
    )
    after = await subscriptions.of_chat(station, chat)
    return Reply(
        await _message(request, after, in_private=chat != request.place.chat),
        outcome="set",
        change=_change(before, after),
    )


async def _set_times(request: Request, words: list[str]) -> Reply:
    """Set the hours or the reminder of this chat."""
    subscribed = await request.services.call_subscriptions.of_chat(request.station.name, request.place.chat)
    if not subscribed:
        raise WrongArguments(mark("This chat is told of no calls yet: write /notify missed here first."))
    change = await times.SETTINGS[fold(words[0])](request, words[1:])
    return Reply(await _message(request, subscribed), outcome="set", change=change)


async def _queue(request: Request, written: str) -> str:
    """Return the number of a queue. Raises WrongArguments."""
    queues = (await request.station.pbx.routing.queues()).value
    wanted = written.strip("\"'“”«»")
    for queue in queues:
        if wanted == queue.extension or fold(wanted) == fold(queue.name):
            return queue.extension
    raise WrongArguments(mark("There is no queue “%(written)s” on this PBX."), written=wanted)


def _change(before: Subscriptions, after: Subscriptions) -> Change:
    kinds = sorted({*before, *after})
    return Change(*({str(kind): _as_text(one.get(kind)) for kind in kinds} for one in (before, after)))


def _as_text(one: CallSubscription | None) -> str:
    return "" if one is None else " ".join([*one.phones, *one.numbers]) or "all"


async def _message(request: Request, subscriptions: Subscriptions, *, in_private: bool = False) -> Message:
    one = subscriptions.get(CallKind.MISSED)
    facts: dict[str, Any] = {
        "station": request.station.name,
        "on": one is not None,
        "in_private": in_private,
        "private": request.place.private or in_private,
        "phones": one.phones if one else [],
        "numbers": one.numbers if one else [],
        **await times.facts(request, request.actor.id if in_private else request.place.chat),
    }
    return Message("notify", facts)
