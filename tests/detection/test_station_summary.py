"""Which faults count as cut off from the network."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.detection.observation import StationFault
from bot.detection.station_machine import StationState
from bot.detection.station_summary import summarize_station

NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fault", "is_cut_off"),
    [
        (StationFault.NO_SUCH_HOST, True),
        (StationFault.CONNECT_TIMED_OUT, True),
        (StationFault.NO_ROUTE, True),
        (StationFault.UNREACHABLE, True),
        (StationFault.REFUSES_CONNECTION, False),
        (StationFault.OTHER_FINGERPRINT, False),
        (StationFault.PLAIN_HTTP_PORT, False),
    ],
)
def test_a_host_that_answers_is_not_cut_off(fault: StationFault, is_cut_off: bool) -> None:
    hold = timedelta(seconds=30)
    summary = summarize_station("acme", StationState(trouble=fault, since=NOW), (), hold, hold, NOW, has_polled=True)
    assert (summary.cut_off is not None) == is_cut_off
