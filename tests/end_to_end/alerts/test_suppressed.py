"""Suppressed outages: notified at the end of the silence or window if still open."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.harness import BORIS, GROUP, Seen, Standins, press, running_bot, running_standins
from tests.fixtures import stored

LINES = ("Line A", "Line B", "Line C", "Line D")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Standins]:
    """Each test has trunks of its own."""
    with running_standins() as harness:
        for name in LINES:
            harness.post("/control/trunks", name=name, host=f"{name[-1].lower()}.example.com", username="1")
        with running_bot(harness, folder):
            harness.wait_until_known()
            yield harness


def alerts(harness: Standins, name: str) -> int:
    """Count the alerts that it is down; replies to commands are not counted."""
    sent = [call for call in harness.calls("sendMessage") if call["ok"]]
    return sum(f"🔴 {name} is down" in re.sub("</?b>", "", str(call["params"].get("text", ""))) for call in sent)


def breaks_unheard(harness: Standins, name: str) -> None:
    """Break the trunk; no notification arrives within some polls."""
    harness.breaks(name)
    harness.wait_for_looks(4)
    assert alerts(harness, name) == 0


def two_seconds_are_left(harness: Standins, folder: Path) -> None:
    """Let a silence of one hour expire in two seconds."""
    end = (harness.now() + timedelta(seconds=2)).replace(tzinfo=None).isoformat(" ", "microseconds")
    with stored.in_folder(folder).transaction() as execute:
        execute("UPDATE silences SET until = ? WHERE ended_at IS NULL", end)
        execute("UPDATE incidents SET due_at = ? WHERE held_by != '' AND open_key IS NOT NULL", end)


def told_down(harness: Standins, name: str, after: Seen) -> Seen:
    alert = harness.wait_for_message(f"🔴 {name} is down", GROUP, after.id)
    assert not alert.raw["silent"]
    return alert


def mended(harness: Standins, name: str, alert: Seen) -> None:
    harness.mends(name)
    harness.wait_for_message(f"🟢 {name} is up again", after=alert.id)
    assert alerts(harness, name) == 1


def test_a_mute_that_ends_while_the_trunk_is_down_lets_the_alert_arrive(shared: Standins, folder: Path) -> None:
    muted = shared.asks(BORIS, "/mute Line A for 1h", GROUP)
    breaks_unheard(shared, "Line A")
    two_seconds_are_left(shared, folder)
    mended(shared, "Line A", told_down(shared, "Line A", muted))


def test_unmuting_while_the_trunk_is_down_lets_the_alert_arrive_at_once(shared: Standins) -> None:
    muted = shared.asks(BORIS, "/mute Line B for 4h works on the line", GROUP)
    breaks_unheard(shared, "Line B")
    told = press(shared, muted, "Unmute", "Unmuted by Boris Petrov.", BORIS)
    assert "What is still down is told now." in told
    mended(shared, "Line B", told_down(shared, "Line B", muted))


def test_a_window_holds_an_outage_back_and_its_end_tells_what_is_still_down(shared: Standins, folder: Path) -> None:
    preview = shared.asks(BORIS, "/maintenance all now for 1h updates", GROUP)
    press(shared, preview, "Plan", "Maintenance planned by Boris Petrov.", BORIS)
    shared.breaks("Line C")
    breaks_unheard(shared, "Line D")
    shared.mends("Line C")
    shared.wait_for_looks(3)
    two_seconds_are_left(shared, folder)
    alert = told_down(shared, "Line D", preview)
    mended(shared, "Line D", alert)
    assert alerts(shared, "Line C") == 0, "what recovered in the window is nobody's alarm"
