"""Digests at their time: once, late or not at all, for whom they are allowed, and read within bounds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.access.policy import BUILT_IN, Grant
from bot.calls.digest_schedule import DigestKind, DigestSchedule
from bot.engine.digests import reading
from bot.engine.digests.reading import SLOTS, FigureReader
from bot.engine.digests.sender import RETRY_AFTER, DigestSender
from bot.pbx import CallRecord, Forbidden, PbxError, Priority, TimedOut
from bot.pbx.time_zone import PbxTimeZone
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats
from bot.store.stations.digests import Digests
from bot.store.tables.calls import Digest
from bot.store.tables.messages import Keyboard, Outgoing
from tests.messages.renderers import renderer

STATION, ANNA, GROUP, TRUNK = "Head office", 1, -100, "SIP-TRUNK-44BBC135"
MOSCOW = ZoneInfo("Europe/Moscow")
# Monday.
MONDAY = datetime(2026, 11, 23, tzinfo=MOSCOW)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORKDAYS, EVERY_DAY = range(5), range(7)


def call(start: datetime, caller: str = "79161234501", *, answered: bool = False, back: bool = False) -> CallRecord:
    """Return a call from outside of 20 s, or one to the caller."""
    accounts = ("202", TRUNK) if back else (TRUNK, "202")
    at, numbers = start.replace(tzinfo=None), ("202", caller) if back else (caller, "202")
    leg = {
        "start": str(at),
        "answer": str(at + timedelta(seconds=10)) if answered else "",
        "endtime": str(at + timedelta(seconds=20)),
        "src_num": numbers[0],
        "dst_num": numbers[1],
        "from_account": accounts[0],
        "to_account": accounts[1],
        "disposition": "ANSWERED" if answered else "NOANSWER",
    }
    row = {"linkedid": f"{start}{caller}", "start": str(at), "src_num": numbers[0], "dst_num": numbers[1]}
    return CallRecord.model_validate(row | {"did": "" if back else "74951110001", "records": [leg]})


@dataclass
class PlayedPbx:
    """Lists `calls`; `reads` are the periods that were asked for."""

    calls: list[CallRecord] = field(default_factory=list)
    error: PbxError | None = None
    reads: list[tuple[datetime, datetime]] = field(default_factory=list)
    hangs: bool = False

    def __post_init__(self) -> None:
        self.records = self

    async def between(self, start: datetime, end: datetime, *, priority: Priority) -> AsyncIterator[CallRecord]:
        assert priority is Priority.BULK
        self.reads.append((start, end))
        await asyncio.sleep(3600 if self.hangs else 0)
        if self.error:
            raise self.error
        for record in self.calls:
            assert record.start is not None
            if start <= record.start.replace(microsecond=0) <= end:
                yield record


class Office:
    """The sender of one PBX. `at` moves the clock and looks once."""

    def __init__(self, database: Database, grants: tuple[Grant, ...] = (Grant(ANNA, "operator"),)) -> None:
        self.database, self.pbx, self.now = database, PlayedPbx(), MONDAY.astimezone(UTC)
        self.given = grants
        self.digests = Digests(database)
        self.restart()

    def restart(self, zone: ZoneInfo | None = MOSCOW) -> None:
        self.zone = PbxTimeZone(zone)
        self.sender = DigestSender(
            STATION,
            self.pbx,  # type: ignore[arg-type]
            self.zone,
            FigureReader(),
            database=self.database,
            grants=Grants(self.database, self.clock, self.given, BUILT_IN, Signal()),
            clock=self.clock,
            wake=Signal(),
        )

    def clock(self) -> datetime:
        return self.now

    async def wants(self, kind: str = "daily", days: Any = EVERY_DAY, at: str = "18:00", chat: int = GROUP) -> None:
        schedule = DigestSchedule.stored(kind, days, at)
        await self.digests.set(
            STATION, chat, None, kind=kind, days=days, at=at, zone="Europe/Moscow", by_id=ANNA, by_name="Anna",
            done_on=schedule.passed(self.now, MOSCOW),
        )  # fmt: skip

    async def at(self, moment: datetime) -> list[dict[str, Any]]:
        """Return the facts of all digests so far, the latest last."""
        self.now = moment.astimezone(UTC)
        await self.sender.run_once()
        return [row.facts for row in await self.messages()]

    async def messages(self) -> list[Outgoing]:
        return await self.database.run(lambda session: session.query(Outgoing).order_by(Outgoing.id).all())

    async def row(self, chat: int = GROUP) -> Digest:
        (row,) = await self.digests.of_chat(STATION, chat)
        return row


def text(messages: list[Outgoing]) -> str:
    """Return the newest message as it is shown."""
    return renderer("en").text(messages[-1].template, messages[-1].facts, zone=MOSCOW, now=MONDAY)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def clock(hours: int, minutes: int = 0, days: int = 0) -> datetime:
    return MONDAY + timedelta(days=days, hours=hours, minutes=minutes)


async def test_it_comes_once_at_its_time_with_the_figures_of_the_day_and_of_four_weeks(office: Office) -> None:
    await office.wants()
    today = [call(clock(9)), call(clock(10), "79160000002", answered=True), call(clock(11), answered=True, back=True)]
    # A week ago: two missed, one of them called back before 18:00, the other in the evening.
    before = [call(clock(9, days=-7)), call(clock(10, days=-7), answered=True, back=True)]
    before += [call(clock(17, days=-7), "79160000002"), call(clock(19, days=-7), "79160000002", answered=True)]
    office.pbx.calls = [*today, call(clock(18, 1)), *before]
    assert await office.at(clock(17, 59)) == []
    (facts,) = await office.at(clock(18, 1))
    assert (facts["first"], facts["last"], facts["until"], facts["due"]) == ("2026-11-23", "2026-11-23", "18:00", None)
    figures = ("calls", "rate", "missed", "not_called_back", "wait")
    assert [facts[name] for name in figures] == [3, 50, 1, 0, 20]
    # As it was known a week ago at that time.
    assert facts["usual"] == {"weeks": 1} | dict(zip(figures, (3, 0, 2, 1, 20), strict=True))
    assert [(start.date(), end.date()) for start, end in office.pbx.reads] == [
        ((clock(0) - week * timedelta(weeks=1)).date(),) * 2 for week in range(5)
    ]
    for minute in range(2, 60, 7):
        assert len(await office.at(clock(18, minute))) == 1
    office.restart()
    assert len(await office.at(clock(17, 59, days=1))) == 1
    assert len(await office.at(clock(18, 0, days=1))) == 2


async def test_without_earlier_calls_there_is_no_comparison(office: Office) -> None:
    await office.wants("weekly", [0], "09:00")
    office.pbx.calls = [call(clock(9, days=-1))]
    (facts,) = await office.at(clock(9))
    assert (facts["first"], facts["last"], facts["until"]) == ("2026-11-16", "2026-11-22", None)
    assert (facts["calls"], facts["not_called_back"], facts["usual"]) == (1, 1, None)


async def test_the_buttons_are_of_the_period(office: Office) -> None:
    await office.wants()
    await office.at(clock(18))
    (keyboard,) = await office.database.run(lambda session: session.query(Keyboard).all())
    assert {(button["data"]["command"], button["data"]["period"]) for button in keyboard.rows[0]} == {
        (command, "2026-11-23 00:00:00 2026-11-23 18:00:00") for command in ("missed", "stats")
    }


async def test_after_an_absence_it_is_late_for_four_hours_and_then_skipped(office: Office) -> None:
    await office.wants()
    (facts,) = await office.at(clock(22, 0))
    assert datetime.fromisoformat(facts["due"]) == clock(18)
    assert len(await office.at(clock(22, 1, days=1))) == 1
    assert office.pbx.reads[5:] == []
    # Of several that were missed the newest counts.
    assert len(await office.at(clock(19, days=5))) == 2


async def test_a_pbx_that_cannot_be_read_is_asked_again_and_then_that_is_told(office: Office) -> None:
    await office.wants()
    office.pbx.error = TimedOut("timed out", "cdr")
    assert await office.at(clock(18)) == []
    assert await office.at(clock(18, 1)) == []
    assert len(office.pbx.reads) == 1
    await office.at(clock(18) + RETRY_AFTER)
    assert len(office.pbx.reads) == 2
    office.restart()
    assert await office.at(clock(22)) == []
    await office.at(clock(22, 1))
    (told,) = await office.messages()
    assert told.template == "digest_unread"
    assert datetime.fromisoformat(told.facts["due"]) == clock(18)
    assert len(await office.at(clock(22, 10))) == 1
    # The next one is none the worse for it.
    office.pbx.error = None
    assert len(await office.at(clock(18, days=1))) == 2
    assert not (await office.row()).failed


async def test_a_key_without_the_right_is_said_at_the_time_of_the_digest_with_the_remedy(office: Office) -> None:
    await office.wants()
    await office.wants("weekly", [0], "18:00", ANNA)
    office.pbx.error = Forbidden("Call Records", "read", "cdr")
    assert [facts["lacks"] for facts in await office.at(clock(18))] == ["Call Records"] * 2
    assert "“Call Records” to Read" in text(await office.messages())
    # Once, and not of the next one if it has the right by then.
    assert len(await office.at(clock(18, 10))) == 2
    office.pbx.error = None
    assert (await office.at(clock(18, days=1)))[-1]["calls"] == 0


async def test_a_pbx_that_answers_again_has_it_sent_late(office: Office) -> None:
    await office.wants()
    office.pbx.error = TimedOut("timed out", "cdr")
    await office.at(clock(18))
    office.pbx.error = None
    (facts,) = await office.at(clock(20))
    assert (facts["calls"], facts["due"] is not None) == (0, True)


async def test_a_clock_that_is_set_back_delays_no_digest(office: Office) -> None:
    await office.wants()
    office.pbx.error = TimedOut("timed out", "cdr")
    await office.at(clock(20))
    office.pbx.error = None
    assert len(await office.at(clock(18, 1))) == 1


async def test_a_reading_that_does_not_end_is_given_up(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.digests.sender.READING_TIMEOUT", 0.05)
    await office.wants()
    office.pbx.hangs = True
    assert await office.at(clock(18)) == []
    assert (await office.row()).failed


@pytest.mark.parametrize("grant", [Grant(ANNA, "operator", until=clock(12)), Grant(GROUP, "operator", until=clock(12))])
async def test_it_ceases_with_the_right_of_who_asked_or_of_the_group(database: Database, grant: Grant) -> None:
    office = Office(database, (grant,))
    await office.wants(at="12:00")
    await office.wants("weekly", [0], "11:00", ANNA)
    before = await office.at(clock(11, 59))
    assert [facts.get("ended") for facts in before] == ([None] if grant.subject == ANNA else [["weekly"]])
    reads = len(office.pbx.reads)
    for day in (0, 1, 7):
        after = await office.at(clock(12, days=day))
    assert len(office.pbx.reads) == reads
    # Told once, and ended: the right that comes back brings no digest back.
    assert [facts.get("ended") for facts in after[len(before) :]] == [
        ["daily"],
        *[["weekly"]] * (grant.subject == ANNA),
    ]
    assert await office.digests.of_chat(STATION, GROUP) == []


async def test_a_closed_chat_gets_none_not_even_later(office: Office) -> None:
    await office.wants()

    def close(session: Session) -> None:
        blocked_chats.close(session, GROUP, "kicked", clock(1))

    def reopen(session: Session) -> None:
        blocked_chats.reopen(session, [GROUP], clock(19))

    await office.database.run(close)
    assert await office.at(clock(18)) == []
    await office.database.run(reopen)
    assert await office.at(clock(19)) == []
    assert len(await office.at(clock(18, days=1))) == 1


async def test_a_kill_before_the_mark_repeats_it_and_loses_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message and the mark are one transaction: it has both, or neither."""
    await office.wants()
    with monkeypatch.context() as patch:
        patch.setattr("bot.notifications.digests.facts_of", _killed)
        with pytest.raises(InterruptedError):
            await office.at(clock(18))
    assert await office.messages() == []
    assert (await office.row()).done_on == date(2026, 11, 22)
    office.restart()
    assert len(await office.at(clock(18, 1))) == 1


