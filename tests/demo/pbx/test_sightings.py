"""Times at which the PBX notices a trunk's change, computed without waiting."""

import pytest

from bot.demo.pbx.registration.sightings import sightings
from bot.demo.pbx.registration.sights import AT_ONCE, CONDITIONS, Condition, Kind, TrunkChange, TrunkStatusView, settled

ALL_KINDS: tuple[Kind, ...] = ("outbound", "inbound", "none", "unqualified", "iax")


def seen_at(kind: Kind, seconds: float, *changes: TrunkChange) -> TrunkStatusView:
    """Return the state seen `seconds` after the last change of a trunk that was healthy before."""
    born = TrunkChange(-100_000, "loaded", AT_ONCE)
    return sightings(kind, [born, *changes], changes[-1].at + seconds)[-1][1]


@pytest.mark.parametrize(
    ("kind", "state", "contact"),
    [
        ("outbound", "registered", "Reachable"),
        ("inbound", "REGISTERED", "Reachable"),
        ("none", "OK", "Reachable"),
        ("unqualified", "OK", "NonQualified"),
        ("iax", "registered", None),
    ],
)
def test_the_case_of_a_state_depends_on_the_kind_of_registration(kind: Kind, state: str, contact: str | None) -> None:
    assert seen_at(kind, 0, TrunkChange(0, "ok")) == TrunkStatusView(state, contact)


def test_a_dead_registrar_is_shown_as_rejected_two_minutes_late_and_its_contact_turns_first() -> None:
    died = TrunkChange(0, "provider_dead")
    assert seen_at("outbound", 10, died) == TrunkStatusView("registered", "Reachable")
    assert seen_at("outbound", 60, died) == TrunkStatusView("registered", "Unreachable")
    assert seen_at("outbound", 128, died) == TrunkStatusView("rejected", "Unreachable")


def test_a_silent_registrar_is_noticed_after_77_seconds() -> None:
    silent = TrunkChange(0, "provider_silent")
    assert seen_at("outbound", 38, silent) == TrunkStatusView("registered", "Unreachable")
    assert seen_at("outbound", 77, silent) == TrunkStatusView("rejected", "Unreachable")


def test_a_wrong_password_leaves_the_contact_reachable() -> None:
    assert seen_at("outbound", 110, TrunkChange(0, "wrong_password")) == TrunkStatusView("rejected", "Reachable")


def test_a_corrected_password_is_not_tried_within_150_seconds() -> None:
    wrong = TrunkChange(0, "wrong_password", AT_ONCE)
    assert seen_at("outbound", 150, wrong, TrunkChange(1000, "ok")).state == "rejected"
    assert seen_at("outbound", 301, wrong, TrunkChange(1000, "ok")).state == "registered"


def test_a_dead_ip_trunk_is_unknown_and_never_unreachable() -> None:
    assert seen_at("none", 18, TrunkChange(0, "provider_dead")) == TrunkStatusView("UNKNOWN", "Unreachable")


def test_a_host_that_is_never_asked_is_always_ok() -> None:
    assert seen_at("unqualified", 1000, TrunkChange(0, "provider_dead")) == TrunkStatusView("OK", "NonQualified")


def test_a_provider_that_comes_back_is_registered_before_it_is_reachable() -> None:
    silent = TrunkChange(0, "provider_silent", AT_ONCE)
    assert seen_at("outbound", 21, silent, TrunkChange(500, "ok")) == TrunkStatusView("registered", "Unreachable")
    assert seen_at("outbound", 61, silent, TrunkChange(500, "ok")) == TrunkStatusView("registered", "Reachable")


def test_an_outage_mended_before_it_was_noticed_leaves_no_trace() -> None:
    blink = [TrunkChange(0, "loaded", AT_ONCE), TrunkChange(1000, "provider_dead"), TrunkChange(1010, "ok")]
    assert [sight for _, sight in sightings("outbound", blink, 9999)] == [TrunkStatusView("registered", "Reachable")]


def test_a_stopped_asterisk_makes_everything_unknown_or_unregistered_but_what_is_off() -> None:
    stopped = TrunkChange(0, "asterisk_stopped")
    assert {kind: seen_at(kind, 0, stopped) for kind in ALL_KINDS} == {
        "outbound": TrunkStatusView("UNKNOWN"),
        "inbound": TrunkStatusView("UNREGISTERED"),
        "none": TrunkStatusView("UNKNOWN"),
        "unqualified": TrunkStatusView("UNKNOWN"),
        "iax": TrunkStatusView("UNKNOWN"),
    }
    assert seen_at("outbound", 5, TrunkChange(-10, "disabled"), stopped) == TrunkStatusView("OFF")


def test_after_a_start_of_asterisk_states_appear_and_then_heal() -> None:
    stop, start = TrunkChange(0, "asterisk_stopped"), TrunkChange(72, "asterisk_started")
    assert seen_at("outbound", 1, stop, start) == TrunkStatusView("UNKNOWN")
    assert seen_at("outbound", 10, stop, start) == TrunkStatusView("registered", "NonQualified")
    assert seen_at("outbound", 61, stop, start) == TrunkStatusView("registered", "Reachable")
    assert seen_at("none", 30, stop, start) == TrunkStatusView("UNKNOWN", "NonQualified")
    assert seen_at("none", 41, stop, start) == TrunkStatusView("OK", "Reachable")


def test_a_dead_registrar_passes_through_unregistered_after_a_start() -> None:
    changes = (
        TrunkChange(0, "provider_dead", AT_ONCE),
        TrunkChange(10, "asterisk_stopped"),
        TrunkChange(80, "asterisk_started"),
    )
    assert seen_at("outbound", 10, *changes) == TrunkStatusView("unregistered", "NonQualified")
    assert seen_at("outbound", 31, *changes) == TrunkStatusView("unregistered", "Unreachable")
    assert seen_at("outbound", 41, *changes) == TrunkStatusView("rejected", "Unreachable")


def test_a_new_trunk_is_unregistered_for_some_seconds() -> None:
    seen = sightings("outbound", [TrunkChange(0, "loaded")], 13)
    assert [sight.state for _, sight in seen] == ["UNKNOWN", "unregistered", "registered"]


def test_what_happens_while_asterisk_is_down_shows_when_it_is_back() -> None:
    changes = TrunkChange(0, "asterisk_stopped"), TrunkChange(5, "wrong_password"), TrunkChange(60, "asterisk_started")
    assert seen_at("outbound", 0, *changes[:2]) == TrunkStatusView("UNKNOWN")
    assert seen_at("outbound", 100, *changes) == TrunkStatusView("rejected", "Reachable")


def test_speed_divides_the_delays() -> None:
    assert seen_at("outbound", 7.7, TrunkChange(0, "provider_silent", 10)) == TrunkStatusView("rejected", "Unreachable")


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_settles_at_once_when_asked_to_and_heals_again(kind: Kind, condition: Condition) -> None:
    broken = TrunkChange(0, condition, AT_ONCE)
    assert seen_at(kind, 0, broken) == settled(kind, condition)
    assert seen_at(kind, 0, broken, TrunkChange(9, "ok", AT_ONCE)) == settled(kind, "ok")
    assert seen_at(kind, 400, TrunkChange(0, condition)) == settled(kind, condition)
