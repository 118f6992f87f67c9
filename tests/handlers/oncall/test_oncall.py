"""On-call duty set, taken, handed over and returned in chat. It is Monday, 14:00."""

from datetime import timedelta

import pytest

from bot.store.database import Database
from bot.store.tables.people import Pager
from tests.handlers.oncall_harness import ADMIN, BORIS, GROUP, NOW, OLEG, VERA, OnCallHarness


@pytest.fixture
async def harness(database: Database) -> OnCallHarness:
    harness = OnCallHarness(database)
    await harness.open()
    return harness


@pytest.fixture
async def weekly(harness: OnCallHarness) -> OnCallHarness:
    """Anna has this week, Boris the next one."""
    await harness.asks(f"/oncall set weekly mon 09:00 {ADMIN} {BORIS}")
    await harness.press("Set")
    return harness


async def on_call(harness: OnCallHarness, after: timedelta = timedelta(0)) -> dict[int, int | None]:
    return dict((await harness.services.oncall.roster("Head office")).on_call(harness.now + after))


async def test_before_anything_is_set_it_says_how_to_begin(harness: OnCallHarness) -> None:
    assert "/oncall set weekly" in await harness.asks("/oncall")
    assert "/oncall set weekly" not in await harness.asks("/oncall", VERA)


async def test_turns_are_shown_before_they_are_set_and_hold_afterwards(harness: OnCallHarness) -> None:
    shown = await harness.asks(f"/oncall set weekly mon 09:00 {ADMIN} {BORIS}")
    assert "Every week, hand-over at 09:00 (UTC)" in shown
    assert "09:00 – Nov 30 09:00 · <b>" in shown
    assert await on_call(harness) == {}
    assert "Set. I check now" in await harness.press("Set")
    assert await on_call(harness) == {1: ADMIN}
    assert await on_call(harness, timedelta(weeks=1)) == {1: BORIS}
    assert [(chat, "put you on call in turn" in text) for chat, text in await harness.owed()] == [(BORIS, True)]
    entry = (await harness.outcomes())[-1]
    assert entry.before == {}
    assert entry.after is not None
    assert entry.after["people"] == [ADMIN, BORIS]


async def test_a_cancelled_question_sets_nothing(harness: OnCallHarness) -> None:
    await harness.asks(f"/oncall set daily 09:00 {BORIS}")
    await harness.press("Cancel")
    assert await on_call(harness) == {}


async def test_levels_are_set_beside_each_other_and_removed_one_by_one(weekly: OnCallHarness) -> None:
    await weekly.asks(f"/oncall set every 12h from 08:00 {OLEG} level 2")
    assert "Level 2" in await weekly.press("Set")
    assert await on_call(weekly) == {1: ADMIN, 2: OLEG}
    assert "Remove this rotation?" in await weekly.asks("/oncall remove level 2")
    assert "Removed." in await weekly.press("Remove")
    assert await on_call(weekly) == {1: ADMIN}
    assert "nobody is woken" in await weekly.asks("/oncall удалить")


async def test_the_overview_tells_now_next_gaps_and_who_cannot_be_called(weekly: OnCallHarness) -> None:
    with weekly.database.begin() as session:
        session.add(Pager(person_id=BORIS, reachable=False, checked_at=NOW, warned_at=NOW))
    shown = await weekly.asks("/oncall", VERA)
    assert "since 09:00, until Nov 30 09:00" in shown
    assert "Next: Nov 30 09:00 – Dec 7 09:00 · <b>" in shown
    assert "I may not write to them in private" in shown
    assert weekly.chat.buttons == [["📅 Shifts", "↻ Refresh"]]
    assert "Nov 30 09:00 – Dec 7 09:00" in await weekly.press("Shifts", VERA)
    assert "On call" in await weekly.press("↩ On call", VERA)


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        (f"weekly mon 09:00 {VERA}", "has a role for it of their own"),
        ("weekly mon 09:00 700800900", "has a role for it of their own"),
        ("weekly mon 09:00", "Write who takes turns"),
        (f"{ADMIN} {BORIS}", "Write how long a turn lasts"),
        ("weekly mon 09:00 Anna", "I do not know what “Anna” means"),
        ("weekly mon 09:00 @nobody", "I have not met @nobody"),
        (f"weekly {ADMIN} level 9", "is no level"),
    ],
)
async def test_what_is_said_of_how_turns_were_written(harness: OnCallHarness, words: str, shows: str) -> None:
    assert shows in await harness.asks(f"/oncall set {words}")
    assert await on_call(harness) == {}


