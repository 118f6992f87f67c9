"""A swap needs the other person's consent, and shifts that both still hold. It is Monday, 14:00."""

from datetime import timedelta

import pytest

from bot.store.database import Database
from bot.store.tables.messages import Keyboard, Outgoing
from tests.handlers.oncall_harness import ADMIN, BORIS, GROUP, NOW, OLEG, OnCallHarness

WEEK = timedelta(weeks=1)


@pytest.fixture
async def harness(database: Database) -> OnCallHarness:
    """Anna has this week, Boris the next one."""
    harness = OnCallHarness(database)
    await harness.open()
    await harness.asks(f"/oncall set weekly mon 09:00 {ADMIN} {BORIS}")
    await harness.press("Set")
    return harness


async def weeks(harness: OnCallHarness) -> list[int | None]:
    roster = await harness.services.oncall.roster("Head office")
    return [roster.on_call(NOW + number * WEEK)[1] for number in range(3)]


async def asked(harness: OnCallHarness, pressed: str = "1", other: int = BORIS) -> Keyboard:
    """Request a swap as Anna in the group; returns the other person's buttons in private."""
    await harness.types(f"/oncall swap {other}", ADMIN, GROUP)
    await harness.press(pressed, ADMIN, GROUP)
    question = await last_row(harness, other)
    assert question.template == "oncall_swap_question"
    return await harness.keyboard_of(question)


async def last_row(harness: OnCallHarness, chat: int) -> Outgoing:
    return [row for row in await harness.rows() if row.chat_id == chat][-1]


async def test_both_shifts_are_shown_before_the_other_is_asked(harness: OnCallHarness) -> None:
    shown = await harness.asks(f"/oncall swap {BORIS}")
    assert "1. yours: 09:00 – Nov 30 09:00\ntheirs: Nov 30 09:00 – Dec 7 09:00" in shown
    assert "2. yours: Dec 7 09:00" in shown
    assert [chat for chat, _ in await harness.owed()] == [BORIS]


async def test_a_swap_counts_only_when_the_other_agrees(harness: OnCallHarness) -> None:
    keyboard = await asked(harness)
    assert await weeks(harness) == [ADMIN, BORIS, ADMIN]
    await harness.presses(keyboard, BORIS, BORIS)
    assert await weeks(harness) == [BORIS, ADMIN, ADMIN]
    told = (await harness.owed())[-1]
    assert told[0] == GROUP
    assert "have swapped shifts" in told[1]
    assert "have swapped shifts" in harness.chat.read[-1][1]


async def test_a_refusal_is_reported_and_changes_nothing(harness: OnCallHarness) -> None:
    keyboard = await asked(harness)
    await harness.presses(keyboard, BORIS, BORIS, "0:1")
    assert await weeks(harness) == [ADMIN, BORIS, ADMIN]
    told = (await harness.owed())[-1]
    assert told[0] == GROUP
    assert "does not agree to swap" in told[1]
    await harness.presses(keyboard, BORIS, BORIS)
    assert await weeks(harness) == [ADMIN, BORIS, ADMIN]


@pytest.mark.parametrize(("person", "chat"), [(ADMIN, ADMIN), (ADMIN, BORIS), (OLEG, BORIS), (OLEG, GROUP)])
async def test_nobody_else_can_agree(harness: OnCallHarness, person: int, chat: int) -> None:
    keyboard = await asked(harness)
    await harness.presses(keyboard, person, chat)
    assert await weeks(harness) == [ADMIN, BORIS, ADMIN]


async def test_who_has_no_shift_to_give_in_return_takes_the_other_over(harness: OnCallHarness) -> None:
    assert "would take yours over" in await harness.asks(f"/oncall swap {OLEG}")
    keyboard = await asked(harness, other=OLEG)
    await harness.presses(keyboard, OLEG, OLEG)
    assert await weeks(harness) == [OLEG, BORIS, ADMIN]


async def test_a_shift_that_was_given_away_meanwhile_is_not_swapped(harness: OnCallHarness) -> None:
    keyboard = await asked(harness)
    await harness.asks(f"/oncall give {OLEG} 2h")
    await harness.presses(keyboard, BORIS, BORIS)
    assert await weeks(harness) == [OLEG, BORIS, ADMIN]
    assert "nothing was swapped" in harness.chat.read[-1][1]
    told = (await harness.owed())[-1]
    assert told[0] == GROUP
    assert "nothing was swapped" in told[1]


async def test_what_the_asker_took_back_cannot_be_agreed_to(harness: OnCallHarness) -> None:
    keyboard = await asked(harness)
    await harness.asks("/oncall cancel")
    await harness.presses(keyboard, BORIS, BORIS)
    assert await weeks(harness) == [ADMIN, BORIS, ADMIN]
    assert "not asked for any more" in harness.chat.read[-1][1]


async def test_what_two_agreed_on_one_does_not_take_back_alone(harness: OnCallHarness) -> None:
    await harness.presses(await asked(harness), BORIS, BORIS)
    assert "could be taken back" in await harness.asks("/oncall cancel")
    assert await weeks(harness) == [BORIS, ADMIN, ADMIN]


async def test_a_shift_that_is_over_is_not_swapped(harness: OnCallHarness) -> None:
    keyboard = await asked(harness)
    harness.now = NOW + WEEK
    await harness.presses(keyboard, BORIS, BORIS)
    assert await weeks(harness) == [ADMIN, BORIS, ADMIN]


async def test_of_a_running_shift_what_is_left_is_swapped(harness: OnCallHarness) -> None:
    keyboard = await asked(harness)
    harness.now = NOW + timedelta(days=2)
    await harness.presses(keyboard, BORIS, BORIS)
    duty = (await harness.services.oncall.roster("Head office")).duty(1, harness.now)
    assert duty is not None
    assert (duty.person, duty.out_of_turn) == (BORIS, True)


async def test_one_swaps_with_somebody_else_who_may_be_on_call(harness: OnCallHarness) -> None:
    assert "somebody else" in await harness.asks(f"/oncall swap {ADMIN}")
    assert "Write whom you mean" in await harness.asks("/oncall swap")
    assert "role for it of their own" in await harness.asks("/oncall swap 700800900")
    assert "no shift to swap" in await harness.asks(f"/oncall swap {BORIS}", OLEG)
