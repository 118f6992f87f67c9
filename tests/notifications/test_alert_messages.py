"""Alert messages: one for simultaneous incidents, edited to the latest state, with one answer at the end."""

from datetime import time, timedelta

import pytest

from bot.access.policy import Destination
from bot.incidents.model import Changed, Kind, Upgraded
from bot.incidents.silence import EVERYTHING, Silence
from bot.incidents.silence_store import SilenceRequest, Silences
from bot.notifications.alert_messages import SCROLLED_AWAY
from bot.notifications.alert_rows import EDIT_EVERY
from bot.notifications.grouping import GROUP_WINDOW, MAX_INCIDENTS
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.messages.outbox import Urgency
from tests.incident_harness.incident_ledger import ManagerHarness, read
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, STATION


@pytest.fixture
def manager(database: Database) -> ManagerHarness:
    return ManagerHarness(database)


async def shown(manager: ManagerHarness, chat: int = GROUP) -> list[int]:
    """Return the number of incidents that each message to the chat shows."""
    rows = {row.id: row for row in await manager.alerts(chat)}
    newest = {row.about: row for row in await manager.owed() if row.action == "edit" and row.about in rows}
    return [len((newest.get(number) or row).facts["incidents"]) for number, row in rows.items()]


# --- grouping -------------------------------------------------------------------------------------------------------


async def test_what_comes_together_is_one_message(manager: ManagerHarness) -> None:
    await manager.opens("t1")
    manager.passes(GROUP_WINDOW.total_seconds())
    await manager.opens("t2")
    assert await shown(manager) == [2]


async def test_each_that_joins_keeps_the_chat_open_for_the_next(manager: ManagerHarness) -> None:
    for number in range(4):
        await manager.opens(f"t{number}")
        manager.passes(GROUP_WINDOW.total_seconds() - 1)
    assert await shown(manager) == [4]


async def test_that_somebody_took_it_is_shown_before_whatever_else_is_answered_there(manager: ManagerHarness) -> None:
    number = await manager.opens("t1")
    await manager.arrives()
    # Its change may already be queued as an edit.
    await manager.happens(Changed(), "t1", cause="no_answer")
    assert [row.urgency for row in await manager.owed() if row.action == "edit"] == [Urgency.EDIT]
    await manager.incident_manager.acknowledge(number, BORIS, "Boris", manager.now)
    assert [row.urgency for row in await manager.owed() if row.action == "edit"] == [Urgency.RESOLVE]


async def test_what_comes_later_is_a_message_of_its_own(manager: ManagerHarness) -> None:
    await manager.opens("t1")
    manager.passes(GROUP_WINDOW.total_seconds() + 1)
    await manager.opens("t2", cause="credentials_refused")
    assert await shown(manager) == [1, 1]


async def test_trunks_of_one_cut_join_the_open_message_without_a_sound_as_long_as_the_pbx_takes_to_notice(
    manager: ManagerHarness,
) -> None:
    await manager.opens("t1", cause="no_answer")
    await manager.arrives()
    manager.passes(90)
    await manager.opens("t2", cause="own_internet")
    manager.passes(30)
    # A provider that registers with the PBX shows only as UNREGISTERED.
    await manager.opens("t3", cause="unknown", state="UNREGISTERED")
    assert await shown(manager) == [3]
    assert [row.silent for row in await manager.owed() if row.action == "send" and row.chat_id == GROUP] == [False]
    manager.passes(GROUP_WINDOW.total_seconds() + 1)
    await manager.opens("t4", cause="no_answer")
    assert await shown(manager) == [3, 1]


async def test_what_is_silent_does_not_join_the_message_of_a_refused_login(manager: ManagerHarness) -> None:
    await manager.opens("t1", cause="credentials_refused")
    manager.passes(60)
    await manager.opens("t2", cause="no_answer")
    assert await shown(manager) == [1, 1]


async def test_a_message_takes_so_many_and_the_next_takes_the_rest(manager: ManagerHarness) -> None:
    for number in range(MAX_INCIDENTS + 3):
        await manager.opens(f"t{number}")
    assert await shown(manager) == [MAX_INCIDENTS, 3]


