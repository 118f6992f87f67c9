"""Health of a trunk from the PBX's states, in every dialect and in the fallback list."""

import json
from datetime import UTC
from typing import Any

import pytest

from bot.detection.missed_outages import outages_within
from bot.detection.observation import from_answer, healths_of, suggests_asterisk_down
from bot.detection.trunk_health import Cause, Health, cause_of, health_of, health_of_word
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.messages.renderer import Renderer
from bot.messages.sanitize import plain
from bot.pbx import Answer, Dialect, TrunkEvent, TrunkStatus, dialect_of
from handlers.trunks.facts import trunk_facts
from tests.fixtures.paths import RECORDINGS
from tests.incident_harness.station import START


def trunk(state: str, contact: str | None = None, **more: str) -> TrunkStatus:
    return TrunkStatus.model_validate({"id": "SIP-1", "type": "sip", "state": state, "contactStatus": contact} | more)


@pytest.mark.parametrize("answers", ["Reachable", "Avail", "reachable"])
def test_registered_and_answering_it_is_up(answers: str) -> None:
    assert health_of(trunk("registered", answers)) is Health.UP
    assert health_of(trunk("REGISTERED", answers)) is Health.UP
    assert cause_of(trunk("rejected", answers)) is Cause.CREDENTIALS_REFUSED


@pytest.mark.parametrize("silent", ["Unreachable", "Unavail", "UNAVAIL"])
def test_registered_and_silent_is_half_an_outage_whatever_the_word_of_the_state(silent: str) -> None:
    april = trunk("registered", silent)
    newest = trunk("unreachable", silent, degradedReason="registered_but_unreachable")
    assert health_of(april) is health_of(newest) is Health.PARTIAL
    assert cause_of(april) is cause_of(newest) is Cause.NO_ANSWER


def test_a_provider_that_registers_here_keeps_its_calls_in_and_is_no_half_outage() -> None:
    assert health_of(trunk("REGISTERED", "Unreachable")) is Health.DEGRADED


@pytest.mark.parametrize("contact", ["NonQualified", "NonQual", None])
def test_a_trunk_that_is_not_probed_is_up_while_it_is_registered(contact: str | None) -> None:
    assert health_of(trunk("registered", contact)) is Health.UP


@pytest.mark.parametrize(
    ("state", "contact", "health"),
    [
        ("unreachable", "Unreachable", Health.DOWN),
        ("rejected", "Unreachable", Health.DOWN),
        ("unregistered", None, Health.DOWN),
        ("UNREGISTERED", None, Health.DOWN),
        ("UNKNOWN", "Unreachable", Health.DOWN),
        ("UNKNOWN", "Unavail", Health.DOWN),
        ("UNKNOWN", None, Health.UNKNOWN),
        ("", None, Health.UNKNOWN),
        ("moonwalking", "Reachable", Health.UNKNOWN),
        ("OFF", None, Health.OFF),
        ("lagged", "Reachable", Health.DEGRADED),
    ],
)
def test_the_other_words(state: str, contact: str | None, health: Health) -> None:
    assert health_of(trunk(state, contact)) is health


@pytest.mark.parametrize(
    ("state", "registration", "health"),
    [
        # Listed only.
        ("", "outbound", Health.UNWATCHED),
        # Asterisk reports OK, the PBX reports this state for ever.
        ("unregistered", "none", Health.UNWATCHED),
        ("unregistered", "inbound", Health.UNWATCHED),
        # Where a release reports the state, it is used.
        ("unregistered", "outbound", Health.DOWN),
        ("registered", "none", Health.UP),
        ("unreachable", "none", Health.DOWN),
    ],
)
def test_iax_is_believed_only_where_its_word_says_something(state: str, registration: str, health: Health) -> None:
    assert health_of(trunk(state, id="IAX-1", type="iax"), registration) is health


def test_unreachable_in_the_history_of_a_sip_trunk_is_half_an_outage() -> None:
    assert health_of_word("unreachable") is Health.PARTIAL
    assert health_of_word("unreachable", iax=True) is Health.DOWN
    assert health_of_word("rejected") is Health.DOWN


