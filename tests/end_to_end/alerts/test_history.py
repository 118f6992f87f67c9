"""History in chat: open incidents, who acknowledged them, timelines and availability; by role, and without a PBX."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.store.database import Database
from tests.end_to_end.harness import (
    ANNA,
    ASKING,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Program,
    Seen,
    Standins,
    press,
    running_bot,
    running_standins,
)
from tests.fixtures import stored
from tests.fixtures.incident_history import add_card, add_event, add_incident

T = TypeVar("T")
NOW = datetime.now(UTC).replace(microsecond=0)
# Incidents written into the database as open may be notified like any other.
NO_ALERTS_HERE = {"ALERT_CHATS": str(ANNA)}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def written(folder: Path, write: Callable[[Database], Awaitable[T]]) -> T:
    """Write into the program's database while it runs."""

    async def do() -> T:
        database = Database(stored.in_folder(folder).address)
        try:
            return await write(database)
        finally:
            await database.close()

    return asyncio.run(do())


async def the_past(database: Database, zadarma: str) -> dict[str, int]:
    """Write three weeks of two trunks: one outage is open and unacknowledged, one trunk was down twice, the PBX was
    away once.
    """
    await add_incident(database, NOW - 21 * DAY, NOW - 21 * DAY + HOUR, subject="SIP-OLD", name="Old line")
    over = await add_incident(
        database, NOW - 2 * DAY, NOW - 2 * DAY + 2 * HOUR, subject=zadarma, name="Zadarma", cause="credentials_refused"
    )
    card = await add_card(database, over, GROUP, NOW - 2 * DAY + MINUTE, answered=NOW - 2 * DAY + 2 * HOUR)
    told = NOW - 2 * DAY + MINUTE
    await add_event(database, over, "told", told, step=1, chat=GROUP, loud=True, message=card)
    await add_event(database, over, "held", told, rule="mute", by="Boris", reason="works on the line")
    await add_event(database, over, "escalated", told + MINUTE, step=2, people=["Boris Petrov"])
    await add_event(database, over, "taken", told + 2 * MINUTE, by="Boris Petrov", by_id=BORIS)
    for place in range(12):
        await add_event(database, over, "changed", told + (3 + place) * MINUTE, cause="no_answer")
    late = await add_incident(database, NOW - 5 * HOUR, NOW - 4 * HOUR, subject=zadarma, name="Zadarma")
    away = await add_incident(
        database, NOW - 9 * HOUR, NOW - 8 * HOUR, kind="station", subject="", trouble="unreachable"
    )
    for place in range(1, 9):
        at = NOW - 4 * DAY - place * HOUR
        await add_incident(database, at, at + MINUTE, subject="SIP-M", name="Мегафон")
    still = await add_incident(database, NOW - HOUR, subject="SIP-GONE", name="<b>Backup</b> $x$", cause="no_answer")
    return {"over": over, "late": late, "away": away, "open": still}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Standins]:
    with running_standins(speed=ASKING) as harness, running_bot(harness, folder, POLL_INTERVAL="3"):
        yield harness


@pytest.fixture(scope="module")
def past(shared: Standins, folder: Path) -> dict[str, int]:
    # Trunks that never failed are listed too, once the program has seen them.
    shared.wait_until_known()
    zadarma = shared.trunk("Zadarma")["id"]
    return written(folder, lambda database: the_past(database, zadarma))


@pytest.mark.parametrize("person", [ANNA, BORIS, VERA])
def test_what_is_open_and_what_ended_is_shown_to_everybody_with_a_role(
    shared: Standins, past: dict[str, int], group: int, person: int
) -> None:
    shown = shared.asks(person, "/incidents", group)
    assert "Open incidents · 1" in shown
    assert f"#{past['open']} 🔴 <b>Backup</b> $x$ · down, the provider does not answer" in shown
    assert "Nobody has it yet" in shown
    assert f"#{past['late']} 🟢 Zadarma · works again (was: down)" in shown
    assert f"#{past['over']} " not in shown.text, "it ended two days ago"
    assert f"#{past['open']}" in shown.buttons[0]


@pytest.mark.parametrize("command", ["/incidents", "/why", "/history", "/ack"])
def test_a_stranger_sees_and_takes_nothing(shared: Standins, past: dict[str, int], group: int, command: str) -> None:
    assert "no access yet" in shared.asks(SAM, command)


