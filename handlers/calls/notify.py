"""/notify: whether a chat is told of missed calls, and of which."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from bot.store.tables.calls import CallSubscription
from handlers.dispatch.declare import command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.parsing.times.model import fold

OFF = frozenset(map(fold, ("off", "no", "выкл", "выключить", "нет")))
MISSED = frozenset(map(fold, ("missed", "пропущенные", "пропущенных")))
HERE = frozenset(map(fold, ("here", "сюда", "здесь")))
ME = frozenset(map(fold, ("me", "мне")))
ALL = frozenset(map(fold, ("all", "все", "всех")))
OF = frozenset(map(fold, ("of", "extension", "extensions", "для", "у", "номеров")))
QUEUE = frozenset(map(fold, ("queue", "очередь", "очереди")))
NUMBER = frozenset(map(fold, ("number", "numbers", "номер", "номера", "на")))
PHONE = re.compile(r"[0-9]{2,16}")
MIN_DID = 5
MAX_NAMED = 40
UNCLEAR = mark("Write /notify missed here, or me, with “of 202 203”, “queue” and its name, or “number” and the number.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. `queue`: name or number of a queue, "" for none."""

    me: bool
    phones: tuple[str, ...]
    numbers: tuple[str, ...]
    queue: str


@command(
    "notify",
    topic=Topic.CALLS,
    summary=mark("A card for each caller nobody answered, until somebody has talked to them"),
    usage=mark("[missed here|me [of extensions | queue name | number …]] | off"),
    examples=("/notify missed here", mark("/notify missed me of 202 203"), "/notify off", "/notify"),
)
async def notify(request: Request) -> Reply:
    subscriptions, station, words = request.services.call_subscriptions, request.station.name, request.arguments.split()
    before = await subscriptions.find(station, request.place.chat)
    if not words:
        return Reply(_message(request, before))
    if len(words) == 1 and fold(words[0]) in OFF:
        await subscriptions.remove(station, request.place.chat)
        return Reply(_message(request, None), outcome="switched off", change=_change(before, None))
    asked = read(words)
    phones = (*asked.phones, *([await _queue(request, asked.queue)] if asked.queue else ()))
    chat, thread = request.place.chat, request.place.thread
    if asked.me and not request.place.private:
        granted = await request.services.grants.current()
        if request.actor.id not in granted.people_with(Permission.MISSED_FOLLOW, station, request.now):
            raise WrongArguments(mark("Your role is of this chat only: write /notify missed here."))
        if not await request.chat.private_chat_is_open():
            raise WrongArguments(mark("I cannot write to you in private yet: open a chat with me and press Start."))
        chat, thread = request.actor.id, None
        before = await subscriptions.find(station, chat)
    await subscriptions.set(
        station,
        chat,
        thread,
        phones=phones,
        numbers=asked.numbers,
        by_id=request.actor.id,
        by_name=request.actor.name,
        now=request.now,
    )
    now_set = await subscriptions.find(station, chat)
    return Reply(
        _message(request, now_set, in_private=chat != request.place.chat),
        outcome="set",
        change=_change(before, now_set),
    )


def read(words: Sequence[str]) -> Asked:
    """Parse `missed here of 202 203`. Raises WrongArguments."""
    where = fold(words[1]) if len(words) > 1 else ""
    if fold(words[0]) not in MISSED or where not in HERE | ME:
        raise WrongArguments(UNCLEAR)
    phones, numbers, rest = list[str](), list[str](), list(words[2:])
    while rest:
        kind = fold(rest.pop(0))
        if kind in ALL and not rest:
            break
        if kind in QUEUE and rest:
            return Asked(where in ME, tuple(phones), tuple(numbers), " ".join(rest))
        named = _leading_numbers(rest)
        del rest[: len(named)]
        if kind in OF and named:
            phones += named
        elif kind in NUMBER and named and all(len(number) >= MIN_DID for number in named):
            numbers += named
        else:
            raise WrongArguments(UNCLEAR)
    if len(phones) + len(numbers) > MAX_NAMED:
        raise WrongArguments(mark("That is too much: 40 numbers can be named. Write all instead."))
    return Asked(where in ME, tuple(dict.fromkeys(phones)), tuple(dict.fromkeys(numbers)), "")


def _leading_numbers(words: Sequence[str]) -> list[str]:
    found = list[str]()
    for word in words:
        digits = re.sub(r"[+(),;-]", "", word)
        if not PHONE.fullmatch(digits):
            break
        found.append(digits)
    return found


async def _queue(request: Request, written: str) -> str:
    """Return the number of a queue. Raises WrongArguments."""
    queues = (await request.station.pbx.routing.queues()).value
    wanted = written.strip("\"'“”«»")
    for queue in queues:
        if wanted == queue.extension or fold(wanted) == fold(queue.name):
            return queue.extension
    raise WrongArguments(mark("There is no queue “%(written)s” on this PBX."), written=wanted)


def _change(before: CallSubscription | None, after: CallSubscription | None) -> Change:
    return Change(*({"missed": _as_text(one)} for one in (before, after)))


def _as_text(one: CallSubscription | None) -> str:
    return "" if one is None else " ".join([*one.phones, *one.numbers]) or "all"


def _message(request: Request, one: CallSubscription | None, *, in_private: bool = False) -> Message:
    facts: dict[str, Any] = {
        "station": request.station.name,
        "on": one is not None,
        "in_private": in_private,
        "private": request.place.private or in_private,
        "phones": one.phones if one else [],
        "numbers": one.numbers if one else [],
        "by": one.by_name if one else "",
    }
    return Message("notify", facts)
