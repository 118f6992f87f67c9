"""A hundred trunks go down within 10 s: time until the first and the last are notified, within Telegram's limits."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.access.policy import EVERY_STATION
from bot.oncall.rotation import Rotation, Shift, Unit
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.oncall.schedules import OnCallSchedules
from tests.benchmarks.load import EVERY
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.pbx_cluster import SETTLING, PbxCluster, cluster

PBXS, EACH, WITHIN = 20, 5, 10.0
HOLD_OFF = 30.0
WATCHED = HOLD_OFF + 120
GROUP, ON_CALL = -1001000000001, 1002
PER_MESSAGE = 1.0


@dataclass(frozen=True)
class Known:
    """Notifications in one chat: seconds from the first trunk's hold-off to the first name and to all names; `messages`
    counts the messages.
    """

    first: float
    all: float
    messages: int


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    storms: list[tuple[Known, Known]] = []
    providers: list[tuple[Known, Known]] = []
    async with cluster(PBXS) as one:
        one.telegram.people[ON_CALL].started = True
        for _ in range(effort.runs):
            storms.append(await _storm(one))
            providers.append(await _provider(one))
    rows = []
    trunks = PBXS * EACH
    # Telegram allows one message a second in a chat, were each trunk a message of its own.
    each = [trunks * PER_MESSAGE] * effort.runs
    for place, where in enumerate(("the fleet's chat", "the person on call")):
        known = [storm[place] for storm in storms]
        what = f"{trunks} trunks at {PBXS} PBXs, {where}"
        rows.append(Row(f"{what}: the first is told, after the hold-off", "s", [k.first for k in known], most=5))
        rows.append(Row(f"{what}: all are told", "s", [k.all for k in known], each, 60))
        rows.append(Row(f"{what}: messages", "", [k.messages for k in known], [trunks] * effort.runs))
        known = [one[place] for one in providers]
        what = f"one provider down at {PBXS} PBXs, {where}"
        rows.append(Row(f"{what}: it is told, after the hold-off", "s", [k.first for k in known], most=5))
        rows.append(Row(f"{what}: messages", "", [k.messages for k in known], [PBXS] * effort.runs, 1))
    return rows


async def _storm(one: PbxCluster) -> tuple[Known, Known]:
    """No two trunks share a provider; one trunk of each PBX stays up."""
    one.begins_anew()
    trunks = []
    for number in range(PBXS):
        one.has_trunk(number, f"Other {number}", f"other-{number}.example")
        for place in range(EACH):
            # The suffix prevents one name from being the beginning of another.
            name = f"Line {number}-{place}x"
            trunks.append((number, name, one.has_trunk(number, name, f"p{place}.provider-{number}.example")))
    chosen = random.Random(1)
    chosen.shuffle(trunks)
    moments = sorted(chosen.uniform(0, WITHIN) for _ in trunks)
    async with _watched(one):
        began = time.monotonic()
        for after, (number, _, trunk) in zip(moments, trunks, strict=True):
            await asyncio.sleep(began + after - time.monotonic())
            one.breaks(number, trunk)
        names = [name for _, name, _ in trunks]
        await _until_told(one, names)
        due = began + moments[0] + HOLD_OFF
        return _known(one, GROUP, due, "Line ", names), _known(one, ON_CALL, due, "Line ", names)


async def _provider(one: PbxCluster) -> tuple[Known, Known]:
    """All trunks fail at once, each as soon as its PBX notices."""
    host = "sip.everybodys.example"
    one.begins_anew()
    trunks = []
    for number in range(PBXS):
        one.has_trunk(number, f"Other {number}", f"other-{number}.example")
        trunks.append(one.has_trunk(number, f"Line {number}-0x", host))
    async with _watched(one):
        began = time.monotonic()
        for number, trunk in enumerate(trunks):
            one.breaks(number, trunk)
        await _until_told(one, [host])
        # Wait for notifications of single PBXs, which would be wrong.
        await asyncio.sleep(2 * EVERY)
        due = began + HOLD_OFF
        return _known(one, GROUP, due, host, [host]), _known(one, ON_CALL, due, host, [host])


@asynccontextmanager
async def _watched(one: PbxCluster) -> AsyncIterator[None]:
    """Run the program until it knows every PBX and the person on call."""
    database = Database(one.database)
    await database.open()
    shift = Shift(Unit.DAYS, 1, datetime.fromisoformat("2024-01-01"), "UTC")
    book = OnCallSchedules(database, lambda: datetime.now(UTC), Signal())
    await book.set_rotation(EVERY_STATION, Rotation(1, (ON_CALL,), shift), "the benchmark")
    await database.close()
    settings = {"ALERT_CHATS": str(GROUP), "OPERATORS": str(ON_CALL), "ALERT_AFTER": f"{HOLD_OFF:g}"}
    async with one.program(lambda _number: (), settings):
        await asyncio.sleep(SETTLING)
        yield


async def _until_told(one: PbxCluster, names: list[str]) -> None:
    ends = time.monotonic() + WATCHED
    while not all(one.shown.first(chat, *names) for chat in (GROUP, ON_CALL)):
        if time.monotonic() > ends:
            raise TimeoutError("not everything was told")
        await asyncio.sleep(1)


def _known(one: PbxCluster, chat: int, due: float, first: str, names: list[str]) -> Known:
    told, complete = one.shown.first(chat, first), one.shown.first(chat, *names)
    assert told is not None
    assert complete is not None
    return Known(told - due, complete - due, one.shown.messages(chat, first))


FIGURE = Figure("storm", run)
