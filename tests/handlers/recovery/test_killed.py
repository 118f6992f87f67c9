"""Kill at every write, PBX request and message: a confirmed action takes effect once, is reported, and leaves no
unfinished row.
"""

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.access.policy import Permission
from bot.incidents.model import Kind, Opened, StateChange
from bot.store.access import contacts
from bot.store.access.contacts import Contact
from bot.store.tables.incidents import Incident, IncidentEvent, Keyboard, SilenceRow
from bot.store.tables.people import GrantRow, OverrideRow, RotationRow
from tests.fixtures.examples import number
from tests.handlers.dispatcher_harness import ANNA, NOW, OLGA, STATION, message, press
from tests.handlers.kill_points import MortalOffice, MortalStore, opened

Update = dict[str, Any]
PETER = 424242
# All moments take a minute; every run tries a different part of them.
STEP = 1 if os.environ.get("EVERY_MOMENT") else number(daily=20, ci=4)
# Answers that are wrong for a confirmed action that is still wanted.
UNTRUE = {"interrupted", "expired", "broken", "problem", "employee_taken", "employee_not_created", "trunk_not_done"}


Begin = Callable[[MortalOffice], Awaitable[Update]]


@dataclass(frozen=True)
class Scene:
    """`begin` leads to the interrupted update; `check` verifies its single effect; `told` is the final answer."""

    begin: Begin
    check: Callable[[MortalOffice], Awaitable[None]]
    told: str | None
    two_person: frozenset[str] = frozenset()


SCENES: dict[str, Scene] = {}


def scene(told: str | None, check: Callable[[MortalOffice], Awaitable[None]], **more: Any) -> Callable[[Begin], Begin]:
    def keep(begin: Begin) -> Begin:
        SCENES[str(begin.__name__).replace("_", " ")] = Scene(begin, check, told, **more)
        return begin

    return keep


async def employees(office: MortalOffice, number: str) -> list[Any]:
    return [row for row in (await office.station().pbx.employees.list()).value if row.number == number]


async def one_employee(office: MortalOffice) -> None:
    (found,) = await employees(office, "243")
    secret = (await office.station().pbx.employees.get(found.id)).value.secret.get_secret_value()
    secrets = {facts["secret"] for _, template, facts in office.chat.said if template == "employee_secret"}
    assert secrets == {secret}


@scene("employee_created", one_employee)
async def create_an_employee(office: MortalOffice) -> Update:
    await office.asks("/add_employee 243 John Smith")
    return office.pressing()


async def changed_employee(office: MortalOffice) -> None:
    (found,) = await employees(office, "201")
    assert found.name == "Somebody Else"


@scene("employee_edited", changed_employee)
async def change_an_employee(office: MortalOffice) -> Update:
    await office.asks('/edit_employee 201 name="Somebody Else"')
    return office.pressing()


async def no_employee(office: MortalOffice) -> None:
    assert await employees(office, "243") == []


@scene("employee_deleted", no_employee)
async def delete_an_employee(office: MortalOffice) -> Update:
    await office.asks("/add_employee 243 John Smith")
    await office.hears(office.pressing())
    await office.asks("/delete_employee 243")
    return office.pressing()


@scene("employee_undone", no_employee)
async def undo_a_creation(office: MortalOffice) -> Update:
    await office.asks("/add_employee 243 John Smith")
    await office.hears(office.pressing())
    return office.pressing()


async def back_again(office: MortalOffice) -> None:
    assert len(await employees(office, "243")) == 1


@scene("employee_undone", back_again)
async def undo_a_deletion(office: MortalOffice) -> Update:
    await delete_an_employee(office)
    await office.hears(office.pressing())
    return office.pressing()


@scene("employee_deleted", no_employee, two_person=frozenset({Permission.EMPLOYEES_DELETE}))
async def what_a_second_person_confirms(office: MortalOffice) -> Update:
    await delete_an_employee(office)
    await office.hears(office.pressing())
    (token,) = {k.id for k in await office.stored(Keyboard, Keyboard.chat_id == OLGA)}
    return {"callback_query": _pressed(f"{token}:0:0", OLGA, office)}


