"""/watch and /unwatch: the watched extensions and the current states of their phones."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bot.access.policy import Grant
from bot.messages.sanitize import WORD_JOINER
from bot.pbx import Answer, ExtensionStatus, PbxError, TimedOut
from bot.store.database import Database
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, GRANTS, GROUP, STATION, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer

BORIS = 4
SINCE = datetime(2026, 11, 23, 13, 2, tzinfo=UTC)


class Phones:
    """Phones of the PBX, and the check's state of one."""

    wait_seconds = 0.0

    def __init__(self) -> None:
        self.states = {"201": "Available", "202": "Unavailable", "203": "Available"}
        self.error: PbxError | None = None
        self.asked = 0
        self.extensions = self

    async def statuses(self) -> Answer[dict[str, ExtensionStatus]]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        rows = {
            number: {"extension": number, "callerid": f"P{number}", "status": s} for number, s in self.states.items()
        }
        return Answer({number: ExtensionStatus.model_validate(row) for number, row in rows.items()})

    def offline_since(self, number: str) -> datetime | None:
        return SINCE if number == "202" else None


class Office(DispatcherHarness):
    def __init__(self, database: Database) -> None:
        self.pbx = Phones()
        self.watch = SimpleNamespace(asterisk_down=False)
        super().__init__(database, grants=(*GRANTS, Grant(BORIS, "operator")))
        for name in ("watch", "unwatch"):
            self.catalogue.commands[name] = CATALOGUE.commands[name]
        for name in ("watch.show", "watch.stop"):
            self.catalogue.buttons[name] = CATALOGUE.buttons[name]

    def station(self) -> Any:
        station = super().station()
        station.pbx, station.phones, station.watch = self.pbx, self.pbx, self.watch
        return station

    async def asks(self, text: str, person: int = BORIS) -> str:
        await self.types(text, person, chat=person)
        return self.read()

    def read(self) -> str:
        _, template, facts = self.chat.said[-1]
        text = renderer().text(template, facts, zone=UTC, now=NOW)
        return text.replace(WORD_JOINER, "")

    def labels(self) -> list[list[str]]:
        return [[one["label"] for one in row] for row in self.chat.keyboards[-1].rows]


@pytest.fixture
def harness(database: Database) -> Office:
    return Office(database)


async def test_an_operator_watches_extensions_and_sees_how_they_are(harness: Office) -> None:
    assert "None yet" in await harness.asks("/watch")
    assert harness.pbx.asked == 0
    seen = await harness.asks("/watch 203, 202 202")
    assert seen.startswith("✅ Watched from now on: 203, 202.")
    assert "⚫ <b>202 P202</b> · offline since 13:02\n🟢 <b>203 P203</b> · online" in seen
    assert harness.labels() == [["✖ 202", "✖ 203"], ["↻ Refresh"]]
    assert harness.watching_changed == 1
    assert "✅" not in await harness.asks("/watch")
    assert (await harness.outcomes())[1].outcome == "watched 203 202"


async def test_a_number_that_the_pbx_does_not_have_is_not_watched(harness: Office) -> None:
    assert f"{STATION} has no extension 999" in await harness.asks("/watch 202 999")
    assert await harness.watched.all() == []


@pytest.mark.parametrize("words", ["20a", "202;20a", "٢٠٢", "2" * 33])
async def test_what_is_no_number_is_not_looked_up(harness: Office, words: str) -> None:
    assert "An extension is a number" in await harness.asks(f"/watch {words}")
    assert harness.pbx.asked == 0


async def test_no_more_than_forty_are_watched(harness: Office) -> None:
    harness.pbx.states = {str(number): "Available" for number in range(300, 350)}
    await harness.asks("/watch " + " ".join(map(str, range(300, 340))))
    assert "40 extensions can be watched" in await harness.asks("/watch 340")
    assert "Watched from now on" in await harness.asks("/watch 339")


async def test_one_is_taken_away_by_command_and_by_button(harness: Office) -> None:
    await harness.asks("/watch 201 202")
    seen = await harness.asks("/unwatch 201 203")
    assert seen.startswith("✅ Not watched any more: 201.")
    keyboard = harness.chat.keyboards[-1]
    await harness.presses(keyboard, BORIS, BORIS)
    assert harness.chat.toasts == ["Not watched any more."]
    assert await harness.watched.all() == []
    await harness.presses(keyboard, BORIS, BORIS)
    assert harness.chat.toasts[1:] == ["Somebody took it away before you."]
    assert "Nobody watches that" in await harness.asks("/unwatch 202")


async def test_the_list_is_there_when_the_pbx_is_not(harness: Office) -> None:
    await harness.asks("/watch 201 202")
    harness.pbx.error = TimedOut("no worker answered")
    seen = await harness.asks("/watch")
    assert "took too long" in seen
    assert "❔ <b>201</b>\n❔ <b>202</b>\n" in seen
    assert "offline" not in seen.split("When one is offline", maxsplit=1)[0]
    assert "Not watched any more: 201." in await harness.asks("/unwatch 201")


async def test_a_dead_engine_is_not_asked_for_its_slow_list(harness: Office) -> None:
    await harness.asks("/watch 201")
    harness.watch.asterisk_down = True
    asked = harness.pbx.asked
    assert "nobody can call" in await harness.asks("/watch")
    assert "no extension can be looked up" in await harness.asks("/watch 203")
    assert harness.pbx.asked == asked


async def test_an_extension_that_was_deleted_says_so(harness: Office) -> None:
    await harness.asks("/watch 201")
    del harness.pbx.states["201"]
    assert "❔ <b>201</b> · the PBX does not have it any more" in await harness.asks("/watch")


async def test_a_viewer_watches_nothing(harness: Office) -> None:
    await harness.types("/watch 202", VERA, VERA)
    assert harness.chat.said[-1][1] == "no_right"
    await harness.types("/watch 202", ANNA, GROUP)
    assert [one.by_name for one in await harness.watched.all()] == ["A"]