def test_a_card_shows_one_in_full_and_leads_back(shared: Standins, past: dict[str, int], group: int) -> None:
    listed = shared.asks(VERA, "/incidents", group)
    card = press(shared, listed, f"#{past['late']}", "It lasted 1 h: ", VERA)
    assert ["❓ Why"] in card.buttons, "who may only look is offered no check"
    press(shared, card, "Refresh", "It lasted 1 h: ", VERA)
    press(shared, card, "List", "Open incidents", VERA)


def test_check_now_measures_the_trunk_of_the_incident(shared: Standins, past: dict[str, int], group: int) -> None:
    card = press(shared, shared.asks(BORIS, "/incidents", group), f"#{past['late']}", "It lasted 1 h: ", BORIS)
    assert "Measured" in shared.presses(BORIS, card, "Check now")["text"]


@pytest.mark.parametrize("person", [ANNA, BORIS, VERA])
def test_the_whole_chain_is_reported(shared: Standins, past: dict[str, int], group: int, person: int) -> None:
    shown = shared.asks(person, f"/why {past['over']}", group)
    for line in (
        "It began: down, the provider refuses the login",
        "noted 30 s later",
        "works on the line",
        "so others were asked: Boris Petrov",
        "Boris Petrov took it",
        "page 1 of 2",
    ):
        assert line in shown
    assert "delivered" in shown
    last = press(shared, shown, "Next", "page 2 of 2", person)
    assert "It ended: works again" in last
    assert "Told of the end" in last
    press(shared, last, "Previous", "page 1 of 2", person)
    press(shared, shown, "📄 Incident", "It lasted 2 h: ", person)


def test_why_without_a_number_means_the_newest(shared: Standins, past: dict[str, int], group: int) -> None:
    shown = shared.asks(VERA, "/why", group)
    assert f"#{past['open']} " in shown
    card = press(shared, shown, "📄 Incident", "First told at", VERA)
    press(shared, card, "Why", "It began", VERA)


def test_a_number_that_is_none_is_said(shared: Standins, past: dict[str, int], group: int) -> None:
    assert "has no incident 99999" in shared.asks(VERA, "/why 99999", group)
    assert "Write the number" in shared.asks(VERA, "/why Zadarma", group)


@pytest.mark.parametrize("person", [ANNA, BORIS, VERA])
def test_the_past_of_the_trunks_has_figures_and_a_list(
    shared: Standins, past: dict[str, int], group: int, person: int
) -> None:
    shown = shared.asks(person, "/history", group)
    assert "2 outages, 3 h down, the longest 2 h, back after 1 h 30 min on average" in shown
    assert "8 outages, 8 min down" in shown
    assert "Head office: the PBX cannot be reached" in shown
    assert any("🟢" in line and line.endswith("100 %") for line in shown.text.splitlines()), "one never failed"
    assert "⚪ Old provider: switched off" in shown
    assert "page 1 of 2" in shown
    last = press(shared, shown, "Next", "page 2 of 2", person)
    press(shared, last, "Previous", "page 1 of 2", person)


def test_a_trunk_and_a_period_are_chosen_in_words(shared: Standins, past: dict[str, int], group: int) -> None:
    shown = shared.asks(VERA, "/history Zadarma 3d", group)
    assert "2 outages" in shown
    assert "Мегафон" not in shown
    assert "Old line" in shared.asks(VERA, "/history old month", group)
    assert "Мегафон: 100 %" in shared.asks(VERA, "/history мегафон сегодня", group)
    assert "no trunk “Nonesuch”" in shared.asks(VERA, "/history Nonesuch", group)
    assert "do not understand" in shared.asks(VERA, "/history 2026-99-99", group)


def test_an_outage_of_the_list_opens_beside_it(shared: Standins, past: dict[str, int], group: int) -> None:
    listed = shared.asks(VERA, "/history Zadarma", group)
    shared.presses(VERA, listed, f"#{past['over']}")
    card = shared.after(listed.id, group, "It lasted 2 h: ", VERA)
    assert card.raw["reply_to"] == listed.id
    assert shared.again(listed, VERA) is not None


