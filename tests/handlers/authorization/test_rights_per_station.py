"""Permissions per station of several PBXs, for anything typed, pressed or answered, in any chat."""

import asyncio
import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.policy import BUILT_IN, EVERY_STATION, OPERATOR, Grant, Permission
from bot.messages.message import Message
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from bot.store.stations import bindings
from bot.store.tables.messages import Keyboard
from handlers import CATALOGUE
from handlers.dispatch.declare import StationScope
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.request import Question, Reply, Request
from tests.fixtures import stores
from tests.fixtures.examples import examples
from tests.handlers.dispatcher_harness import SAM, DispatcherHarness
from tests.handlers.update_factory import NOW

ACME, BAKER, CORP = STATIONS = ("acme", "baker", "corp")
ROOT, ALICE, BOB, CAROL, MEMBER = 1, 11, 12, 13, 21
AT_ACME, SHARED, UNBOUND = -101, -102, -103
# Root administers all, Alice only Acme, Bob views Baker, Carol administers Baker and Corp.
GRANTS = (
    Grant(ROOT, "admin"),
    Grant(ALICE, "admin", ACME),
    Grant(BOB, "viewer", BAKER),
    Grant(CAROL, "admin", BAKER),
    Grant(CAROL, "admin", CORP),
    Grant(AT_ACME, "operator", ACME),
    Grant(SHARED, "viewer", ACME),
    Grant(SHARED, "viewer", BAKER),
)


@pytest.fixture
async def fleet(database: Database) -> DispatcherHarness:
    harness = DispatcherHarness(database, stations=STATIONS, grants=GRANTS)
    harness.members.there = {(AT_ACME, MEMBER), (SHARED, MEMBER)}
    harness.offers("look", Permission.STATUS_READ)
    harness.offers("about", Permission.INCIDENTS_READ)
    harness.offers("change", Permission.TRUNKS_WRITE)
    harness.offers("all", Permission.STATUS_READ, scope=StationScope.ALL)
    harness.on_press("look.again", Permission.STATUS_READ, Reply())
    harness.on_press("thing.do", Permission.TRUNKS_WRITE, Reply())
    harness.catalogue.buttons["station.choose"] = CATALOGUE.buttons["station.choose"]
    with database.begin() as session:
        for chat, station in ((AT_ACME, ACME), (SHARED, ACME), (SHARED, BAKER)):
            bindings.bind(session, chat_id=chat, station=station, alerts=False, by_id=1, by_name="R", now=NOW)
    return harness


def at(harness: DispatcherHarness) -> list[str]:
    """Return the stations that handlers received, in order."""
    return [request.station.name for request in harness.done]


def last(harness: DispatcherHarness) -> str | None:
    return harness.chat.said[-1][1] if harness.chat.said else None


async def keyboard(harness: DispatcherHarness, chat: int, action: str, about: str, **data: object) -> Keyboard:
    made = new_keyboard(chat, [[{"label": "x", "action": action, "data": data}]], now=harness.now, station=about)
    made.said = {"template": "broken", "facts": {}}
    with harness.database.begin() as session:
        session.add(made)
    return made


async def test_a_chat_that_is_bound_to_one_speaks_of_that_one(fleet: DispatcherHarness) -> None:
    await fleet.types("/look", MEMBER, AT_ACME)
    await fleet.types("/look", ROOT, AT_ACME)
    assert at(fleet) == [ACME, ACME]
    assert [row.station for row in await fleet.audit()] == [ACME, ACME]


@pytest.mark.parametrize("text", ["/look baker", "/look baker 202", "/look 202 baker"])
async def test_a_customers_chat_cannot_name_another_customers_pbx(fleet: DispatcherHarness, text: str) -> None:
    """The name is an ordinary word there."""
    for person in (MEMBER, ALICE, ROOT):
        await fleet.types(text, person, AT_ACME)
    await fleet.types(text, ALICE, ALICE)
    assert at(fleet) == [ACME] * 4
    assert {request.arguments for request in fleet.done} == {text.removeprefix("/look ")}


@pytest.mark.parametrize("text", ["/look Baker 202", "/look 202 BAKER", "/look 202 baker"])
async def test_the_name_stands_first_or_last_in_any_case(fleet: DispatcherHarness, text: str) -> None:
    await fleet.types(text, MEMBER, SHARED)
    assert (at(fleet), fleet.done[0].arguments) == ([BAKER], "202")


