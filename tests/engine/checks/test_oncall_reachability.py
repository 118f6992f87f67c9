"""Reachability of the next person on call before the shift, and the refresh of calendars."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.access.policy import BUILT_IN, AccessContext, Destination, Grant
from bot.demo.launcher import listening
from bot.engine import calendar_feed
from bot.engine.calendar_feed import CalendarFault, CalendarFeed, NoCalendar, read
from bot.engine.checks.oncall_reachability import DueCheck, ReachabilityCheck, due_checks, is_due, should_warn
from bot.notifications.destinations import Destinations
from bot.oncall.roster import Roster
from bot.oncall.rotation import Calendar, Duty, Rotation, Shift, Unit
from bot.runtime.waiting import Signal
from bot.sandbox.task import Task
from bot.store.access import contacts
from bot.store.access.contacts import Contact, Contacts
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.oncall.calendars import StoredCalendar
from bot.store.oncall.reachability import Reachability
from bot.store.oncall.schedules import OnCallSchedules, ShiftChange
from bot.store.tables.messages import Outgoing

STATION, CHAT = "Head office", -100
ADMIN, BORIS, OLEG = 1001, 1002, 1004
NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
MONDAY = datetime.fromisoformat("2026-11-23 09:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Boris has this week, Oleg the next one.
WEEKLY = Rotation(1, (BORIS, OLEG), Shift(Unit.WEEKS, 1, MONDAY, "UTC"))
ROSTER = Roster((WEEKLY,))
HAND_OVER = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def due(now: datetime, boris: Reachability, oleg: Reachability) -> list[int]:
    return [check.person for check in due_checks(ROSTER, {BORIS: boris, OLEG: oleg}, now)]


def tried(at: datetime, reachable: bool = True) -> Reachability:
    return Reachability(reachable, at)


def test_who_was_never_tried_is_tried_at_once_whenever_their_shift_is() -> None:
    checks = due_checks(ROSTER, {}, NOW)
    assert [(check.person, check.duty and check.duty.begins) for check in checks] == [
        (BORIS, MONDAY.replace(tzinfo=UTC)),
        (OLEG, HAND_OVER),
    ]


@pytest.mark.parametrize(
    ("now", "last", "expected"),
    [
        (HAND_OVER - 25 * HOUR, NOW, []),
        (HAND_OVER - 24 * HOUR, NOW, [OLEG]),
        (HAND_OVER - 23 * HOUR, HAND_OVER - 24 * HOUR, []),
        (HAND_OVER - HOUR, HAND_OVER - 24 * HOUR, [OLEG]),
        (HAND_OVER - 30 * timedelta(minutes=1), HAND_OVER - HOUR, []),
        # After a day of downtime one check suffices.
        (HAND_OVER - 30 * timedelta(minutes=1), NOW, [OLEG]),
        (HAND_OVER + HOUR, NOW, [OLEG]),
    ],
)
def test_before_a_shift_its_person_is_tried_a_day_and_an_hour_ahead(
    now: datetime, last: datetime, expected: list[int]
) -> None:
    assert due(now, tried(now), tried(last)) == expected


def test_who_cannot_be_called_is_tried_again_soon_while_a_shift_is_near() -> None:
    assert due(NOW, tried(NOW - 10 * timedelta(minutes=1), reachable=False), tried(NOW - HOUR, reachable=False)) == [
        BORIS
    ]
    assert due(NOW, tried(NOW - 9 * timedelta(minutes=1), reachable=False), tried(NOW)) == []


def test_it_is_said_once_for_each_shift() -> None:
    check = DueCheck(OLEG, Duty(OLEG, HAND_OVER, HAND_OVER + 7 * DAY, 1))
    assert should_warn(check, Reachability(False, NOW, None))
    assert should_warn(check, Reachability(False, NOW, HAND_OVER - 3 * DAY))
    assert not should_warn(check, Reachability(False, NOW, HAND_OVER - 24 * HOUR))
    assert not should_warn(DueCheck(OLEG, None), Reachability(False, NOW, NOW))


class ThisMachine(frozenset[str]):
    """Every port of this machine: it serves the tests' calendars."""

    def __contains__(self, written: object) -> bool:
        return str(written).startswith("127.0.0.1:")