def _killed(*_arguments: Any) -> Any:
    raise InterruptedError


@pytest.mark.parametrize("change", ["ended", "set anew", "right lost"])
async def test_what_is_not_wanted_any_more_once_it_is_read_is_not_sent(
    database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    office = Office(database, (Grant(ANNA, "operator", until=clock(18, 1)),))
    await office.wants()
    read = FigureReader.read

    async def changed_meanwhile(self: FigureReader, *arguments: Any) -> Any:
        if change == "ended":
            await office.digests.remove(STATION, GROUP, list(DigestKind))
        elif change == "set anew":
            await office.wants(at="19:00")
        else:
            office.now += MINUTE
        return await read(self, *arguments)

    monkeypatch.setattr(FigureReader, "read", changed_meanwhile)
    assert await office.at(clock(18)) == []


async def test_until_the_pbx_has_answered_its_last_known_zone_counts(office: Office) -> None:
    await office.wants()
    office.restart(zone=None)
    assert await office.at(clock(17, 59)) == []
    assert len(await office.at(clock(18))) == 1
    # It has moved to another zone.
    office.zone.observe(datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Asia/Yekaterinburg")), office.now)
    assert len(await office.at(clock(16, days=1))) == 2
    assert (await office.row()).zone == "UTC+05:00"


async def test_chats_that_want_the_same_share_its_reading(office: Office) -> None:
    for chat in (GROUP, GROUP - 1, ANNA):
        await office.wants(chat=chat)
    assert len(await office.at(clock(18))) == 3
    assert len(office.pbx.reads) == 5


async def test_a_fleet_is_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand PBXs with a digest at 18:00."""
    reader, reading_now, most = FigureReader(), 0, 0

    async def figures(*_arguments: Any) -> Any:
        nonlocal reading_now, most
        reading_now += 1
        most = max(most, reading_now)
        await asyncio.sleep(0)
        reading_now -= 1

    monkeypatch.setattr(reading, "_figures", figures)
    monkeypatch.setattr(reading, "usual", lambda _weeks: None)
    period = DigestSchedule.stored("daily", EVERY_DAY, "18:00").period(MONDAY.date())
    pbxs: list[Any] = [None] * 1000
    await asyncio.gather(*(reader.read(pbx, period, MONDAY, MOSCOW) for pbx in pbxs))
    assert most == SLOTS
