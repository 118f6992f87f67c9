"""Secrets that were typed, generated or fetched are not readable by another account or from a copy of the database.

Every harness of the end-to-end tests is searched at its end; here are the places where secrets were found once.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.oncall.rotation import Calendar, Duty
from bot.store import sealing
from bot.store.database import Database
from bot.store.oncall import calendars
from bot.store.oncall.calendars import StoredCalendar
from tests.end_to_end import secret_scan
from tests.end_to_end.commands.test_import import crowd, ends, preview, report
from tests.end_to_end.harness import (
    ANNA,
    BORIS,
    GROUP,
    SAM,
    TOKEN,
    Program,
    Seen,
    Standins,
    press,
    running_bot,
    running_standins,
)
from tests.fixtures import stored, stores

TYPED_TRUNK, TYPED_PERSON, IMPORTED = "TrunkPw-7Kq9-ZZtop1", "EmpPw4Qx77LmNopA1", "ImportPw9Ty3kLmQ2z"
CALENDAR = "https://127.0.0.1:1/ical/private-SECRETTOKEN123456/basic.ics"
CARD = "4111222233334444"
IN_GROUP = "GroupPw55xxYYzz11"
IN_WORDS = "WordsPw31hhJJkk47"
PLANTED = {TYPED_TRUNK, TYPED_PERSON, IMPORTED, CALENDAR, CARD, IN_GROUP, IN_WORDS}
# Default name of the only PBX.
STATION = "Head office"
REVOKED = "1234567890:BBtestTestTestTestTestTestTestTestTest0"


def test_nothing_that_was_typed_made_or_fetched_can_be_read_by_others(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    open_to_all(tmp_path / ".env", b"# Nothing.\n")
    if not stored.ON_POSTGRESQL:
        open_to_all(tmp_path / "bot.sqlite3", stores.empty().read_bytes())
    standins.unwritten |= PLANTED
    bot = start_bot()
    plant(standins)
    standins.says(SAM, f"hello my card is {CARD} thanks")
    standins.says(ANNA, f"/add_employee 303 X Y password={IN_GROUP}", GROUP)
    undo = next(one.secret for one in standins.station.employees.values() if one.number == "208")
    press(standins, standins.asks(ANNA, "/delete_employee 208"), "Delete", "Deleted")
    bot.kept_its_secrets()
    gone = PLANTED - {TYPED_TRUNK, TYPED_PERSON}
    standins.wait_for(lambda: not (gone & known(bot.database, gone)) or None, "what led to nothing is forgotten")
    assert known(bot.database, {undo}), "the snapshot that an Undo needs is there, and sealed"
    assert bot.stop() == 0
    log = bot.log.read_text()
    assert "chmod 600 .env" in log
    if not stored.ON_POSTGRESQL:
        assert [path.name for path in tmp_path.glob("bot.sqlite3*")] == ["bot.sqlite3"]
        assert re.search(r"file was readable by others.*bot\.sqlite3", log)


def open_to_all(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o666)


def plant(standins: Standins) -> None:
    standins.asks(ANNA, '/add_trunk "Zed" host=sip.zed.example username=u1')
    draft = standins.after(standins.says(ANNA, TYPED_TRUNK), ANNA, "Create the trunk")
    press(standins, standins.asks(ANNA, f"/add_employee 301 Test Person password={TYPED_PERSON}"), "Create", "Created")
    press(standins, standins.asks(ANNA, "/add_employee 302 Second Person"), "Create", "Created")
    standins.presses(ANNA, draft, "Cancel")
    question = standins.asks(ANNA, f"/import_employees\nnumber;name;password\n401;Imp One;{IMPORTED}")
    press(standins, question, "Cancel", "ancel")
    standins.asks(ANNA, "/oncall import")
    standins.asks(ANNA, CALENDAR)
    for words in (
        "/add_trunk Foo sip.a.example u password is",
        "/edit_trunk Zadarma пароль -",
        "/mute Zadarma 2h psw:",
    ):
        standins.asks(ANNA, f"{words} {IN_WORDS}")
    standins.asks(ANNA, f"/edit_trunk Zadarma pass\u00adword: correct {IN_WORDS} staple")


def known(database: stored.Stored, secrets: set[str]) -> set[str]:
    """Return the secrets that the program can still read, decrypted."""
    found = secret_scan.known_with(TOKEN, database)
    return {secret for secret in secrets if secret in found}


def test_what_it_writes_is_private_and_no_image_of_its_memory_is_left(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    process = Path(f"/proc/{start_bot().pid}")
    assert "Umask:\t0077" in (process / "status").read_text()
    assert re.search(r"Max core file size +0 ", (process / "limits").read_text())


EN = {
    "create": "Create",
    "stop": "Stop",
    "stopped": "Stopped",
    "report": "Report",
    "go on": "Continue",
    "done": "Done",
    "told": "in the earlier report",
    "created": "created",
}
RU = {
    "create": "Создать",
    "stop": "Стоп",
    "stopped": "Остановлено",
    "report": "Отчёт",
    "go on": "Продолжить",
    "done": "Готово",
    "told": "в прежнем отчёте",
    "created": "создан",
}


@pytest.mark.parametrize(("language", "word"), [("en", EN), ("ru", RU)])
def test_a_stopped_import_forgets_each_password_with_the_report_that_had_it(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path, language: str, word: dict[str, str]
) -> None:
    database = start_bot(LANGUAGE=language).database
    question, stopped = stopped_import(standins, word)
    standins.presses(ANNA, stopped, word["report"])
    first = {row[3]: row[7] for row in report(standins, question.id, says="")[1:] if row[7]}
    assert first
    standins.wait_for(lambda: not known(database, set(first.values())) or None, "delivered, they are forgotten")
    assert '"secret": "' not in secret_scan.known_with(TOKEN, database).replace('"secret": ""', "")
    standins.post("/control/fault", kind="none")
    last = standins.from_bot(ANNA)[-1].id
    standins.presses(ANNA, stopped, word["go on"], wait=0)
    ends(standins, question, word["done"])
    rows = report(standins, last, says="")[1:]
    told = {row[3] for row in rows if row[7] == word["told"]}
    assert told == set(first)
    assert all(row[7] for row in rows if row[1] == word["created"])


def stopped_import(standins: Standins, word: dict[str, str]) -> tuple[Seen, Seen]:
    standins.post("/control/fault", kind="slow", delay=1.5, paths=["employees"])
    number = standins.sends_file(ANNA, "people.xlsx", crowd(100), "/import_employees")
    question = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA, ANNA, number) if m.buttons), None))
    standins.presses(ANNA, question, word["create"], wait=0)
    running = ends(standins, question, "▓")
    standins.presses(ANNA, running, word["stop"], wait=0)
    return question, ends(standins, question, word["stopped"])


def test_an_import_that_nobody_goes_on_with_is_forgotten_after_a_day(tmp_path: Path) -> None:
    with running_standins(speed=20) as standins, running_bot(standins, tmp_path) as bot:
        question = preview(standins, f"number;name;password\n401;Imp One;{IMPORTED}\n".encode(), "people.csv")
        standins.post("/control/fault", kind="unplugged", paths=["employees"])
        standins.presses(ANNA, question, "Create", wait=0)
        stopped = ends(standins, question, "Stopped")
        assert known(bot.database, {IMPORTED})
        standins.wait_for(lambda: "\nstopped\n" in secret_scan.known_with(TOKEN, bot.database) or None, "it is stopped")
        long_ago = (datetime.now(UTC) - timedelta(days=3)).replace(tzinfo=None).isoformat(" ")
        bot.database.execute("UPDATE imports SET touched_at = ?", long_ago)
        standins.wait_for(lambda: not known(bot.database, {IMPORTED}) or None, "tidied")
        assert "Send the list again" in standins.presses(ANNA, stopped, "Continue")["text"]
        assert "Send the list again" in standins.presses(ANNA, stopped, "Report")["text"]


def put_calendar(address: str, url: str, now: datetime) -> None:
    duty = Duty(BORIS, now - timedelta(hours=1), now + timedelta(days=6), 1)
    kept = StoredCalendar(1, url, "BEGIN:VCALENDAR", "UTC", Calendar((duty,)), now)

    async def put() -> None:
        sealing.use_token(TOKEN)
        database = Database(address)
        with database.begin() as session:
            calendars.set_calendar(session, STATION, kept, "Anna", now)
        await database.close()

    asyncio.run(put())


@pytest.mark.parametrize(
    ("language", "told", "on_call"),
    [
        ("en", "encrypted with the bot's former token", "📟 On call"),
        ("ru", "зашифрован прежним токеном", "📟 Дежур"),
    ],
)
def test_with_another_token_nobody_reads_what_was_sealed_and_all_else_goes_on(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path, language: str, told: str, on_call: str
) -> None:
    first = start_bot()
    standins.asks(ANNA, '/add_trunk "Zed" host=sip.zed.example username=u1')
    question = standins.asks(ANNA, f"/add_employee 301 Test Person password={TYPED_PERSON}")
    assert first.stop() == 0
    secret = "https://calendar.example/private-k3ep-me-to-yourself/basic.ics"
    standins.unwritten |= {secret}
    put_calendar(first.database.address, secret, standins.now())
    standins.chats.token = REVOKED
    standins.keys |= {REVOKED}
    before = standins.from_bot(ANNA)[-1].id
    second = start_bot(TELEGRAM_TOKEN=REVOKED, LANGUAGE=language)
    assert "TELEGRAM_TOKEN has changed" in second.log.read_text()
    assert "calendars=(('Head office', 1),)" in second.log.read_text()
    assert "oncall import" in standins.after(before, ANNA, told)
    assert str(BORIS) in standins.after(standins.says(ANNA, "/oncall"), ANNA, on_call)
    standins.presses(ANNA, question, question.buttons[0][0])
    assert not any(one.number == "301" for one in standins.station.employees.values())
    assert "Traceback" not in second.log.read_text()