@dataclass
class Harness:
    """Reachability check with a database, a clock, and people that can or cannot be reached."""

    database: Database
    now: datetime = NOW
    reachable: set[int] = field(default_factory=lambda: {ADMIN, BORIS, OLEG})
    tried: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        grants = (Grant(ADMIN, "admin"), Grant(BORIS, "operator"), Grant(OLEG, "operator"))
        self.grants = Grants(self.database, self.clock, grants, BUILT_IN, Signal())
        self.book = OnCallSchedules(self.database, self.clock, Signal())
        self.watch = ReachabilityCheck(
            STATION,
            schedules=self.book,
            grants=self.grants,
            people=Contacts(self.database),
            sender=self,
            database=self.database,
            destinations=Destinations(STATION, [Destination(CHAT)], self.grants),
            clock=self.clock,
            wake=Signal(),
            source=CalendarFeed(ThisMachine()),
        )

    def clock(self) -> datetime:
        return self.now

    async def can_write_to(self, person: int) -> bool:
        self.tried.append(person)
        return person in self.reachable

    async def told(self) -> list[tuple[int, str]]:
        with self.database.begin() as session:
            rows = session.execute(select(Outgoing).order_by(Outgoing.id)).scalars()
            return [(row.chat_id, row.template) for row in rows]


