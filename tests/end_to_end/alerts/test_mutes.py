"""Silences and maintenance windows end to end: every command and button, by role, and without a PBX."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.incidents import Incident
from tests.end_to_end.harness import ANNA, BORIS, GROUP, SAM, VERA, Program, Seen, Standins, press
from tests.fixtures import stored

Start = Callable[..., Program]
STATION = "Head office"


@pytest.fixture(scope="module")
def known(shared: Standins) -> Standins:
    """The bot knows the names of the trunks. Each test removes its silences."""
    shared.wait_until_known()
    return shared


def down(folder: Path, standins: Standins, *names: str, alert_in: int | None = None) -> None:
    """Store open incidents of these trunks, and an alert with a mute button in a chat, before the bot starts."""
    address = stored.in_folder(folder).migrated().address

    async def write() -> None:
        database, now = Database(address), standins.now()
        for name in names:
            subject = str(standins.trunk(name)["id"])
            began = now - timedelta(minutes=2)
            incident = Incident(
                station=STATION,
                subject=subject,
                open_key=f"{STATION}|{subject}",
                kind="trunk_down",
                facts={"station": STATION, "trunk": name},
                began_at=began,
                opened_at=now,
            )
            with database.begin() as session:
                session.add(incident)
                session.flush()
                if alert_in is not None:
                    rows = [[{"label": "🔕 Mute", "action": "incident.mute", "data": {"incident": incident.id}}]]
                    outbox.enqueue(
                        session,
                        chat_id=alert_in,
                        thread_id=None,
                        template="note_switched_off",
                        facts={"station": STATION, "trunk": name},
                        now=now,
                        keyboard=new_keyboard(alert_in, rows, now=now, station=STATION),
                    )
        await database.close()

    asyncio.run(write())


def refused(standins: Standins, message: Seen, label: str, person: int = VERA) -> bool:
    return "no right" in standins.presses(person, message, label)["text"]


def first_number(listed: Seen) -> int:
    """Return the first number of a list; earlier tests have used others."""
    found = re.search(r"^(\d+)\. ", listed.text, re.MULTILINE)
    assert found, listed.text
    return int(found[1])


def test_an_operator_mutes_and_unmutes_and_a_viewer_only_looks(known: Standins, group: int) -> None:
    for text in ("/mute Zadarma", "/unmute", "/maintenance all sat 02:00-04:00"):
        assert "no right" in known.asks(VERA, text, group)
    muted = known.asks(BORIS, "/mute Zadarma for 2h provider works on the line", group)
    assert "🔕 Zadarma · Head office\nMuted until" in muted.text
    assert "by Boris Petrov.\nWhy: provider works on the line" in muted
    assert muted.buttons == [["🔔 Unmute"]]
    for person in (VERA, BORIS):
        listed = known.asks(person, "/mutes", person)
        number = first_number(listed)
        assert f"Mutes and maintenance · 1 · Head office\n\n{number}. 🔕 Zadarma · until " in listed
        assert " · Boris Petrov\n    provider works on the line" in listed
        assert listed.buttons == ([[f"🔔 Unmute {number}"]] if person == BORIS else [])
    assert refused(known, muted, "Unmute")
    assert refused(known, known.asks(BORIS, "/mutes", group), "🔔")
    press(known, muted, "Unmute", "Unmuted by Boris Petrov.", BORIS)
    assert "Nothing is held back: every alert comes." in known.asks(VERA, "/mutes", group)


def test_strangers_hear_nothing_of_it(known: Standins) -> None:
    assert "no access yet" in known.asks(SAM, "/mutes")
    assert "no access yet" in known.asks(SAM, "/mute all")


def test_everything_is_muted_for_a_week_at_most(known: Standins, group: int) -> None:
    assert "for 7 days at most" in known.asks(BORIS, "/mute all for 8d", group)
    assert "🔕 Everything · Head office" in known.asks(BORIS, "/mute all until morning", group)
    assert "🔔 Everything" in known.asks(ANNA, "/unmute all", group)


def test_it_works_while_the_pbx_is_away_and_outlives_a_restart(standins: Standins, start_bot: Start) -> None:
    program = start_bot()
    standins.wait_until_known()
    standins.post("/control/fault", kind="unplugged", delay=0)
    muted = standins.asks(BORIS, "/mute branch iax until recovery")
    assert "It is not down" in muted
    assert "🔕 Branch IAX" in standins.asks(BORIS, "/mute branch iax for 3h")
    assert "Plan this maintenance?" in standins.asks(BORIS, "/maintenance zadarma sat 02:00-04:00")
    program.stop()
    start_bot()
    assert "1. 🔕 Branch IAX" in standins.asks(BORIS, "/mutes")


def test_with_several_things_down_a_button_chooses(standins: Standins, start_bot: Start, tmp_path: Path) -> None:
    down(tmp_path, standins, "Zadarma", "Branch IAX")
    start_bot()
    standins.wait_until_known()
    asked = standins.says(BORIS, "/mute for 2h flood in the cellar", GROUP)
    question = standins.wait_for(
        lambda: next((m for m in standins.from_bot(GROUP, BORIS) if m.raw["reply_to"] == asked), None), "which"
    )
    assert question.buttons == [["Zadarma"], ["Branch IAX"], ["Everything"]]
    assert refused(standins, question, "Branch")
    muted = press(standins, question, "Branch", "🔕 Branch IAX", BORIS)
    assert "Why: flood in the cellar" in muted
    assert "🔴 Branch IAX · since" in muted
    told = press(standins, muted, "Unmute", "🔔 Branch IAX", BORIS)
    assert "What is still down is told now." in told


def test_an_alert_is_muted_by_its_button_and_the_reason_may_follow(
    standins: Standins, start_bot: Start, tmp_path: Path
) -> None:
    down(tmp_path, standins, "Zadarma", alert_in=GROUP)
    start_bot()
    alert = standins.wait_for_message("Zadarma")
    assert refused(standins, alert, "Mute")
    standins.presses(BORIS, alert, "Mute")
    question = standins.wait_for_message("Mute Zadarma for how long", after=alert.id)
    assert question.raw["reply_to"] == alert.id
    assert question.buttons == [["1 h", "4 h"], ["until morning", "until recovery"]]
    assert refused(standins, question, "until recovery")
    muted = press(standins, question, "until recovery", "Muted until it has recovered by Boris Petrov.", BORIS)
    assert "Why? Answer this message if you like." in muted
    kept = standins.again(alert)
    assert kept is not None
    assert (kept.text, kept.buttons) == (alert.text, alert.buttons)
    standins.says(VERA, "not mine to say", GROUP, reply_to=muted.id)
    answer = standins.asks(BORIS, "they dig up the street", GROUP, reply_to=muted.id)
    assert "Why: they dig up the street" in answer
    assert "they dig up the street" in standins.asks(VERA, "/mutes", GROUP)
    assert refused(standins, answer, "Unmute")
    press(standins, answer, "Unmute", "Unmuted by Anna Ivanova.", ANNA)


def test_a_window_is_planned_by_who_asked_and_taken_away_by_any_operator(known: Standins, group: int) -> None:
    preview = known.asks(BORIS, "/maintenance all weekly sat,sun 02:00-04:00 updates", group)
    assert "🛠 Everything · Head office\nPlan this maintenance?\nevery Sat, Sun 02:00–04:00 · next" in preview
    assert "Only whoever sent the command" in known.presses(ANNA, preview, "Plan")["text"]
    planned = press(known, preview, "Plan", "Maintenance planned by Boris Petrov.", BORIS)
    assert refused(known, planned, "Remove")
    cancelled = known.asks(BORIS, "/maintenance Zadarma tomorrow 02:00-04:00", group)
    press(known, cancelled, "Cancel", "no maintenance was planned", BORIS)
    seen = known.asks(VERA, "/maintenance", VERA)
    assert f"Maintenance · 1 · Head office\n\n{first_number(seen)}. 🛠 Everything · every Sat, Sun" in seen
    listed = known.asks(ANNA, "/maintenance", group)
    assert refused(known, listed, "🗑")
    press(known, listed, "🗑", "No maintenance is planned.")


def test_a_window_in_force_is_ended_this_time(known: Standins, group: int) -> None:
    """It is afternoon at the station."""
    preview = known.asks(BORIS, "/maintenance Zadarma daily 12:00-20:00", group)
    press(known, preview, "Plan", "now, until 20:00", BORIS)
    listed = known.asks(BORIS, "/maintenance", group)
    number = first_number(listed)
    assert listed.buttons == [[f"⏹ {number}", f"🗑 {number}"]]
    assert refused(known, listed, "⏹")
    ended = press(known, listed, "⏹", "every day 12:00–20:00 · next ", BORIS)
    assert ended.buttons == [[f"🗑 {number + 1}"]]
    press(known, ended, "🗑", "No maintenance is planned.", BORIS)
