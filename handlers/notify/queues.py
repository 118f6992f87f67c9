"""Queues of the PBX in what a chat asks to be told of: by name or number, in suggestions, and as choices."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

from bot.messages.message import Button, Message, grid
from bot.pbx import PbxError, Queue
from handlers.dialog.not_understood import run_button
from handlers.dispatch.request import Request, WrongArguments
from handlers.notify.suggestions import may_be_stored, not_understood
from handlers.notify.words import Asked, NotUnderstood, Off, QueueNotNamed, TooManyNumbers, form_of, read
from handlers.parsing.nearest import nearest
from handlers.parsing.times.model import fold

# Queues may delay an answer that has others too by so many seconds.
WITHIN = 3.0
# Queues that a suggestion names, and those that are offered as buttons.
MAX_SUGGESTED = 3
MAX_CHOICES = 12
IN_A_ROW = 2
BETWEEN_QUEUES = re.compile(r"[,;]|\s(?:and|и|&)\s", re.IGNORECASE)


async def queues_in_time(request: Request) -> Sequence[Queue] | None:
    """Return the queues; None if the PBX refused or timed out."""
    try:
        async with asyncio.timeout(WITHIN):
            return (await request.station.pbx.routing.queues()).value
    except (PbxError, TimeoutError):
        return None


async def numbers_of(request: Request, asked: Asked) -> list[str]:
    """Return the numbers of the queues: of one, or of several with commas or `and` between their names. Raises
    WrongArguments."""
    known = (await request.station.pbx.routing.queues()).value
    numbers, unknown = _found(asked.queue, known)
    if unknown is None:
        return numbers
    said = request.arguments.split()
    wrong = NotUnderstood(unknown, [form_of(one, said) for one in _with_near(asked, unknown, known)])
    raise WrongArguments(message=not_understood(wrong, is_queue=True))


async def of_this_pbx(request: Request, wrong: NotUnderstood) -> NotUnderstood:
    """Return the suggestions with queues of this PBX only: one that it does not have gives way to the nearest. If the
    PBX does not tell its queues, none is suggested."""
    wishes = {form: _wish(form) for form in wrong.forms if may_be_stored(form)}
    if not any(asked and asked.queue for asked in wishes.values()):
        return wrong
    known = await queues_in_time(request) or ()
    forms = list[str]()
    for form, asked in wishes.items():
        unknown = _found(asked.queue, known)[1] if asked and asked.queue else None
        if asked is None or unknown is None:
            forms.append(form)
        else:
            forms += [form_of(one, form.split()) for one in _with_near(asked, unknown, known)]
    return NotUnderstood(wrong.written, forms)


async def which_queue(request: Request, asked: Asked) -> Message:
    """Return the question for the queue, with the queues as buttons."""
    known = [queue for queue in (await request.station.pbx.routing.queues()).value if queue.extension]
    said = request.arguments.split()
    choices = list[Button]()
    for queue in sorted(known, key=lambda queue: queue.name.casefold()):
        form = form_of(replace(asked, queue=queue.extension), said)
        if len(choices) < MAX_CHOICES and may_be_stored(form) and _wish(form):
            choices.append(
                run_button(f"{queue.name} · {queue.extension}" if queue.name else queue.extension, "notify", form)
            )
    facts = {"form": form_of(replace(asked, queue="…"), said), "queues": len(known), "left": len(known) - len(choices)}
    return Message("notify_which_queue", facts, grid(choices, IN_A_ROW))


def _wish(form: str) -> Asked | None:
    try:
        asked = read(form.split())
    except (NotUnderstood, QueueNotNamed, TooManyNumbers):
        return None
    return None if isinstance(asked, Off) else asked


def _found(written: str, known: Sequence[Queue]) -> tuple[list[str], str | None]:
    """Return the numbers of the queues, and the first name that none of them has."""
    numbers = {fold(name): queue.extension for queue in known for name in (queue.name, queue.extension)}
    if (whole := numbers.get(fold(_unquoted(written)))) is not None:
        return [whole], None
    names = _names(written)
    unknown = next((name for name in names if fold(name) not in numbers), None)
    return ([], unknown) if unknown is not None else ([numbers[fold(name)] for name in names], None)


def _with_near(asked: Asked, unknown: str, known: Sequence[Queue]) -> list[Asked]:
    """Return the wish with the queues that the unknown one may be meant as; with any queues if none is near."""
    names = {fold(queue.name): queue.name for queue in known if queue.name}
    with_it = [name for name in names if fold(unknown) in name]
    near = (with_it or nearest(unknown, names) or [*names])[:MAX_SUGGESTED]
    return [
        replace(asked, queue=", ".join(names[one] if name == unknown else name for name in _names(asked.queue)))
        for one in near
    ]


def _names(written: str) -> list[str]:
    return [name for part in BETWEEN_QUEUES.split(written) if (name := _unquoted(part))] or [written]


def _unquoted(name: str) -> str:
    return name.strip().strip("\"'“”«»„")
