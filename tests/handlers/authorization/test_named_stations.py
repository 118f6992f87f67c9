"""A PBX named by a part of its name or with a typing error; nobody learns of one that they have no access to."""

import pytest

from bot.access.policy import EVERY_STATION, Grant, Permission
from bot.store.database import Database
from bot.store.stations import bindings
from handlers import CATALOGUE
from handlers.dispatch.declare import StationScope
from handlers.parsing.station_names import OwnWords
from tests.handlers.dispatcher_harness import DispatcherHarness
from tests.handlers.update_factory import NOW

NORTH, SOUTH, OFFICE = STATIONS = ("north-branch", "south-branch", "office")
ROOT, EVE, MEMBER = 1, 11, 21
GROUP = -101
GRANTS = (Grant(ROOT, "admin"), Grant(EVE, "admin", OFFICE), Grant(EVE, "viewer", NORTH), Grant(GROUP, "viewer", NORTH))


@pytest.fixture
async def fleet(database: Database) -> DispatcherHarness:
    harness = DispatcherHarness(database, stations=STATIONS, grants=GRANTS)
    harness.members.there = {(GROUP, MEMBER)}
    harness.offers("look", Permission.STATUS_READ)
    harness.offers("about", Permission.INCIDENTS_READ)
    harness.offers("change", Permission.TRUNKS_WRITE, own_words=OwnWords.ANYWHERE)
    harness.offers("quiet", Permission.INCIDENTS_READ, usage="")
    harness.offers("tie", Permission.ACCESS_GRANT, scope=StationScope.NAMED)
    harness.catalogue.buttons["station.choose"] = CATALOGUE.buttons["station.choose"]
    with database.begin() as session:
        for station in STATIONS:
            bindings.bind(session, chat_id=GROUP, station=station, alerts=False, by_id=1, by_name="R", now=NOW)
    return harness


def done(fleet: DispatcherHarness) -> list[tuple[str, str]]:
    return [(request.station.name, request.arguments) for request in fleet.done]


@pytest.mark.parametrize(
    "text", ["202 south", "South Branch 202", "202 sout-branch", "202 ЮЫЩГЕР-ИКФТСР".replace("Ю", ""), "south 202"]
)
async def test_the_only_one_that_fits_is_meant_and_remembered(fleet: DispatcherHarness, text: str) -> None:
    await fleet.types(f"/look {text}", ROOT, ROOT)
    await fleet.types("/look", ROOT, ROOT)
    assert done(fleet) == [(SOUTH, "202"), (SOUTH, "")]


async def test_of_several_one_is_asked_for_with_the_words_kept(fleet: DispatcherHarness) -> None:
    await fleet.types("/look office", ROOT, ROOT)
    await fleet.types("/look 202 brnch", ROOT, ROOT)
    _, template, facts = fleet.chat.said[-1]
    assert (template, facts["written"], facts["arguments"]) == ("which_station", "brnch", "202")
    (shown,) = fleet.chat.keyboards
    assert [button["label"] for row in shown.rows for button in row] == ["North-Branch", "South-Branch"]
    await fleet.presses(shown, ROOT, ROOT, "0:1")
    assert done(fleet) == [(OFFICE, ""), (SOUTH, "202")]


async def test_a_word_that_fits_none_reaches_the_command(fleet: DispatcherHarness) -> None:
    await fleet.types("/look office", ROOT, ROOT)
    await fleet.types("/look qwxyz", ROOT, ROOT)
    assert done(fleet)[-1] == (OFFICE, "qwxyz")


async def test_words_behind_a_command_that_takes_none_are_named(fleet: DispatcherHarness) -> None:
    await fleet.types("/quiet offce", ROOT, ROOT)
    await fleet.types("/quiet qwxyz", ROOT, ROOT)
    assert done(fleet) == [(OFFICE, "")]
    _, template, facts = fleet.chat.said[-1]
    assert (template, facts["written"]) == ("wrong_arguments", "qwxyz")


async def test_the_word_for_all_of_them_may_be_misspelled_too(fleet: DispatcherHarness) -> None:
    await fleet.types("/about fleat", ROOT, ROOT)
    await fleet.types("/about fleat", EVE, EVE)
    assert done(fleet) == [(EVERY_STATION, "")]


async def test_a_new_name_is_no_pbx(fleet: DispatcherHarness) -> None:
    await fleet.types("/look office", ROOT, ROOT)
    await fleet.types("/change South Trunk", ROOT, ROOT)
    assert done(fleet)[-1] == (OFFICE, "South Trunk")


@pytest.mark.parametrize("words", ["south", "South Branch", "sout-branch", "ыщгер", "brnch", "branch", "fleat"])
async def test_another_pbx_is_like_one_that_is_not_there(fleet: DispatcherHarness, words: str) -> None:
    """Who may see NORTH and OFFICE learns nothing of SOUTH, in private or in the group, from any of its spellings."""
    await fleet.types("/look office", EVE, EVE)
    await fleet.types(f"/look {words}", EVE, EVE)
    await fleet.types(f"/look {words}", MEMBER, GROUP)
    assert SOUTH not in [station for station, _ in done(fleet)]
    assert len(done(fleet)) == 3
    assert not [kept for kept in fleet.chat.keyboards if "South" in str(kept.rows)]
    assert all(row.allowed for row in await fleet.audit())


async def test_a_pbx_without_the_right_for_the_command_is_not_meant(fleet: DispatcherHarness) -> None:
    await fleet.types("/look office", EVE, EVE)
    await fleet.types("/change north branch", EVE, EVE)
    assert done(fleet)[-1] == (OFFICE, "north branch")


async def test_where_one_has_to_be_named_several_are_asked_about(fleet: DispatcherHarness) -> None:
    await fleet.types("/tie brnch", ROOT, GROUP)
    assert (fleet.chat.said[-1][1], done(fleet)) == ("which_station", [])
    await fleet.types("/tie offce", ROOT, GROUP)
    await fleet.types("/tie north", EVE, GROUP)
    assert done(fleet)[0] == (OFFICE, "")
    assert (done(fleet)[1][1], fleet.done[1].named) == ("north", False)


@pytest.mark.parametrize(("command", "edited"), [("look", []), ("change", ["station_chosen"])])
async def test_the_question_of_a_change_has_no_buttons_once_it_is_answered(
    fleet: DispatcherHarness, command: str, edited: list[str]
) -> None:
    """They would be refused; those of a reading command go on to work."""
    await fleet.types(f"/{command} 202", ROOT, ROOT)
    await fleet.presses(fleet.chat.keyboards[-1], ROOT, ROOT)
    assert done(fleet) == [(NORTH, "202")]
    assert fleet.chat.edited == edited
