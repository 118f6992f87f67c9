"""What the ledger writes down and owes: in one transaction, once, and readable in both languages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from bot.access import Destination
from bot.alerts.ledger import Ledger, Taken
from bot.alerts.machine import Changed, Closed, End, Kind, Opened, StationMemory, SwitchedOff, Transition, Worsened
from bot.alerts.observation import Trouble
from bot.chat.hygiene import plain
from bot.chat.render import Renderer
from bot.store.database import Store
from bot.store.tables import Incident, Outgoing, WatchState

NOW = datetime(2026, 11, 23, 14, 2, 50, tzinfo=UTC)
BEGAN = NOW - timedelta(seconds=40)
CHATS = (Destination(-100), Destination(-200, 7))
TRUNK = {
    "station": "Head office",
    "trunk": "Zadarma",
    "host": "sip.zadarma.com",
    "type": "sip",
    "state": "rejected",
    "cause": "no_answer",
    "remaining": 2,
    "of": 3,
}
STATION = {"station": "Head office", "trouble": "engine_down", "row": ""}


class Books:
    """The ledger over a real database, and what is found there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.woken = 0
        self.ledger = Ledger(store, "Head office", lambda: CHATS, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    async def happens(
        self, transition: Transition, facts: dict[str, Any], subject: str = "t1", after: float = 0
    ) -> None:
        await self.ledger.apply({}, [(subject, transition, facts)], NOW + timedelta(seconds=after))

    async def owed(self) -> list[Outgoing]:
        async with self.store.begin() as session:
            return list((await session.execute(select(Outgoing).order_by(Outgoing.id))).scalars())

    async def incidents(self) -> list[Incident]:
        async with self.store.begin() as session:
            return list((await session.execute(select(Incident).order_by(Incident.id))).scalars())


@pytest.fixture
def books(store: Store) -> Books:
    return Books(store)


def read(row: Outgoing, language: str = "en") -> str:
    return plain(Renderer(language).text(row.template, row.facts, zone=UTC, now=NOW))


async def test_an_alert_is_owed_to_every_chat_with_a_sound_and_a_button(books: Books) -> None:
    await books.happens(Opened(Kind.TRUNK_DOWN, BEGAN), TRUNK)
    owed = await books.owed()
    assert [(row.chat_id, row.thread_id) for row in owed] == list(CHATS)
    assert all(row.keyboard_id and not row.silent for row in owed)
    text = read(owed[0])
    assert text.startswith("🔴 Zadarma is down · Head office")
    for part in ("does not answer", "14:02:10", "40 s", "2 of 3 trunks remain", "sip.zadarma.com"):
        assert part in text
    assert books.woken == 1


async def test_a_warning_makes_no_sound(books: Books) -> None:
    await books.happens(Opened(Kind.TRUNK_DEGRADED, BEGAN), TRUNK)
    assert all(row.silent for row in await books.owed())


async def test_the_end_edits_each_alert_and_answers_it(books: Books) -> None:
    await books.happens(Opened(Kind.TRUNK_DOWN, BEGAN), TRUNK)
    await books.happens(Closed(End.RECOVERED, NOW), TRUNK, after=10)
    alerts, rest = (await books.owed())[:2], (await books.owed())[2:]
    assert {(row.action, row.about) for row in rest} == {(a, row.id) for a in ("edit", "send") for row in alerts}
    edit, answer = rest[0], rest[2]
    assert edit.keyboard_id is None
    assert "up again" in read(edit)
    assert "40 s" in read(edit)
    assert not answer.silent
    assert read(answer) == "🟢 Zadarma is up again. It lasted 40 s."
    assert (await books.incidents())[0].open_key is None


async def test_the_first_to_take_it_has_it(books: Books) -> None:
    await books.happens(Opened(Kind.TRUNK_DOWN, BEGAN), TRUNK)
    number = (await books.incidents())[0].id
    assert await books.ledger.acknowledge(number, 1, "Anna <b>", NOW) is Taken.TAKEN
    assert await books.ledger.acknowledge(number, 2, "Boris", NOW) is Taken.ALREADY
    assert await books.ledger.acknowledge(999, 2, "Boris", NOW) is Taken.UNKNOWN
    edits = [row for row in await books.owed() if row.action == "edit"]
    assert len(edits) == len(CHATS)
    assert all("Anna <b> is on it" in read(row) and row.keyboard_id is None for row in edits)
    await books.happens(Closed(End.RECOVERED, NOW), TRUNK, after=10)
    assert await books.ledger.acknowledge(number, 2, "Boris", NOW) is Taken.ENDED


async def test_a_warning_that_worsens_is_told_with_a_sound_and_must_be_taken_anew(books: Books) -> None:
    await books.happens(Opened(Kind.TRUNK_DEGRADED, BEGAN), TRUNK)
    number = (await books.incidents())[0].id
    await books.ledger.acknowledge(number, 1, "Anna", NOW)
    await books.happens(Worsened(Kind.TRUNK_DOWN, BEGAN), TRUNK, after=60)
    loud = [row for row in await books.owed() if row.action == "send" and not row.silent]
    assert len(loud) == len(CHATS)
    assert all(row.keyboard_id for row in loud)
    await books.happens(Closed(End.RECOVERED, NOW), TRUNK, after=90)
    answers = [row for row in await books.owed() if row.template == "alert_over"]
    assert {row.about for row in answers} == {row.id for row in loud}


async def test_another_cause_edits_the_alert_and_says_nothing_new(books: Books) -> None:
    await books.happens(Opened(Kind.TRUNK_DOWN, BEGAN), TRUNK)
    await books.happens(Changed(), TRUNK | {"cause": "credentials_refused"}, after=60)
    changed = (await books.owed())[2:]
    assert {row.action for row in changed} == {"edit"}
    assert "refuses the login" in read(changed[0])
    assert changed[0].keyboard_id


async def test_an_incident_that_is_open_is_not_opened_again(books: Books) -> None:
    for _ in range(2):
        await books.happens(Opened(Kind.TRUNK_DOWN, BEGAN), TRUNK)
    assert len(await books.incidents()) == 1
    assert len(await books.owed()) == len(CHATS)


async def test_the_end_of_something_unknown_is_nothing(books: Books) -> None:
    for transition in (Closed(End.RECOVERED, NOW), Worsened(Kind.TRUNK_DOWN, BEGAN), Changed()):
        await books.happens(transition, TRUNK)
    assert not await books.owed()


async def test_memory_and_messages_are_written_together_or_not_at_all(books: Books) -> None:
    unwritable = TRUNK | {"trunk": object()}
    with pytest.raises(StatementError):
        await books.ledger.apply(
            {"": StationMemory(looks=1)}, [("t1", Opened(Kind.TRUNK_DOWN, BEGAN), unwritable)], NOW
        )
    async with books.store.begin() as session:
        assert not (await session.execute(select(WatchState))).scalars().all()
    assert not await books.owed()


async def test_what_was_remembered_is_found_again(books: Books) -> None:
    memory = StationMemory(trouble=None, since=BEGAN, looks=2, judge_from=NOW)
    await books.ledger.apply({"": memory}, [], NOW)
    assert await books.ledger.memories() == (memory, {})


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("trouble", list(Trouble))
async def test_every_trouble_of_a_station_can_be_read(books: Books, language: str, trouble: Trouble) -> None:
    facts = STATION | {"trouble": trouble, "row": "Providers"}
    await books.happens(Opened(Kind.STATION, BEGAN), facts, subject="")
    await books.happens(Closed(End.RECOVERED, NOW), facts, subject="")
    texts = [read(row, language) for row in await books.owed()]
    assert all("Head office" in text and "\n\n" not in text for text in texts)
    assert ("Providers" in texts[0]) == (trouble == "right_missing")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("kind", [Kind.TRUNK_DOWN, Kind.TRUNK_DEGRADED, Kind.TRUNK_UNKNOWN])
@pytest.mark.parametrize("end", End)
async def test_every_message_of_a_trunk_can_be_read(books: Books, language: str, kind: Kind, end: End) -> None:
    await books.happens(Opened(kind, BEGAN), TRUNK)
    await books.happens(Closed(end, NOW), TRUNK)
    await books.happens(SwitchedOff(), TRUNK)
    assert all("Zadarma" in read(row, language) for row in await books.owed())
