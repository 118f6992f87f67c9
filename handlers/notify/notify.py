"""/notify: which calls a chat is told of."""

from collections.abc import Mapping
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import Message, mark
from bot.notifications.calls.told_chats import PERMISSIONS
from bot.store.access.audit import Change
from bot.store.tables.calls import CallKind, CallSubscription
from handlers.dialog.run_here import run_here
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.notify import times
from handlers.notify.key_rights import check_records_and_calls
from handlers.notify.queues import numbers_of, of_this_pbx, queues_in_time, which_queue
from handlers.notify.suggestions import not_understood, refusal
from handlers.notify.words import Asked, NotUnderstood, Off, QueueNotNamed, TooManyNumbers, read
from handlers.parsing.times.model import fold

Subscriptions = Mapping[CallKind, CallSubscription]


@command(
    "notify",
    topic=Topic.CALLS,
    summary=mark("Tell this chat, or you, of missed callers, of every call, or of voicemail"),
    usage=mark(
        "[missed|calls|voicemail here|me [of extensions | queue name | number …]] | [kind] off | hours … | remind …"
    ),
    examples=(
        mark("/notify missed here"),
        mark("/notify missed me of 202 203"),
        mark("/notify hours mon-fri 09:00-18:00"),
        mark("/notify remind 15m"),
        mark("/notify voicemail me"),
        mark("/notify calls off"),
        "/notify",
    ),
)
async def notify(request: Request) -> Reply:
    words = request.arguments.split()
    if not words:
        told = await request.services.call_subscriptions.of_chat(request.station.name, request.place.chat)
        return Reply(await _message(request, told))
    if fold(words[0]) in times.SETTINGS:
        return await _set_times(request, words)
    try:
        asked = read(words)
    except NotUnderstood as wrong:
        raise WrongArguments(message=not_understood(await of_this_pbx(request, wrong))) from None
    except QueueNotNamed as wrong:
        await _check_rights(request, wrong.asked)
        return Reply(await which_queue(request, wrong.asked))
    except TooManyNumbers:
        raise WrongArguments(mark("That is too much: 40 numbers can be named. Write all instead.")) from None
    return await (_switch_off(request, asked.kind) if isinstance(asked, Off) else _subscribe(request, asked))


@button("notify.again")
async def again(request: Request) -> Reply:
    """Ask anew, for oneself, for what the chat was told of before."""
    return run_here(request, str(request.data["command"]), str(request.data["arguments"]))


async def _switch_off(request: Request, kind: CallKind | None) -> Reply:
    subscriptions, where = request.services.call_subscriptions, (request.station.name, request.place.chat)
    before = await subscriptions.of_chat(*where)
    await subscriptions.remove(*where, kind)
    if kind in (None, CallKind.MISSED):
        # Afterwards: until then a look at the records may open another.
        await request.services.missed_cards.end(*where, request.now)
    after = await subscriptions.of_chat(*where)
    return Reply(await _message(request, after), outcome="switched off", change=_change(before, after))


async def _subscribe(request: Request, asked: Asked) -> Reply:
    subscriptions, station = request.services.call_subscriptions, request.station.name
    await _check_rights(request, asked)
    await check_records_and_calls(request)
    phones = (*asked.phones, *(await numbers_of(request, asked) if asked.queue else ()))
    chat, thread = request.place.chat, request.place.thread
    if asked.me and not request.place.private:
        if not await request.chat.private_chat_is_open():
            raise refusal("private_closed")
        chat, thread = request.actor.id, None
    before = await subscriptions.of_chat(station, chat)
    await subscriptions.set(
        station,
        chat,
        thread,
        asked.kind,
        phones=phones,
        numbers=asked.numbers,
        by_id=request.actor.id,
        by_name=request.actor.name,
        now=request.now,
        read_at=request.station.calls.read_at,
    )
    after = await subscriptions.of_chat(station, chat)
    return Reply(
        await _message(request, after, in_private=chat != request.place.chat),
        outcome="set",
        change=_change(before, after),
    )


async def _check_rights(request: Request, asked: Asked) -> None:
    """Raises WrongArguments without the rights that are needed as long as the chat is told."""
    needed = PERMISSIONS[asked.kind]
    if not all(request.may(permission).allowed for permission in needed):
        raise refusal("no_records")
    if asked.me and not request.place.private:
        granted = await request.services.grants.current()
        people = (granted.people_with(permission, request.station.name, request.now) for permission in needed)
        if not all(request.actor.id in those for those in people):
            raise refusal("role_of_chat")


async def _set_times(request: Request, words: list[str]) -> Reply:
    """Set the hours or the reminder of this chat."""
    subscribed = await request.services.call_subscriptions.of_chat(request.station.name, request.place.chat)
    if CallKind.MISSED not in subscribed:
        raise refusal("not_told")
    change = await times.SETTINGS[fold(words[0])](request, words[1:])
    return Reply(await _message(request, subscribed), outcome="set", change=change)


async def _names(request: Request) -> tuple[Mapping[str, str], bool]:
    """Return names of extensions and queues by number, and whether the list is complete: False if the PBX refused or
    timed out."""
    names = dict(await request.station.pbx.phone_book.names())
    queues = await queues_in_time(request)
    if queues is None:
        return names, False
    return names | {queue.extension: queue.name for queue in queues}, bool(names)


def _change(before: Subscriptions, after: Subscriptions) -> Change:
    kinds = sorted({*before, *after})
    return Change(*({str(kind): _as_text(one.get(kind)) for kind in kinds} for one in (before, after)))


def _as_text(one: CallSubscription | None) -> str:
    return "" if one is None else " ".join([*one.phones, *one.numbers]) or "all"


async def _message(request: Request, subscriptions: Subscriptions, *, in_private: bool = False) -> Message:
    phones = {number for one in subscriptions.values() for number in one.phones}
    names, are_all = await _names(request) if phones else ({}, False)
    told = [
        {
            "kind": str(kind),
            "phones": [{"number": number, "name": names.get(number, "")} for number in one.phones],
            "numbers": one.numbers,
        }
        for kind in CallKind
        if (one := subscriptions.get(kind))
    ]
    hours = await times.facts(request, request.actor.id if in_private else request.place.chat)
    facts: dict[str, Any] = {
        "station": request.station.name,
        "told": told,
        "unknown": sorted(phones - names.keys()) if are_all else [],
        "in_private": in_private,
        "private": request.place.private or in_private,
        "unread_since": min((one.unread_since for one in subscriptions.values() if one.unread_since), default=None),
        "may_read": request.may(Permission.CDR_READ).allowed,
        **(hours if CallKind.MISSED in subscriptions else {}),
    }
    return Message("notify", facts)