async def test_who_speaks_of_several_is_asked_and_the_choice_is_remembered(fleet: DispatcherHarness) -> None:
    await fleet.types("/look 202", MEMBER, SHARED)
    assert (at(fleet), last(fleet)) == ([], "which_station")
    (shown,) = fleet.chat.keyboards
    assert [button["label"] for button in shown.rows[0]] == ["Acme", "Baker"]
    await fleet.presses(shown, MEMBER, SHARED, "0:1")
    await fleet.types("/about", MEMBER, SHARED)
    assert at(fleet) == [BAKER, BAKER]
    assert fleet.done[0].arguments == "202"
    await fleet.types("/about", ROOT, SHARED)
    assert last(fleet) == "which_station"


async def test_who_may_do_it_at_one_of_them_is_not_asked_which(fleet: DispatcherHarness) -> None:
    await fleet.types("/change", ALICE, SHARED)
    assert fleet.chat.keyboards == []
    assert at(fleet) == [ACME]


async def test_a_choice_that_is_no_choice_any_more_is_forgotten(fleet: DispatcherHarness) -> None:
    await fleet.types("/look baker", MEMBER, SHARED)
    with fleet.database.begin() as session:
        bindings.unbind(session, chat_id=SHARED, station=BAKER)
    await fleet.types("/look", MEMBER, SHARED)
    assert at(fleet) == [BAKER, ACME]


async def test_in_private_the_persons_own_pbxs_are_meant(fleet: DispatcherHarness) -> None:
    await fleet.types("/look", BOB, BOB)
    await fleet.types("/look", CAROL, CAROL)
    await fleet.types("/look corp", CAROL, CAROL)
    await fleet.types("/look acme", CAROL, CAROL)
    assert at(fleet) == [BAKER, CORP, CORP]
    assert fleet.done[-1].arguments == "acme"


async def test_the_word_for_the_whole_fleet_is_theirs_who_speak_of_all(fleet: DispatcherHarness) -> None:
    await fleet.types("/about fleet", ROOT, ROOT)
    await fleet.types("/about fleet", BOB, BOB)
    assert at(fleet) == [EVERY_STATION, BAKER]


async def test_a_pbx_is_to_be_named_for_what_the_pbx_itself_is_asked(fleet: DispatcherHarness) -> None:
    await fleet.types("/look fleet", ROOT, ROOT)
    assert (at(fleet), last(fleet)) == ([], "which_station")


async def test_a_chat_that_is_bound_to_nothing_says_so_to_whom_it_knows(fleet: DispatcherHarness) -> None:
    await fleet.types("/look", ROOT, UNBOUND)
    assert (at(fleet), last(fleet)) == ([], "not_bound")


@pytest.mark.parametrize("chat", [AT_ACME, SHARED, UNBOUND])
@pytest.mark.parametrize("text", ["/look", "/look acme", "/change baker", "/all", "/nothing"])
async def test_strangers_hear_nothing(fleet: DispatcherHarness, chat: int, text: str) -> None:
    await fleet.types(text, SAM, chat)
    assert not fleet.chat.said
    assert not fleet.done


async def test_somebody_of_another_pbx_is_a_stranger_in_a_customers_chat(fleet: DispatcherHarness) -> None:
    await fleet.types("/look", BOB, AT_ACME)
    await fleet.types("/look baker", BOB, AT_ACME)
    assert not fleet.chat.said
    assert not fleet.done


async def test_a_button_is_about_the_pbx_it_was_made_for(fleet: DispatcherHarness) -> None:
    made = await keyboard(fleet, SHARED, "thing.do", BAKER)
    await fleet.presses(made, ALICE, SHARED)
    assert not fleet.done
    await fleet.presses(made, CAROL, SHARED)
    assert at(fleet) == [BAKER]
    assert [(row.station, row.allowed) for row in await fleet.audit()] == [(BAKER, False), (BAKER, True)]


