"""An upgrade during an outage keeps its incident and its messages."""

import json
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, select, text

from bot.access.policy import Destination
from bot.detection import station_machine, trunk_state
from bot.incidents.model import Kind
from bot.store.database import Database
from bot.store.messages import inbox, temporary_payloads
from bot.store.messages.outbox import Urgency
from bot.store.oncall import calendars
from bot.store.schema import MIGRATIONS
from bot.store.tables.audit import AuditOutcome
from bot.store.tables.dialog import Import, QuestionRow
from bot.store.tables.messages import Keyboard, Outgoing
from tests.incident_harness.incident_ledger import FORUM, ManagerHarness, read
from tests.incident_harness.pbx import ANNA, GROUP, STATION
from tests.incident_harness.station import START

OPENED = START - timedelta(minutes=5)


class OldStore:
    """Database as the previous version left it."""

    def __init__(self, path: Path) -> None:
        self.engine = create_engine(f"sqlite:///{path}")

    @classmethod
    def made(cls, path: Path, revision: str) -> "OldStore":
        old = cls(path)
        with old.engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        return old

    def incident(self, subject: str, kind: str = "trunk_down", *, taken: bool = False, ended: bool = False) -> int:
        facts = {"station": STATION, "trunk": subject.title(), "host": "sip.example", "type": "sip"}
        more = {"state": "rejected", "cause": "no_answer", "remaining": 1, "of": 2}
        row: dict[str, Any] = {
            "station": STATION,
            "subject": subject,
            "open_key": None if ended else f"{STATION}|{subject}",
            "kind": kind,
            "facts": json.dumps(facts | more),
            "began_at": written(OPENED),
            "opened_at": written(OPENED),
            "ended_at": written(START) if ended else None,
            "acknowledged_at": written(OPENED) if taken else None,
            "acknowledged_by": "Anna" if taken else None,
        }
        return self.insert("incidents", row)

    def message(
        self,
        incident: int,
        state: str,
        chat: int = GROUP,
        *,
        thread: int | None = None,
        action: str = "send",
        about: int | None = None,
        template: str = "alert",
        silent: bool = False,
    ) -> int:
        row: dict[str, Any] = {
            "action": action,
            "chat_id": chat,
            "thread_id": thread,
            "about": about,
            "template": template,
            "facts": json.dumps({"station": STATION, "trunk": "Zadarma"}),
            "incident_id": incident,
            "silent": silent,
            "state": state,
            "attempts": int(state != "pending"),
            "created_at": written(OPENED),
            "not_before": written(OPENED),
            "possible_repeat": False,
            "message_id": 41 if state == "sent" else None,
        }
        return self.insert("outbox", row)

    def memory(self, subject: str, state: dict[str, Any]) -> None:
        row = {"station": STATION, "subject": subject, "state": json.dumps(state), "updated_at": written(OPENED)}
        self.insert("watch_states", row)

    def insert(self, table: str, row: dict[str, Any]) -> int:
        names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self.engine.begin() as connection:
            return _run(connection, f"INSERT INTO {table} ({names}) VALUES ({places})", row)  # noqa: S608 (constant names)

    def deleted_badly(self, table: str, row: dict[str, Any]) -> None:
        """Delete without secure_delete, as SQLite does by default."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=OFF")
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            _run(connection, f"INSERT INTO {table} ({names}) VALUES ({places})", row)  # noqa: S608 (constant names)
            connection.execute(text(f"DELETE FROM {table} WHERE id = :id"), row)  # noqa: S608
            connection.commit()


def _run(connection: Connection, statement: str, row: dict[str, Any]) -> int:
    number: int = connection.execute(text(statement), row).lastrowid
    return number


def files_with(folder: Path, secret: str) -> set[str]:
    return {file.name for file in folder.iterdir() if secret.encode() in file.read_bytes()}


def written(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("old") / "old.sqlite3"
    OldStore.made(path, "0003").engine.dispose()
    return path


@pytest.fixture
def old(empty: Path, tmp_path: Path) -> OldStore:
    return OldStore(Path(shutil.copy(empty, tmp_path)))


@pytest.fixture
async def manager(old: OldStore, tmp_path: Path) -> AsyncIterator[ManagerHarness]:
    """Not migrated until a test does so."""
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    yield ManagerHarness(database, (Destination(GROUP), FORUM))
    await database.close()
    old.engine.dispose()


async def test_what_was_sent_is_edited_and_answered_when_it_ends(old: OldStore, manager: ManagerHarness) -> None:
    number = old.incident("zadarma", taken=True)
    alert = old.message(number, "sent")
    old.message(number, "sent", action="edit", about=alert)
    await manager.database.open()
    await manager.tick()
    last = (await manager.owed())[-1].id
    await manager.ends("zadarma")
    edit, answer = await manager.owed(since=last)
    assert (edit.action, edit.about, answer.action, answer.about) == ("edit", alert, "send", alert)
    assert "Zadarma is up again" in read(edit)
    assert "Anna took it" in read(edit)


async def test_what_was_not_sent_yet_is_reported_anew_and_once(old: OldStore, manager: ManagerHarness) -> None:
    number = old.incident("zadarma")
    old.message(number, "pending")
    old.message(number, "sending", FORUM.chat, thread=FORUM.thread)
    await manager.database.open()
    await manager.tick()
    waiting = [row for row in await manager.owed() if row.state == "pending"]
    assert [(row.action, row.chat_id, row.silent) for row in waiting] == [
        ("send", GROUP, False),
        ("send", FORUM.chat, False),
    ]
    assert all(read(row).startswith("🔴 Zadarma is down") for row in waiting)


async def test_a_chat_that_had_not_been_notified_of_it_is_notified(old: OldStore, manager: ManagerHarness) -> None:
    number = old.incident("zadarma")
    old.message(number, "sent")
    old.message(number, "pending", FORUM.chat, thread=FORUM.thread)
    await manager.database.open()
    await manager.tick()
    waiting = [row.chat_id for row in await manager.owed() if row.state == "pending" and row.action == "send"]
    assert FORUM.chat in waiting


async def test_an_outage_that_nobody_took_goes_on_to_whoever_is_asked_next(
    old: OldStore, manager: ManagerHarness
) -> None:
    taken, warning, open_ = old.incident("a", taken=True), old.incident("b", "trunk_degraded"), old.incident("c")
    for number in (taken, warning, open_):
        old.message(number, "sent", silent=number == warning)
    await manager.database.open()
    manager.on_call.levels = [[ANNA]]
    await manager.tick()
    (page,) = await manager.alerts(ANNA)
    assert [one["trunk"] for one in page.facts["incidents"]] == ["C"]
    assert [one.step for one in await manager.incidents()] == [1, 1, 2]


async def test_of_several_messages_about_one_the_newest_is_kept(old: OldStore, manager: ManagerHarness) -> None:
    """It was a warning, then worse, and was sent twice."""
    number = old.incident("zadarma", taken=True)
    old.message(number, "sent", silent=True)
    newest = old.message(number, "sent")
    await manager.database.open()
    await manager.ends("zadarma")
    answers = [row for row in await manager.owed() if row.template == "alert_over"]
    assert [row.about for row in answers] == [newest]


async def test_what_is_over_stays_as_it_is(old: OldStore, manager: ManagerHarness) -> None:
    number = old.incident("zadarma", ended=True)
    alert = old.message(number, "sent")
    old.message(number, "sent", about=alert, template="alert_over")
    await manager.database.open()
    await manager.tick()
    assert {row.state for row in await manager.owed()} == {"sent"}
    with manager.database.begin() as session:
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []


async def test_what_the_machines_remembered_is_understood(old: OldStore, manager: ManagerHarness) -> None:
    since = OPENED.isoformat()
    trunk = {"name": "Zadarma", "host": "sip.example", "type": "sip", "state": "rejected", "health": "down"}
    more = {"cause": "no_answer", "since": since, "looks": 2, "measured_at": since, "alarm": "trunk_down"}
    old.memory("zadarma", trunk | more)
    old.memory("", {"trouble": None, "row": "", "since": None, "looks": 0, "alarm": False, "judge_from": None})
    await manager.database.open()
    found = await manager.incident_manager.load_states()
    assert trunk_state.read(found["zadarma"]).alarm is Kind.TRUNK_DOWN
    assert station_machine.read(found[""]).seen_at is None


async def test_an_audit_of_the_first_days_is_kept(tmp_path: Path) -> None:
    old = OldStore.made(tmp_path / "older.sqlite3", "0002")
    words = dict.fromkeys(("actor_name", "station", "what", "arguments", "permission", "reason"), "")
    numbers = {"update_id": 1, "actor_id": ANNA, "chat_id": GROUP, "allowed": True}
    old.insert("audit", {**words, **numbers, "at": written(OPENED), "outcome": "done"})
    old.engine.dispose()
    database = Database(f"sqlite:///{tmp_path / 'older.sqlite3'}")
    await database.open()
    with database.begin() as session:
        (outcome,) = session.execute(select(AuditOutcome)).scalars()
    assert (outcome.decision_id, outcome.outcome) == (1, "done")
    await database.close()


async def test_what_waits_to_be_sent_keeps_its_urgency_and_its_doubt(tmp_path: Path) -> None:
    old = OldStore.made(tmp_path / "older.sqlite3", "0004")
    common = {
        "chat_id": GROUP,
        "facts": "{}",
        "state": "pending",
        "attempts": 1,
        "created_at": written(OPENED),
        "not_before": written(OPENED),
        "possible_repeat": False,
    }
    rows: list[dict[str, Any]] = [
        {"action": "send", "template": "alert", "silent": False},
        {"action": "send", "template": "alert", "silent": True},
        {"action": "edit", "template": "alert", "silent": True},
        {"action": "send", "template": "alert_over", "silent": True},
        {"action": "send", "template": "access_request", "silent": False, "possible_repeat": True},
        {"action": "delete", "template": "", "silent": False},
    ]
    for row in rows:
        old.insert("outbox", common | row)
    old.engine.dispose()
    database = Database(f"sqlite:///{tmp_path / 'older.sqlite3'}")
    await database.open()
    with database.begin() as session:
        found = list(session.execute(select(Outgoing).order_by(Outgoing.id)).scalars())
    assert [Urgency(row.urgency).name for row in found] == ["PAGE", "RESOLVE", "EDIT", "RESOLVE", "ANSWER", "EDIT"]
    assert [row.state for row in found] == ["pending"] * 4 + ["uncertain", "pending"]
    await database.close()


async def test_what_lay_open_is_sealed_and_no_byte_of_it_is_left(tmp_path: Path) -> None:
    path, secret = tmp_path / "older.sqlite3", "Pa55wordInPlain"
    old = OldStore.made(path, "0007")
    times = {"expires_at": written(OPENED)}
    station = {"station": STATION}
    old.insert("kept", {"id": "draft", "payload": json.dumps({"secret": secret}), **times})
    old.insert("kept", {"id": "anew 1", "payload": json.dumps({"trunk": "zadarma"}), **times})
    asked: dict[str, Any] = {"chat_id": 1, "person_id": 1, "message_id": 1, "answer": "x", **station, **times}
    old.insert("questions", asked | {"data": json.dumps({"old": secret})})
    old.insert("inbox", {"update_id": 1, "payload": json.dumps({"text": secret}), "received_at": written(OPENED)})
    begun: dict[str, Any] = {"id": 1, "person_id": 1, "state": "stopped", **station}
    begun |= {"begun_at": written(OPENED), "touched_at": written(OPENED)}
    old.insert("imports", begun | {"rows": json.dumps([{"secret": secret}])})
    calendar = {"url": f"https://a.example/{secret}", "text": "", "duties": [], "unknown": [], "zone": "UTC"}
    calendar |= {"fetched_at": OPENED.isoformat(), "problem": ""}
    turns: dict[str, Any] = {"level": 1, "people": "[]", "shift": "{}", **station}
    turns |= {"changed_at": written(OPENED), "changed_by": "Anna"}
    old.insert("rotations", turns | {"calendar": json.dumps(calendar)})
    answer: dict[str, Any] = {"action": "send", "chat_id": 1, "template": "rendered", "silent": False, "attempts": 1}
    answer |= {"created_at": written(OPENED), "not_before": written(OPENED), "state": "pending", "possible_repeat": 0}
    answer |= {"masked": 0, "urgency": 2, "refusals": 0}
    old.insert("outbox", answer | {"facts": json.dumps({"station": STATION, "html": secret})})
    old.deleted_badly("kept", {"id": "gone", "payload": json.dumps({"secret": 9999 * secret}), **times})
    old.engine.dispose()
    assert path.read_bytes().count(secret.encode()) > 100
    database = Database(f"sqlite:///{path}")
    await database.open()
    left = files_with(tmp_path, secret)
    with database.begin() as session:
        assert temporary_payloads.peek(session, "draft", OPENED - timedelta(days=1)) == {"secret": secret}
        assert temporary_payloads.peek(session, "anew 1", OPENED - timedelta(days=1)) == {"trunk": "zadarma"}
        (question,) = session.execute(select(QuestionRow)).scalars()
        (left_over,) = session.execute(select(Import)).scalars()
        (kept,) = calendars.of_station(session, STATION)
        (owed,) = session.execute(select(Outgoing)).scalars()
        assert inbox.unfinished(session) == {1: {"text": secret}}
    await database.close()
    assert not left
    assert (question.data, left_over.rows, kept.url) == ({"old": secret}, [{"secret": secret}], calendar["url"])
    assert (owed.html, owed.facts) == (secret, {"station": STATION})


async def test_the_buttons_of_what_was_sent_know_their_message(tmp_path: Path) -> None:
    """The message is unknown for buttons that bypassed the outbox, which expire after two days."""
    old = OldStore.made(tmp_path / "old.sqlite3", "0007")
    row = {"chat_id": GROUP, "station": STATION, "rows": "[]", "single_use": False, "created_at": written(OPENED)}
    for keyboard in ("sent", "waits", "answer"):
        old.insert("keyboards", {"id": keyboard} | row)
    more = {"refusals": 0, "masked": False, "urgency": 2}
    sent = {"action": "send", "chat_id": GROUP, "template": "alert", "facts": "{}", "silent": False, "attempts": 1}
    times = {"created_at": written(OPENED), "not_before": written(OPENED), "possible_repeat": False}
    old.insert("outbox", sent | more | times | {"keyboard_id": "sent", "state": "sent", "message_id": 41})
    old.insert("outbox", sent | more | times | {"keyboard_id": "waits", "state": "pending", "message_id": 40})
    old.engine.dispose()
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    await database.open()
    with database.begin() as session:
        known = {one.id: one.message_id for one in session.execute(select(Keyboard)).scalars()}
    await database.close()
    assert known == {"sent": 41, "waits": None, "answer": None}