async def one_question(office: MortalOffice) -> None:
    assert len(await office.owed("second_person")) == len(set(await office.owed("second_person"))) >= 1
    assert len(await employees(office, "243")) == 1


@scene("second_person", one_question, two_person=frozenset({Permission.EMPLOYEES_DELETE}))
async def asking_a_second_person(office: MortalOffice) -> Update:
    return await delete_an_employee(office)


async def trunks(office: MortalOffice, name: str) -> list[Any]:
    return [row for row in (await office.station().pbx.trunks.list()).value if row.name == name]


async def one_trunk(office: MortalOffice) -> None:
    assert len(await trunks(office, "New one")) == 1


@scene("trunk_done", one_trunk)
async def create_a_trunk(office: MortalOffice) -> Update:
    await office.asks('/add_trunk "New one" registration=none host=10.0.0.5')
    return office.pressing()


async def trunk_is_off(office: MortalOffice) -> None:
    (found,) = await trunks(office, "New one")
    assert found.disabled


async def _trunk(office: MortalOffice) -> Any:
    await create_a_trunk(office)
    await office.hears(office.pressing())
    return (await trunks(office, "New one"))[0]


@scene("trunk_done", trunk_is_off)
async def switch_a_trunk_off(office: MortalOffice) -> Update:
    found = await _trunk(office)
    keyboard = await office.button("trunk.switch", {"id": found.id, "on": False}, chat=ANNA)
    await office.hears({"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, office)})
    return office.pressing()


async def trunk_is_elsewhere(office: MortalOffice) -> None:
    (found,) = await trunks(office, "New one")
    assert found.host == "10.0.0.6"


@scene("trunk_done", trunk_is_elsewhere)
async def change_a_trunk(office: MortalOffice) -> Update:
    await _trunk(office)
    await office.asks('/edit_trunk "New one" host=10.0.0.6')
    return office.pressing()


async def no_trunk(office: MortalOffice) -> None:
    assert await trunks(office, "New one") == []


@scene("trunk_deleted", no_trunk)
async def delete_a_trunk(office: MortalOffice) -> Update:
    await _trunk(office)
    await office.asks('/delete_trunk "New one"')
    return {"message": _message("New one", office)}


async def zadarma_is_on(office: MortalOffice) -> None:
    (found,) = await trunks(office, "Zadarma")
    assert not found.disabled
    assert await office.services.registrations.left_over() == []
    assert office.running[STATION].watch.left_alone == set()


@scene("trunk_done", zadarma_is_on)
async def register_a_trunk_anew(office: MortalOffice) -> Update:
    (found,) = await trunks(office, "Zadarma")
    keyboard = await office.button("trunk.reregister", {"id": found.id}, chat=ANNA)
    await office.hears({"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, office)})
    return office.pressing()


async def all_imported(office: MortalOffice) -> None:
    rows = (await office.station().pbx.employees.list()).value
    numbers = [row.number for row in rows if row.number.startswith("90")]
    assert sorted(numbers) == [str(9000 + place) for place in range(25)]
    assert any(template == "a file" for _, template, _ in office.chat.said)


@scene("import_done", all_imported)
async def import_employees(office: MortalOffice) -> Update:
    lines = "\n".join(f"{9000 + place};Person {place}" for place in range(25))
    await office.asks(f"/import_employees\n{lines}")
    return office.pressing()


async def _incident(office: MortalOffice) -> int:
    opening = StateChange("T1", Opened(Kind.TRUNK_DOWN, NOW), {"station": STATION, "name": "Zadarma"})
    await office.station().incident_manager.record({}, [opening], NOW)
    (incident,) = await office.stored(Incident)
    return int(incident.id)


async def taken_once(office: MortalOffice) -> None:
    (incident,) = await office.stored(Incident)
    assert incident.acknowledged_by_id == ANNA
    assert len(await office.stored(IncidentEvent, IncidentEvent.what == "taken")) == 1


@scene(None, taken_once)
async def take_an_incident(office: MortalOffice) -> Update:
    number = await _incident(office)
    keyboard = await office.button("incident.take", {"incident": number}, chat=ANNA)
    return {"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, office)}


@scene("incident", taken_once)
async def take_an_incident_with_a_command(office: MortalOffice) -> Update:
    await _incident(office)
    return {"message": _message("/ack", office)}


async def one_mute(office: MortalOffice) -> None:
    assert len(await office.stored(SilenceRow)) == 1


@scene("muted", one_mute)
async def mute_everything(office: MortalOffice) -> Update:
    return {"message": _message("/mute all for 1h moving the rack", office)}


@scene("maintenance", one_mute)
async def plan_maintenance(office: MortalOffice) -> Update:
    await office.asks("/maintenance all tomorrow 02:00-04:00 works")
    return office.pressing()


async def viewer_for_good(office: MortalOffice) -> None:
    (row,) = await office.stored(GrantRow, GrantRow.subject_id == PETER)
    assert (row.role, row.until) == ("viewer", None)


@scene("access_card", viewer_for_good)
async def give_a_role(office: MortalOffice) -> Update:
    await office.asks("/grant 424242 viewer")
    return office.pressing()


async def nothing_given(office: MortalOffice) -> None:
    assert await office.stored(GrantRow, GrantRow.subject_id == PETER) == []


@scene("access_card", nothing_given)
async def take_a_role(office: MortalOffice) -> Update:
    await office.hears(await give_a_role(office))
    await office.asks("/revoke 424242")
    return office.pressing()


async def answered_once(office: MortalOffice) -> None:
    await viewer_for_good(office)
    assert await office.owed("access_answer") == [PETER]


@scene(None, answered_once)
async def answer_a_request_for_access(office: MortalOffice) -> Update:
    keyboard = await office.button("access.request", chat=PETER)
    await office.hears({"callback_query": _pressed(f"{keyboard.id}:0:0", PETER, office)})
    (question,) = await office.stored(Keyboard, Keyboard.chat_id == ANNA)
    return {"callback_query": _pressed(f"{question.id}:0:0", ANNA, office)}


async def in_turn_once(office: MortalOffice) -> None:
    (row,) = await office.stored(RotationRow)
    assert row.people == [OLGA]
    assert await office.owed("oncall_in_turn") == [OLGA]


@scene("oncall", in_turn_once)
async def set_who_is_on_call(office: MortalOffice) -> Update:
    async with office.store.begin() as session:
        await contacts.remember(session, Contact(OLGA, "Olga", "olga"))
    await office.asks("/oncall set daily 09:00 @olga")
    return office.pressing()


async def relieved_once(office: MortalOffice) -> None:
    (row,) = await office.stored(OverrideRow)
    assert row.person_id == ANNA


@scene("oncall_handed_over", relieved_once)
async def take_the_duty(office: MortalOffice) -> Update:
    return {"message": _message("/oncall take 8h", office)}


def _pressed(data: str, person: int, office: MortalOffice) -> dict[str, Any]:
    return press(data, person, person, office.now)


def _message(text: str, office: MortalOffice) -> dict[str, Any]:
    return message(text, ANNA, ANNA, office.now)


async def played(store: MortalStore, one: Scene, at: int | None) -> list[str]:
    """Play the scene with a kill at moment `at`; return its moments."""
    store.empty()
    office = MortalOffice(store, two_person=one.two_person)
    update = await one.begin(office)
    before = len(office.chat.shown)
    office.process_state.again(at)
    await office.hears(update)
    moments = list(office.process_state.passed)
    office.process_state.again()
    told = office.told()[before:]
    await one.check(office)
    assert one.told is None or one.told in told, told
    assert not UNTRUE & set(told), told
    assert await office.left_behind() == []
    return moments


@pytest.fixture
async def mortal_store(store_file: Path) -> AsyncIterator[MortalStore]:
    store = await opened(store_file)
    yield store
    await store.close()


@pytest.mark.parametrize("name", SCENES)
async def test_killed_at_any_moment_it_is_done_once_and_reported(name: str, mortal_store: MortalStore) -> None:
    moments = await played(mortal_store, SCENES[name], None)
    assert len(moments) >= 4
    for at in range(random.randrange(min(STEP, len(moments))), len(moments), STEP):
        try:
            await played(mortal_store, SCENES[name], at)
        except AssertionError as wrong:
            raise AssertionError(f"killed {moments[at]} (number {at} of {len(moments)}): {wrong}") from wrong