async def test_an_operator_takes_over_at_once_and_who_was_on_call_is_notified(weekly: OnCallHarness) -> None:
    shown = await weekly.asks("/oncall take 8h", BORIS)
    assert "is on call" in shown
    assert "14:00 – 22:00" in shown
    assert await on_call(weekly) == {1: BORIS}
    assert await on_call(weekly, timedelta(hours=8)) == {1: ADMIN}
    told = (await weekly.owed())[-1]
    assert told[0] == ADMIN
    assert "You are not on call" in told[1]
    assert "on call then already" in await weekly.asks("/oncall взять 2h", BORIS)


async def test_without_a_time_the_rest_of_the_shift_is_taken(weekly: OnCallHarness) -> None:
    assert "14:00 – Nov 30 09:00" in await weekly.asks("/oncall take", BORIS)


async def test_when_nobody_is_on_call_a_time_is_needed(harness: OnCallHarness) -> None:
    assert "write for how long" in await harness.asks("/oncall take", BORIS)
    await harness.asks("/oncall take 8h", BORIS)
    assert await on_call(harness) == {1: BORIS}


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        ("8h level 2", "no level"),
        ("until yesterday", "is not a time I can use"),
        ("yesterday", "is not a time I can use"),
        ("until 2020-01-01", "is not a time I can use"),
    ],
)
async def test_what_cannot_be_taken(weekly: OnCallHarness, words: str, shows: str) -> None:
    assert shows in await weekly.asks(f"/oncall take {words}", BORIS)
    assert await on_call(weekly) == {1: ADMIN}


async def test_the_button_asks_before_it_takes(weekly: OnCallHarness) -> None:
    await weekly.asks("/oncall", BORIS)
    assert "Take over until 22:00?" in await weekly.press("Take over", BORIS)
    assert await on_call(weekly) == {1: ADMIN}
    await weekly.press("Take over", BORIS)
    assert await on_call(weekly) == {1: BORIS}


async def test_who_gives_gives_their_own_shift_and_the_receiver_is_notified(weekly: OnCallHarness) -> None:
    assert "14:00 – 18:00" in await weekly.asks(f"/oncall give {BORIS} until 18:00")
    assert await on_call(weekly) == {1: BORIS}
    assert [chat for chat, text in await weekly.owed() if "You are on call" in text] == [BORIS]


async def test_an_operator_who_is_not_on_call_gives_the_next_shift(weekly: OnCallHarness) -> None:
    assert "Nov 30 09:00 – Dec 7 09:00" in await weekly.asks(f"/oncall отдать {OLEG}", BORIS)
    assert await on_call(weekly) == {1: ADMIN}
    assert await on_call(weekly, timedelta(weeks=1)) == {1: OLEG}
    assert "begins later" in await weekly.asks(f"/oncall give {ADMIN} 8h", OLEG)


async def test_who_has_no_shift_has_nothing_to_give(weekly: OnCallHarness) -> None:
    assert "no duty to give" in await weekly.asks(f"/oncall give {BORIS}", OLEG)


async def test_an_administrator_gives_anybodys_shift_and_both_are_notified(weekly: OnCallHarness) -> None:
    weekly.now = NOW + timedelta(weeks=1)
    await weekly.asks(f"/oncall give {OLEG} until 18:00")
    assert await on_call(weekly) == {1: OLEG}
    told = dict((await weekly.owed())[-2:])
    assert "You are not on call" in told[BORIS]
    assert "You are on call" in told[OLEG]


async def test_a_shift_is_not_given_to_who_may_not_be_on_call(weekly: OnCallHarness) -> None:
    assert "has a role for it of their own" in await weekly.asks(f"/oncall give {VERA} 8h")
    assert await on_call(weekly) == {1: ADMIN}


