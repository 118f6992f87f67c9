"""Update queue: none lost, none duplicated, none delaying others."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from telegram import Update, WebhookInfo
from telegram.error import Conflict, InvalidToken, NetworkError
from telegram.request import BaseRequest

from bot.store.access.known_senders import KnownSenders
from bot.store.database import Database
from bot.store.messages import inbox, supergroups
from bot.telegram.errors import TokenRefused
from bot.telegram.updates.admission import Admission
from bot.telegram.updates.foreign_webhook import RESET_AFTER, ForeignWebhook, WebhookNotice
from bot.telegram.updates.polling import Polling, UpdatesBot
from bot.telegram.updates.queue import UpdateQueue
from tests.fixtures import stores
from tests.fixtures.program_log import logged_as_the_program_does
from tests.telegram.observers import observing, source_observing
from tests.telegram.updates.update_handler import HandledBy

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def update(number: int, text: str = "x", chat: int = -100, person: int = 1) -> dict[str, Any]:
    sender = {"id": person, "is_bot": False, "first_name": "Anna"}
    message = {
        "message_id": number,
        "date": int(NOW.timestamp()),
        "chat": {"id": chat, "type": "supergroup", "title": "t"},
        "from": sender,
        "text": text,
    }
    return {"update_id": number, "message": message}


class Telegram:
    """Returns batches as a long poll does, then waits for ever."""

    def __init__(self, *batches: list[dict[str, Any]] | Exception) -> None:
        self.batches = list(batches)
        self.offsets: list[int | None] = []
        self.empty = asyncio.Event()

    async def raw_updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        self.offsets.append(offset)
        if not self.batches:
            self.empty.set()
            await asyncio.sleep(seconds)
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch


class NobodyKnown:
    """Known senders of a bot without any."""

    people = chats = ours = frozenset[int]()

    async def refresh(self) -> None:
        return None


async def nobody(_update: Update) -> None:
    return None


def updates(
    telegram: Telegram, database: Database, handle: Callable[[Update], Awaitable[None]], **more: Any
) -> UpdateQueue:
    return UpdateQueue(telegram, database, HandledBy(handle), clock=lambda: NOW, **more)  # type: ignore[arg-type]


def polling(telegram: Telegram, taking: UpdateQueue, **more: Any) -> Polling:
    return Polling(telegram, taking, clock=lambda: NOW, **more)  # type: ignore[arg-type]


async def until_worked_off(telegram: Telegram, taking: UpdateQueue, **more: Any) -> None:
    stop = asyncio.Event()
    await taking.resume()
    running = asyncio.create_task(polling(telegram, taking, **more).run(stop))
    async with asyncio.timeout(30):
        await telegram.empty.wait()
        await taking.drain(5)
    stop.set()
    await running


async def test_an_update_is_confirmed_after_it_is_stored_and_handled_once(database: Database) -> None:
    seen: list[str] = []

    async def handle(update: Update) -> None:
        assert update.message is not None
        seen.append(str(update.message.text))

    telegram = Telegram([update(7, "a"), update(8, "b")], [update(8, "b"), update(9, "c")])
    await until_worked_off(telegram, updates(telegram, database, handle))
    assert seen == ["a", "b", "c"]
    assert telegram.offsets == [None, 9, 10]
    with database.begin() as session:
        assert inbox.unfinished(session) == {}


@pytest.mark.parametrize(
    ("chat", "word", "other"), [(-5, "migrate_to_chat_id", -1005), (-1005, "migrate_from_chat_id", -5)]
)
async def test_whoever_writes_right_after_a_group_grew_has_the_rights_of_the_old_one(
    database: Database, chat: int, word: str, other: int
) -> None:
    moves: dict[int, dict[int, int]] = {}

    async def handle(update: Update) -> None:
        with database.begin() as session:
            moves[update.update_id] = supergroups.migrations(session)

    grown = update(1, chat=chat)
    del grown["message"]["text"]
    grown["message"][word] = other
    telegram = Telegram([grown, update(2, "/status", chat=-1005, person=2)])
    await until_worked_off(telegram, updates(telegram, database, handle))
    assert moves[2] == {-5: -1005}


async def test_who_comes_and_goes_is_observed_and_never_parsed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownSenders(database, None, None, lambda: NOW)  # type: ignore[arg-type]
    known._read_at = NOW
    observed, noticed = list[tuple[int, Any]](), list[tuple[int, int]]()
    taking = updates(
        Telegram(),
        database,
        nobody,
        admission=Admission(known, NOW),
        observer=observing(
            on_member_change=lambda chat, payload: observed.append((chat, payload)),
            on_unparsed_message=lambda chat, message: noticed.append((chat, message)),
        ),
    )
    joined = update(1, "", chat=-300)
    joined["message"]["new_chat_members"] = [{"id": 10}]
    change = {"chat": {"id": -300}, "from": {"id": 10}, "new_chat_member": {"user": {"id": 10}, "status": "left"}}
    left = {"update_id": 2, "chat_member": change}
    parsed = list[Any]()
    monkeypatch.setattr(Update, "de_json", lambda payload, _bot: parsed.append(payload))
    await taking.enqueue([joined, left])
    assert observed == [(-300, joined), (-300, left)]
    assert noticed == [(-300, 1)]
    assert not parsed
    with database.begin() as session:
        assert inbox.unfinished(session) == {}


async def test_between_the_updates_of_a_batch_others_have_their_turn(database: Database) -> None:
    turns, order = 0, list[str]()

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def handle(update: Update) -> None:
        order.append(f"handled {update.update_id}")

    observer = observing(on_update=lambda update: order.append(f"heard {update.update_id}"))
    taking = updates(Telegram(), database, handle, observer=observer)
    beside = asyncio.create_task(other())
    reads = 50
    await taking.enqueue([update(number) for number in range(reads)])
    beside.cancel()
    assert turns > 2 * reads
    await taking.drain(5)
    # The whole batch is still observed before the first is handled.
    assert order[:reads] == [f"heard {number}" for number in range(reads)]


async def test_what_a_killed_run_left_is_taken_up_by_the_next(database: Database) -> None:
    with database.begin() as session:
        inbox.add_new(session, {5: update(5, "left")}, NOW)
    seen: list[int] = []

    async def handle(update: Update) -> None:
        seen.append(update.update_id)

    telegram = Telegram([update(5, "left"), update(6)])
    await until_worked_off(telegram, updates(telegram, database, handle))
    assert seen == [5, 6]


async def test_an_update_nobody_can_parse_is_set_aside_and_blocks_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def handle(update: Update) -> None:
        seen.append(update.update_id)

    strange = {"update_id": 1, "message": {"message_id": "?", "chat": {"private": "words of a person"}}}
    telegram = Telegram([strange, update(2)])
    with logged_as_the_program_does(monkeypatch) as logged:
        await until_worked_off(telegram, updates(telegram, database, handle))
    assert seen == [2]
    assert "set aside" in logged.getvalue()
    assert "words of a person" not in logged.getvalue()


async def test_a_slow_answer_holds_up_nobody_else_and_keeps_its_own_order(database: Database) -> None:
    finished: list[str] = []
    released = asyncio.Event()

    async def handle(update: Update) -> None:
        assert update.message is not None
        if update.message.text == "slow":
            await released.wait()
        finished.append(str(update.message.text))
        if finished == ["other chat", "other person"]:
            released.set()

    batch = [
        update(1, "slow"),
        update(2, "next"),
        update(3, "other chat", chat=-200),
        update(4, "other person", person=2),
    ]
    telegram = Telegram(batch)
    await until_worked_off(telegram, updates(telegram, database, handle))
    assert finished == ["other chat", "other person", "slow", "next"]


async def test_a_handler_that_breaks_or_hangs_ends_nothing(database: Database) -> None:
    seen: list[int] = []

    async def handle(update: Update) -> None:
        if update.update_id == 1:
            raise RuntimeError("broken")
        if update.update_id == 2:
            await asyncio.sleep(60)
        seen.append(update.update_id)

    telegram = Telegram([update(1), update(2), update(3)])
    await until_worked_off(telegram, updates(telegram, database, handle, deadline=0.01))
    assert seen == [3]


async def test_an_unknown_token_ends_the_run(database: Database) -> None:
    telegram = Telegram(InvalidToken("Unauthorized"))
    with pytest.raises(TokenRefused):
        await polling(telegram, updates(telegram, database, nobody)).run(asyncio.Event())


class Elsewhere(Telegram):
    """Another program sets a webhook before every poll for which `batches` says so."""

    def __init__(self, *batches: list[dict[str, Any]] | Exception) -> None:
        super().__init__(*batches)
        self.kept: list[bool] = []

    async def get_webhook_info(self) -> WebhookInfo:
        return WebhookInfo("https://crm.example.com/hook/5ecret", False, 0)

    async def delete_webhook(self, *, drop_pending_updates: bool) -> None:
        self.kept.append(not drop_pending_updates)


@pytest.mark.parametrize(
    "text",
    [
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        "Conflict: terminated by setWebhook request",
    ],
)
async def test_a_webhook_of_somebody_else_is_deleted_and_is_no_second_copy(
    database: Database, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    pauses: list[float] = []
    conflicts: list[str] = []
    told: list[tuple[str, WebhookNotice]] = []

    async def wait(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)

    async def found(host: str, telling: WebhookNotice) -> None:
        told.append((host, telling))

    monkeypatch.setattr("bot.telegram.updates.polling.sleep_or_stop", wait)
    telegram = Elsewhere(*[Conflict(text)] * 9, [update(1)])
    observer = source_observing(conflict=lambda: conflicts.append("second copy"), webhook_found=found)
    await until_worked_off(telegram, updates(telegram, database, nobody), observer=observer)
    assert telegram.kept == [True] * 9
    assert told == [("crm.example.com", WebhookNotice.ONCE), ("crm.example.com", WebhookNotice.REPEATED)]
    assert [pause for pause in pauses if pause] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert conflicts == []


def test_after_an_hour_without_it_a_webhook_is_reported_once_more() -> None:
    webhook = ForeignWebhook()
    assert [webhook.deleted(NOW) for _ in range(4)] == [WebhookNotice.ONCE, None, WebhookNotice.REPEATED, None]
    later = NOW + RESET_AFTER + timedelta(seconds=1)
    assert (webhook.pause(later), webhook.deleted(later)) == (0.0, WebhookNotice.ONCE)


@pytest.mark.parametrize(
    ("error", "longest"), [(NetworkError("away"), 30), (TimeoutError(), 30), (Conflict("another one"), 10)]
)
async def test_telegram_being_away_is_waited_out(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception, longest: float
) -> None:
    pauses: list[float] = []

    async def wait(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("bot.telegram.updates.polling.sleep_or_stop", wait)
    telegram = Telegram(*[error] * 12, [update(1)])
    await until_worked_off(telegram, updates(telegram, database, nobody))
    assert pauses[:3] == [1.0, 1.5, 2.25]
    assert max(pauses) == longest


async def test_what_the_store_does_not_take_stays_with_telegram_until_it_does(
    store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    database = await stores.fast(store_file)
    with database._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
    other = sqlite3.connect(store_file, isolation_level=None)

    async def wait(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            other.execute("ROLLBACK")

    monkeypatch.setattr("bot.telegram.updates.polling.sleep_or_stop", wait)
    seen: list[int] = []

    async def handle(update: Update) -> None:
        seen.append(update.update_id)

    telegram = Telegram(*[[update(1), update(2)]] * 4)
    taking = updates(telegram, database, handle)
    await taking.resume()
    other.execute("BEGIN EXCLUSIVE")
    stop = asyncio.Event()
    running = asyncio.create_task(polling(telegram, taking).run(stop))
    async with asyncio.timeout(30):
        await telegram.empty.wait()
        await taking.drain(5)
    stop.set()
    await running
    assert seen == [1, 2]
    assert telegram.offsets == [None, None, None, None, 3]
    assert pauses == [1.0, 1.5, 2.25]
    other.close()
    await database.close()


async def test_a_command_that_the_store_refuses_to_decide_is_not_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.updates.worker.RETRY_PAUSES", (0.0,) * 5)
    refusals = [OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))] * 3
    seen: list[int] = []

    async def handle(update: Update) -> None:
        if refusals:
            raise refusals.pop()
        seen.append(update.update_id)

    telegram = Telegram([update(1), update(2)])
    await until_worked_off(telegram, updates(telegram, database, handle))
    assert seen == [1, 2]
    with database.begin() as session:
        assert inbox.unfinished(session) == {}


async def test_what_a_stranger_sent_is_not_lost_while_the_store_refuses_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts once for the rate of strangers, however often Telegram sends it again."""
    full = OperationalError("COMMIT", None, Exception("database or disk is full"))
    refusals, seen = [full] * 10, list[int]()

    async def handle(update: Update) -> None:
        seen.append(update.update_id)

    known: Any = NobodyKnown()
    taking = updates(Telegram(), database, handle, admission=Admission(known, NOW))
    store = taking._store

    def refusing(*args: Any, **more: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return store(*args, **more)

    monkeypatch.setattr(taking, "_store", refusing)
    batch = [update(number, "/start", chat=555, person=555) for number in (1, 2)]
    for one in batch:
        one["message"]["entities"] = [{"type": "bot_command", "offset": 0, "length": 6}]
        one["message"]["chat"]["type"] = "private"
    for _ in range(10):
        with pytest.raises(OperationalError):
            await taking.enqueue(batch)
    await taking.enqueue(batch)
    await taking.drain(5)
    assert seen == [1, 2]


async def test_what_the_store_never_takes_comes_again_after_a_restart(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.updates.worker.RETRY_PAUSES", (0.0,))

    async def handle(update: Update) -> None:
        if update.update_id == 1:
            raise OperationalError("BEGIN IMMEDIATE", None, Exception("database or disk is full"))

    telegram = Telegram([update(1), update(2)])
    await until_worked_off(telegram, updates(telegram, database, handle))
    with database.begin() as session:
        assert list(inbox.unfinished(session)) == [1]


def test_the_bot_has_its_own_connection_for_polling() -> None:
    bot = UpdatesBot("1234567890:AAtestTestTestTestTestTestTestTestTest0")
    assert all(isinstance(pool, BaseRequest) for pool in bot.pools)
    assert bot.pools[0] is not bot.pools[1]


async def test_who_listens_hears_how_polling_goes(database: Database) -> None:
    heard: list[str] = []
    telegram = Telegram([update(7)], Conflict("terminated by other getUpdates request"), [])
    await until_worked_off(
        telegram,
        updates(telegram, database, nobody),
        observer=source_observing(polled=lambda: heard.append("polled"), conflict=lambda: heard.append("conflict")),
    )
    assert heard == ["polled", "conflict", "polled"]


async def test_a_press_does_not_wait_for_what_the_same_person_typed(database: Database) -> None:
    """A person that has requested a thousand call records can still acknowledge an incident."""
    pressed, answered = asyncio.Event(), asyncio.Event()

    async def handle(update: Update) -> None:
        if update.callback_query is not None:
            pressed.set()
        else:
            await answered.wait()

    typed = update(1, "/cdr")
    press = {
        "id": "1",
        "from": typed["message"]["from"],
        "message": typed["message"],
        "chat_instance": "1",
        "data": "x",
    }
    telegram = Telegram()
    taking = updates(telegram, database, handle)
    await taking.enqueue([typed])
    await taking.enqueue([{"update_id": 2, "callback_query": press}])
    async with asyncio.timeout(30):
        await pressed.wait()
    answered.set()
    await taking.drain(5)
