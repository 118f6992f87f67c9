"""PBXs named in part, with typing errors, in another spelling and in the other keyboard layout."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.end_to_end.fleet_harness import FleetHarness, running_fleet, running_harness
from tests.end_to_end.harness import ANNA, SAM, press

TITLES = {"acme": "Acme", "branch7": "Branch 7", "branch8": "Branch 8", "ural": "Уральский офис"}
OTHERS = ("Branch 7", "Branch 8", "branch7", "branch8", "Уральский", "ural")


@pytest.fixture(scope="module", params=["en", "ru"])
def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetHarness]:
    with running_harness(*TITLES) as harness:
        for name, title in TITLES.items():
            harness[name].title = title
        folder = tmp_path_factory.mktemp("named")
        with running_fleet(harness, folder, LANGUAGE=request.param):
            harness.wait_until_watched(*TITLES)
            yield harness


def test_every_command_takes_a_pbx_by_any_part_of_its_name(harness: FleetHarness) -> None:
    for text, title in {
        "/status brnch7": "Branch 7",
        "/calls 202 Branch-8": "Branch 8",
        "/incidents ифтср7": "Branch 7",
        "/mute acme Zadarma 1h": "Acme",
        "/oncall уралский офис": "Уральский офис",
        "/audit denied Урал": "Уральский офис",
        "/trunks Zadarma ФСЬУ": "Acme",
        "/missed today brnch 8": "Branch 8",
        "/employees acm": "Acme",
    }.items():
        assert title in harness.asks(ANNA, text, ANNA), text


def test_several_are_offered_and_what_was_typed_is_kept(harness: FleetHarness) -> None:
    asked = harness.asks(ANNA, "/employees Johnson brnch", ANNA)
    assert "brnch" in asked
    assert asked.buttons == [["Branch 7", "Branch 8"]]
    harness.presses(ANNA, asked, "Branch 8")
    assert "Johnson" in harness.wait_for_message("Branch 8", ANNA, after=asked.id).text


def test_a_digest_is_of_its_pbx_and_so_is_what_its_buttons_open(harness: FleetHarness) -> None:
    now = harness["branch7"].station.now()
    at = f"{datetime.fromtimestamp(now + 75, harness['branch7'].station.zone):%H:%M}"
    harness.asks(ANNA, f"/digest {at} brnch7", ANNA)
    shown = harness.wait_for_message(f"🗞 .*–{at}", ANNA)
    assert "Branch 7" in shown
    harness.asks(ANNA, "/status acme", ANNA)
    for emoji in ("📊", "📵"):
        harness.presses(ANNA, shown, {"📵": "🔴"}.get(emoji, emoji))
        assert "Branch 7" in harness.wait_for_message(f"{emoji} .*–{at}", ANNA, after=shown.id)


def test_what_names_no_pbx_is_named_as_unread(harness: FleetHarness) -> None:
    harness.asks(ANNA, "/status acme", ANNA)
    for command in ("status", "incidents", "test_alert", "access", "mute", "cdr", "trunks", "mutes"):
        assert "branch9" in harness.asks(ANNA, f"/{command} branch9", ANNA), command


def test_all_pbxs_are_listed_by_a_name_with_an_error(harness: FleetHarness) -> None:
    listed = harness.asks(ANNA, "/stations brnch", ANNA)
    assert "Branch 7" in listed
    assert "Branch 8" in listed
    assert "Acme" not in listed


def test_nobody_learns_of_a_pbx_that_is_not_theirs(harness: FleetHarness) -> None:
    chat = harness["acme"].chat
    harness.post("/client/members", by=ANNA, chat=chat, user=SAM, status="member")
    given = harness.asks(ANNA, f"/grant {SAM} viewer", chat)
    press(harness, given, given.buttons[0][0], "✅")
    for words in ("brnch7", "Branch 7", "ифтср7", "brnch", "урал", "Уральский офис", "fleat"):
        for command in ("status", "incidents", "stations", "grant", "oncall", "bind"):
            answer = harness.asks(SAM, f"/{command} {words}", SAM)
            shown = answer.text.replace(words, "") + str(answer.buttons)
            assert not [other for other in OTHERS if other in shown], (command, words)
