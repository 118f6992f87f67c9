"""Calls that the card of a missed caller asks for: whose they are, which are made, and what becomes of the card."""

import re
from datetime import UTC

import pytest

from bot.notifications.calls.missed_card_message import CardOutcome, number_to_call
from bot.notifications.calls.missed_card_presses import CallBegun, CallEnd, PressResult
from bot.notifications.calls.missed_cards import CLAIM_LASTS
from bot.store.database import Database
from bot.store.tables.calls import MissedCard
from tests.engine.played_calls import GROUP, STATION, Office, minutes, missed_at
from tests.messages.renderers import renderer

ANNA, BORIS, NAMESAKE = 4, 5, 6


class CallingOffice(Office):
    can_call = True

    async def card(self) -> MissedCard:
        await self.tell()
        self.pbx.calls_made = [missed_at(0)]
        (card,) = await self.at(minutes(1))
        return card

    async def presses_call(
        self, card: MissedCard, minute: float, by: int = ANNA, phone: str | None = "203"
    ) -> CallBegun:
        self.pbx.now = minutes(minute)
        return await self.presses.begin_call(card.id, STATION, GROUP, by, "Anna", phone, minutes(minute))

    async def told(self) -> list[str]:
        """Return the ends that the chat was told of."""
        return [row.facts["end"] for row in await self.messages() if row.template == "call_not_made"]


@pytest.fixture
def office(database: Database) -> CallingOffice:
    return CallingOffice(database)


@pytest.mark.parametrize(
    ("shown", "dialled"),
    [
        ("79161234501", "79161234501"),
        ("+79161234501", "+79161234501"),
        ("8 (916) 123-45-01", "89161234501"),
        ("12345", "12345"),
        ("112", None),
        ("2025", None),
        ("*21*79161234501#", None),
        ("*8", None),
        ("79161234501&SIP/1", None),
        ("7916123450112345", None),
        ("anonymous", None),
    ],
)
async def test_a_number_is_dialled_only_if_it_is_one(office: CallingOffice, shown: str, dialled: str | None) -> None:
    card = await office.card()
    card.calls = [{**card.calls[-1], "number": shown}]
    assert number_to_call(card) == dialled


async def test_a_claim_is_of_the_person_and_not_of_the_name(office: CallingOffice) -> None:
    card = await office.card()
    where = (card.id, STATION, GROUP)
    assert await office.presses.claim(*where, ANNA, "Anna", minutes(2)) is PressResult.DONE
    assert (await office.presses_call(card, 3, by=NAMESAKE)).result is PressResult.CLAIMED_BEFORE
    assert await office.presses_call(card, 3) == CallBegun(PressResult.DONE, card.calls[-1]["number"])


async def test_the_phone_is_asked_for_only_where_nothing_else_is_in_the_way(office: CallingOffice) -> None:
    card = await office.card()
    assert await office.presses_call(card, 2, phone=None) == CallBegun(PressResult.PHONE_UNKNOWN)
    assert (await office.presses_call(card, 2, by=BORIS)).result is PressResult.DONE, "nothing was recorded"
    assert await office.presses_call(card, 2, phone=None) == CallBegun(PressResult.CLAIMED_BEFORE)


@pytest.mark.parametrize("end", CallEnd)
async def test_it_is_pressed_again_at_once_only_if_nobody_was_called(office: CallingOffice, end: CallEnd) -> None:
    card = await office.card()
    assert (await office.presses_call(card, 2)).result is PressResult.DONE
    assert (await office.presses_call(card, 2.2)).result is PressResult.UNDER_WAY
    await office.presses.end_call(card.id, end)
    (after,) = await office.cards()
    is_free = end in (CallEnd.NOT_ANSWERED, CallEnd.REFUSED)
    assert (after.claimed_by_id, after.waits_since) == ((None, minutes(2.2)) if is_free else (ANNA, None))
    again = await office.presses_call(card, 2.4)
    assert again.result is (PressResult.DONE if is_free else PressResult.UNDER_WAY)
    assert is_free or (await office.presses_call(card, 3)).result is PressResult.DONE
    assert await office.told() == ([] if end is CallEnd.ANSWERED else [str(end)])