@pytest.mark.parametrize(
    ("shown", "dialect"),
    [
        (trunk("registered", "Reachable", stateColor="green"), None),
        (trunk("OFF", stateColor="grey"), None),
        (trunk("rejected", "Unreachable", stateColor="grey"), Dialect.EARLIER),
        (trunk("rejected", "Unreachable", stateColor="red"), Dialect.FROM_2026_3_40),
        (trunk("unreachable", "Unreachable", degradedReason="registered_but_unreachable"), Dialect.FROM_2026_3_40),
        (trunk("rejected", "Unreachable", stateColor="mauve"), None),
    ],
)
def test_which_mikopbx_it_is_shows_in_its_colours_and_reasons(shown: TrunkStatus, dialect: Dialect | None) -> None:
    assert dialect_of([trunk("registered", "Reachable"), shown]) is dialect


def recorded(name: str) -> Any:
    [file] = RECORDINGS.glob(f"{name}_*.json")
    return json.loads(file.read_text())["response"]["body"]["data"]


def trunks_of(name: str) -> dict[str, TrunkStatus]:
    data = recorded(name)
    rows = [row for group in data.values() if isinstance(group, dict) for row in group.values()]
    return {row["description"]: TrunkStatus.model_validate(row) for row in rows}


RECORDED = {
    "new_001": ("registered and reachable", {"Zadarma": Health.UP, "Branch inbound": Health.UP, "IP peer": Health.UP}),
    "new_036": (
        "OPTIONS dropped on the way",
        {"Zadarma": Health.PARTIAL, "Mango Office": Health.PARTIAL, "Branch inbound": Health.DEGRADED},
    ),
    "new_055": ("cut off", {"Zadarma": Health.DOWN, "Mango Office": Health.DOWN, "IP peer": Health.DOWN}),
    "new_109": ("Asterisk stopped", {"Zadarma": Health.UNKNOWN, "Branch inbound": Health.DOWN}),
}


@pytest.mark.parametrize("name", RECORDED)
def test_what_a_newer_mikopbx_was_recorded_to_say_is_understood_and_said_in_both_languages(name: str) -> None:
    trunks = trunks_of(name)
    expected = RECORDED[name][1]
    assert {one: health_of(trunks[one], "outbound") for one in expected} == expected
    for language in ("en", "ru"):
        for one in trunks.values():
            facts = trunk_facts(one) | {"station": "Head office", "now": START, "engine_is_silent": False}
            first, second, *_ = plain(Renderer(language).text("status_trunk", facts, zone=UTC, now=START)).splitlines()
            assert one.name in first
            assert second


def test_a_stopped_asterisk_is_distinguished_from_its_trunks_also_with_iax_trunks_among_them() -> None:
    assert any(one.is_iax for one in trunks_of("new_109").values())
    assert suggests_asterisk_down(Answer(trunks_of("new_109")))
    assert not suggests_asterisk_down(Answer(trunks_of("new_055")))


def dialect_in(name: str) -> Dialect | None:
    trunks = trunks_of(name)
    return from_answer(Answer(trunks), START, healths_of(trunks, UnreportedTrunks())).dialect


def test_the_dialect_shows_in_the_recordings() -> None:
    assert dialect_in("new_036") is Dialect.FROM_2026_3_40
    assert dialect_in("new_001") is None
    assert dialect_in("new_055") is Dialect.FROM_2026_3_40


def test_half_an_outage_in_the_history_of_a_newer_mikopbx_is_no_outage_and_its_first_minute_if_it_was_one() -> None:
    events = [TrunkEvent.model_validate(row) for row in recorded("new_056")["events"]]
    at = {event.at: event.state for event in events if event.at}
    begin, end = min(at), max(at).replace(microsecond=1)
    found = outages_within(events, begin, end, trunk="SIP-1", name="Mango Office")
    rejected, unreachable = max(at), max(moment for moment, state in at.items() if state == "unreachable")
    assert at[rejected] == "rejected"
    assert found[-1].down_from == unreachable
