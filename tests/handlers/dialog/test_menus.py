"""Refresh of the command menus."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs
from telegram import BotCommand, BotCommandScope, Update

from bot.access.policy import EVERY_STATION, AccessContext, Grant
from bot.messages.sanitize import units
from bot.store.database import Database
from bot.telegram.errors import DeliveryError, TryLater, Undeliverable
from handlers import CATALOGUE
from handlers.dialog.menus import Menus
from tests.handlers.dispatcher_harness import ANNA, GROUP, OLGA, OTHER_GROUP, SAM, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW, message
from tests.messages.renderers import renderer


@pytest.mark.parametrize(
    ("more", "anew"),
    [({}, False), ({"migrate_to_chat_id": OTHER_GROUP}, True), ({"migrate_from_chat_id": OTHER_GROUP}, True)],
)
async def test_a_group_that_takes_its_roles_to_a_new_id_is_offered_its_menu_at_once(
    database: Database, more: dict[str, Any], anew: bool
) -> None:
    harness = DispatcherHarness(database)
    menus = Menus(None, renderer(), CATALOGUE, harness.book, harness.database, harness.clock)  # type: ignore[arg-type]
    update = {"update_id": 1, "message": message("", ANNA, GROUP, NOW) | more}
    menus.on_update(Update.de_json(update, None))
    assert menus._changed.is_set() is anew


@dataclass
class Profile:
    """Replacement of the bot's menu API: records the menus, and fails on demand."""

    told: list[str] = field(default_factory=list)
    failures: dict[int, DeliveryError] = field(default_factory=dict)

    async def set_menu(self, commands: list[BotCommand] | None, scope: BotCommandScope) -> None:
        chat = getattr(scope, "chat_id", 0)
        self.told.append(f"{'sets' if commands is not None else 'takes away'} {scope.type} {chat or ''}".rstrip())
        if chat in self.failures:
            raise self.failures[chat]


@pytest.fixture
def profile() -> Profile:
    return Profile()


def started(harness: DispatcherHarness, profile: Profile, bot_id: str = "1") -> Menus:
    return Menus(profile, renderer(), CATALOGUE, harness.book, harness.database, harness.clock, bot_id)  # type: ignore[arg-type]


async def offered(menus: Menus, profile: Profile) -> list[str]:
    profile.told.clear()
    await menus.offer()
    return list(profile.told)


async def test_only_what_changed_is_reported_also_by_the_next_run(database: Database, profile: Profile) -> None:
    harness = DispatcherHarness(database)
    menus = started(harness, profile)
    assert len(await offered(menus, profile)) > 5
    assert await offered(menus, profile) == []
    menus = started(harness, profile)
    assert await offered(menus, profile) == []
    await harness.book.grant(Grant(SAM, "viewer", given_by=ANNA), AccessContext(ANNA, ANNA, True, EVERY_STATION, NOW))
    told = await offered(menus, profile)
    assert f"sets chat {SAM}" in told
    assert all(str(SAM) in one or "chat_member" in one for one in told)
    # The menus of another bot are unknown.
    assert len(await offered(started(harness, profile, bot_id="2"), profile)) > 5


@pytest.mark.parametrize(
    ("reason", "level"),
    [
        ("Forbidden: bot was blocked by the user", "warning"),
        ("Forbidden: bot can't initiate conversation with a user", "debug"),
    ],
)
async def test_a_refused_menu_is_reported_once_and_tried_again_when_its_chat_is_known(
    database: Database, profile: Profile, reason: str, level: str
) -> None:
    harness = DispatcherHarness(database)
    profile.failures[ANNA] = Undeliverable(reason)
    with capture_logs() as lines:
        for _ in range(2):
            menus = started(harness, profile)
            await menus.offer()
            assert await offered(menus, profile) == []
    assert [line["log_level"] for line in lines if line["event"] == "command menu refused"] == [level]
    profile.failures.clear()
    menus.on_update(Update.de_json({"update_id": 1, "message": message("", ANNA, ANNA, NOW)}, None))
    assert menus._changed.is_set()
    assert await offered(menus, profile) == [f"sets chat {ANNA}"]
    assert await offered(menus, profile) == []


async def test_telegram_being_away_is_no_refusal(database: Database, profile: Profile) -> None:
    menus = started(DispatcherHarness(database), profile)
    profile.failures[ANNA] = TryLater("away")
    await menus.offer()
    profile.failures.clear()
    assert await offered(menus, profile) == [f"sets chat {ANNA}"]


# Measured: Telegram takes some 4,000 characters of descriptions in one menu, and refuses 5,000.
MOST = 4000


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("chat", [0, GROUP])
async def test_the_descriptions_of_no_menu_are_too_long_together(database: Database, language: str, chat: int) -> None:
    harness = DispatcherHarness(database)
    menus = Menus(None, renderer(language), CATALOGUE, harness.book, database, harness.clock)  # type: ignore[arg-type]
    for person in (ANNA, VERA, OLGA, SAM):
        listed = menus._commands_for(await harness.book.current(), person, chat or person)
        assert sum(units(one.description) for one in listed) < MOST
        assert all(0 < units(one.description) <= 256 for one in listed)