@pytest.mark.parametrize("person", [ANNA, BORIS, VERA])
def test_the_chart_comes_as_a_picture(shared: Standins, past: dict[str, int], group: int, person: int) -> None:
    listed = shared.asks(person, "/history", group)
    assert "being drawn" in shared.presses(person, listed, "Chart")["text"]
    sent = shared.wait_for(
        lambda: next((m for m in shared.from_bot(group, person) if m.id > listed.id and m.raw["photo"]), None), "chart"
    )
    assert "Head office" in sent
    content = shared.http.get(sent.raw["photo"]["url"]).content
    assert struct.unpack(">II", content[16:24])[0] == 1200


def test_taking_is_not_for_those_who_only_look(shared: Standins, past: dict[str, int], group: int) -> None:
    assert "no right to use /ack" in shared.asks(VERA, "/ack", group)
    card = press(shared, shared.asks(BORIS, "/incidents", group), f"#{past['open']}", "First told at", BORIS)
    assert "no right" in shared.presses(VERA, card, "on it")["text"]


# --- each with its own harness --------------------------------------------------------------------------------------


def test_all_of_it_works_while_the_pbx_does_not_answer(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    start_bot(ALERT_AFTER="3600", **NO_ALERTS_HERE)
    standins.wait_until_known()
    standins.post("/control/fault", kind="unplugged", delay=0)
    numbers = written(tmp_path, lambda database: the_past(database, standins.trunk("Zadarma")["id"]))
    assert "Backup" in standins.asks(VERA, "/incidents", GROUP)
    assert "It began" in standins.asks(VERA, "/why", GROUP)
    listed = standins.asks(VERA, "/history", GROUP)
    assert "Zadarma" in listed
    standins.presses(VERA, listed, "Chart")
    standins.wait_for(lambda: any(m.raw["photo"] for m in standins.from_bot(GROUP)) or None, "the chart")
    standins.presses(VERA, listed, f"#{numbers['over']}")
    standins.wait_for_message("It lasted 2 h: ", after=listed.id)


@pytest.mark.parametrize("person", [ANNA, BORIS])
def test_the_only_open_one_is_taken_and_of_several_one_is_chosen(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path, person: int
) -> None:
    start_bot(**NO_ALERTS_HERE)
    assert "Nothing is open" in standins.asks(person, "/ack", GROUP)
    first = written(tmp_path, lambda database: add_incident(database, NOW - HOUR, name="First line"))
    taken = standins.asks(person, "/ack", GROUP)
    assert "It is yours" in taken
    assert "on it since" in taken
    for subject, name in (("SIP-2", "Second line"), ("SIP-3", "Third line")):
        written(tmp_path, lambda database, s=subject, n=name: add_incident(database, NOW, subject=s, name=n))  # type: ignore[misc]
    choice = standins.asks(person, "/ack", GROUP)
    assert "2 incidents wait for somebody" in choice
    press(standins, choice, "Second line", "on it since", person)
    other = BORIS if person == ANNA else ANNA
    assert "Somebody took it before you" in standins.asks(other, f"/ack {first}", GROUP)
    listed = standins.asks(other, "/incidents", GROUP)
    card = press(standins, listed, open_card(listed, "Third line"), "First told at", other)
    assert "yours" in standins.presses(other, card, "on it")["text"]
    assert "is in hands" in standins.asks(person, "/ack", GROUP)


def open_card(listed: Seen, name: str) -> str:
    """Return the label of the button that opens the incident of that name."""
    line = next(line for line in listed.text.splitlines() if name in line)
    return line.split()[0]


def test_in_russian_it_is_all_the_same(standins: Standins, start_bot: Callable[..., Program], tmp_path: Path) -> None:
    start_bot(LANGUAGE="ru", **NO_ALERTS_HERE)
    written(tmp_path, lambda database: the_past(database, standins.trunk("Zadarma")["id"]))
    assert "Backup" in standins.asks(VERA, "/incidents", GROUP)
    listed = standins.asks(VERA, "/history задарма 7 дней", GROUP)
    assert "/trunks" in listed, "no trunk is called that"
    listed = standins.asks(VERA, "/history zadarma 7 дней", GROUP)
    standins.presses(VERA, listed, next(label for row in listed.buttons for label in row if "📊" in label))
    standins.wait_for(lambda: any(m.raw["photo"] for m in standins.from_bot(GROUP)) or None, "the chart")
