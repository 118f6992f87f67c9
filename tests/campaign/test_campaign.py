"""Short fault campaign of fifty kills; `make campaign` plays the long one."""

import os
from pathlib import Path

import pytest

from tests.campaign.rounds import KILLS_IN_A_ROUND, Tally, played

SEED = int(os.environ.get("CAMPAIGN_SEED", "1"))


@pytest.mark.long
@pytest.mark.parametrize("round_", [0, 1])
def test_whatever_is_killed_when_nothing_is_lost_and_nothing_said_twice_without_saying_so(
    round_: int, tmp_path: Path
) -> None:
    tally = Tally()
    assert tally.add(played(SEED * 1000 + round_, KILLS_IN_A_ROUND, tmp_path)) == []
    assert tally.kills >= KILLS_IN_A_ROUND - 3