async def test_the_right_of_a_group_makes_nobody_be_on_call(weekly: OnCallHarness) -> None:
    weekly.book._settings = (*weekly.book._settings, *[type(weekly.book._settings[0])(GROUP, "operator")])
    weekly.members.there = {(GROUP, VERA)}
    assert "the right of a group does not count" in await weekly.asks("/oncall take 8h", VERA, GROUP)
    assert await on_call(weekly) == {1: ADMIN}


async def test_what_one_took_one_takes_back(weekly: OnCallHarness) -> None:
    await weekly.asks("/oncall take 8h", BORIS)
    assert "could be taken back" in await weekly.asks("/oncall cancel", OLEG)
    assert "Taken back." in await weekly.asks("/oncall cancel", BORIS)
    assert await on_call(weekly) == {1: ADMIN}
    told = (await weekly.owed())[-1]
    assert told[0] == ADMIN
    assert "You are on call" in told[1]


async def test_of_several_one_is_chosen(weekly: OnCallHarness) -> None:
    await weekly.asks(f"/oncall give {BORIS} 2h")
    await weekly.asks(f"/oncall give {OLEG} 1h")
    assert "Which one do you take back?" in await weekly.asks("/oncall cancel")
    await weekly.press("2")
    assert await on_call(weekly) == {1: BORIS}


async def test_who_may_look_may_only_look(weekly: OnCallHarness) -> None:
    for words in ("take 8h", f"give {BORIS}", f"swap {BORIS}", "cancel", f"set daily {VERA}", "remove", "import"):
        assert "no right to use /oncall" in await weekly.asks(f"/oncall {words}", VERA)
    for words in (f"set daily {BORIS}", "remove", "import"):
        assert "no right to use /oncall" in await weekly.asks(f"/oncall {words}", BORIS)
    rows = [(row.what, row.permission, row.allowed) for row in await weekly.audit()][-10:]
    assert rows[0] == ("/oncall take", "oncall.take", False)
    assert rows[-1] == ("/oncall import", "oncall.write", False)


async def test_quiet_hours_are_ones_own(harness: OnCallHarness) -> None:
    assert "any hour" in await harness.asks("/quiet", BORIS)
    assert "22:00–08:00" in await harness.asks("/quiet 22:00-08:00", BORIS)
    with harness.database.begin() as session:
        hours = harness.services.oncall.quiet_hours(session, BORIS)
        assert [f"{at:%H:%M}" for at in hours or ()] == ["22:00", "08:00"]
        assert harness.services.oncall.quiet_hours(session, ADMIN) is None
    assert "22:00–08:00" in await harness.asks("/quiet", BORIS)
    assert "from when to when" in await harness.asks("/quiet 25:00-08:00", BORIS)
    assert "any hour" in await harness.asks("/quiet off", BORIS)
    assert "no right" in await harness.asks("/quiet 22:00-08:00", VERA)


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("22-8", "22:00–08:00"),
        ("с 22 до 8", "22:00–08:00"),
        ("from 10pm to 8am", "22:00–08:00"),
        ("22.00-8.00", "22:00–08:00"),
        ("22:00 08:00", "22:00–08:00"),
        ("с 22:00 до 24:00", "22:00–00:00"),
        ("OFF", "any hour"),
        ("в 22", "from when to when"),
        ("22-22", "from when to when"),
        ("22-8 please", "from when to when"),
        ("evening", "from when to when"),
    ],
)
async def test_quiet_hours_are_read_as_people_write_them(harness: OnCallHarness, written: str, hours: str) -> None:
    assert hours in await harness.asks(f"/quiet {written}", BORIS)


async def test_a_pbx_without_a_list_says_who_is_called_instead(database: Database) -> None:
    harness = OnCallHarness(database, stations=("acme", "baker"))
    await harness.open()
    assert "Nobody is on call: alerts go to the chats" in await harness.asks("/oncall acme")
    await harness.asks(f"/oncall set weekly mon 09:00 {BORIS} {OLEG} fleet")
    await harness.press("Set")
    assert "whoever is on call for all PBXs is called. <b>Boris</b>" in await harness.asks("/oncall acme")
    await harness.asks(f"/oncall set weekly mon 09:00 {OLEG} {BORIS} acme")
    await harness.press("Set")
    assert "for all PBXs" not in await harness.asks("/oncall acme")
