"""Incident manager: timelines and queued notifications, in one transaction, once, in both languages."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from bot.access.policy import Destination
from bot.detection.observation import StationFault
from bot.engine.incident_manager import AckResult
from bot.incidents.model import (
    EXTENSION,
    KINDS,
    STATION,
    Changed,
    End,
    Kind,
    Opened,
    Resolved,
    StateChange,
    SwitchedOff,
    Transition,
    TrunkGone,
    Unreported,
    Upgraded,
)
from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.messages.outbox import Urgency
from bot.store.tables.incidents import WatchState
from bot.store.tables.messages import Outgoing
from tests.fixtures.kind_examples import EXAMPLES
from tests.incident_harness.incident_ledger import FORUM, TRUNK, ManagerHarness, read
from tests.incident_harness.pbx import ANNA, BORIS, GROUP
from tests.incident_harness.station import START

BEGAN = START - timedelta(seconds=40)
CHATS = (Destination(GROUP), FORUM)
# Every message contains one of these words, in any language.
NAMED = ("Zadarma", "202", "Vera", "Head office")


@pytest.fixture
def manager(database: Database) -> ManagerHarness:
    return ManagerHarness(database, CHATS)


def in_both_languages(rows: Iterable[Outgoing]) -> list[str]:
    return [read(row, language) for row in rows for language in ("en", "ru")]


def sends(rows: list[Outgoing]) -> list[Outgoing]:
    return [row for row in rows if row.action == "send"]


async def test_an_alert_is_queued_to_every_chat_with_a_sound_and_a_button(manager: ManagerHarness) -> None:
    await manager.opens()
    owed = await manager.owed()
    assert [(row.chat_id, row.thread_id) for row in owed] == list(CHATS)
    assert all(row.keyboard_id and not row.silent for row in owed)
    text = read(owed[0])
    assert text.startswith("🔴 Zadarma is down · Head office")
    for part in ("does not answer", "14:59:20", "40 s", "2 of 3 trunks remain", "sip.zadarma.com"):
        assert part in text
    assert manager.woken == 1


async def test_a_warning_makes_no_sound(manager: ManagerHarness) -> None:
    await manager.opens(kind=Kind.TRUNK_DEGRADED)
    assert all(row.silent for row in await manager.owed())


async def test_the_end_edits_each_alert_and_answers_it(manager: ManagerHarness) -> None:
    await manager.opens()
    alerts = await manager.owed()
    last = await manager.arrives()
    manager.passes(10)
    await manager.ends()
    rest = await manager.owed(since=last)
    assert {(row.action, row.about) for row in rest} == {(a, row.id) for a in ("edit", "send") for row in alerts}
    edit, answer = rest[0], next(row for row in rest if row.action == "send")
    assert edit.keyboard_id is None
    assert "up again" in read(edit)
    assert "50 s" in read(edit)
    assert read(answer) == "🟢 Zadarma is up again. It lasted 50 s."
    incident = await manager.incident()
    assert (incident.open_key, incident.due_at) == (None, None)


async def test_the_end_wakes_only_whoever_took_it(manager: ManagerHarness) -> None:
    number = await manager.opens()
    await manager.arrives()
    await manager.ends()
    assert all(row.silent for row in await manager.owed() if row.template == "alert_over")
    number = await manager.opens("t2")
    await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
    last = await manager.arrives()
    await manager.ends("t2")
    assert all(not row.silent for row in await manager.owed(since=last) if row.template == "alert_over")


async def test_the_first_to_take_it_has_it(manager: ManagerHarness) -> None:
    number = await manager.opens()
    last = await manager.arrives()
    assert await manager.incident_manager.acknowledge(number, ANNA, "Anna <b>", manager.now) is AckResult.ACKNOWLEDGED
    assert await manager.incident_manager.acknowledge(number, BORIS, "Boris", manager.now) is AckResult.ALREADY
    assert await manager.incident_manager.acknowledge(999, BORIS, "Boris", manager.now) is AckResult.UNKNOWN
    edits = await manager.owed(since=last)
    assert [row.action for row in edits] == ["edit"] * len(CHATS)
    assert all("Anna <b> is on it" in read(row) for row in edits)
    assert (await manager.incident()).due_at is None
    await manager.ends()
    assert await manager.incident_manager.acknowledge(number, BORIS, "Boris", manager.now) is AckResult.RESOLVED


async def test_another_stations_incident_is_not_ours_to_take(manager: ManagerHarness) -> None:
    number = await manager.opens()
    manager.incident_manager._station = "Branch"
    assert await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now) is not AckResult.ACKNOWLEDGED
    assert await manager.incident_manager.reassign(number, BORIS, "Anna", manager.now) is AckResult.UNKNOWN
    assert (await manager.incident()).acknowledged_at is None


async def test_a_warning_that_worsens_is_reported_anew_with_a_sound_and_must_be_taken_anew(
    manager: ManagerHarness,
) -> None:
    number = await manager.opens(kind=Kind.TRUNK_DEGRADED)
    await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
    last = await manager.arrives()
    manager.passes(60)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, BEGAN))
    told = await manager.owed(since=last)
    loud = sends(told)
    assert [(row.chat_id, row.silent) for row in loud] == [(to.chat, False) for to in CHATS]
    assert all(row.keyboard_id for row in loud)
    assert all("see the newer message below" in read(row) for row in told if row.action == "edit")
    assert (await manager.incident()).acknowledged_at is None
    last = await manager.arrives()
    await manager.ends()
    answers = [row for row in await manager.owed(since=last) if row.template == "alert_over"]
    assert {row.about for row in answers} == {row.id for row in loud}


async def test_another_cause_edits_the_alert_and_says_nothing_new(manager: ManagerHarness) -> None:
    await manager.opens()
    last = await manager.arrives()
    manager.passes(60)
    await manager.happens(Changed(), cause="credentials_refused")
    changed = await manager.owed(since=last)
    assert {row.action for row in changed} == {"edit"}
    assert "refuses the login" in read(changed[0])
    assert changed[0].keyboard_id
    assert (await manager.chain())[-1].facts == {"cause": "credentials_refused"}


async def test_an_incident_that_is_open_is_not_opened_again(manager: ManagerHarness) -> None:
    for _ in range(2):
        await manager.opens()
    assert len(await manager.incidents()) == 1
    assert len(await manager.owed()) == len(CHATS)


async def test_the_end_of_something_unknown_is_nothing(manager: ManagerHarness) -> None:
    for transition in (Resolved(End.RECOVERED, START), Upgraded(Kind.TRUNK_DOWN, BEGAN), Changed()):
        await manager.happens(transition)
    assert not await manager.owed()
    assert not await manager.incidents()


async def test_memory_and_messages_are_written_together_or_not_at_all(manager: ManagerHarness) -> None:
    unwritable = StateChange("t1", Opened(Kind.TRUNK_DOWN, BEGAN), {"trunk": object()})
    with pytest.raises(StatementError):
        await manager.incident_manager.record({STATION: {"looks": 1}}, [unwritable], START)
    with manager.database.begin() as session:
        assert not session.execute(select(WatchState)).scalars().all()
    assert not await manager.owed()
    assert not await manager.chain()


async def test_what_was_remembered_is_found_again_until_it_is_forgotten(manager: ManagerHarness) -> None:
    await manager.incident_manager.record({STATION: {"looks": 2}, "t1": {"name": "Zadarma"}}, [], START)
    await manager.incident_manager.record({"t1": {"name": "Zadarma 2"}}, [], START)
    assert await manager.incident_manager.load_states() == {STATION: {"looks": 2}, "t1": {"name": "Zadarma 2"}}
    await manager.incident_manager.record({"t1": None}, [], START)
    assert await manager.incident_manager.load_states() == {STATION: {"looks": 2}}


async def test_the_chain_says_what_happened_and_when_it_was_known(manager: ManagerHarness) -> None:
    number = await manager.opens()
    manager.passes(5)
    await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
    manager.passes(60)
    await manager.happens(Resolved(End.RECOVERED, manager.now - timedelta(seconds=20)))
    chain = await manager.chain()
    assert [one.what for one in chain] == ["opened", "told", "told", "taken", "ended"]
    assert (chain[0].at, chain[0].noted_at) == (BEGAN, START)
    assert chain[3].facts == {"by": "Anna", "by_id": ANNA}
    assert (chain[-1].at, chain[-1].noted_at) == (manager.now - timedelta(seconds=20), manager.now)


async def test_whoever_gets_it_handed_over_is_notified_and_has_it_only_once_they_take_it(
    manager: ManagerHarness,
) -> None:
    await manager.meets_everybody()
    number = await manager.opens()
    await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
    last = await manager.arrives()
    assert await manager.incident_manager.reassign(number, BORIS, "Anna", manager.now) is AckResult.ACKNOWLEDGED
    told = await manager.owed(since=last)
    assert [(row.chat_id, row.silent) for row in sends(told)] == [(BORIS, False)]
    assert all("Anna handed it over to Boris" in read(row) for row in told)
    incident = await manager.incident()
    assert (incident.acknowledged_at, incident.due_at) == (None, manager.now + timedelta(minutes=10))
    assert await manager.incident_manager.acknowledge(number, BORIS, "Boris", manager.now) is AckResult.ACKNOWLEDGED


async def test_what_was_handed_over_and_not_taken_goes_on_and_no_card_says_otherwise(manager: ManagerHarness) -> None:
    await manager.meets_everybody()
    manager.on_call.levels = [[BORIS, ANNA]]
    number = await manager.opens()
    await manager.incident_manager.reassign(number, BORIS, "Vera", manager.now)
    await manager.arrives()
    manager.passes(600)
    await manager.tick()
    (card,) = await manager.alerts(ANNA)
    assert "handed" not in read(card)
    assert "On call: Boris, Anna" in read(card)


async def test_everything_on_a_card_is_taken_at_once(manager: ManagerHarness) -> None:
    for number in range(3):
        await manager.opens(f"t{number}")
    await manager.incident_manager.acknowledge(2, BORIS, "Boris", manager.now)
    assert await manager.incident_manager.acknowledge_all(1, ANNA, "Anna", manager.now) == 2
    assert [one.acknowledged_by for one in await manager.incidents()] == ["Anna", "Boris", "Anna"]


async def test_switching_off_is_a_quiet_note_and_no_incident(manager: ManagerHarness) -> None:
    await manager.happens(SwitchedOff())
    notes = await manager.owed()
    assert all(row.silent and "Zadarma" in read(row) for row in notes)
    assert len(notes) == len(CHATS)
    assert not await manager.incidents()


NAMES_A_ROW = ("right_missing", "wrong_name", "expired", "not_yet_valid", "other_fingerprint")


@pytest.mark.parametrize("trouble", list(StationFault))
async def test_every_trouble_of_a_station_can_be_read(manager: ManagerHarness, trouble: StationFault) -> None:
    await manager.opens(STATION, Kind.STATION, trunk=None, trouble=str(trouble), row="Providers")
    last = await manager.arrives()
    began = in_both_languages((await manager.owed())[:1])
    await manager.happens(Resolved(End.RECOVERED, START), STATION, trunk=None, trouble="", row="")
    texts = [*began, *in_both_languages(await manager.owed(since=last))]
    assert all("Head office" in text and "\n\n" not in text for text in texts)
    assert all(("Providers" in text) == (trouble in NAMES_A_ROW) for text in began)


@pytest.mark.parametrize("kind", EXAMPLES)
async def test_every_message_about_every_kind_can_be_read(manager: ManagerHarness, kind: Kind) -> None:
    subject, facts = EXAMPLES[kind]
    for end in End:
        number = await manager.opens(subject, kind, **facts)
        last = await manager.arrives()
        (told,) = (row for row in await manager.owed() if row.id == last)
        assert all(any(name in text for name in NAMED) for text in in_both_languages([told]))
        await manager.incident_manager.acknowledge(number, ANNA, "Anna", manager.now)
        assert all("Anna" in text for text in in_both_languages(await manager.owed(since=last)))
        last = await manager.arrives()
        manager.passes(60)
        await manager.ends(subject, end)
        ended = await manager.owed(since=last)
        await manager.arrives()
        assert len(ended) == 2 * len(CHATS)
        for text in in_both_languages(ended):
            assert text.startswith("🟢" if end is End.RECOVERED else "⚪")
            assert "\n\n" not in text


async def test_a_card_of_every_kind_of_warning_at_once_can_be_read(manager: ManagerHarness) -> None:
    kinds = [kind for kind in EXAMPLES if not KINDS[kind].loud]
    for kind in kinds:
        subject, facts = EXAMPLES[kind]
        await manager.opens(f"{subject}-{kind}", kind, **{"trunk": f"The {kind}", **facts})
    for text in in_both_languages((await manager.alerts())[:1]):
        first, *lines = text.splitlines()
        assert str(len(kinds)) in first
        assert sum(line.startswith(("🟡", "❔")) for line in lines) == len(kinds)
        assert "Head office" in first
        assert all(f"The {kind} · " in text for kind in kinds if "trunk" not in EXAMPLES[kind][1])


async def test_on_a_card_of_several_phones_each_is_named(manager: ManagerHarness) -> None:
    for number, name in (("202", "Brown Brandon"), ("203", "")):
        await manager.opens(EXTENSION + number, Kind.EXTENSION_OFFLINE, trunk=None, extension=number, name=name)
    lines = read((await manager.alerts())[0]).splitlines()
    assert "Head office" in lines[0]
    named = [line.split(" · ")[0] for line in lines if line.startswith("🟡 20")]
    assert named == ["🟡 202 Brown Brandon", "🟡 203"]


@pytest.mark.parametrize(
    ("told", "single", "several", "russian"),
    [
        (TrunkGone(), "⚪ A is gone from the PBX.", "⚪ Gone from the PBX:", "⚪ Больше нет на АТС:"),
        (
            SwitchedOff(),
            "⚪ A was switched off by an administrator.",
            "⚪ Switched off by an administrator:",
            "⚪ Отключены администратором:",
        ),
        (
            Unreported(),
            "⚪ The PBX does not tell the state of A, so it is not watched.",
            "⚪ Not watched, because the PBX does not tell their state:",
            "⚪ Не отслеживаются, потому что АТС не сообщает их состояние:",
        ),
    ],
)
async def test_a_pbx_that_changes_all_its_trunks_again_and_again_owes_one_note(
    database: Database, told: Transition, single: str, several: str, russian: str
) -> None:
    manager = ManagerHarness(database)
    await manager.happens(told, "t0", trunk="A")
    (note,) = await manager.owed()
    assert read(note).startswith(f"{single} · Head office")
    for look in range(3):
        names = ("B", "C", *(f"Trunk {look} {number}" for number in range(60)))
        trunks = [StateChange(name, told, TRUNK | {"trunk": name}) for name in names]
        await manager.incident_manager.record({}, trunks, manager.now)
    (note,) = await manager.owed()
    assert note.urgency == Urgency.DIGEST
    assert read(note).startswith(f"{several} A, B, C and 180 more · Head office")
    assert read(note, "ru").startswith(f"{russian} A, B, C и ещё 180 · Head office")
    # A claimed message is no longer changed: the next change is a new one.
    with manager.database.begin() as session:
        outbox.claim(session, note.id, manager.now)
    await manager.happens(told, "t9", trunk="D")
    assert len(await manager.owed()) == 2