async def test_a_card_that_is_closed_while_the_phone_rings_stays_closed(office: CallingOffice) -> None:
    card = await office.card()
    await office.presses_call(card, 2)
    await office.presses.close(card.id, STATION, GROUP, "Boris", CardOutcome.NOT_NEEDED, minutes(2.1))
    await office.presses.end_call(card.id, CallEnd.NOT_ANSWERED)
    (closed,) = await office.cards()
    assert (closed.outcome, closed.claimed_by_id, closed.rings) == (CardOutcome.NOT_NEEDED, ANNA, None)
    assert (await office.presses_call(card, 4)).result is PressResult.CLOSED_BEFORE


@pytest.mark.parametrize("end", [CallEnd.NOT_ANSWERED, CallEnd.REFUSED, CallEnd.UNKNOWN])
@pytest.mark.parametrize("closed", [False, True])
async def test_a_call_in_vain_offers_another_only_while_the_card_is_open(
    office: CallingOffice, end: CallEnd, closed: bool
) -> None:
    card = await office.card()
    await office.presses_call(card, 2)
    if closed:
        await office.presses.close(card.id, STATION, GROUP, "Boris", CardOutcome.NOT_NEEDED, minutes(2.1))
    await office.presses.end_call(card.id, end, {"kind": "ami_off", "for_calls": True})
    (told,) = [row for row in await office.messages() if row.template == "call_not_made"]
    for language, offers, over in (("en", r"free again|☎ Call", "closed already"), ("ru", "свободна|☎", "уже закрыта")):
        text = renderer(language).text(told.template, told.facts, zone=UTC, now=minutes(3))
        assert bool(re.search(offers, text)) is not closed
        assert (over in text) is closed


async def test_a_caller_of_two_chats_is_called_from_one(office: CallingOffice) -> None:
    await office.tell(ANNA)
    card = await office.card()
    (own,) = await office.cards(ANNA)

    async def presses_own(minute: float) -> PressResult:
        office.pbx.now = minutes(minute)
        return (await office.presses.begin_call(own.id, STATION, ANNA, ANNA, "Anna", "201", minutes(minute))).result

    assert (await office.presses_call(card, 2, by=BORIS)).result is PressResult.DONE
    assert await presses_own(2.1) is PressResult.CALLED_ELSEWHERE
    assert await presses_own(4) is PressResult.CALLED_ELSEWHERE
    await office.presses.end_call(card.id, CallEnd.ANSWERED)
    assert await presses_own(4.1) is PressResult.DONE


async def test_calls_of_an_earlier_run_are_told_once_and_not_repeated(office: CallingOffice) -> None:
    card = await office.card()
    await office.presses_call(card, 2)
    for _ in range(2):
        await office.presses.end_interrupted_calls()
    assert await office.told() == ["unknown"]
    assert (await office.presses_call(card, 2.5)).result is PressResult.UNDER_WAY


async def test_a_call_that_never_ends_does_not_hold_the_card(office: CallingOffice) -> None:
    card = await office.card()
    await office.presses_call(card, 2)
    assert (await office.presses_call(card, 4)).result is PressResult.UNDER_WAY
    (lapsed,) = await office.at(minutes(2) + CLAIM_LASTS)
    assert (lapsed.claimed_by_id, lapsed.rings) == (None, None)
    await office.presses.end_call(card.id, CallEnd.UNKNOWN)
    assert await office.told() == []


async def test_a_card_offers_a_call_while_the_pbx_can_be_asked(office: CallingOffice) -> None:
    card = await office.card()
    assert number_to_call(card) is not None
    office.can_call = False
    office.restart()
    (no_more,) = await office.at(minutes(3))
    assert number_to_call(no_more) is None
    assert (await office.presses_call(card, 4)).result is PressResult.NOT_CALLABLE
