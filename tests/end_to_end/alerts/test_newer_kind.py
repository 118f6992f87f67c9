"""An incident of a kind that only a newer version knows, read after a rollback, is an alarm; its end arrives."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bot.store.database import Database
from bot.store.tables.incidents import Incident, WatchState
from tests.end_to_end.harness import ANNA, Json, Program, Standins
from tests.fixtures import stored

Start = Callable[..., Program]
STATION = "Head office"
KIND = "something_new"
REASSURING = ("Drill", "drill", "Rehearsal", "Nothing is broken")


def stored_by_a_newer_version(folder: Path, standins: Standins) -> None:
    """Store an open incident of Zadarma whose first step is due, and its trunk state, before the bot starts."""
    address = stored.in_folder(folder).migrated().address
    subject, now = str(standins.trunk("Zadarma")["id"]), standins.now()
    began = (now - timedelta(minutes=1)).isoformat()
    state: Json = {"name": "Zadarma", "host": "sip.zadarma.com", "type": "sip", "state": "rejected", "health": "down"}
    state |= {"cause": "no_answer", "since": began, "looks": 2, "measured_at": began, "bad_since": began, "alarm": KIND}

    async def write() -> None:
        database = Database(address)
        with database.begin() as session:
            session.add(
                Incident(
                    station=STATION,
                    subject=subject,
                    open_key=f"{STATION}|{subject}",
                    kind=KIND,
                    facts={"station": STATION, "trunk": "Zadarma", "volts": 3},
                    began_at=now - timedelta(minutes=1),
                    opened_at=now,
                    due_at=now,
                )
            )
            session.add(WatchState(station=STATION, subject=subject, state=state, updated_at=now))
        await database.close()

    asyncio.run(write())


def sent(standins: Standins, part: str) -> list[Json]:
    """Return the parameters of the messages to Anna that Telegram took."""
    calls = [call["params"] for call in standins.calls("sendMessage") if call["ok"]]
    return [one for one in calls if int(str(one["chat_id"])) == ANNA and part in str(one["text"])]


def test_it_sounds_an_alarm_and_its_end_arrives(standins: Standins, start_bot: Start, tmp_path: Path) -> None:
    standins.breaks("Zadarma")
    stored_by_a_newer_version(tmp_path, standins)
    start_bot(ALERT_CHATS=str(ANNA))
    alert = standins.wait_for_message("something new — Zadarma: something is wrong", ANNA)
    (params,) = sent(standins, "something new")
    assert str(params.get("disable_notification", False)).lower() == "false"
    assert alert.text.startswith("🔴")
    assert not [word for word in REASSURING if word in alert.text]
    standins.mends("Zadarma")
    end = standins.wait_for_message("something new — Zadarma: it is over", ANNA, alert.id)
    assert end.raw["reply_to"] == alert.id
    assert not [word for word in REASSURING if word in end.text]
