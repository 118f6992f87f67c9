"""/digest: what a chat has, who may change it, and what its buttons open."""

from datetime import date
from typing import Any

import pytest

from bot.access.policy import Grant
from bot.pbx import Forbidden, PbxError, TimedOut
from bot.store.database import Database
from bot.store.messages import supergroups
from bot.store.tables.calls import Digest
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GRANTS, GROUP, STATION, VERA, DispatcherHarness
from tests.handlers.notify.test_notify import Queues
from tests.handlers.update_factory import NOW

BORIS = 4


class Office(DispatcherHarness):
    pbx_error: PbxError | None = None

    def __init__(self, database: Database) -> None:
        super().__init__(database, grants=(*GRANTS, Grant(BORIS, "operator")))
        self.members.there = {(GROUP, BORIS)}
        self.catalogue.commands["digest"] = CATALOGUE.commands["digest"]

    def station(self) -> Any:
        station = super().station()
        station.pbx = Queues(lambda: self.pbx_error)
        return station

    async def asks(self, text: str, person: int = BORIS, chat: int = GROUP) -> tuple[str, Any]:
        await self.types(text, person, chat)
        _, template, facts = self.chat.said[-1]
        return template, facts

    async def has(self, chat: int = GROUP) -> dict[str, Digest]:
        return {row.kind: row for row in await self.services.digests.of_chat(STATION, chat)}


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_a_chat_has_one_of_each_kind_until_it_is_ended(office: Office) -> None:
    template, facts = await office.asks("/digest")
    assert (template, facts["digests"]) == ("digests", [])
    await office.asks("/digest mon-fri 17:00")
    _, facts = await office.asks("/digest пн-пт 18:00")
    assert [(one["weekly"], one["days"], one["at"]) for one in facts["digests"]] == [(False, [0, 1, 2, 3, 4], "18:00")]
    _, facts = await office.asks("/digest weekly mon 09:00")
    assert [(one["weekly"], one["of_that_day"]) for one in facts["digests"]] == [(False, True), (True, False)]
    _, facts = await office.asks("/digest daily off")
    assert [one["weekly"] for one in facts["digests"]] == [True]
    row = (await office.has())["weekly"]
    assert (row.by_id, row.at, row.days, row.failed) == (BORIS, "09:00", [0], False)
    await office.asks("/digest daily 18:00", BORIS, BORIS)
    await office.asks("/digest off")
    assert await office.has() == {}
    assert (await office.has(BORIS)).keys() == {"daily"}


async def test_the_time_that_has_passed_today_is_for_tomorrow(office: Office) -> None:
    """It is Monday, 14:00."""
    _, facts = await office.asks("/digest daily 14:00")
    assert facts["digests"][0]["next"].date() == date(2026, 11, 24)
    _, facts = await office.asks("/digest daily 14:01")
    assert facts["digests"][0]["next"].date() == date(2026, 11, 23)
    _, facts = await office.asks("/digest fri 09:00")
    assert facts["digests"][0]["next"].date() == date(2026, 11, 27)


@pytest.mark.parametrize("words", ["mon-fri", "weekly 9:00", "tomorrow 9:00", "off now", "9-18"])
async def test_what_is_unclear_changes_nothing(office: Office, words: str) -> None:
    template, _ = await office.asks(f"/digest {words}")
    assert template == "wrong_arguments"
    assert await office.has() == {}


async def test_a_group_that_becomes_a_supergroup_keeps_its_digests(office: Office) -> None:
    await office.asks("/digest daily 18:00")
    await office.asks("/digest weekly mon 09:00")
    there_before: Any = {"kind": "weekly", "days": [4], "at": "17:00", "zone": "UTC", "done_on": NOW.date()}
    await office.services.digests.set(STATION, -900, None, by_id=BORIS, by_name="Boris", **there_before)
    await office.database.run(supergroups.migrate, GROUP, -900, NOW)
    assert await office.has() == {}
    there = await office.has(-900)
    assert (there["daily"].at, there["weekly"].at) == ("18:00", "17:00")


async def test_a_viewer_changes_nothing(office: Office) -> None:
    await office.types("/digest daily 18:00", VERA, VERA)
    assert await office.has(VERA) == {}


async def test_a_key_without_the_right_to_the_records_is_said_at_once(office: Office) -> None:
    office.pbx_error = Forbidden("Call Records", "read", "cdr")
    template, facts = await office.asks("/digest daily 18:00")
    assert (template, facts["problem"]["row"]) == ("problem", "Call Records")
    assert await office.has() == {}
    # It may end without.
    template, _ = await office.asks("/digest off")
    assert template == "digests"
    office.pbx_error = TimedOut("timed out", "cdr")
    await office.asks("/digest daily 18:00")
    assert (await office.has()).keys() == {"daily"}
