"""☎ Call on the card of a missed caller: the PBX rings the phone of whoever pressed, and once that is answered the
caller.

The call is recorded with the claim of the card, in the transaction of the press, and made after it. A run that is
killed leaves the record, and the next one tells that the outcome is not known: no call is made twice, and no phone
rings for what was pressed before a restart.
"""

from functools import partial
from typing import Any

import structlog

from bot.messages.message import Message, mark
from bot.notifications.calls.missed_card_presses import CallEnd, PressResult
from bot.pbx import Calling, CallOutcome, PbxError, Uncertain
from handlers.calls import my_phone
from handlers.dialog import pbx_errors
from handlers.dispatch.declare import answer, button
from handlers.dispatch.hooks import on_resume
from handlers.dispatch.request import Question, Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.notify.missed_cards import TOASTS, card_of
from handlers.recovery.resume import Resumption

log = structlog.get_logger(__name__)

NOT_SET_UP = mark("The bot is not set up for calls at this PBX.")
OUTCOMES = {
    CallEnd.ANSWERED: "phone answered",
    CallEnd.NOT_ANSWERED: "phone not answered",
    CallEnd.REFUSED: "refused",
    CallEnd.UNKNOWN: "unknown",
}
RINGS = mark("Your phone rings: answer it, and the PBX calls this number.")


@button("missed_card.call", resume=OnRestart.ATOMIC)
async def call(request: Request) -> Reply:
    calling = request.station.pbx.calling
    if calling is None:
        return Reply(toast=NOT_SET_UP, outcome="not set up")
    phone = await request.services.person_phones.of(request.station.name, request.actor.id)
    if request.resumed and phone is not None:
        # Pressed before a restart, perhaps long ago.
        card = await request.services.missed_cards.find(*card_of(request))
        is_closed = card is None or card.closed_at is not None
        facts = {"station": request.station.name, "by": request.actor.name, "phone": phone, "end": "interrupted"}
        return Reply(
            Message("call_not_made", {**facts, "is_closed": is_closed}),
            as_new_message=True,
            outcome="not done: interrupted",
        )
    result, reply = await _begin(request, calling, phone)
    if result is PressResult.PHONE_UNKNOWN:
        question = Question("missed_card.phone", {"card": request.data["card"]})
        message = Message("which_phone", {"station": request.station.name, "person": request.actor.name})
        return Reply(message, question=question, as_new_message=True, outcome="asked for the phone")
    toast = RINGS if result is PressResult.DONE else TOASTS[result]
    return Reply(toast=toast, then=reply.then, outcome=reply.outcome)


@answer("missed_card.phone")
async def phone_given(request: Request) -> Reply:
    """Keep the phone, and go on with the call that was asked for; one that an earlier run may have begun is not."""
    phone, change = await my_phone.set_phone(request)
    calling = request.station.pbx.calling
    if calling is None or request.resumed:
        return Reply(my_phone.message_of(request, phone), outcome="set", change=change)
    result, reply = await _begin(request, calling, phone)
    return Reply(
        my_phone.message_of(request, phone, str(result)), then=reply.then, outcome=reply.outcome, change=change
    )


@on_resume
async def tell_interrupted(resumption: Resumption) -> None:
    await resumption.services.missed_cards.end_interrupted_calls()


async def _begin(request: Request, calling: Calling, phone: str | None) -> tuple[PressResult, Reply]:
    """Record the call; it is made by the reply's background task."""
    card, by = card_of(request), request.actor
    begun = await request.services.missed_cards.begin_call(*card, by.id, by.name, phone, request.now)
    if phone is None or begun.result is not PressResult.DONE:
        return begun.result, Reply(outcome=str(begun.result))
    ring = partial(_ring, request, calling, card[0], phone, begun.number)
    return begun.result, Reply(then=ring, outcome=f"{phone} rings to call {begun.number}")


async def _ring(request: Request, calling: Calling, card: int, phone: str, number: str) -> Reply:
    problem: dict[str, Any] | None = None
    try:
        answered = await calling.call(phone, number)
        end = CallEnd.ANSWERED if answered is CallOutcome.ANSWERED else CallEnd.NOT_ANSWERED
    except Uncertain:
        end = CallEnd.UNKNOWN
    except PbxError as error:
        log.info("PBX error, call not made", station=request.station.name, reason=str(error))
        end, problem = CallEnd.REFUSED, pbx_errors.describe(error)
    except Exception:
        # The card must not say for a quarter of an hour that the phone rings.
        log.exception("call failed inside the bot", station=request.station.name)
        end = CallEnd.UNKNOWN
    await request.services.missed_cards.end_call(card, end, problem)
    return Reply(outcome=f"{phone} called {number}: {OUTCOMES[end]}")
