"""/pbx and /pbx all: what is known of a PBX, of all PBXs in scope, and what is not."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.access.policy import Grant
from bot.demo.pbx.web.keys import Permissions
from bot.detection.pbx_findings import Reading
from bot.pbx import Dialect, Disk
from bot.store.database import Database
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, VERA, DispatcherHarness
from tests.handlers.stations.health_room import Room
from tests.handlers.stations.test_stations import TITLED
from tests.handlers.update_factory import NOW

ROOT, ALICE = 1, 11
ALL = {f"/api/v3/{row}": "read" for row in ("providers", "sip", "advice", "storage", "firewall", "sysinfo")}


async def test_the_card_says_how_far_a_release_is_behind(room: Room) -> None:
    room.wire.station.dialect = "2026.9"
    await room.types("/pbx", VERA, VERA)
    assert "MikoPBX 2026.9.5" in room.text()
    assert "behind" not in room.text()


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("advice", "the API key lacks the row “System Advice”"),
        ("storage", "the API key lacks the row “Storage”"),
        ("firewall", "the API key lacks the row “Firewall”"),
        ("sysinfo", "Release: not told to a key without the row “Sysinfo”"),
    ],
)
async def test_a_row_that_the_key_lacks_is_named_and_never_taken_for_well(room: Room, missing: str, says: str) -> None:
    held: Any = {path: right for path, right in ALL.items() if path != f"/api/v3/{missing}"}
    room.wire.station.keys.permit(Permissions(held))
    room.wire.station.dialect = "2026.9"
    await room.types("/pbx", VERA, VERA)
    assert says in room.text()
    if missing == "advice":
        assert "Nothing is wrong" not in room.text()


async def test_what_the_pbx_told_before_is_not_shown_as_if_it_told_it_now(room: Room) -> None:
    room.wire.loses = lambda name: name == "sysinfo:getInfo"
    await room.types("/pbx", VERA, VERA)
    assert "Release: not known" in room.text()
    assert "The PBX does not answer as it should" in room.text()
    room.wire.loses = lambda _name: False
    room.now += timedelta(minutes=2)
    await room.types("/pbx", VERA, VERA)
    assert "MikoPBX 2026" in room.text()
    assert "this is what it told before" not in room.text()
    room.wire.loses = lambda name: name == "storage:usage"
    room.now += timedelta(minutes=2)
    await room.types("/pbx", VERA, VERA)
    assert room.text().startswith("🟡")
    assert "this is what it told before" in room.text()


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "Machine: up since Nov 29 15:53 (2 d 4 h)"), ("ru", "Сервер: работает с 29 нояб. 15:53 (2 д 4 ч)")],
)
async def test_the_start_of_the_machine_is_shown_only_while_it_is_known(room: Room, language: str, says: str) -> None:
    wire, label = room.wire, says.partition(":")[0]
    room.now = datetime(2026, 12, 1, 20, 0, 40, tzinfo=UTC)
    wire.station.now = room.now.timestamp
    wire.station.machine.started = (room.now - timedelta(days=2, hours=4, minutes=7, seconds=9)).timestamp()
    await room.types("/pbx", VERA, VERA)
    assert says in room.text(language)
    # The PBX answers less, and may be restarting.
    wire.loses = lambda name: name == "storage:usage"
    room.now += timedelta(minutes=2)
    await room.types("/pbx", VERA, VERA)
    assert label not in room.text(language)
    wire.loses = lambda _name: False
    room.now += timedelta(minutes=2)
    await room.types("/pbx", VERA, VERA)
    assert says in room.text(language)


async def test_without_the_row_sysinfo_nothing_is_said_of_the_machine(room: Room) -> None:
    held: Any = {path: right for path, right in ALL.items() if path != "/api/v3/sysinfo"}
    room.wire.station.keys.permit(Permissions(held))
    await room.types("/pbx", VERA, VERA)
    assert "Machine" not in room.text()


async def test_hostile_text_in_what_the_pbx_tells_is_no_markup(room: Room) -> None:
    hostile: list[dict[str, object]] = [
        {"messageTpl": "adv_<b>", "messageParams": {"url": "https://evil.example"}},
        {"messageTpl": "adv_Unheard", "messageParams": {"url": "javascript:alert(1)"}},
    ]
    room.wire.station.advice = {"error": hostile}
    await room.types("/pbx", VERA, VERA)
    assert "Unheard" in room.text()
    assert "evil" not in json.dumps(room.chat.shown[-1].facts, default=str)
    assert "javascript" not in json.dumps(room.chat.shown[-1].facts, default=str)


async def test_one_pbx_has_the_card_of_all_too_without_a_request(room: Room) -> None:
    await room.types("/pbx", ANNA, ANNA)
    before = len(room.wire.asked)
    await room.types("/pbx all", ANNA, ANNA)
    assert "Something is found at 1 of 1 PBX" in room.text()
    assert len(room.wire.asked) == before


def fleet_of(database: Database, readings: dict[str, Reading | None], *grants: Grant) -> DispatcherHarness:
    fleet = DispatcherHarness(database, stations=tuple(readings), grants=grants or (Grant(ROOT, "viewer"),))
    for name in ("pbx", "pbx all", "stations"):
        fleet.catalogue.commands[name] = CATALOGUE.commands[name]
    fleet.catalogue.buttons["pbx.all"] = CATALOGUE.buttons["pbx.all"]
    for name, reading in readings.items():
        # Without `look`: no PBX is asked.
        fleet.running[name].health = SimpleNamespace(latest=reading)
    return fleet


def text(fleet: DispatcherHarness) -> str:
    message = fleet.chat.shown[-1]
    return TITLED.text(message.template, message.facts, zone=NOW.tzinfo, now=NOW)  # type: ignore[arg-type]


FULL, ROOMY = Disk(51_200, 400), Disk(51_200, 30_000)
READINGS = {
    "acme": Reading(release="2026.9.5", disk=FULL),
    "baker": Reading(release="2026.1.223", disk=FULL),
    "corp": Reading(dialect=Dialect.EARLIER),
    "delta": Reading(dialect=Dialect.FROM_2026_3_40),
    "eagle": Reading(release="2026.9.5", disk=ROOMY),
    "fox": Reading(),
    "gold": None,
}


async def test_all_pbxs_by_release_and_by_what_is_found_those_with_most_first(database: Database) -> None:
    fleet = fleet_of(database, READINGS)
    await fleet.types("/pbx all", ROOT, ROOT)
    lines = [line for line in text(fleet).splitlines() if line]
    assert lines[0] == "🟡 <b>Something is found at 3 of 7 PBXs</b>"
    assert "1 was not looked at yet" in lines[1]
    assert lines[2:7] == [
        "• MikoPBX 2026.9.5: 2",
        "• answers as 2026.3.40: 1",
        "⚠️ MikoPBX 2026.1.223: 1 · known fault",
        "⚠️ answers as 2026.1: 1 · known fault",
        "• release not told: 1",
    ]
    assert lines[7:9] == ["🟡 a release with a known fault: 2", "🟡 the disk is nearly full: 2"]
    assert [line.partition(" ·")[0] for line in lines[9:]] == ["<b>Baker</b>", "<b>Acme</b>", "<b>Corp</b>"]


async def test_others_pbxs_are_not_counted_and_leave_no_trace(database: Database) -> None:
    fleet = fleet_of(database, READINGS, Grant(ROOT, "viewer"), Grant(ALICE, "viewer", "eagle"))
    await fleet.types("/pbx all", ALICE, ALICE)
    shown = text(fleet)
    assert "Nothing is found at 1 PBX" in shown
    assert not any(name.title() in shown for name in READINGS if name != "eagle")
    assert "2026.1.223" not in shown


async def test_a_thousand_pbxs_are_pages_of_ten_and_a_few_lines_of_releases(database: Database) -> None:
    readings = {f"pbx{n:04}": Reading(release=f"2026.{1 + n % 12}.{n % 5}") for n in range(1000)}
    fleet = fleet_of(database, dict(readings))
    await fleet.types("/pbx all", ROOT, ROOT)
    message = fleet.chat.shown[-1]
    assert len(message.facts["rows"]) == 10
    assert message.facts["pages"] == -(-message.facts["troubled"] // 10)
    assert len(message.facts["releases"]) == 8
    assert sum(one["count"] for one in message.facts["releases"]) + message.facts["other_releases"] == 1000
    assert "older ones:" in text(fleet)
    assert "'page': 1" in str(message.buttons)


async def test_without_a_look_nothing_is_called_well(database: Database) -> None:
    fleet = fleet_of(database, dict.fromkeys(("acme", "baker")))
    await fleet.types("/pbx all", ROOT, ROOT)
    assert text(fleet).startswith("⚪")