async def test_what_wakes_and_what_does_not_never_share_a_message(manager: ManagerHarness) -> None:
    await manager.opens("t1", Kind.TRUNK_DEGRADED)
    await manager.opens("t2")
    assert [(row.silent, len(row.facts["incidents"])) for row in await manager.alerts()] == [(True, 1), (False, 1)]


async def test_topics_of_one_group_are_apart(manager: ManagerHarness) -> None:
    manager = ManagerHarness(manager.database, [Destination(GROUP, 1), Destination(GROUP, 2)])
    await manager.opens("t1")
    await manager.opens("t2")
    assert [(row.thread_id, len(row.facts["incidents"])) for row in await manager.alerts()] == [(1, 2), (2, 2)]


async def test_nothing_joins_what_is_over(manager: ManagerHarness) -> None:
    await manager.opens("t1")
    await manager.arrives()
    await manager.ends("t1")
    await manager.opens("t2")
    assert await shown(manager) == [1, 1]


async def test_a_message_that_fills_is_edited_every_few_seconds_at_most(manager: ManagerHarness) -> None:
    await manager.opens("t0")
    last = await manager.arrives()
    for number in range(1, 10):
        await manager.opens(f"t{number}")
    (edit,) = await manager.owed(since=last)
    assert (edit.action, edit.not_before) == ("edit", manager.now + EDIT_EVERY)
    assert len(edit.facts["incidents"]) == 10


# --- latest state ---------------------------------------------------------------------------------------------------


async def test_unsent_down_and_up_are_one_message_without_a_sound(manager: ManagerHarness) -> None:
    await manager.opens()
    manager.passes(60)
    await manager.ends()
    (only,) = await manager.owed()
    assert only.silent
    assert read(only).startswith("🟢 Zadarma is up again")
    assert only.keyboard_id is None


async def test_of_several_only_the_last_end_answers_and_once(manager: ManagerHarness) -> None:
    for number in range(3):
        await manager.opens(f"t{number}")
    last = await manager.arrives()
    for number in range(3):
        manager.passes(60)
        await manager.ends(f"t{number}")
    rest = await manager.owed(since=last)
    assert [row.action for row in rest] == ["edit", "send"]
    edit, answer = rest
    assert read(edit).startswith("🟢 3 incidents are over")
    assert "It lasted 3 min 40 s." in read(answer)


async def test_what_waited_for_the_morning_and_is_over_is_never_said(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA]]
    manager.on_call.quiet[ANNA] = (time(14), time(18))
    await manager.opens(kind=Kind.TRUNK_DEGRADED)
    await manager.ends()
    (private,) = await manager.alerts(ANNA)
    assert private.state == "dropped"
    (group,) = await manager.alerts()
    assert group.state == "pending"


async def test_what_waited_for_the_morning_and_became_an_outage_is_not_said_in_the_morning(
    manager: ManagerHarness,
) -> None:
    manager.on_call.levels = [[ANNA]]
    manager.on_call.quiet[ANNA] = (time(14), time(18))
    await manager.opens(kind=Kind.TRUNK_DEGRADED)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now))
    assert [(row.state, row.silent) for row in await manager.alerts(ANNA)] == [("dropped", True), ("pending", False)]


async def test_what_may_have_arrived_is_not_dropped(manager: ManagerHarness) -> None:
    """Telegram's answer was lost, so the chat may have the warning already."""
    await manager.opens(kind=Kind.TRUNK_DEGRADED)
    (row,) = await manager.alerts()
    later = manager.now + timedelta(minutes=1)
    with manager.database.begin() as session:
        assert outbox.claim(session, row.id, manager.now)
        outbox.reschedule(session, row.id, later, "the answer was lost", possible_repeat=True)
    await manager.ends()
    (row,) = await manager.alerts()
    assert (row.state, row.possible_repeat) == ("uncertain", True)
    assert read(row).startswith("🟢")


