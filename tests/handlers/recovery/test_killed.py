"""Kill at every write, PBX request and message: a confirmed action takes effect once, is reported, and leaves no
unfinished row.
"""

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.access.policy import Permission
from bot.incidents.model import Kind, Opened, StateChange
from bot.pbx import Calling
from bot.store.access import contacts
from bot.store.access.contacts import Contact
from bot.store.messages import outbox
from bot.store.tables.calls import MissedCard
from bot.store.tables.incidents import Incident, IncidentEvent, SilenceRow
from bot.store.tables.messages import Keyboard
from bot.store.tables.people import GrantRow, OverrideRow, RotationRow
from tests.fixtures.examples import example_count
from tests.handlers.dispatcher_harness import ANNA, OLGA, STATION
from tests.handlers.kill_points import KillableHarness, MortalDatabase, opened
from tests.handlers.update_factory import NOW, message, press

Update = dict[str, Any]
PETER, CALLER = 424242, "79161234501"
# All moments take a minute; every run tries a different part of them.
STEP = 1 if os.environ.get("EVERY_MOMENT") else example_count(daily=20, ci=4)
# Answers that are wrong for a confirmed action that is still wanted.
UNTRUE = {"interrupted", "expired", "broken", "problem", "employee_taken", "employee_not_created", "trunk_not_done"}


Begin = Callable[[KillableHarness], Awaitable[Update]]


@dataclass(frozen=True)
class Scene:
    """`begin` leads to the interrupted update; `check` verifies its single effect; `told` is the final answer."""

    begin: Begin
    check: Callable[[KillableHarness], Awaitable[None]]
    told: str | None
    two_person: frozenset[str] = frozenset()


SCENES: dict[str, Scene] = {}


def scene(
    told: str | None, check: Callable[[KillableHarness], Awaitable[None]], **more: Any
) -> Callable[[Begin], Begin]:
    def keep(begin: Begin) -> Begin:
        SCENES[str(begin.__name__).replace("_", " ")] = Scene(begin, check, told, **more)
        return begin

    return keep


async def employees(harness: KillableHarness, number: str) -> list[Any]:
    return [row for row in (await harness.station().pbx.employees.list()).value if row.number == number]


async def one_employee(harness: KillableHarness) -> None:
    (found,) = await employees(harness, "243")
    secret = (await harness.station().pbx.employees.get(found.id)).value.secret.get_secret_value()
    secrets = {facts["secret"] for _, template, facts in harness.chat.said if template == "employee_secret"}
    assert secrets == {secret}


@scene("employee_created", one_employee)
async def create_an_employee(harness: KillableHarness) -> Update:
    await harness.asks("/add_employee 243 John Smith")
    return harness.pressing()


async def changed_employee(harness: KillableHarness) -> None:
    (found,) = await employees(harness, "201")
    assert found.name == "Somebody Else"


@scene("employee_edited", changed_employee)
async def change_an_employee(harness: KillableHarness) -> Update:
    await harness.asks('/edit_employee 201 name="Somebody Else"')
    return harness.pressing()


async def no_employee(harness: KillableHarness) -> None:
    assert await employees(harness, "243") == []


@scene("employee_deleted", no_employee)
async def delete_an_employee(harness: KillableHarness) -> Update:
    await harness.asks("/add_employee 243 John Smith")
    await harness.hears(harness.pressing())
    await harness.asks("/delete_employee 243")
    return harness.pressing()


@scene("employee_undone", no_employee)
async def undo_a_creation(harness: KillableHarness) -> Update:
    await harness.asks("/add_employee 243 John Smith")
    await harness.hears(harness.pressing())
    return harness.pressing()


async def back_again(harness: KillableHarness) -> None:
    assert len(await employees(harness, "243")) == 1


@scene("employee_undone", back_again)
async def undo_a_deletion(harness: KillableHarness) -> Update:
    await delete_an_employee(harness)
    await harness.hears(harness.pressing())
    return harness.pressing()


@scene("employee_deleted", no_employee, two_person=frozenset({Permission.EMPLOYEES_DELETE}))
async def what_a_second_person_confirms(harness: KillableHarness) -> Update:
    await delete_an_employee(harness)
    await harness.hears(harness.pressing())
    (token,) = {k.id for k in await harness.stored(Keyboard, Keyboard.chat_id == OLGA)}
    return {"callback_query": _pressed(f"{token}:0:0", OLGA, harness)}


