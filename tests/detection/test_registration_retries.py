"""End of the PBX's registration retries: in the alert when it is near, warned of once before, moved with the cause."""

from datetime import timedelta

import pytest

from bot.detection.trunk_cause import WARN_BEFORE, retries_end_at
from bot.detection.trunk_health import Cause
from bot.incidents.silence_store import SilenceRequest
from bot.store.database import Database
from tests.incident_harness.pbx import ANNA, GROUP, STATION, IncidentHarness
from tests.incident_harness.phones import DeliveredMessage
from tests.incident_harness.station import DEAD, REFUSED, START, UP

UNANSWERED, REFUSING = timedelta(hours=2, minutes=30), timedelta(hours=16, minutes=40)


@pytest.mark.parametrize(
    ("type_", "state", "cause", "after"),
    [
        ("sip", "rejected", Cause.NO_ANSWER, UNANSWERED),
        ("sip", "unregistered", Cause.UNKNOWN, UNANSWERED),
        ("sip", "rejected", Cause.OWN_INTERNET, UNANSWERED),
        ("sip", " Rejected ", Cause.CREDENTIALS_REFUSED, REFUSING),
        ("iax", "rejected", Cause.NO_ANSWER, None),
        ("sip", "UNREGISTERED", Cause.UNKNOWN, None),
        ("sip", "unreachable", Cause.NO_ANSWER, None),
        ("sip", "UNKNOWN", Cause.NO_ANSWER, None),
        ("sip", "registered", Cause.UNKNOWN, None),
    ],
)
def test_only_what_registers_itself_is_given_up(type_: str, state: str, cause: Cause, after: timedelta | None) -> None:
    assert retries_end_at(type_, state, cause, START) == (START + after if after else None)


@pytest.fixture
async def harness(database: Database) -> IncidentHarness:
    harness = IncidentHarness(database)
    for trunk in ("zadarma", "mango"):
        harness.pbx.shows(trunk, UP, START - timedelta(days=1))
    await harness.opens()
    await harness.pass_(60)
    return harness


async def goes_down_and_is_taken(harness: IncidentHarness) -> None:
    harness.pbx.shows("zadarma", DEAD)
    await harness.pass_(60)
    await harness.incident_manager.acknowledge(1, ANNA, "Anna", harness.clock.now)
    await harness.pass_(1)


def loud_since(harness: IncidentHarness, moment: timedelta) -> list[DeliveredMessage]:
    return [one for one in harness.heard if one.chat == ANNA and one.loud and one.at >= START + moment]


async def test_shortly_before_it_gives_up_whoever_took_it_is_warned_once_and_can_register_anew(
    harness: IncidentHarness,
) -> None:
    await goes_down_and_is_taken(harness)
    await harness.pass_((UNANSWERED + timedelta(hours=3)).total_seconds(), every=60)
    (warning,) = loud_since(harness, timedelta(minutes=10))
    gives_up = START + timedelta(minutes=1) + UNANSWERED
    assert timedelta(0) <= warning.at - (gives_up - WARN_BEFORE) <= timedelta(minutes=1)
    assert "⏳ About 17:31 Asterisk gives up trying; then it stays down even if the provider recovers." in warning.text


async def test_another_cause_moves_the_end(harness: IncidentHarness) -> None:
    await goes_down_and_is_taken(harness)
    harness.pbx.shows("zadarma", REFUSED)
    await harness.pass_(4 * 3600, every=60)
    assert not loud_since(harness, timedelta(minutes=10))
    (incident,) = await harness.incidents()
    assert incident.warn_at == START + timedelta(minutes=1) + REFUSING - WARN_BEFORE


async def test_what_is_back_before_needs_no_warning(harness: IncidentHarness) -> None:
    await goes_down_and_is_taken(harness)
    await harness.pass_(3600, every=60)
    harness.pbx.shows("zadarma", UP)
    await harness.pass_(3 * 3600, every=60)
    assert not [one for one in loud_since(harness, timedelta(minutes=70)) if one.template == "alert"]


async def test_what_is_muted_is_not_warned_of(harness: IncidentHarness) -> None:
    await goes_down_and_is_taken(harness)
    wish = SilenceRequest(STATION, "zadarma", "Zadarma", ANNA, "Anna", "known")
    await harness.silences.mute(wish, harness.clock.now, harness.clock.now + timedelta(hours=6))
    await harness.incident_manager.reconsider(harness.clock.now)
    await harness.pass_(4 * 3600, every=60)
    assert not loud_since(harness, timedelta(minutes=10))


async def test_a_trunk_found_down_near_its_end_says_so_at_once(harness: IncidentHarness) -> None:
    harness.pbx.shows("sipgate", DEAD, since=harness.clock.now - UNANSWERED + timedelta(minutes=10))
    await harness.pass_(120)
    alert = next(one for one in harness.heard if one.chat == GROUP)
    assert "⏳" in alert.text
    (incident,) = await harness.incidents()
    assert incident.warn_at is None
