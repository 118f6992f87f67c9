"""States are read as they were written, by a newer version too."""

from datetime import UTC, datetime

import pytest

from bot.detection import trunk_state
from bot.detection.trunk_health import Cause, Health
from bot.detection.trunk_state import TrunkState
from bot.incidents.model import Kind

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


def memory(alarm: Kind | None) -> TrunkState:
    return TrunkState(
        name="Zadarma",
        host="sip.zadarma.com",
        type="sip",
        state="Unregistered",
        health=Health.DOWN,
        cause=Cause.NO_ANSWER,
        since=NOW,
        looks=2,
        measured_at=NOW,
        alarm=alarm,
    )


@pytest.mark.parametrize("alarm", [None, *Kind])
def test_a_state_is_read_as_it_was_written(alarm: Kind | None) -> None:
    assert trunk_state.read(trunk_state.written(memory(alarm))) == memory(alarm)


def test_an_incident_of_a_kind_that_is_not_known_ends_as_an_outage_of_the_trunk_does() -> None:
    state = trunk_state.written(memory(Kind.TRUNK_FLAPPING))
    assert trunk_state.read(state | {"alarm": "trunk_smokes"}) == memory(Kind.TRUNK_DOWN)
