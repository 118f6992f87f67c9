"""Cards of missed callers: played days of labelled calls, listed late, leg by leg and out of order."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from bot.access.policy import BUILT_IN, Grant
from bot.engine.missed_calls import MissedCallFollower
from bot.notifications.missed_cards import CARD_LASTS, CLAIM_LASTS, CardOutcome, MissedCards, PressResult
from bot.pbx import Answer, CallLeg, CallRecord, PbxError, Priority, TimedOut
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats
from bot.store.stations import missed_cards
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import MissedCard
from bot.store.tables.messages import Outgoing
from tests.fixtures.examples import example_count

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
) -> Labelled:
    """Return a call: `incoming missed`, `incoming answered`, `outgoing answered`, `outgoing`, `internal`."""
    way, end = kind.split()[0], start + timedelta(seconds=leg_seconds * len(path))
    legs = []
    for place, (to, answered, machine) in enumerate(path):
        began = start + timedelta(seconds=leg_seconds * place)
        accounts = {"incoming": (TRUNK, to), "outgoing": ("202", TRUNK), "internal": ("202", to)}[way]
        legs.append(
            {
                "linkedid": f"mikopbx-{number}",
                "start": written(began),
                "answer": written(began) if answered else "",
                "endtime": written(began + timedelta(seconds=leg_seconds)),
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
        "start": written(start),
        "src_num": legs[0]["src_num"],
        "dst_num": legs[0]["dst_num"],
        "did": DID if way == "incoming" else "",
        "disposition": "ANSWERED" if any(answered for _, answered, _ in path) else "NOANSWER",
        "records": legs,
    }
    listed = tuple(end + timedelta(seconds=late + between * place) for place in range(len(path)))
    return Labelled(f"mikopbx-{number}", caller, start, end, kind, CallRecord.model_validate(row), listed)


def written(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "milliseconds")


@dataclass
class PlayedPbx:
    """Lists the calls at `now` as the PBX would, in an order that says nothing."""

    calls_made: list[Labelled] = field(default_factory=list)
    now: datetime = NINE
    error: PbxError | None = None
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
            if start <= call.start.replace(tzinfo=None) <= end and (record := call.seen_at(self.now)):
                yield record

    async def active(self, *, named: bool = True) -> Answer[tuple[CallLeg, ...]]:
        self.asked += 1
        return Answer(
            tuple(CallLeg(linkedid=call.linkedid) for call in self.calls_made if call.start <= self.now < call.end)
        )


class Office:
    """The follower of one PBX, and the chats that it tells."""

    def __init__(self, database: Database, *, grants: tuple[Grant, ...] = (Grant(ANNA, "admin"),)) -> None:
        self.database, self.pbx = database, PlayedPbx()
        self.grants = Grants(database, self.clock, grants, BUILT_IN, Signal())
        self.subscriptions = CallSubscriptions(database, Signal())
        self.presses = MissedCards(database, Signal())
        self.restart()

    def clock(self) -> datetime:
        return self.pbx.now

    async def pause(self, seconds: float) -> None:
        self.pbx.now += timedelta(seconds=seconds)

    def restart(self) -> None:
        self.follower = MissedCallFollower(
            STATION,
            self.pbx,  # type: ignore[arg-type]
            lambda: UTC,
            database=self.database,
            grants=self.grants,
            mask_numbers=True,
            clock=self.clock,
            wake=Signal(),
            pause=self.pause,
        )

    async def tell(self, chat: int = GROUP, **of: Any) -> None:
        wish = {"phones": (), "numbers": ()} | of
        await self.subscriptions.set(STATION, chat, None, by_id=ANNA, by_name="Anna", now=self.pbx.now, **wish)

    async def at(self, moment: datetime) -> list[MissedCard]:
        self.pbx.now = max(self.pbx.now, moment)
        await self.follower.run_once()
        return await self.cards()

    async def cards(self, chat: int = GROUP) -> list[MissedCard]:
        return [*await self.database.run(missed_cards.recent, STATION, chat, NINE - timedelta(days=99))]

    async def messages(self) -> list[Outgoing]:
        return await self.database.run(lambda session: session.query(Outgoing).order_by(Outgoing.id).all())


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def minutes(number: float) -> datetime:
    return NINE + timedelta(minutes=number)


def missed_at(
    minute: float, number: int = 1, caller: str = "79161234501", path: Path = MISSED["a phone"], **more: Any
) -> Labelled:
    return labelled(number, "incoming missed", caller, minutes(minute), path, **more)


def a_day(random: Random, size: int) -> list[Labelled]:
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
        start = minutes(random.random() * 600)
        talk = random.choice((5, 20, 60, 400)) if kind.endswith("answered") else random.choice((5, 20, 60))
        late, between = random.choice((8, 10, 12, 25)), random.choice((0, 0, 0.5, 1))
        calls.append(
            labelled(number, kind, random.choice(callers), start, path, leg_seconds=talk, late=late, between=between)
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


@pytest.mark.parametrize("seed", range(example_count(2, 10)))
async def test_a_played_day_has_no_false_card_no_missed_one_and_one_of_each_caller(office: Office, seed: int) -> None:
    random = Random(seed)
    office.pbx.calls_made = calls = a_day(random, example_count(500, 1000))
    by_id = {call.linkedid: call for call in calls}
    await office.tell()
    told_at = await play(office, random)
    cards = await office.cards()
    told = [call["linkedid"] for card in cards for call in card.calls]
    assert len(told) == len(set(told))
    assert {by_id[linkedid].kind for linkedid in told} == {"incoming missed"}

    def contacts_after(call: Labelled) -> list[Labelled]:
        later = [one for one in calls if one.caller == call.caller and one.start > call.start]
        return [one for one in later if one.kind.endswith("answered")]

    for call in calls:
        if call.kind == "incoming missed" and call.linkedid not in told:
            soon = call.listed[-1] + timedelta(seconds=70)
            assert any(one.listed[0] <= soon for one in contacts_after(call)), call.linkedid
        elif call.linkedid in told and call.listed[-1] <= call.end + timedelta(seconds=10):
            assert told_at[call.linkedid] - call.end <= timedelta(seconds=45), call.linkedid
    still_open = [card.caller for card in cards if card.closed_at is None]
    assert len(still_open) == len(set(still_open))
    for card in cards:
        last = max((by_id[call["linkedid"]] for call in card.calls), key=lambda call: call.start)
        # The one that was listed first closes it.
        ways = {"called_back" if one.kind.startswith("outgoing") else "reached_us" for one in contacts_after(last)}
        assert card.outcome in ways if ways else card.outcome is None, last.linkedid
    assert sum(row.action == "send" for row in await office.messages()) == len(cards)


@pytest.mark.parametrize("path", MISSED.values(), ids=MISSED)
async def test_every_way_to_miss_a_call_makes_a_card(office: Office, path: Path) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0, path=path)]
    assert len(await office.at(minutes(3))) == 1


@pytest.mark.parametrize("path", ANSWERED.values(), ids=ANSWERED)
async def test_no_way_to_answer_a_call_makes_a_card(office: Office, path: Path) -> None:
    await office.tell()
    # The legs are listed one after another, and the look is between them.
    call = labelled(1, "incoming answered", "79161234501", NINE, path, late=10, between=2)
    office.pbx.calls_made = [call]
    for seconds in range(40):
        assert await office.at(call.end + timedelta(seconds=seconds)) == []


async def test_a_call_that_goes_on_makes_no_card_though_a_leg_is_listed(office: Office) -> None:
    await office.tell()
    call = labelled(1, "incoming answered", "79161234501", NINE, ANSWERED["another phone"], leg_seconds=60)
    listed_early = replace(call, listed=(minutes(1), minutes(3)))
    office.pbx.calls_made = [listed_early]
    assert await office.at(minutes(1.2)) == []
    assert await office.at(minutes(4)) == []


async def test_a_long_conversation_closes_the_card_too(office: Office) -> None:
    await office.tell()
    long = labelled(2, "outgoing answered", "79161234501", minutes(4), CALL_BACK, leg_seconds=3 * 3600)
    office.pbx.calls_made = [missed_at(0), long]
    for minute in range(1, 200):
        (card,) = await office.at(minutes(minute))
    assert card.outcome == CardOutcome.CALLED_BACK


async def test_a_chat_that_takes_no_messages_is_told_when_it_does(office: Office) -> None:
    await office.tell()
    await office.database.run(blocked_chats.close, GROUP, "kicked", NINE)
    office.pbx.calls_made = [missed_at(0)]
    assert await office.at(minutes(1)) == []
    await office.database.run(blocked_chats.reopen, [GROUP], minutes(2), in_topic=False)
    assert len(await office.at(minutes(3))) == 1


async def test_calls_from_before_the_chat_asked_make_no_card(office: Office) -> None:
    office.pbx.calls_made = [missed_at(-20)]
    await office.tell()
    assert await office.at(minutes(1)) == []


async def test_nobody_asked_so_the_pbx_is_not_asked(office: Office) -> None:
    await office.at(minutes(1))
    assert office.pbx.asked == 0


async def test_what_was_missed_while_the_bot_was_away_is_told_and_what_was_settled_is_not(office: Office) -> None:
    await office.tell()
    await office.at(minutes(6))
    office.pbx.calls_made = [
        missed_at(20, 1),
        missed_at(30, 2, "79161234502"),
        labelled(3, "outgoing answered", "79161234502", minutes(40), (("203", True, False),)),
    ]
    office.restart()
    (card,) = await office.at(minutes(20 * 60))
    assert card.caller == "9161234501"


async def test_a_fault_of_the_pbx_delays_a_card_and_loses_none(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    office.pbx.error = TimedOut("slow", "cdr")
    assert await office.at(minutes(1)) == []
    office.pbx.error = None
    assert len(await office.at(minutes(50))) == 1


@pytest.mark.parametrize(
    ("of", "told"),
    [
        ({"phones": ("202",)}, True),
        ({"phones": ("2200",)}, True),
        ({"phones": ("207",)}, False),
        ({"numbers": ("84951110001",)}, True),
        ({"numbers": ("84951110002",)}, False),
    ],
)
async def test_a_chat_is_told_only_of_what_it_asked_for(office: Office, of: dict[str, Any], told: bool) -> None:
    await office.tell(**of)
    office.pbx.calls_made = [missed_at(0, path=MISSED["a queue"])]
    assert bool(await office.at(minutes(3))) is told


async def test_who_may_not_see_calls_any_more_is_told_of_none_and_numbers_are_masked(database: Database) -> None:
    nobody = Office(database, grants=())
    await nobody.tell()
    nobody.pbx.calls_made = [missed_at(0)]
    assert await nobody.at(minutes(1)) == []
    office = Office(database)
    office.pbx = nobody.pbx
    office.restart()
    await office.at(minutes(2))
    (row,) = await office.messages()
    assert row.masked


async def test_an_edit_of_a_masked_card_is_masked(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    await office.at(minutes(1))

    def deliver(session: Session) -> None:
        for row in session.query(Outgoing):
            row.state, row.message_id = "sent", 7

    await office.database.run(deliver)
    office.pbx.calls_made.append(missed_at(5, 2))
    await office.at(minutes(6))
    assert [(row.action, row.masked) for row in await office.messages()] == [("send", True), ("edit", True)]


async def test_a_claim_is_of_one_person_and_lapses_without_a_call(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(1))
    where = (card.id, STATION, GROUP)
    assert await office.presses.claim(*where, "Anna", minutes(2)) is PressResult.DONE
    assert await office.presses.claim(*where, "Boris", minutes(3)) is PressResult.CLAIMED_BEFORE
    (kept,) = await office.at(minutes(10))
    assert kept.claimed_by == "Anna"
    (lapsed,) = await office.at(minutes(3) + CLAIM_LASTS)
    assert lapsed.claimed_by is None


async def test_a_card_closed_by_hand_stays_closed_and_a_new_call_opens_another(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(1))
    where = (card.id, STATION, GROUP)
    assert await office.presses.close(*where, "Anna", CardOutcome.NOT_NEEDED, minutes(2)) is PressResult.DONE
    assert await office.presses.claim(*where, "Boris", minutes(3)) is PressResult.CLOSED_BEFORE
    assert len(await office.at(minutes(4))) == 1
    office.pbx.calls_made.append(missed_at(5, 2))
    assert len(await office.at(minutes(6))) == 2


async def test_another_chat_cannot_press_a_card(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0)]
    (card,) = await office.at(minutes(1))
    assert await office.presses.claim(card.id, STATION, -200, "Sam", minutes(2)) is PressResult.CLOSED_BEFORE


async def test_a_card_that_nobody_closes_ends_after_a_week(office: Office) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0, caller="anonymous")]
    await office.at(minutes(1))
    (card,) = await office.at(minutes(2) + CARD_LASTS)
    assert card.outcome == CardOutcome.TOO_OLD


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


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
async def test_a_kill_at_any_transaction_loses_no_card_and_repeats_none(
    office: Office, at: int, after_commit: bool
) -> None:
    await office.tell()
    office.pbx.calls_made = [missed_at(0), labelled(2, "outgoing answered", "79161234501", minutes(4), CALL_BACK)]
    killable: Any = KillableDatabase(office.database, at, after_commit=after_commit)
    kept, office.database = office.database, killable
    office.restart()
    for minute in (1, 2, 5, 6, 7):
        office.pbx.now = minutes(minute)
        try:
            await office.follower.run_once()
        except Killed:
            office.database = kept
            office.restart()
    office.database = kept
    (card,) = await office.cards()
    assert card.outcome == CardOutcome.CALLED_BACK
    assert [row.action for row in await office.messages()] == ["send"]