@pytest.fixture
def _reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse calendars in this process, for tests with many of them; the others use the sandbox process."""

    async def run(task: Task, content: bytes, *, owner: object, slots: object, **facts: str) -> object:
        return task.here(content, **facts)

    monkeypatch.setattr(calendar_feed, "run", run)


@pytest.fixture
async def harness(database: Database) -> Harness:
    harness = Harness(database)
    with database.begin() as session:
        for person, name in ((ADMIN, "Anna"), (BORIS, "Boris"), (OLEG, "Oleg")):
            contacts.record(session, Contact(person, name, name.lower()))
    return harness


async def test_who_cannot_be_called_is_named_to_the_admins_and_the_alert_chats_once(harness: Harness) -> None:
    harness.reachable = {ADMIN, BORIS}
    await harness.book.set_rotation(STATION, WEEKLY, "Anna")
    await harness.watch.run_once()
    assert await harness.told() == [(ADMIN, "oncall_unreachable"), (CHAT, "oncall_unreachable")]
    harness.now = HAND_OVER - 24 * HOUR
    await harness.watch.run_once()
    assert len(await harness.told()) == 4
    harness.now = HAND_OVER - HOUR
    await harness.watch.run_once()
    assert len(await harness.told()) == 4
    assert (await harness.book.reachability_of([OLEG]))[OLEG].reachable is False


async def test_who_has_pressed_start_meanwhile_is_in_order(harness: Harness) -> None:
    harness.reachable = {ADMIN, OLEG}
    await harness.book.set_rotation(STATION, WEEKLY, "Anna")
    await harness.watch.run_once()
    harness.reachable.add(BORIS)
    harness.now += 10 * timedelta(minutes=1)
    await harness.watch.run_once()
    assert (await harness.book.reachability_of([BORIS]))[BORIS] == Reachability(True, harness.now, None)


async def test_who_lost_the_role_is_named_too(harness: Harness) -> None:
    await harness.book.set_rotation(STATION, Rotation(1, (700800900,), WEEKLY.shift), "Anna")
    harness.reachable.add(700800900)
    await harness.watch.run_once()
    assert (CHAT, "oncall_unreachable") in await harness.told()


async def test_a_changed_shift_is_tried_again(harness: Harness) -> None:
    await harness.book.set_rotation(STATION, WEEKLY, "Anna")
    await harness.watch.run_once()
    await harness.watch.run_once()
    assert harness.tried == [BORIS, OLEG]
    await harness.book.override(STATION, ShiftChange(1, OLEG, NOW, NOW + HOUR), (ADMIN, "Anna"))
    await harness.watch.run_once()
    assert harness.tried == [BORIS, OLEG, OLEG]


CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n"
EVENT = (
    "BEGIN:VEVENT\r\nUID:{0}\r\nSUMMARY:{0}\r\nDTSTART:20261101T000000Z\r\nDTEND:20261102T000000Z\r\n"
    "RRULE:FREQ=DAILY\r\nEND:VEVENT\r\n"
)
OF_BORIS, OF_OLEG = CALENDAR.format(EVENT.format("@boris")), CALENDAR.format(EVENT.format("Oleg"))


@dataclass
class Server:
    """Serve calendars over real HTTP."""

    address: str = ""
    answer: Response = field(default_factory=lambda: PlainTextResponse(OF_BORIS))
    agents: list[str] = field(default_factory=list)

    async def give(self, request: Request) -> Response:
        self.agents.append(request.headers["User-Agent"])
        return self.answer


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    with listening(0) as (sock, address):
        server.address = f"{address}/secret.ics"
        app = Starlette(routes=[Route("/secret.ics", server.give)])
        web = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_level="critical"))
        task = asyncio.create_task(web.serve(sockets=[sock]))
        try:
            yield server
        finally:
            web.should_exit = True
            await task


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


async def kept(harness: Harness, url: str) -> StoredCalendar:
    """Return a stored calendar in which Boris is always on duty."""
    whose = await calendar_feed.names(harness.grants, Contacts(harness.database), STATION, harness.now)
    duties = await read(OF_BORIS, 1, "UTC", harness.now, whose, owner=ADMIN)
    kept = StoredCalendar(1, url, OF_BORIS, "UTC", duties, harness.now)
    await harness.book.set_calendar(STATION, kept, "Anna")
    return kept


async def on_call(harness: Harness) -> int | None:
    return (await harness.book.roster(STATION)).on_call(harness.now)[1]


async def test_a_calendar_is_fetched_again_every_ten_minutes_and_a_change_is_announced(
    harness: Harness, server: Server
) -> None:
    await kept(harness, server.address)
    server.answer = PlainTextResponse(OF_OLEG)
    harness.now += timedelta(minutes=9)
    await harness.watch.run_once()
    assert await on_call(harness) == BORIS
    harness.now += timedelta(minutes=1)
    await harness.watch.run_once()
    assert await on_call(harness) == OLEG
    assert await harness.told() == [(chat, "oncall_changed") for chat in (CHAT, BORIS, OLEG)]
    harness.now += timedelta(minutes=10)
    await harness.watch.run_once()
    assert len(await harness.told()) == 3


@pytest.mark.usefixtures("_reads_here")
@pytest.mark.parametrize(
    "answer",
    [
        Response(status_code=404),
        Response(status_code=500),
        PlainTextResponse("<html>log in</html>"),
        PlainTextResponse(OF_OLEG + "x" * 1_000_001),
        RedirectResponse("http://example.com/other"),
        RedirectResponse("/secret.ics"),
        RedirectResponse("http://[::1"),
        RedirectResponse("https://169.254.169.254/latest/meta-data/"),
        Response(gzip.compress(OF_OLEG.encode()), headers={"Content-Encoding": "gzip"}),
    ],
)
async def test_while_it_cannot_be_had_the_last_calendar_counts_and_admins_hear_of_it_once(
    harness: Harness, server: Server, answer: Response
) -> None:
    await kept(harness, server.address)
    server.answer = answer
    for _ in range(3):
        harness.now += timedelta(minutes=10)
        await harness.watch.run_once()
    assert await on_call(harness) == BORIS
    assert await harness.told() == [(ADMIN, "oncall_calendar_problem")]
    server.answer = PlainTextResponse(OF_BORIS)
    harness.now += timedelta(minutes=10)
    await harness.watch.run_once()
    assert [one.problem for one in await harness.book.calendars(STATION)] == [""]


async def test_a_calendar_that_says_the_same_is_read_once_a_day(
    harness: Harness, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(harness, server.address)
    reads: list[datetime] = []

    async def run(task: Task, content: bytes, *, owner: object, slots: object, **facts: str) -> object:
        reads.append(harness.now)
        return task.here(content, **facts)

    monkeypatch.setattr(calendar_feed, "run", run)
    for made_at in range(150):
        stamped = OF_BORIS.replace("SUMMARY", f"DTSTAMP:20261101T{made_at:06}Z\r\nSUMMARY")
        server.answer = PlainTextResponse(stamped)
        harness.now += timedelta(minutes=10)
        await harness.watch.run_once()
    assert len(reads) == len({at.date() for at in reads}) == 2
    # It covers the weeks from the last day on; people that joined or left are resolved at once.
    (now,) = await harness.book.calendars(STATION)
    assert now.calendar.duties[-1].ends > harness.now + timedelta(days=58)
    server.answer = PlainTextResponse(OF_OLEG)
    harness.now += timedelta(minutes=10)
    await harness.watch.run_once()
    assert await on_call(harness) == OLEG


async def test_what_exactly_is_wrong_at_an_address_is_for_who_administers_all_stations(harness: Harness) -> None:
    await harness.grants.grant(
        Grant(OLEG, "admin", STATION, given_by=ADMIN), AccessContext(ADMIN, ADMIN, True, STATION, NOW)
    )
    await kept(harness, "https://10.0.0.5/secret.ics")
    harness.now += timedelta(minutes=10)
    await harness.watch.run_once()
    with harness.database.begin() as session:
        rows = session.execute(select(Outgoing)).scalars()
        assert {row.chat_id: row.facts["problem"] for row in rows} == {
            ADMIN: CalendarFault.INSIDE,
            OLEG: CalendarFault.UNSAID,
        }


async def test_a_file_is_read_on_into_the_weeks_to_come(harness: Harness) -> None:
    first = await kept(harness, "")
    harness.now += 3 * DAY
    await harness.watch.run_once()
    (later,) = await harness.book.calendars(STATION)
    assert later.calendar.duties[-1].ends == first.calendar.duties[-1].ends + 3 * DAY
    assert await harness.told() == []


async def test_a_calendar_that_was_taken_away_meanwhile_does_not_come_back(harness: Harness) -> None:
    old = await kept(harness, "")
    await harness.book.remove(STATION, 1)
    assert not await harness.book.replace_calendar(STATION, old, replace(old, calendar=Calendar()), [])
    assert (await harness.book.roster(STATION)).levels == ()


def test_a_file_is_read_again_every_day_and_an_address_every_ten_minutes() -> None:
    file = StoredCalendar(1, "", "", "UTC", Calendar(), NOW)
    assert [is_due(file, NOW + DAY - HOUR), is_due(file, NOW + DAY)] == [False, True]
    web = replace(file, url="https://example.com")
    assert [is_due(web, NOW + timedelta(minutes=9)), is_due(web, NOW + timedelta(minutes=10))] == [False, True]


@pytest.mark.parametrize(
    ("written", "trouble"),
    [
        ("http://example.com/a.ics", CalendarFault.PLAIN_HTTP),
        ("ftp://example.com/a.ics", CalendarFault.UNUSABLE_ADDRESS),
        ("example.com", CalendarFault.NOT_AN_ADDRESS),
        ("https://", CalendarFault.NOT_AN_ADDRESS),
        ("https://xn--/", CalendarFault.NOT_AN_ADDRESS),
        ("webcal://xn--a/cal.ics", CalendarFault.NOT_AN_ADDRESS),
        ("https://xn--\u00e4/a.ics", CalendarFault.NOT_AN_ADDRESS),
        ("https://[::1/a.ics", CalendarFault.NOT_AN_ADDRESS),
        ("https://example.com/a b", CalendarFault.NOT_AN_ADDRESS),
        ("file:///etc/passwd", CalendarFault.NOT_AN_ADDRESS),
        ("https://anna:secret@example.com/a.ics", CalendarFault.UNUSABLE_ADDRESS),
        ("https://example.com:99999/a.ics", CalendarFault.NOT_AN_ADDRESS),
        ("http://127.0.0.1/a.ics", CalendarFault.PLAIN_HTTP),
    ],
)
def test_only_https_addresses_are_taken(written: str, trouble: CalendarFault) -> None:
    with pytest.raises(NoCalendar) as refused:
        CalendarFeed().address(written)
    assert refused.value.trouble is trouble


def test_an_address_is_taken_as_calendars_write_it() -> None:
    assert CalendarFeed().address(" webcal://example.com/a.ics ") == "https://example.com/a.ics"


async def test_a_server_that_does_not_answer_is_said_to_be_silent() -> None:
    with listening(0) as (sock, at):
        sock.close()
        with pytest.raises(NoCalendar) as refused:
            await CalendarFeed(ThisMachine()).fetch(f"{at}/secret.ics", owner=1)
    assert refused.value.trouble is CalendarFault.NO_ANSWER
    assert "secret" not in str(refused.value)


async def test_a_redirect_is_followed(server: Server) -> None:
    async with serving() as other:
        other.answer = RedirectResponse(server.address)
        assert await CalendarFeed(ThisMachine()).fetch(other.address, owner=1) == OF_BORIS


async def test_a_name_that_two_people_bear_is_nobodys(harness: Harness) -> None:
    with harness.database.begin() as session:
        contacts.record(session, Contact(OLEG, "Boris", "oleg"))
    whose = await calendar_feed.names(harness.grants, Contacts(harness.database), STATION, NOW)
    assert [whose(name) for name in ("Boris", "@BORIS", "@oleg", "1002", "Vera", "1003")] == [
        None,
        BORIS,
        OLEG,
        BORIS,
        None,
        None,
    ]


async def test_a_name_is_found_in_any_spelling_and_order_and_by_its_e_mail(harness: Harness) -> None:
    with harness.database.begin() as session:
        contacts.record(session, Contact(OLEG, "Семён Фёдоров", "oleg"))
        contacts.record(session, Contact(BORIS, "Boris Petrov", "boris_petrov"))
    whose = await calendar_feed.names(harness.grants, Contacts(harness.database), STATION, NOW)
    assert {whose(name) for name in ("Семен Федоров", "Федоров Семен", "oleg", "OLEG@example.com")} == {OLEG}
    assert {whose(name) for name in ("boris_petrov", "boris.petrov@example.com", "Petrov Boris")} == {BORIS}
    assert [whose(name) for name in ("boris@example.com", "Семён", "")] == [None, None, None]


async def test_a_server_is_told_who_asks_and_microsoft_365_gives_its_calendar(server: Server) -> None:
    """It redirects agents without `Mozilla/5.0 (…) Chrome/` to an error page."""
    await CalendarFeed(ThisMachine()).fetch(server.address, owner=1)
    (agent,) = server.agents
    assert re.match(r"Mozilla/5\.0 \(compatible; mikopbx-bot/\d[\d.]*[;)]", agent)
    assert "Chrome/" in agent


async def test_an_answer_in_another_encoding_is_read(server: Server) -> None:
    in_russian = OF_BORIS.replace("Boris", "Семён")
    server.answer = Response(in_russian.encode("cp1251"), headers={"Content-Type": "text/calendar"})
    assert await CalendarFeed(ThisMachine()).fetch(server.address, owner=1) == in_russian
