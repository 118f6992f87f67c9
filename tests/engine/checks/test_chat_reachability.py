"""Check of chat reachability: a closed alert chat is found before the first outage, and reported once with a remedy."""

import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from bot.access.policy import Destination
from bot.engine.checks.chat_reachability import ChatReachabilityCheck, possible_group_ids
from bot.notifications.admin_notices import AdminNotices
from bot.notifications.destinations import Destinations
from bot.runtime.waiting import Signal
from bot.store.access.contacts import Contact, Contacts, record
from bot.store.database import Database
from bot.store.messages import blocked_chats
from bot.telegram.chat_access import ChatInfo
from tests.incident_harness.incident_ledger import ManagerHarness, read
from tests.incident_harness.pbx import ANNA, BORIS, STATION, VERA

NOT_FOUND = ChatInfo(blocked="Bad Request: chat not found".partition(": ")[2])
KICKED = ChatInfo(blocked="Forbidden: bot was kicked from the supergroup chat")
SUPPORT = -1001234567890


class Town:
    """Telegram's getChat: `there` are the known chats by title."""

    def __init__(self, database: Database, *chats: int) -> None:
        self.manager = ManagerHarness(database)
        self.chats = list(chats)
        # What was open there is told to others, and what is open is told there again.
        self.were_shut_out: list[int] = []
        self.were_let_in: list[int] = []
        self.there: dict[int, ChatInfo] = {one: ChatInfo("Name") for one in (ANNA, BORIS, VERA)} | {
            SUPPORT: ChatInfo("Support")
        }
        destinations = Destinations(STATION, [Destination(one) for one in chats], self.manager.grants)
        self.administrators = AdminNotices(database, destinations, lambda: self.manager.now, Signal())
        self.restarts()

    def restarts(self) -> None:
        self.reachability = ChatReachabilityCheck(
            self.manager.database,
            self,
            self.administrators,
            self,
            lambda: self.manager.now,
            Signal(),
        )

    def on_chat_blocked(self, _session: Session, chat: int) -> None:
        self.were_shut_out.append(chat)

    def on_chat_unblocked(self, _session: Session, chat: int, _since: datetime) -> None:
        self.were_let_in.append(chat)

    async def seen(self, chat: int) -> ChatInfo:
        return self.there.get(chat, NOT_FOUND)

    def alert_chats(self, _session: Session) -> set[int]:
        return set(self.chats)

    async def told(self, person: int = ANNA) -> list[str]:
        return [read(row) for row in await self.manager.owed() if row.chat_id == person]

    async def closed(self) -> frozenset[int]:
        with self.manager.database.begin() as session:
            return blocked_chats.closed(session)


@pytest.fixture
def logged() -> Iterator[list[dict[str, str]]]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with capture_logs() as found:
        yield found  # type: ignore[misc]
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("chat", "meant"),
    [
        (1001234567890, [-1001234567890]),
        (1234567890, [-1234567890, -1001234567890]),
        (-1234567890, [-1001234567890]),
        (-1001234567890, []),
    ],
)
def test_ids_that_lost_their_beginning(chat: int, meant: list[int]) -> None:
    assert possible_group_ids(chat) == meant


@pytest.mark.parametrize(
    ("chat", "seen", "says", "remedy"),
    [
        (1001234567890, NOT_FOUND, f"Did you mean {SUPPORT}, Support?", "did you mean"),
        (-1234567890, NOT_FOUND, f"Did you mean {SUPPORT}, Support?", "did you mean"),
        (-1009999999999, NOT_FOUND, "I know no such group. Add me to it", "/id in the group shows its id"),
        (-1009999999999, KICKED, "I am not in that group. Add me.", "add it again"),
        (77, NOT_FOUND, "nobody with the id 77 has started me", "they must send it /start"),
    ],
)
async def test_a_chat_for_alerts_that_is_none_is_reported_once_with_what_to_do(
    database: Database, logged: list[dict[str, str]], chat: int, seen: ChatInfo, says: str, remedy: str
) -> None:
    town = Town(database, chat, SUPPORT)
    town.there[chat] = seen
    for _ in range(2):
        await town.reachability.run_once()
        town.restarts()
        await town.reachability.run_once()
    (note,) = await town.told()
    assert says in note
    assert "come to the administrators" in note
    assert await town.closed() == {chat}
    # Once per run.
    assert [line["log_level"] for line in logged] == ["warning"] * 3
    assert remedy in logged[0]["remedy"]


async def test_an_administrator_who_never_started_the_bot_is_reported_to_the_others(database: Database) -> None:
    town = Town(database, SUPPORT)
    del town.there[BORIS]
    await town.reachability.run_once()
    (note,) = await town.told()
    assert f"{BORIS} (ADMINS): nobody with the id {BORIS} has started me" in note
    assert "come to the administrators" not in note
    assert await town.told(BORIS) == []


async def test_without_anybody_to_tell_it_is_an_error_and_is_reported_as_soon_as_somebody_is_there(
    database: Database, logged: list[dict[str, str]]
) -> None:
    town = Town(database, 77)
    town.there = {}
    await town.reachability.run_once()
    assert await town.closed() == frozenset()
    assert [line["event"] for line in logged if line["log_level"] == "error"] == [
        "no administrator is reachable, alerts may reach no one; check ADMINS"
    ]
    town.there[ANNA] = ChatInfo("Anna")
    await town.reachability.run_once()
    assert "nobody with the id 77" in (await town.told())[0]


async def test_what_is_found_again_takes_alerts_again_but_not_what_blocked_the_bot(database: Database) -> None:
    town = Town(database, 77, 78)
    with database.begin() as session:
        blocked_chats.close(session, 78, "Forbidden: bot was blocked by the user", town.manager.now)
    town.there[78] = ChatInfo("Somebody")
    await town.reachability.run_once()
    assert await town.closed() == {77, 78}
    assert town.were_shut_out == [77]
    town.there[77] = ChatInfo("Anna")
    await town.reachability.run_once()
    assert await town.closed() == {78}
    assert town.were_let_in == [77]


async def test_a_group_that_nobody_has_written_in_is_called_by_its_title(database: Database) -> None:
    town = Town(database, SUPPORT)
    await town.reachability.run_once()
    known = await Contacts(database).named([SUPPORT], STATION)
    assert known[SUPPORT].name == "Support"
    with database.begin() as session:
        record(session, Contact(SUPPORT, "Support team", "support_team"))
    await town.reachability.run_once()
    assert (await Contacts(database).named([SUPPORT], STATION))[SUPPORT] == Contact(
        SUPPORT, "Support team", "support_team"
    )


async def test_telegram_being_away_says_nothing_of_any_chat(database: Database) -> None:
    town = Town(database, 77)
    town.there = dict.fromkeys((77, ANNA, BORIS, VERA), ChatInfo())
    await town.reachability.run_once()
    assert (await town.told(), await town.closed()) == ([], frozenset())
