"""/bind and /unbind: groups and their PBXs."""

import pytest

from bot.access.policy import Grant, Permission
from bot.store.database import Database
from bot.store.stations import bindings
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import DispatcherHarness
from tests.handlers.update_factory import person_of, place_of

ACME, BAKER, CORP = STATIONS = ("acme", "baker", "corp")
ROOT, ALICE, CAROL, MEMBER = 1, 11, 13, 21
ROOM = -700
GRANTS = (
    Grant(ROOT, "admin"),
    Grant(ALICE, "admin", ACME),
    Grant(CAROL, "admin", BAKER),
    Grant(CAROL, "admin", CORP),
)


def _with_everything(harness: DispatcherHarness) -> DispatcherHarness:
    for name in ("bind", "unbind"):
        harness.catalogue.commands[name] = CATALOGUE.commands[name]
    for name in ("chat.ask_bind", "chat.bind", "chat.unbind", "chat.give", "chat.leave_bound"):
        harness.catalogue.buttons[name] = CATALOGUE.buttons[name]
    harness.members.there = {(ROOM, MEMBER)}
    harness.offers("look", Permission.STATUS_READ)
    return harness


@pytest.fixture
def fleet(database: Database) -> DispatcherHarness:
    return _with_everything(DispatcherHarness(database, stations=STATIONS, grants=GRANTS))


@pytest.fixture
def single(database: Database) -> DispatcherHarness:
    return _with_everything(DispatcherHarness(database))


async def bound(harness: DispatcherHarness, chat: int = ROOM) -> dict[str, bool]:
    with harness.database.begin() as session:
        return {one.station: one.alerts for one in bindings.stations_of(session, chat)}


async def agrees(harness: DispatcherHarness, person: int, place: str = "0:0") -> None:
    await harness.presses(harness.chat.keyboards[-1], person, ROOM, place)


def labels(harness: DispatcherHarness) -> list[str]:
    return [button["label"] for row in harness.chat.keyboards[-1].rows for button in row]


def last(harness: DispatcherHarness) -> str:
    return harness.chat.shown[-1].template


async def test_a_group_is_bound_and_everybody_in_it_is_given_a_role_there(fleet: DispatcherHarness) -> None:
    await fleet.types("/bind acme", ALICE, ROOM)
    assert not await bound(fleet)
    await agrees(fleet, ALICE)
    assert await bound(fleet) == {ACME: False}
    assert labels(fleet) == ["viewer", "operator"]
    await agrees(fleet, ALICE)
    given = [grant for grant in (await fleet.book.current()).grants if grant.subject == ROOM]
    assert [(grant.role, grant.station) for grant in given] == [("viewer", ACME)]
    await fleet.types("/look", MEMBER, ROOM)
    assert fleet.done[-1].station.name == ACME
    assert {row.station for row in await fleet.audit()} == {ACME}


@pytest.mark.parametrize("text", ["/bind acme alerts", "/bind alerts acme", "/bind Acme оповещения"])
async def test_with_alerts_it_is_notified_of_outages_and_saying_it_again_changes_that(
    fleet: DispatcherHarness, text: str
) -> None:
    await fleet.types(text, ALICE, ROOM)
    await agrees(fleet, ALICE)
    with fleet.database.begin() as session:
        assert bindings.alert_chats_of(session, ACME) == [ROOM]
    await fleet.types("/bind acme", ALICE, ROOM)
    await agrees(fleet, ALICE)
    assert await bound(fleet) == {ACME: False}


async def test_without_a_name_ones_own_pbxs_are_offered_and_no_others_named(fleet: DispatcherHarness) -> None:
    for station in (ACME, BAKER):
        await fleet.types(f"/bind {station}", ROOT, ROOM)
        await agrees(fleet, ROOT)
    await fleet.types("/bind", CAROL, ROOM)
    assert labels(fleet) == ["Baker", "Corp"]
    facts = fleet.chat.shown[-1].facts
    assert [one["name"] for one in facts["bound"]] == [BAKER]
    assert facts["example"] == BAKER
    assert facts["station"] == ""
    await agrees(fleet, CAROL, "0:1")
    assert (last(fleet), fleet.chat.shown[-1].facts["station"]) == ("bind", CORP)
    await agrees(fleet, CAROL)
    assert await bound(fleet) == {ACME: False, BAKER: False, CORP: False}