async def one_question(harness: KillableHarness) -> None:
    assert len(await harness.owed("second_person")) == len(set(await harness.owed("second_person"))) >= 1
    assert len(await employees(harness, "243")) == 1


@scene("second_person", one_question, two_person=frozenset({Permission.EMPLOYEES_DELETE}))
async def asking_a_second_person(harness: KillableHarness) -> Update:
    return await delete_an_employee(harness)


async def trunks(harness: KillableHarness, name: str) -> list[Any]:
    return [row for row in (await harness.station().pbx.trunks.list()).value if row.name == name]


async def one_trunk(harness: KillableHarness) -> None:
    assert len(await trunks(harness, "New one")) == 1


@scene("trunk_done", one_trunk)
async def create_a_trunk(harness: KillableHarness) -> Update:
    await harness.asks('/add_trunk "New one" registration=none host=10.0.0.5')
    return harness.pressing()


async def trunk_is_off(harness: KillableHarness) -> None:
    (found,) = await trunks(harness, "New one")
    assert found.disabled


async def _trunk(harness: KillableHarness) -> Any:
    await create_a_trunk(harness)
    await harness.hears(harness.pressing())
    return (await trunks(harness, "New one"))[0]


@scene("trunk_done", trunk_is_off)
async def switch_a_trunk_off(harness: KillableHarness) -> Update:
    found = await _trunk(harness)
    keyboard = await harness.button("trunk.switch", {"id": found.id, "on": False}, chat=ANNA)
    await harness.hears({"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, harness)})
    return harness.pressing()


async def trunk_is_elsewhere(harness: KillableHarness) -> None:
    (found,) = await trunks(harness, "New one")
    assert found.host == "10.0.0.6"


@scene("trunk_done", trunk_is_elsewhere)
async def change_a_trunk(harness: KillableHarness) -> Update:
    await _trunk(harness)
    await harness.asks('/edit_trunk "New one" host=10.0.0.6')
    return harness.pressing()


async def no_trunk(harness: KillableHarness) -> None:
    assert await trunks(harness, "New one") == []


@scene("trunk_deleted", no_trunk)
async def delete_a_trunk(harness: KillableHarness) -> Update:
    await _trunk(harness)
    await harness.asks('/delete_trunk "New one"')
    return {"message": _message("New one", harness)}


async def zadarma_is_on(harness: KillableHarness) -> None:
    (found,) = await trunks(harness, "Zadarma")
    assert not found.disabled
    assert await harness.services.registrations.interrupted() == []
    assert harness.running[STATION].watch.paused_trunks == set()


@scene("trunk_done", zadarma_is_on)
async def register_a_trunk_anew(harness: KillableHarness) -> Update:
    (found,) = await trunks(harness, "Zadarma")
    keyboard = await harness.button("trunk.reregister", {"id": found.id}, chat=ANNA)
    await harness.hears({"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, harness)})
    return harness.pressing()


async def all_imported(harness: KillableHarness) -> None:
    rows = (await harness.station().pbx.employees.list()).value
    numbers = [row.number for row in rows if row.number.startswith("90")]
    assert sorted(numbers) == [str(9000 + place) for place in range(25)]
    assert any(template == "a file" for _, template, _ in harness.chat.said)


@scene("import_done", all_imported)
async def import_employees(harness: KillableHarness) -> Update:
    lines = "\n".join(f"{9000 + place};Person {place}" for place in range(25))
    await harness.asks(f"/import_employees\n{lines}")
    return harness.pressing()


async def _incident(harness: KillableHarness) -> int:
    opening = StateChange("T1", Opened(Kind.TRUNK_DOWN, NOW), {"station": STATION, "name": "Zadarma"})
    await harness.station().incident_manager.record({}, [opening], NOW)
    (incident,) = await harness.stored(Incident)
    return int(incident.id)


async def taken_once(harness: KillableHarness) -> None:
    (incident,) = await harness.stored(Incident)
    assert incident.acknowledged_by_id == ANNA
    assert len(await harness.stored(IncidentEvent, IncidentEvent.what == "taken")) == 1


@scene(None, taken_once)
async def take_an_incident(harness: KillableHarness) -> Update:
    number = await _incident(harness)
    keyboard = await harness.button("incident.take", {"incident": number}, chat=ANNA)
    return {"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, harness)}


@scene("incident", taken_once)
async def take_an_incident_with_a_command(harness: KillableHarness) -> Update:
    await _incident(harness)
    return {"message": _message("/ack", harness)}


async def one_mute(harness: KillableHarness) -> None:
    assert len(await harness.stored(SilenceRow)) == 1


@scene("muted", one_mute)
async def mute_everything(harness: KillableHarness) -> Update:
    return {"message": _message("/mute all for 1h moving the rack", harness)}


@scene("maintenance", one_mute)
async def plan_maintenance(harness: KillableHarness) -> Update:
    await harness.asks("/maintenance all tomorrow 02:00-04:00 works")
    return harness.pressing()


async def viewer_for_good(harness: KillableHarness) -> None:
    (row,) = await harness.stored(GrantRow, GrantRow.subject_id == PETER)
    assert (row.role, row.until) == ("viewer", None)


@scene("access_card", viewer_for_good)
async def give_a_role(harness: KillableHarness) -> Update:
    await harness.asks("/grant 424242 viewer")
    return harness.pressing()


async def nothing_given(harness: KillableHarness) -> None:
    assert await harness.stored(GrantRow, GrantRow.subject_id == PETER) == []


@scene("access_card", nothing_given)
async def take_a_role(harness: KillableHarness) -> Update:
    await harness.hears(await give_a_role(harness))
    await harness.asks("/revoke 424242")
    return harness.pressing()


async def answered_once(harness: KillableHarness) -> None:
    await viewer_for_good(harness)
    assert await harness.owed("access_answer") == [PETER]


@scene(None, answered_once)
async def answer_a_request_for_access(harness: KillableHarness) -> Update:
    # Who gives access has written to the bot.
    await harness.asks("/id")
    keyboard = await harness.button("access.request", chat=PETER)
    await harness.hears({"callback_query": _pressed(f"{keyboard.id}:0:0", PETER, harness)})
    (question,) = await harness.stored(Keyboard, Keyboard.chat_id == ANNA)
    return {"callback_query": _pressed(f"{question.id}:0:0", ANNA, harness)}


async def in_turn_once(harness: KillableHarness) -> None:
    (row,) = await harness.stored(RotationRow)
    assert row.people == [OLGA]
    assert await harness.owed("oncall_in_turn") == [OLGA]


@scene("oncall", in_turn_once)
async def set_who_is_on_call(harness: KillableHarness) -> Update:
    with harness.database.begin() as session:
        contacts.record(session, Contact(OLGA, "Olga", "olga"))
    await harness.asks("/oncall set daily 09:00 @olga")
    return harness.pressing()


async def relieved_once(harness: KillableHarness) -> None:
    (row,) = await harness.stored(OverrideRow)
    assert row.person_id == ANNA


@scene("oncall_handed_over", relieved_once)
async def take_the_duty(harness: KillableHarness) -> Update:
    return {"message": _message("/oncall take 8h", harness)}


async def called_once(harness: KillableHarness) -> None:
    """The phone rang once, or whoever pressed was told once that it did not, or that this is not known."""
    calls, notices = harness.wire.station.ami.calls, await harness.owed("call_not_made")
    (card,) = await harness.stored(MissedCard)
    interrupted = harness.told().count("call_not_made")
    assert (card.claimed_by_id, card.rings) == (None if interrupted else ANNA, None)
    assert [call.number for call in calls] in ([], [CALLER])
    assert notices in ([], [ANNA])
    assert bool(calls) + interrupted == 1 or notices == [ANNA]


@scene(None, called_once)
async def call_a_missed_caller(harness: KillableHarness) -> Update:
    """The phone is answered; whether the caller talks is told by the call records."""
    await harness.services.person_phones.set(STATION, ANNA, "203")
    return await _press_call(harness)


async def called_at_most_once(harness: KillableHarness) -> None:
    """Only a run that was killed leaves it to whoever answered to press once more."""
    calls, killed = harness.wire.station.ami.calls, harness.now != NOW
    assert [call.number for call in calls] in ([], [CALLER])
    assert calls or killed
    assert await harness.services.person_phones.of(STATION, ANNA) == "203"


@scene("my_phone", called_at_most_once)
async def call_after_the_phone_is_given(harness: KillableHarness) -> Update:
    await harness.hears(await _press_call(harness))
    return {"message": _message("203", harness)}


async def _press_call(harness: KillableHarness) -> Update:
    with harness.database.begin() as session:
        above = outbox.enqueue(session, chat_id=ANNA, thread_id=None, template="missed_card", facts={}, now=NOW)
        missed: dict[str, Any] = {
            "linkedid": "1",
            "start": "2026-11-23T11:55:00",
            "end": "2026-11-23T11:56:00",
            "number": CALLER,
        }
        missed |= {"name": "", "after_hours": False, "rang": []}
        of_chat = {"station": STATION, "chat_id": ANNA, "caller": CALLER[1:], "opened_at": NOW}
        card = MissedCard(**of_chat, calls=[missed], message=outbox.id_of(session, above), can_call=True)
        session.add(card)
        session.flush()
        data = {"card": card.id}
    keyboard = await harness.button("missed_card.call", data, chat=ANNA)
    return {"callback_query": _pressed(f"{keyboard.id}:0:0", ANNA, harness)}


def _pressed(data: str, person: int, harness: KillableHarness) -> dict[str, Any]:
    return press(data, person, person, harness.now)


def _message(text: str, harness: KillableHarness) -> dict[str, Any]:
    return message(text, ANNA, ANNA, harness.now)


async def played(database: MortalDatabase, one: Scene, at: int | None) -> list[str]:
    """Play the scene with a kill at moment `at`; return its moments."""
    database.empty()
    harness = KillableHarness(database, two_person=one.two_person)
    update = await one.begin(harness)
    before = len(harness.chat.shown)
    harness.process_state.again(at)
    await harness.hears(update)
    moments = list(harness.process_state.passed)
    harness.process_state.again()
    told = harness.told()[before:]
    await one.check(harness)
    assert one.told is None or one.told in told, told
    assert not UNTRUE & set(told), told
    assert await harness.left_behind() == []
    return moments


@pytest.fixture
async def mortal_database(store_file: Path) -> AsyncIterator[MortalDatabase]:
    database = await opened(store_file)
    yield database
    await database.close()


@pytest.mark.parametrize("name", ["call a missed caller", "call after the phone is given"])
async def test_no_phone_rings_after_a_restart_for_what_was_asked_before(
    name: str, mortal_database: MortalDatabase
) -> None:
    one = SCENES[name]
    moments = await played(mortal_database, one, None)
    for at, moment in enumerate(moments):
        if "waits in the PBX's queue" in moment:
            # The PBX may carry it out late.
            continue
        mortal_database.empty()
        harness = KillableHarness(mortal_database)
        update = {"update_id": 99} | await one.begin(harness)
        harness.process_state.again(at)
        await harness._run(lambda harness=harness, update=update: harness.updates.enqueue([update]))  # type: ignore[misc]
        before = len(harness.wire.station.ami.calls)
        harness.process_state.again()
        harness.restart(timedelta(minutes=4))
        await harness._run(harness._left_over)
        assert len(harness.wire.station.ami.calls) == before, f"killed {moment}"


async def test_a_call_that_fails_inside_the_bot_is_told_and_does_not_ring_on(
    mortal_database: MortalDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: str) -> None:
        raise RuntimeError("broken")

    mortal_database.empty()
    harness = KillableHarness(mortal_database)
    monkeypatch.setattr(Calling, "call", breaks)
    await harness.hears(await call_a_missed_caller(harness))
    (card,) = await harness.stored(MissedCard)
    assert card.rings is None
    assert await harness.owed("call_not_made") == [ANNA]


@pytest.mark.parametrize("name", SCENES)
async def test_killed_at_any_moment_it_is_done_once_and_reported(name: str, mortal_database: MortalDatabase) -> None:
    moments = await played(mortal_database, SCENES[name], None)
    assert len(moments) >= 4
    for at in range(random.randrange(min(STEP, len(moments))), len(moments), STEP):
        try:
            await played(mortal_database, SCENES[name], at)
        except AssertionError as wrong:
            raise AssertionError(f"killed {moments[at]} (number {at} of {len(moments)}): {wrong}") from wrong