async def test_choosing_a_pbx_with_a_button_gives_no_right_to_it(fleet: DispatcherHarness) -> None:
    """The button was offered to a person with the permission."""
    data = {"command": "change", "arguments": "", "station": BAKER}
    made = await keyboard(fleet, SHARED, "station.choose", ACME, **data)
    for person in (ALICE, MEMBER, SAM):
        await fleet.presses(made, person, SHARED)
    assert not fleet.done
    private = await keyboard(fleet, ALICE, "station.choose", ACME, **data)
    await fleet.presses(private, ALICE, ALICE)
    assert not fleet.done


async def test_buttons_of_a_pbx_that_is_gone_do_nothing(fleet: DispatcherHarness) -> None:
    made = await keyboard(fleet, ROOT, "thing.do", BAKER)
    del fleet.running[BAKER]
    await fleet.presses(made, ROOT, ROOT)
    assert not fleet.done
    await fleet.types("/look baker", CAROL, CAROL)
    assert at(fleet) == [CORP]


async def test_an_answer_is_about_the_pbx_of_its_question(fleet: DispatcherHarness) -> None:
    fleet.on_answer("thing.name", Permission.TRUNKS_WRITE, Reply())
    fleet.offers("begin", Permission.TRUNKS_WRITE, Reply(Message("broken"), question=Question("thing.name")))
    await fleet.types("/begin baker", CAROL, CAROL)
    await fleet.types("/look corp", CAROL, CAROL)
    await fleet.says("Trunk", CAROL, CAROL)
    assert at(fleet) == [BAKER, CORP, BAKER]


async def test_the_second_person_needs_the_right_at_that_pbx(database: Database) -> None:
    grants = (*GRANTS, Grant(ALICE, "viewer", BAKER), Grant(14, "admin", BAKER))
    fleet = DispatcherHarness(
        database, stations=STATIONS, grants=grants, two_person=frozenset({Permission.TRUNKS_WRITE})
    )
    rule_of = CATALOGUE.buttons["trunk.create"].rule
    fleet.on_press("trunk.create", Permission.TRUNKS_WRITE, Reply(), writes=rule_of.writes)
    made = await keyboard(fleet, SHARED, "trunk.create", BAKER)
    await fleet.presses(made, CAROL, SHARED)
    assert not fleet.done
    confirm = fleet.chat.keyboards[-1]
    await fleet.presses(confirm, ALICE, SHARED)
    assert not fleet.done
    await fleet.presses(confirm, 14, SHARED)
    assert at(fleet) == [BAKER]
    assert fleet.done[0].actor.id == CAROL


async def test_an_import_goes_on_only_for_whom_has_the_right_at_its_pbx(fleet: DispatcherHarness) -> None:
    fleet.catalogue.buttons["import.go_on"] = CATALOGUE.buttons["import.go_on"]
    alice = Actor(ALICE, "Alice")
    private = Place(ALICE, None, private=True)
    about = partial(
        fleet.dispatcher._authorizer.authorize_resumed,
        "import.go_on",
        alice,
        private,
        subject_name="1",
        data={"import": 1},
    )
    assert (await about(station=ACME)).decision.allowed
    assert not (await about(station=BAKER)).decision.allowed


async def test_a_command_about_several_is_given_those_at_which_it_is_allowed(fleet: DispatcherHarness) -> None:
    await fleet.types("/all", CAROL, CAROL)
    await fleet.types("/all", ALICE, SHARED)
    await fleet.types("/all", MEMBER, SHARED)
    await fleet.types("/all", ROOT, ROOT)
    assert [request.candidates for request in fleet.done] == [(BAKER, CORP), (ACME,), (ACME, BAKER), STATIONS]


