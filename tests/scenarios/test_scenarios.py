"""Play every scenario and compare its notifications. `python -m tests.scenarios` prints them as a table."""

import pytest

from bot.pbx import Dialect
from bot.store.database import Database
from tests.fixtures.examples import PROFILE
from tests.scenarios.language import Scenario, scenarios
from tests.scenarios.play import play

ALL = scenarios()
IN_BOTH = [(scenario, dialect) for scenario in ALL for dialect in Dialect]
# Outside of CI every fifth pair: two of five scenarios, in alternating dialects.
PLAYED = IN_BOTH if PROFILE == "ci" else IN_BOTH[::5]


@pytest.mark.parametrize(
    ("scenario", "dialect"), PLAYED, ids=[f"{dialect} {one.file}: {one.title}" for one, dialect in PLAYED]
)
async def test_what_was_received_is_what_was_written_down(
    scenario: Scenario, dialect: Dialect, database: Database
) -> None:
    played = await play(scenario, database, dialect)
    story = "\n".join(played.story)
    wrong = [*played.missed, *played.false, *played.wrong]
    assert not wrong, f"{wrong}\n{story}"
    assert played.causes_right == played.causes, story


def test_there_are_enough_of_them_and_every_one_has_its_own_name() -> None:
    assert len({one.title for one in ALL}) == len(ALL) >= 40