async def test_anothers_pbx_is_refused_like_one_that_is_not_there(fleet: DispatcherHarness) -> None:
    typed = ("baker", "nothing", "baker alerts", "Bakr", "bak")
    for words in typed:
        await fleet.types(f"/bind {words}", ALICE, ROOM)
        await fleet.types(f"/unbind {words}", ALICE, ROOM)
    assert [(template, facts) for _, template, facts in fleet.chat.said] == [
        ("no_such_station", {"station": "", "written": words}) for words in typed for _ in range(2)
    ]
    rows = {(row.allowed, row.reason, row.station) for row in await fleet.audit()}
    assert len(rows) == 1
    assert not await bound(fleet)


@pytest.mark.parametrize("text", ["/bind", "/bind acme", "/bind nothing"])
async def test_who_administers_nothing_binds_nothing(fleet: DispatcherHarness, text: str) -> None:
    await fleet.types(text, MEMBER, ROOM)
    assert not fleet.chat.said


async def test_the_question_is_only_for_whom_asked(fleet: DispatcherHarness) -> None:
    await fleet.types("/bind acme", ROOT, ROOM)
    await agrees(fleet, ALICE)
    assert not await bound(fleet)


async def test_with_the_pbx_goes_what_the_group_was_given_there(fleet: DispatcherHarness) -> None:
    for station in (ACME, BAKER):
        await fleet.types(f"/bind {station} alerts", ROOT, ROOM)
        await agrees(fleet, ROOT)
        await agrees(fleet, ROOT)
    await fleet.types("/unbind acme", ALICE, ROOM)
    assert fleet.chat.shown[-1].facts["roles"] == ["viewer"]
    changed = fleet.menus_changed
    await agrees(fleet, ALICE)
    assert await bound(fleet) == {BAKER: True}
    assert [g.station for g in (await fleet.book.current()).grants if g.subject == ROOM] == [BAKER]
    assert fleet.menus_changed == changed + 1
    await fleet.types("/look acme", MEMBER, ROOM)
    assert fleet.done[-1].station.name == BAKER


async def test_four_eyes_bind_where_they_give_access(database: Database) -> None:
    grants = (*GRANTS, Grant(12, "admin", ACME))
    harness = DispatcherHarness(
        database, stations=STATIONS, grants=grants, two_person=frozenset({Permission.ACCESS_GRANT})
    )
    fleet = _with_everything(harness)
    await fleet.types("/bind acme", ALICE, ROOM)
    await agrees(fleet, ALICE)
    assert not await bound(fleet)
    await agrees(fleet, CAROL)
    assert not await bound(fleet)
    await agrees(fleet, 12)
    assert await bound(fleet) == {ACME: False}


async def test_with_one_pbx_a_group_is_let_in_on_its_alerts(single: DispatcherHarness) -> None:
    await single.types("/bind alerts", ROOT, ROOM)
    await agrees(single, ROOT)
    assert list((await bound(single)).values()) == [True]
    await single.types("/bind elsewhere", ROOT, ROOM)
    assert last(single) == "wrong_arguments"
    await single.types("/unbind", ROOT, ROOM)
    await agrees(single, ROOT)
    assert not await bound(single)


async def test_in_private_it_says_that_it_belongs_in_a_group(single: DispatcherHarness) -> None:
    for command in ("/bind", "/bind alerts", "/unbind"):
        await single.types(command, ROOT, ROOT)
        assert single.chat.said[-1][1] == "only_in_a_group"


async def test_who_brings_the_bot_along_reads_only_of_their_own_pbxs(fleet: DispatcherHarness) -> None:
    bot = {"id": 7, "is_bot": True, "first_name": "Bot"}
    change = {
        "chat": place_of(ROOM),
        "from": person_of(CAROL),
        "date": 0,
        "old_chat_member": {"status": "left", "user": bot},
        "new_chat_member": {"status": "member", "user": bot},
    }
    await fleet.takes({"my_chat_member": change})
    assert last(fleet) == "group_hello_many"
    assert {key: fleet.chat.shown[-1].facts[key] for key in ("count", "example")} == {"count": 2, "example": BAKER}