WORDS = st.lists(st.sampled_from([*STATIONS, "fleet", "202", "ACME", "here"]), max_size=3).map(" ".join)
PEOPLE, CHATS = (ALICE, BOB, CAROL), (AT_ACME, SHARED)
GIVEN = st.lists(
    st.builds(
        Grant,
        st.sampled_from([*PEOPLE, *CHATS]),
        st.sampled_from(sorted(BUILT_IN)),
        st.sampled_from([*STATIONS, EVERY_STATION]),
    ),
    max_size=6,
)
BOUND = st.sets(st.tuples(st.sampled_from(CHATS), st.sampled_from(STATIONS)))
WHO_AND_WHERE = st.tuples(st.sampled_from(PEOPLE), st.sampled_from([*CHATS, None]))
TYPED = st.tuples(st.sampled_from(["/look", "/about", "/change", "/all", "/named"]), WORDS, WHO_AND_WHERE)
PRESSED = st.tuples(st.sampled_from(["look.again", "thing.do", "station.choose"]), WORDS, WHO_AND_WHERE)
NEEDED = {
    "/look": Permission.STATUS_READ,
    "/about": Permission.INCIDENTS_READ,
    "/change": Permission.TRUNKS_WRITE,
    "/all": Permission.STATUS_READ,
    "/named": Permission.ACCESS_GRANT,
    "look.again": Permission.STATUS_READ,
    "thing.do": Permission.TRUNKS_WRITE,
}


def is_theirs(grants: list[Grant], request: Request, station: str, permission: str) -> bool:
    """Apply the permission rules, written independently of the code."""
    person, chat = request.actor.id, request.place.chat
    for grant in grants:
        rights = BUILT_IN[grant.role].permissions
        if grant.station not in (EVERY_STATION, station):
            continue
        if grant.subject == person and permission in rights:
            return True
        in_it = chat in CHATS and grant.subject == chat and (chat, person) in THERE
        if in_it and permission in rights & OPERATOR.permissions:
            return True
    return False


THERE = {(AT_ACME, ALICE), (AT_ACME, BOB), (SHARED, BOB), (SHARED, CAROL)}


@examples(daily=12, ci=40)
@given(grants=GIVEN, bound=BOUND, said=st.lists(TYPED | PRESSED, max_size=6))
def test_no_handler_is_ever_given_a_pbx_at_which_its_person_lacks_the_right(
    empty_store: Path,
    grants: list[Grant],
    bound: set[tuple[int, str]],
    said: list[tuple[str, str, tuple[int, int | None]]],
) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:
            database = await stores.fast(Path(shutil.copy(empty_store, folder)))
            try:
                fleet = DispatcherHarness(database, stations=STATIONS, grants=tuple(grants))
                fleet.members.there = THERE
                obeyed = await _people_speak(fleet, bound, said)
            finally:
                await database.close()
        for name, request in zip(obeyed, fleet.done, strict=True):
            for station in {request.station.name, *request.candidates}:
                assert is_theirs(grants, request, station, NEEDED[name])
            if name.startswith("/") and name != "/named" and request.place.chat in CHATS:
                there = {station for chat, station in bound if chat == request.place.chat}
                assert request.station.name in there or (
                    request.station.name == EVERY_STATION and name in ("/all", "/about")
                )

    asyncio.run(scene())


async def _people_speak(
    fleet: DispatcherHarness, bound: set[tuple[int, str]], said: list[tuple[str, str, tuple[int, int | None]]]
) -> list[str]:
    """Return the names of the requests that were executed."""
    obeyed: list[str] = []
    commands = {
        "look": StationScope.ONE,
        "about": StationScope.ONE,
        "change": StationScope.ONE,
        "all": StationScope.ALL,
        "named": StationScope.NAMED,
    }
    for name, scope in commands.items():
        fleet.offers(name, NEEDED[f"/{name}"], scope=scope)
    fleet.on_press("look.again", Permission.STATUS_READ, Reply(), scope=StationScope.ALL)
    fleet.on_press("thing.do", Permission.TRUNKS_WRITE, Reply())
    fleet.catalogue.buttons["station.choose"] = CATALOGUE.buttons["station.choose"]
    with fleet.database.begin() as session:
        for chat, station in bound:
            bindings.bind(session, chat_id=chat, station=station, alerts=False, by_id=1, by_name="R", now=NOW)
    for what, words, (person, place) in said:
        chat, before = place if place is not None else person, len(fleet.done)
        if what.startswith("/"):
            await fleet.types(f"{what} {words}", person, chat)
            name = what
        else:
            station = (words.lower().split() or [EVERY_STATION])[0]
            data = {"command": "change", "arguments": "", "station": station} if what == "station.choose" else {}
            await fleet.presses(await keyboard(fleet, chat, what, station, **data), person, chat)
            name = "/change" if what == "station.choose" else what
        obeyed += [name] * (len(fleet.done) - before)
    return obeyed
