"""Times at which the PBX notices a trunk's change, computed without waiting."""

import pytest

from bot.demo.pbx.registration.sightings import sightings
from bot.demo.pbx.registration.sights import AT_ONCE, CONDITIONS, Change, Condition, Kind, Sight, settled

ALL_KINDS: tuple[Kind, ...] = ("outbound", "inbound", "none", "unqualified", "iax")


def seen_at(kind: Kind, seconds: float, *changes: Change) -> Sight:
    """Return the state seen `seconds` after the last change of a trunk that was healthy before."""
    born = Change(-100_000, "loaded", AT_ONCE)
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
    assert seen_at(kind, 0, Change(0, "ok")) == Sight(state, contact)


def test_a_dead_registrar_is_shown_as_rejected_two_minutes_late_and_its_contact_turns_first() -> None:
    died = Change(0, "provider_dead")
    assert seen_at("outbound", 10, died) == Sight("registered", "Reachable")
    assert seen_at("outbound", 60, died) == Sight("registered", "Unreachable")
    assert seen_at("outbound", 128, died) == Sight("rejected", "Unreachable")


def test_a_silent_registrar_is_noticed_after_77_seconds() -> None:
    silent = Change(0, "provider_silent")
    assert seen_at("outbound", 38, silent) == Sight("registered", "Unreachable")
    assert seen_at("outbound", 77, silent) == Sight("rejected", "Unreachable")


def test_a_wrong_password_leaves_the_contact_reachable() -> None:
    assert seen_at("outbound", 110, Change(0, "wrong_password")) == Sight("rejected", "Reachable")


def test_a_corrected_password_is_not_tried_within_150_seconds() -> None:
    wrong = Change(0, "wrong_password", AT_ONCE)
    assert seen_at("outbound", 150, wrong, Change(1000, "ok")).state == "rejected"
    assert seen_at("outbound", 301, wrong, Change(1000, "ok")).state == "registered"


def test_a_dead_ip_trunk_is_unknown_and_never_unreachable() -> None:
    assert seen_at("none", 18, Change(0, "provider_dead")) == Sight("UNKNOWN", "Unreachable")


def test_a_host_that_is_never_asked_is_always_ok() -> None:
    assert seen_at("unqualified", 1000, Change(0, "provider_dead")) == Sight("OK", "NonQualified")


def test_a_provider_that_comes_back_is_registered_before_it_is_reachable() -> None:
    silent = Change(0, "provider_silent", AT_ONCE)
    assert seen_at("outbound", 21, silent, Change(500, "ok")) == Sight("registered", "Unreachable")
    assert seen_at("outbound", 61, silent, Change(500, "ok")) == Sight("registered", "Reachable")


def test_an_outage_mended_before_it_was_noticed_leaves_no_trace() -> None:
    blink = [Change(0, "loaded", AT_ONCE), Change(1000, "provider_dead"), Change(1010, "ok")]
    assert [sight for _, sight in sightings("outbound", blink, 9999)] == [Sight("registered", "Reachable")]


def test_a_stopped_asterisk_makes_everything_unknown_or_unregistered_but_what_is_off() -> None:
    stopped = Change(0, "asterisk_stopped")
    assert {kind: seen_at(kind, 0, stopped) for kind in ALL_KINDS} == {
        "outbound": Sight("UNKNOWN"),
        "inbound": Sight("UNREGISTERED"),
        "none": Sight("UNKNOWN"),
        "unqualified": Sight("UNKNOWN"),
        "iax": Sight("UNKNOWN"),
    }
    assert seen_at("outbound", 5, Change(-10, "disabled"), stopped) == Sight("OFF")


def test_after_a_start_of_asterisk_states_appear_and_then_heal() -> None:
    stop, start = Change(0, "asterisk_stopped"), Change(72, "asterisk_started")
    assert seen_at("outbound", 1, stop, start) == Sight("UNKNOWN")
    assert seen_at("outbound", 10, stop, start) == Sight("registered", "NonQualified")
    assert seen_at("outbound", 61, stop, start) == Sight("registered", "Reachable")
    assert seen_at("none", 30, stop, start) == Sight("UNKNOWN", "NonQualified")
    assert seen_at("none", 41, stop, start) == Sight("OK", "Reachable")


def test_a_dead_registrar_passes_through_unregistered_after_a_start() -> None:
    changes = Change(0, "provider_dead", AT_ONCE), Change(10, "asterisk_stopped"), Change(80, "asterisk_started")
    assert seen_at("outbound", 10, *changes) == Sight("unregistered", "NonQualified")
    assert seen_at("outbound", 31, *changes) == Sight("unregistered", "Unreachable")
    assert seen_at("outbound", 41, *changes) == Sight("rejected", "Unreachable")


def test_a_new_trunk_is_unregistered_for_some_seconds() -> None:
    seen = sightings("outbound", [Change(0, "loaded")], 13)
    assert [sight.state for _, sight in seen] == ["UNKNOWN", "unregistered", "registered"]


def test_what_happens_while_asterisk_is_down_shows_when_it_is_back() -> None:
    changes = Change(0, "asterisk_stopped"), Change(5, "wrong_password"), Change(60, "asterisk_started")
    assert seen_at("outbound", 0, *changes[:2]) == Sight("UNKNOWN")
    assert seen_at("outbound", 100, *changes) == Sight("rejected", "Reachable")


def test_speed_divides_the_delays() -> None:
    assert seen_at("outbound", 7.7, Change(0, "provider_silent", 10)) == Sight("rejected", "Unreachable")


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_settles_at_once_when_told_to_and_heals_again(kind: Kind, condition: Condition) -> None:
    broken = Change(0, condition, AT_ONCE)
    assert seen_at(kind, 0, broken) == settled(kind, condition)
    assert seen_at(kind, 0, broken, Change(9, "ok", AT_ONCE)) == settled(kind, "ok")
    assert seen_at(kind, 400, Change(0, condition)) == settled(kind, condition)
