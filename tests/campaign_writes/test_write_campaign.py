"""Short write campaign; `make write-campaign` plays the long one."""

import pytest

from tests.campaign_writes.campaign import campaign


@pytest.mark.long
def test_killed_while_it_writes_nobody_is_missing_or_twice_and_everybody_is_notified() -> None:
    result = campaign(12, seed=7)
    assert result.wrong == []
    assert result.kills.total() == 12
    assert result.wanted == result.created == result.told
