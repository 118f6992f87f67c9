"""Buttons of the card of a missed caller: who calls back, and what came of it."""

from typing import Any

from bot.messages.message import Button, Message, grid, mark
from bot.notifications.calls.missed_card_message import CardOutcome
from bot.notifications.calls.missed_card_presses import PressResult
from bot.store.tables.calls import MissedCard
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart

MAX_CALLS = 10
BUTTONS_IN_A_ROW = 4
TOASTS = {
    PressResult.DONE: mark("Noted. Everybody can see it."),
    PressResult.CLAIMED_BEFORE: mark("Somebody is calling back already: see the card."),
    PressResult.CLOSED_BEFORE: mark("This card is closed already."),
    PressResult.UNDER_WAY: mark(
        "Asked a moment ago: your phone rings, or has rung. Press again in a minute if need be."
    ),
    PressResult.CALLED_ELSEWHERE: mark(
        "This number was called from another chat a moment ago. Press again in a minute if need be."
    ),
    PressResult.NOT_CALLABLE: mark("The PBX cannot be asked to call this number."),
    PressResult.IN_THE_CHAT: mark("The card of this caller is in the chat already."),
}


@button("missed_card.claim", resume=OnRestart.ATOMIC)
async def claim(request: Request) -> Reply:
    """Take the call back. The edit of the card is queued, so the reply is a toast only."""
    result = await request.services.missed_cards.claim(
        *card_of(request), request.actor.id, request.actor.name, request.now
    )
    return Reply(toast=TOASTS[result], outcome=f"call back: {result}")


@button("missed_card.called_back", resume=OnRestart.ATOMIC)
async def called_back(request: Request) -> Reply:
    return await _close(request, CardOutcome.CALLED_BACK_BY_HAND)


@button("missed_card.not_needed", resume=OnRestart.ATOMIC)
async def not_needed(request: Request) -> Reply:
    return await _close(request, CardOutcome.NOT_NEEDED)


@button("missed_card.open", resume=OnRestart.ATOMIC)
async def open_card(request: Request) -> Reply:
    """Show the card of a caller of a message of several. It is queued, so the reply is a toast only."""
    result = await request.services.missed_cards.open(*card_of(request), request.now)
    toast = TOASTS[result] if result is not PressResult.DONE else None
    return Reply(toast=toast, outcome=f"shown: {result}")


@button("missed_card.details")
async def details(request: Request) -> Reply:
    card = await request.services.missed_cards.find(*card_of(request))
    if card is None:
        return Reply(toast=TOASTS[PressResult.CLOSED_BEFORE], outcome="gone")
    calls = [*reversed(card.calls)][:MAX_CALLS]
    buttons = [Button(f"{place}", "cdr.record", {"linkedid": call["linkedid"]}) for place, call in enumerate(calls, 1)]
    return Reply(
        Message("missed_card_details", _facts(card, calls), grid(buttons, BUTTONS_IN_A_ROW)), as_new_message=True
    )


async def _close(request: Request, outcome: CardOutcome) -> Reply:
    result = await request.services.missed_cards.close(
        *card_of(request), request.actor.name, outcome, request.now, own_chat=request.actor.id
    )
    return Reply(toast=TOASTS[result], outcome=f"{outcome}: {result}")


def card_of(request: Request) -> tuple[int, str, int]:
    """Return id, station and chat of the card."""
    return int(request.data["card"]), request.station.name, request.place.chat


def _facts(card: MissedCard, calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "station": card.station,
        "number": calls[0]["number"] if card.caller else "",
        "calls": calls,
        "left": len(card.calls) - len(calls),
    }
