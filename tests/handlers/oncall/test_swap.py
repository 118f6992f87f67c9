"""A swap needs the other person's consent, and shifts that both still hold. It is Monday, 14:00."""

from datetime import timedelta

import pytest

from bot.store.database import Store
from bot.store.tables.incidents import Keyboard, Outgoing
from tests.handlers.oncall_harness import ADMIN, BORIS, GROUP, NOW, OLEG, OnCallOffice

WEEK = timedelta(weeks=1)


@pytest.fixture
async def office(store: Store) -> OnCallOffice:
    """Anna has this week, Boris the next one."""
    office = OnCallOffice(store)
    await office.open()
    await office.asks(f"/oncall set weekly mon 09:00 {ADMIN} {BORIS}")
    await office.press("Set")
    return office


async def weeks(office: OnCallOffice) -> list[int | None]:
    roster = await office.services.oncall.roster("Head office")
    return [roster.on_call(NOW + number * WEEK)[1] for number in range(3)]


async def asked(office: OnCallOffice, pressed: str = "1", other: int = BORIS) -> Keyboard:
    """Request a swap as Anna in the group; returns the other person's buttons in private."""
    await office.types(f"/oncall swap {other}", ADMIN, GROUP)
    await office.press(pressed, ADMIN, GROUP)
    question = await last_row(office, other)
    assert question.template == "oncall_swap_question"
    return await office.keyboard_of(question)


async def last_row(office: OnCallOffice, chat: int) -> Outgoing:
    return [row for row in await office.rows() if row.chat_id == chat][-1]


async def test_both_shifts_are_shown_before_the_other_is_asked(office: OnCallOffice) -> None:
    shown = await office.asks(f"/oncall swap {BORIS}")
    assert "1. yours: 09:00 – Nov 30 09:00\ntheirs: Nov 30 09:00 – Dec 7 09:00" in shown
    assert "2. yours: Dec 7 09:00" in shown
    assert [chat for chat, _ in await office.owed()] == [BORIS]


async def test_a_swap_counts_only_when_the_other_agrees(office: OnCallOffice) -> None:
    keyboard = await asked(office)
    assert await weeks(office) == [ADMIN, BORIS, ADMIN]
    await office.presses(keyboard, BORIS, BORIS)
    assert await weeks(office) == [BORIS, ADMIN, ADMIN]
    told = (await office.owed())[-1]
    assert told[0] == GROUP
    assert "have swapped shifts" in told[1]
    assert "have swapped shifts" in office.chat.read[-1][1]


async def test_a_refusal_is_reported_and_changes_nothing(office: OnCallOffice) -> None:
    keyboard = await asked(office)
    await office.presses(keyboard, BORIS, BORIS, "0:1")
    assert await weeks(office) == [ADMIN, BORIS, ADMIN]
    told = (await office.owed())[-1]
    assert told[0] == GROUP
    assert "does not agree to swap" in told[1]
    await office.presses(keyboard, BORIS, BORIS)
    assert await weeks(office) == [ADMIN, BORIS, ADMIN]


@pytest.mark.parametrize(("person", "chat"), [(ADMIN, ADMIN), (ADMIN, BORIS), (OLEG, BORIS), (OLEG, GROUP)])
async def test_nobody_else_can_agree(office: OnCallOffice, person: int, chat: int) -> None:
    keyboard = await asked(office)
    await office.presses(keyboard, person, chat)
    assert await weeks(office) == [ADMIN, BORIS, ADMIN]


async def test_who_has_no_shift_to_give_in_return_takes_the_other_over(office: OnCallOffice) -> None:
    assert "would take yours over" in await office.asks(f"/oncall swap {OLEG}")
    keyboard = await asked(office, other=OLEG)
    await office.presses(keyboard, OLEG, OLEG)
    assert await weeks(office) == [OLEG, BORIS, ADMIN]


async def test_a_shift_that_was_given_away_meanwhile_is_not_swapped(office: OnCallOffice) -> None:
    keyboard = await asked(office)
    await office.asks(f"/oncall give {OLEG} 2h")
    await office.presses(keyboard, BORIS, BORIS)
    assert await weeks(office) == [OLEG, BORIS, ADMIN]
    assert "nothing was swapped" in office.chat.read[-1][1]
    told = (await office.owed())[-1]
    assert told[0] == GROUP
    assert "nothing was swapped" in told[1]


async def test_what_the_asker_took_back_cannot_be_agreed_to(office: OnCallOffice) -> None:
    keyboard = await asked(office)
    await office.asks("/oncall cancel")
    await office.presses(keyboard, BORIS, BORIS)
    assert await weeks(office) == [ADMIN, BORIS, ADMIN]
    assert "not asked for any more" in office.chat.read[-1][1]


async def test_what_two_agreed_on_one_does_not_take_back_alone(office: OnCallOffice) -> None:
    await office.presses(await asked(office), BORIS, BORIS)
    assert "could be taken back" in await office.asks("/oncall cancel")
    assert await weeks(office) == [BORIS, ADMIN, ADMIN]


async def test_a_shift_that_is_over_is_not_swapped(office: OnCallOffice) -> None:
    keyboard = await asked(office)
    office.now = NOW + WEEK
    await office.presses(keyboard, BORIS, BORIS)
    assert await weeks(office) == [ADMIN, BORIS, ADMIN]


async def test_of_a_running_shift_what_is_left_is_swapped(office: OnCallOffice) -> None:
    keyboard = await asked(office)
    office.now = NOW + timedelta(days=2)
    await office.presses(keyboard, BORIS, BORIS)
    duty = (await office.services.oncall.roster("Head office")).duty(1, office.now)
    assert duty is not None
    assert (duty.person, duty.out_of_turn) == (BORIS, True)


async def test_one_swaps_with_somebody_else_who_may_be_on_call(office: OnCallOffice) -> None:
    assert "somebody else" in await office.asks(f"/oncall swap {ADMIN}")
    assert "Write whom you mean" in await office.asks("/oncall swap")
    assert "role for it of their own" in await office.asks("/oncall swap 700800900")
    assert "no shift to swap" in await office.asks(f"/oncall swap {BORIS}", OLEG)
