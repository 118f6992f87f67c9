"""The follower of one PBX with the chats that it tells, over played calls: listed late, leg by leg and out of order."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random
from typing import Any

from bot.access.policy import BUILT_IN, Grant
from bot.calls.pbx_clock import PbxClock
from bot.config.working_hours import read_hours
from bot.engine.calls.follower import CallFollower
from bot.engine.calls.lost_rights import LostRights
from bot.engine.calls.missed_calls import MissedCallCards
from bot.engine.calls.unread_calls import UnreadCalls
from bot.notifications.calls.chat_hours import HoursOfChats
from bot.notifications.calls.missed_card_presses import MissedCards
from bot.pbx import Answer, CallLeg, CallRecord, Channel, PbxError, Priority
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.stations import missed_cards
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import CallKind, MissedCard, MissedGathering
from bot.store.tables.messages import Outgoing

TRUNK, STATION = "SIP-TRUNK-44BBC135", "Head office"
ANNA, GROUP, DID = 1, -100, "74951110001"
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# One of the legs: destination, whether it was answered, and by a machine.
Path = tuple[tuple[str, bool, bool], ...]
CALL_BACK: Path = (("203", True, False),)
MISSED: Mapping[str, Path] = {
    "a phone": (("202", False, False),),
    "a queue": (("2200", True, True), ("202", False, False), ("203", False, False)),
    "a menu, then a phone": (("2001", True, True), ("202", False, False)),
    "after hours": (("outworktimes", True, True),),
    "voicemail": (("202", False, False), ("voicemail", True, False)),
    "forwarded, not answered": (("202", False, False), ("79031234567", False, False)),
}
ANSWERED: Mapping[str, Path] = {
    "a phone": (("202", True, False),),
    "another phone": (("202", False, False), ("203", True, False)),
    "a queue": (("2200", True, True), ("202", False, False), ("203", True, False)),
    "a menu, then a phone": (("2001", True, True), ("202", True, False)),
    "transferred": (("202", True, False), ("203", True, False)),
    "transferred to nobody": (("202", True, False), ("203", False, False)),
    "forwarded to a mobile": (("202", False, False), ("79031234567", True, False)),
}


@dataclass(frozen=True)
class Labelled:
    """Call as it was. Its leg `n` is listed at `listed[n]`."""

    linkedid: str
    caller: str
    start: datetime
    end: datetime
    kind: str
    record: CallRecord
    listed: tuple[datetime, ...]

    def seen_at(self, now: datetime) -> CallRecord | None:
        legs = tuple(leg for leg, at in zip(self.record.legs, self.listed, strict=True) if at <= now)
        return self.record.model_copy(update={"legs": legs}) if legs else None


def labelled(
    number: int,
    kind: str,
    caller: str,
    start: datetime,
    path: Path,
    *,
    leg_seconds: int = 20,
    late: float = 10,
    between: float = 0,
    zone: tzinfo = UTC,
    ahead: timedelta = timedelta(0),
) -> Labelled:
    """Return a call of a PBX whose clock is `ahead`. Kinds: `incoming missed`, `incoming answered`,
    `outgoing answered`, `outgoing`, `internal`."""
    way, end = kind.split()[0], start + timedelta(seconds=leg_seconds * len(path))
    legs = []
    for place, (to, answered, machine) in enumerate(path):
        began = start + ahead + timedelta(seconds=leg_seconds * place)
        accounts = {"incoming": (TRUNK, to), "outgoing": ("202", TRUNK), "internal": ("202", to)}[way]
        legs.append(
            {
                "linkedid": f"mikopbx-{number}",
                "start": written(began, zone),
                "answer": written(began, zone) if answered else "",
                "endtime": written(began + timedelta(seconds=leg_seconds), zone),
                "src_num": caller if way == "incoming" else "202",
                "dst_num": to if way != "outgoing" else f"8{caller[1:]}",
                "from_account": accounts[0],
                "to_account": accounts[1],
                "is_app": "1" if machine else "",
                "disposition": "ANSWERED" if answered else "NOANSWER",
            }
        )
    row: dict[str, Any] = {
        "linkedid": f"mikopbx-{number}",
        "start": written(start + ahead, zone),
        "src_num": legs[0]["src_num"],
        "dst_num": legs[0]["dst_num"],
        "did": DID if way == "incoming" else "",
        "disposition": "ANSWERED" if any(answered for _, answered, _ in path) else "NOANSWER",
        "records": legs,
    }
    listed = tuple(end + timedelta(seconds=late + between * place) for place in range(len(path)))
    return Labelled(f"mikopbx-{number}", caller, start, end, kind, CallRecord.model_validate(row), listed)


def written(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ", "milliseconds")


@dataclass
class PlayedPbx:
    """Lists the calls at `now` as the PBX would, in an order that says nothing. To the question what is up it answers
    with `up_error`, or with nothing after a long time, if it `hangs`; to that which calls are active, with
    `active_error`."""

    calls_made: list[Labelled] = field(default_factory=list)
    now: datetime = NINE
    zone: tzinfo = UTC
    ahead: timedelta = timedelta(0)
    error: PbxError | None = None
    up_error: PbxError | None = None
    active_error: PbxError | None = None
    hangs: bool = False
    asked: int = 0

    def __post_init__(self) -> None:
        self.records = self.calls = self

    async def between(
        self, start: datetime, end: datetime, *, priority: Priority, named: bool = True
    ) -> AsyncIterator[CallRecord]:
        assert priority is Priority.BULK
        self.asked += 1
        if self.error:
            raise self.error
        for call in reversed(self.calls_made):
            began = (call.start + self.ahead).astimezone(self.zone).replace(tzinfo=None)
            if start <= began <= end and (record := call.seen_at(self.now)):
                yield record

    async def active(self) -> Answer[tuple[CallLeg, ...]]:
        self.asked += 1
        if self.active_error:
            raise self.active_error
        return Answer(tuple(CallLeg(linkedid=call.linkedid) for call in self._up()))

    async def channels(self, priority: Priority) -> Answer[tuple[Channel, ...]]:
        """The leg that is up, with the trunk if the call came by one."""
        assert priority is Priority.BULK
        self.asked += 1
        if self.up_error:
            raise self.up_error
        if self.hangs:
            return Answer((), suspect=True)
        return Answer(
            tuple(
                Channel(
                    linkedid=call.linkedid,
                    start=next(leg.start for leg in call.record.legs if leg.end and leg.end > self._local_now()),
                    src_chan=f"PJSIP/{TRUNK}-0000000b" if call.record.did else "PJSIP/202-0000000c",
                )
                for call in self._up()
            )
        )

    def _local_now(self) -> datetime:
        return (self.now + self.ahead).astimezone(self.zone).replace(tzinfo=None)

    def _up(self) -> list[Labelled]:
        return [call for call in self.calls_made if call.start <= self.now < call.end]


class Office:
    """The follower of one PBX, and the chats that it tells."""

    # The PBX can be asked to call.
    can_call = False

    def __init__(
        self, database: Database, *, grants: tuple[Grant, ...] = (Grant(ANNA, "admin"),), zone: tzinfo = UTC
    ) -> None:
        self.database, self.pbx, self.zone = database, PlayedPbx(zone=zone), zone
        self.grants = Grants(database, self.clock, grants, BUILT_IN, Signal())
        self.subscriptions = CallSubscriptions(database, Signal())
        self.presses = MissedCards(database, Signal(), self.clock)
        self.chats = HoursOfChats(database)
        self.restart()

    def clock(self) -> datetime:
        return self.pbx.now

    def read_clock(self) -> PbxClock:
        return PbxClock(self.zone, self.pbx.ahead)

    async def pause(self, seconds: float) -> None:
        self.pbx.now += timedelta(seconds=seconds)

    def restart(self) -> None:
        self.follower = CallFollower(
            STATION,
            self.pbx,  # type: ignore[arg-type]
            self.read_clock,
            (
                LostRights(STATION, self.grants),
                MissedCallCards(STATION, self.read_clock, self.grants, mask_numbers=True, can_call=self.can_call),
            ),
            UnreadCalls(STATION, self.grants),
            database=self.database,
            clock=self.clock,
            wake=Signal(),
            pause=self.pause,
        )

    async def tell(self, chat: int = GROUP, **of: Any) -> None:
        await self.asks(CallKind.MISSED, chat, **of)

    async def asks(self, kind: CallKind, chat: int = GROUP, thread: int | None = None, **of: Any) -> None:
        wish: dict[str, Any] = {"phones": (), "numbers": (), "by_id": ANNA, "by_name": "Anna"} | of
        wish |= {"now": self.pbx.now, "read_at": self.follower.read_at}
        await self.subscriptions.set(STATION, chat, thread, kind, **wish)

    async def opens(self, hours: str) -> None:
        await self.chats.set_hours(STATION, GROUP, read_hours(hours), self.pbx.now)

    async def reminds(self, after: timedelta) -> None:
        await self.chats.set_reminder(STATION, GROUP, after, self.pbx.now)

    async def at(self, moment: datetime) -> list[MissedCard]:
        self.pbx.now = max(self.pbx.now, moment)
        await self.follower.run_once()
        return await self.cards()

    async def cards(self, chat: int = GROUP) -> list[MissedCard]:
        return [*await self.database.run(missed_cards.recent, STATION, chat, NINE - timedelta(days=999))]

    async def looks_though_killed(self, at: int, *, after_commit: bool) -> None:
        """Look several times; end the program at the transaction numbered `at` and start it again."""
        killable: Any = KillableDatabase(self.database, at, after_commit=after_commit)
        kept, self.database = self.database, killable
        self.restart()
        for minute in (1, 2, 5, 6, 7):
            self.pbx.now = minutes(minute)
            try:
                await self.follower.run_once()
            except Killed:
                self.database = kept
                self.restart()
        self.database = kept

    async def messages(self) -> list[Outgoing]:
        return await self.database.run(lambda session: session.query(Outgoing).order_by(Outgoing.id).all())

    async def sent(self) -> list[tuple[str, datetime]]:
        """Return the template and the time of what the chat was sent with a sound."""
        rows = await self.messages()
        return [(row.template, row.created_at) for row in rows if row.action == "send" and not row.silent]

    async def gatherings(self) -> list[MissedGathering]:
        return await self.database.run(
            lambda session: session.query(MissedGathering).order_by(MissedGathering.id).all()
        )


def minutes(number: float) -> datetime:
    return NINE + timedelta(minutes=number)


def missed_at(
    minute: float, number: int = 1, caller: str = "79161234501", path: Path = MISSED["a phone"], **more: Any
) -> Labelled:
    return labelled(number, "incoming missed", caller, minutes(minute), path, **more)


def caller(number: int) -> str:
    return f"7916{number:07}"


def storm(minute: float, size: int, first: int = 1000) -> list[Labelled]:
    """Return calls of as many callers within two minutes."""
    return [missed_at(minute + 2 * place / size, first + place, caller(first + place)) for place in range(size)]


def a_day(
    random: Random, size: int, *, begin: datetime = NINE, minutes_long: int = 600, zone: tzinfo = UTC
) -> list[Labelled]:
    """Return calls of some callers, who are answered, missed and called back by chance."""
    callers = [f"7916{number:07}" for number in range(1, size // 6)]
    calls = []
    for number in range(size):
        kind = random.choice(
            ("incoming missed",) * 3 + ("incoming answered",) * 2 + ("outgoing answered", "outgoing", "internal")
        )
        paths = MISSED if kind == "incoming missed" else ANSWERED
        path = random.choice([*paths.values()])
        if kind.startswith("outgoing") or kind == "internal":
            path = (("203", kind == "outgoing answered", False),)
        start = begin + timedelta(minutes=random.random() * minutes_long)
        talk = random.choice((5, 20, 60, 400)) if kind.endswith("answered") else random.choice((5, 20, 60))
        late, between = random.choice((8, 10, 12, 25)), random.choice((0, 0, 0.5, 1))
        calls.append(
            labelled(
                number,
                kind,
                random.choice(callers),
                start,
                path,
                leg_seconds=talk,
                late=late,
                between=between,
                zone=zone,
            )
        )
    return calls


async def play(office: Office, random: Random) -> dict[str, datetime]:
    """Look every half minute in which anything was listed; return when each call came on a card."""
    told: dict[str, datetime] = {}
    halves = {(at - NINE) // timedelta(seconds=30) for call in office.pbx.calls_made for at in call.listed}
    # The last look is at what looked incomplete before.
    for half in [*sorted(halves), max(halves) + 20]:
        if random.random() < 0.05:
            office.restart()
        for card in await office.at(NINE + timedelta(seconds=30 * (half + 1))):
            for call in card.calls:
                told.setdefault(call["linkedid"], office.pbx.now)
    return told


class Killed(Exception):
    pass


class KillableDatabase:
    """Ends the program at the transaction numbered `at`, before it or right after its commit."""

    def __init__(self, database: Database, at: int, *, after_commit: bool) -> None:
        self._database, self._at, self._after_commit = database, at, after_commit
        self.transactions = 0

    async def run(self, work: Any, *args: Any, **more: Any) -> Any:
        self.transactions += 1
        if self.transactions == self._at and not self._after_commit:
            raise Killed
        result = await self._database.run(work, *args, **more)
        if self.transactions == self._at:
            raise Killed
        return result