async def test_what_becomes_worse_is_left_off_the_message_it_shared(manager: ManagerHarness) -> None:
    await manager.opens("t1", Kind.TRUNK_DEGRADED)
    await manager.opens("t2", Kind.TRUNK_DEGRADED)
    await manager.arrives()
    manager.passes(60)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now), "t1")
    assert await shown(manager) == [1, 1]
    first, second = await manager.alerts()
    assert (first.silent, second.silent) == (True, False)


async def _is_silenced(manager: ManagerHarness) -> Silence:
    silences = Silences(manager.database, lambda: manager.now, Signal())
    wish = SilenceRequest(STATION, EVERYTHING, "", ANNA, "Anna")
    made = await silences.mute(wish, manager.now, manager.now + timedelta(hours=1))
    await manager.incident_manager.reconsider(manager.now)
    return made


async def test_what_becomes_worse_beneath_a_mute_is_shown_where_it_was_reported_and_its_end_too(
    manager: ManagerHarness,
) -> None:
    await manager.opens(kind=Kind.TRUNK_OUTBOUND_DOWN)
    last = await manager.arrives()
    await _is_silenced(manager)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now))
    (edit,) = await manager.owed(since=last)
    assert read(edit).startswith("🔴 Zadarma is down")
    manager.passes(60)
    await manager.ends()
    over = (await manager.owed(since=last))[-1]
    assert (over.template, over.about) == ("alert_over", last)
    assert "is up again" in read((await manager.owed(since=last))[0])


async def test_what_became_worse_beneath_a_mute_is_reported_when_that_ends_and_the_old_message_points_to_it(
    manager: ManagerHarness,
) -> None:
    await manager.opens(kind=Kind.TRUNK_DEGRADED)
    last = await manager.arrives()
    await _is_silenced(manager)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now))
    await manager.arrives()
    manager.passes(3600)
    await manager.tick()
    new, old = (await manager.owed(since=last))[-2:]
    assert (new.action, new.silent) == ("send", False)
    assert read(new).startswith("🔴 Zadarma is down")
    assert not new.facts["again"], "as news"
    assert (old.about, read(old)) == (last, "🟡 Zadarma is down: see the newer message below.")


async def test_who_is_not_notified_anew_of_what_became_worse_is_notified_of_its_end_all_the_same(
    manager: ManagerHarness,
) -> None:
    manager.on_call.levels = [[ANNA, BORIS]]
    number = await manager.opens(kind=Kind.TRUNK_OUTBOUND_DOWN)
    await manager.arrives()
    manager.passes(600)
    await manager.tick()
    await manager.arrives()
    assert len(await manager.alerts(BORIS)) == 1
    await manager.incident_manager.acknowledge(number, BORIS, "Boris", manager.now)
    await manager.arrives()
    manager.passes(600)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now))
    await manager.arrives()
    (asked_before,) = await manager.alerts(BORIS)
    changes = [row for row in await manager.owed() if row.about == asked_before.id]
    assert read(changes[-1]).startswith("🔴 Zadarma is down")
    manager.passes(60)
    await manager.ends()
    assert BORIS in [row.chat_id for row in await manager.owed() if row.template == "alert_over"]


@pytest.mark.parametrize(("language", "said"), [("en", "see the other message."), ("ru", "смотрите другое сообщение.")])
async def test_what_becomes_worse_and_joins_a_message_above_does_not_point_below(
    manager: ManagerHarness, language: str, said: str
) -> None:
    await manager.opens("t1")
    manager.passes(GROUP_WINDOW.total_seconds() + 1)
    await manager.opens("t2", Kind.TRUNK_OUTBOUND_DOWN)
    last = await manager.arrives()
    manager.passes(30)
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now), "t2")
    assert await shown(manager) == [2, 1]
    pointing = [row for row in await manager.owed(since=last) if row.facts["superseded"]]
    assert [row.about for row in pointing] == [last]
    assert read(pointing[0], language).endswith(said)
    told = [event.facts for event in await manager.chain() if event.what == "told"]
    assert [one.get("added", False) for one in told] == [False, False, True], "nobody heard it"


