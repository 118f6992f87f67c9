"""Every trace is heard as it is written down. `python -m tests.scenarios` prints them as a table."""

import pytest

from bot.store.database import Store
from tests.examples import PROFILE
from tests.scenarios.language import Scenario, scenarios
from tests.scenarios.play import play

ALL = scenarios()
# Every second one, but in CI.
PLAYED = ALL if PROFILE == "ci" else ALL[::2]


@pytest.mark.parametrize("scenario", PLAYED, ids=[f"{one.file}: {one.title}" for one in PLAYED])
async def test_what_was_heard_is_what_was_written_down(scenario: Scenario, store: Store) -> None:
    played = await play(scenario, store)
    story = "\n".join(played.story)
    wrong = [*played.missed, *played.false, *played.wrong]
    assert not wrong, f"{wrong}\n{story}"
    assert played.causes_right == played.causes, story


def test_there_are_enough_of_them_and_every_one_has_its_own_name() -> None:
    assert len({one.title for one in ALL}) == len(ALL) >= 40
