"""/notify: where missed calls are told, and which."""

from typing import Any

import pytest

from bot.access.policy import Grant
from bot.pbx import Answer, Queue
from bot.store.database import Database
from bot.store.tables.calls import CallKind, CallSubscription
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GRANTS, GROUP, STATION, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW

BORIS, MEMBER = 4, 5


class Queues:
    wait_seconds = 0.0

    def __init__(self) -> None:
        self.routing = self

    async def queues(self) -> Answer[tuple[Queue, ...]]:
        return Answer((Queue(id="1", extension="2200", name="Отдел продаж"),))


class Office(DispatcherHarness):
    def __init__(self, database: Database) -> None:
        super().__init__(database, grants=(*GRANTS, Grant(BORIS, "operator")))
        self.members.there = {(GROUP, BORIS), (GROUP, MEMBER)}
        self.catalogue.commands["notify"] = CATALOGUE.commands["notify"]

    def station(self) -> Any:
        station = super().station()
        station.pbx = Queues()
        return station

    async def asks(self, text: str, person: int = BORIS, chat: int = GROUP) -> tuple[str, Any]:
        await self.types(text, person, chat)
        _, template, facts = self.chat.said[-1]
        return template, facts

    async def told(self, chat: int = GROUP) -> CallSubscription | None:
        return (await self.services.call_subscriptions.of_chat(STATION, chat)).get(CallKind.MISSED)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.mark.parametrize(
    ("words", "phones", "numbers"),
    [
        ("missed here", [], []),
        ("missed here all", [], []),
        ("пропущенные сюда", [], []),
        ("missed here of 202 203", ["202", "203"], []),
        ("Пропущенные здесь для 202, 203", ["202", "203"], []),
        ("missed here number +74951110001", [], ["74951110001"]),
        ("missed here number 8(495)111-00-01 of 202", ["202"], ["84951110001"]),
        ("missed here queue отдел продаж", ["2200"], []),
        ("missed here queue 2200", ["2200"], []),
    ],
)
async def test_a_chat_is_told_of_what_was_asked(
    office: Office, words: str, phones: list[str], numbers: list[str]
) -> None:
    template, facts = await office.asks(f"/notify {words}")
    told = await office.told()
    assert (template, facts["on"]) == ("notify", True)
    assert told is not None
    assert (told.phones, told.numbers, told.by_id, told.at) == (phones, numbers, BORIS, NOW)


@pytest.mark.parametrize(
    "words",
    [
        "missed",
        "here",
        "missed there",
        "missed here of",
        "missed here of Sales",
        "missed here number 12",
        "missed here all 202",
        "missed here queue Nonesuch",
        "voicemail",
        "off now",
        f"missed here of {' '.join(map(str, range(200, 241)))}",
    ],
)
async def test_what_is_not_understood_changes_nothing(office: Office, words: str) -> None:
    template, _ = await office.asks(f"/notify {words}")
    assert template != "notify"
    assert await office.told() is None


async def test_off_ends_it_and_a_new_wish_replaces_the_old_one(office: Office) -> None:
    await office.asks("/notify missed here of 202")
    await office.asks("/notify missed here of 203")
    told = await office.told()
    assert told is not None
    assert told.phones == ["203"]
    _, facts = await office.asks("/notify")
    assert facts["phones"] == ["203"]
    _, facts = await office.asks("/notify off")
    assert not facts["on"]
    assert await office.told() is None


async def test_me_is_told_in_private_where_their_own_role_allows_it(office: Office) -> None:
    _, facts = await office.asks("/notify missed me")
    assert facts["in_private"]
    assert await office.told(BORIS) is not None
    assert await office.told() is None


async def test_who_has_a_role_in_the_group_only_is_not_told_in_private(office: Office) -> None:
    template, _ = await office.asks("/notify missed me", MEMBER)
    assert template != "notify"
    assert await office.told(MEMBER) is None
    await office.asks("/notify missed here", MEMBER)
    assert await office.told() is not None


async def test_a_viewer_sets_nothing(office: Office) -> None:
    await office.types("/notify missed here", VERA, VERA)
    assert await office.told(VERA) is None