async def test_when_what_is_left_of_a_message_is_over_it_is_answered(manager: ManagerHarness) -> None:
    await manager.opens("t1", Kind.TRUNK_DEGRADED)
    await manager.opens("t2", Kind.TRUNK_DEGRADED)
    await manager.ends("t1")
    await manager.arrives()
    await manager.happens(Upgraded(Kind.TRUNK_DOWN, manager.now), "t2")
    board = (await manager.alerts())[0]
    answers = [row for row in await manager.owed() if row.template == "alert_over"]
    assert [row.about for row in answers] == [board.id]


# --- resent messages ------------------------------------------------------------------------------------------------


async def test_a_message_that_was_talked_away_is_put_under_the_chat_again(manager: ManagerHarness) -> None:
    await manager.opens()
    last = await manager.arrives(message_id=100)
    manager.newest[GROUP] = 100 + SCROLLED_AWAY + 1
    await manager.happens(Changed(), cause="credentials_refused")
    edit, again = await manager.owed(since=last)
    assert (edit.action, edit.about) == ("edit", last)
    assert read(edit) == "🟡 Zadarma is down: see the newer message below."
    assert edit.keyboard_id is None
    assert (again.action, again.silent) == ("send", True)
    assert again.keyboard_id
    assert "refuses the login" in read(again)
    await manager.arrives(message_id=200)
    await manager.ends()
    assert [row.about for row in await manager.owed(since=again.id) if row.action == "send"] == [again.id]


@pytest.mark.parametrize("newest", [100, 100 + SCROLLED_AWAY])
async def test_a_message_that_is_near_is_edited_where_it_stands(manager: ManagerHarness, newest: int) -> None:
    await manager.opens()
    last = await manager.arrives(message_id=100)
    manager.newest[GROUP] = newest
    await manager.happens(Changed(), cause="credentials_refused")
    assert [row.action for row in await manager.owed(since=last)] == ["edit"]


async def test_in_private_chats_nobody_counts_messages(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA]]
    await manager.opens()
    await manager.arrives(message_id=100)
    manager.newest[ANNA] = 100 + 10 * SCROLLED_AWAY
    await manager.happens(Changed(), cause="credentials_refused")
    assert len(await manager.alerts(ANNA)) == 1


async def test_a_reminder_makes_a_sound_and_the_old_message_points_to_it(manager: ManagerHarness) -> None:
    await manager.opens()
    last = await manager.arrives()
    manager.passes(40 * 60)
    await manager.tick()
    manager.passes(30 * 60)
    await manager.tick()
    assert not (await manager.alerts(ANNA))[-1].silent
    reminder = (await manager.alerts())[-1]
    assert reminder.id > last
    assert reminder.silent, "those who are asked hear it in private"
    assert "🔁 Still, since 14:59:20" in read(reminder)
    pointing = [row for row in await manager.owed(since=last) if row.action == "edit" and row.facts["superseded"]]
    assert {row.about for row in pointing} == {last}


async def test_a_reminder_of_what_was_never_sent_is_the_message_itself(manager: ManagerHarness) -> None:
    """Telegram was unreachable for an hour: people get one message, in its latest state."""
    await manager.opens()
    manager.passes(10 * 60)
    await manager.tick()
    manager.passes(30 * 60)
    await manager.tick()
    (only,) = await manager.alerts()
    assert not only.silent
    assert "(40 min 40 s before this message)" in read(only, now=manager.now)


async def test_a_change_queued_while_the_message_failed_does_not_undo_what_it_shows_in_the_end(
    manager: ManagerHarness,
) -> None:
    await manager.opens("t1")
    await manager.opens("t2")
    (row,) = await manager.alerts()
    with manager.database.begin() as session:
        assert outbox.claim(session, row.id, manager.now)
    await manager.ends("t1")
    with manager.database.begin() as session:
        outbox.reschedule(session, row.id, manager.now, "Telegram is away")
    await manager.ends("t2")
    (message, edit) = await manager.owed()
    assert (message.action, message.state, edit.action, edit.state) == ("send", "pending", "edit", "dropped")
    assert read(message).startswith("🟢")
