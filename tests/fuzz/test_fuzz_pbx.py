"""Fuzz the PBX's answers: the client raises PbxError only, the monitor raises no error, and no station stays silent.

`make fuzz CASES=100000 SEED=1` sets the number of cases. A failing case prints its number: `FUZZ_ONLY` plays it.
"""

import json
import os
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.detection.trunk_machine import Policy
from bot.engine.trunk_monitor import TrunkMonitor
from bot.incidents.model import STATION, Opened, Resolved, StateChange
from bot.pbx import CallRecordLeg, Pbx, PbxError
from tests.fuzz.mutations import Garbled, garbled, written
from tests.incident_harness.station import FakeIncidentManager
from tests.pbx.test_recordings import FILES, USES

ROOT = "/pbxcore/api/v3/"
CASES = int(os.environ.get("FUZZ_CASES", "600"))
SEED = os.environ.get("FUZZ_SEED", "1")
ONLY = os.environ.get("FUZZ_ONLY")
PARTS = 4
WATCH_EACH = 40

Answering = Callable[[httpx.Request], httpx.Response]
START = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
EVERY, LOOKS = 10, 6
STATION_QUESTIONS = (
    "providers:getStatuses",
    "providers",
    "outbound-routes",
    "firewall:getBannedIps",
    "sip:getPeersStatuses",
)


def numbers(part: int, of: str) -> list[int]:
    """Return the cases of this part; `of` selects those of the monitor, which take longer, or of the client."""
    all_of_them = [int(ONLY)] if ONLY else range(CASES)
    return [number for number in all_of_them if (number % WATCH_EACH == 0) == (of == "watch")][part::PARTS]


def chance_of(number: int) -> random.Random:
    return random.Random(f"{SEED}:{number}")


def recorded(stem: str) -> tuple[str, str, int, Any]:
    exchange = json.loads(next(file for file in FILES if file.stem.startswith(stem)).read_text())
    path = exchange["request"]["path"].removeprefix(ROOT).replace("%3A", ":")
    return exchange["request"]["method"], path, exchange["response"]["status"], exchange["response"]["body"]


RECORDED = [recorded(file.stem) for file in FILES]


async def recording(pbx: Pbx) -> object:
    return await pbx.records.recording(CallRecordLeg(download_url="/pbxcore/api/v3/cdr:download?x=1"), "mp3", 1_000_000)


MORE: tuple[tuple[str, str, Callable[[Pbx], Awaitable[object]]], ...] = (
    ("GET", r"firewall:getBannedIps", lambda pbx: pbx.firewall.banned()),
    ("GET", r"sip:getRegistry", lambda pbx: pbx.trunks.registrations()),
    ("GET", r"cdr", lambda pbx: pbx.records.find("mikopbx-1795454987.12")),
    ("GET", r"cdr", recording),
    ("GET", r"employees", lambda pbx: pbx.employees.find("201")),
    ("GET", r"employees", lambda pbx: pbx.phone_book.named("a")),
    ("DELETE", r".*", lambda pbx: pbx.trunks.delete("SIP-TRUNK-44BBC135")),
    ("DELETE", r".*", lambda pbx: pbx.employees.delete("7")),
    ("POST", r".*:updateStatus", lambda pbx: pbx.trunks.switch("SIP-TRUNK-44BBC135", on=True)),
)
EVERY_USE = (*USES, *MORE)


class Wire:
    """PBX with scripted answers and simulated time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.answer: Answering = lambda _request: httpx.Response(500)
        self.pbx = Pbx(
            "https://pbx",
            SecretStr("c0ffee" * 8),
            transport=httpx.MockTransport(self._handle),
            sleep=self._sleep,
            clock=lambda: self.now,
        )

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("part", range(PARTS))
async def test_only_a_pbx_error_ever_leaves_the_client(part: int) -> None:
    wire = Wire()
    for number in numbers(part, "client"):
        chance = chance_of(number)
        method, path, status, body = chance.choice(RECORDED)
        answer = garbled(status, body, chance)
        fitting = [use for kind, pattern, use in EVERY_USE if kind == method and re.fullmatch(pattern, path)]
        # Now and then the answer to another request.
        use = chance.choice(fitting if fitting and chance.random() < 0.9 else [use for *_, use in EVERY_USE])
        wire.answer = lambda _request, answer=answer: answer.response()  # type: ignore[misc]
        wire.now += 10_000
        try:
            found = await use(wire.pbx)
        except PbxError as error:
            str(error).encode()
        except Exception as error:
            raise AssertionError(f"case {number} of seed {SEED}: {method} {path}") from error
        else:
            assert "\ud800" not in repr(found), f"case {number} of seed {SEED}: what cannot be stored or sent"
    await wire.pbx.close()


class Books(FakeIncidentManager):
    """Every notification must be valid for the database and for Telegram."""

    async def record(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[StateChange], now: datetime
    ) -> None:
        json.dumps([changed, [one.facts for one in happened]], ensure_ascii=False, allow_nan=False).encode()
        await super().record(changed, happened, now)

    def of_station(self) -> list[type[object]]:
        return [type(transition) for subject, transition in self.told if subject == STATION]


class Watched:
    """Station with valid answers, except for the request that `garbage` answers."""

    def __init__(self, question: str, statuses: Any) -> None:
        self.wire = Wire()
        self.incident_manager = Books()
        self._question = question
        self._good = GOOD | {"providers:getStatuses": statuses}
        self.garbage: Callable[[Any], Garbled] | None = None
        self.wire.answer = self._answer
        incident_manager: Any = self.incident_manager
        self.watch = TrunkMonitor("Head office", self.wire.pbx, incident_manager, Policy(), self.now)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.wire.now)

    async def looks(self, times: int) -> None:
        for _ in range(times):
            begun = self.wire.now
            await self.watch.poll()
            self.wire.now = max(self.wire.now, begun + EVERY)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(ROOT)
        body = fresh(self._good.get(path, self._good["history"]), self.now())
        if self.garbage is not None and path == self._question:
            return self.garbage(body).response()
        return httpx.Response(200, content=written(body))


def fresh(body: Any, now: datetime) -> Any:
    """Return the body as if measured just now."""
    copy = json.loads(json.dumps(body))
    copy["meta"] = {"timestamp": now.isoformat()}
    for kind in copy["data"].values() if isinstance(copy["data"], dict) else ():
        for row in kind.values() if isinstance(kind, dict) else ():
            if isinstance(row, dict) and "lastUpdate" in row:
                row["lastUpdate"] = int(now.timestamp())
    return copy


GOOD = {
    "providers": recorded("043_")[3],
    "outbound-routes": recorded("118_")[3],
    "firewall:getBannedIps": recorded("new_013_")[3],
    "sip:getPeersStatuses": recorded("115_")[3],
    "history": recorded("new_057_")[3],
}
STATES = [recorded(stem)[3] for stem in ("038_", "new_001_", "new_036_", "new_055_", "266_")]


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_answer_stops_a_watch_or_silences_a_station(part: int) -> None:
    for number in numbers(part, "watch"):
        chance = chance_of(number)
        question = chance.choice((*STATION_QUESTIONS[:1] * 6, *STATION_QUESTIONS))
        scene = Watched(question, chance.choice(STATES))
        seed = chance.random()
        scene.garbage = None
        try:
            await scene.looks(3)
            # The same mutation each time, applied to the current valid answer.
            scene.garbage = lambda body, seed=seed: garbled(200, body, random.Random(seed))
            understood = await understands(scene, question)
            await scene.looks(LOOKS)
            # The PBX may have blocked the bot, or seemed to reject its key.
            told = scene.incident_manager.of_station()
            if not understood and question == "providers:getStatuses":
                assert told[-1:] == [Opened], "garbage is told of"
            scene.garbage = None
            scene.wire.now += 10_000
            await scene.looks(LOOKS)
            assert scene.watch.latest is not None
            assert scene.watch.latest.trouble is None
            ends = [kind for kind in scene.incident_manager.of_station() if kind in (Opened, Resolved)]
            assert not ends or ends[-1] is Resolved, "what is well again is told to be well"
        except Exception as error:
            raise AssertionError(f"case {number} of seed {SEED}: {question}") from error
        await scene.wire.pbx.close()


async def understands(scene: Watched, question: str) -> bool:
    """Return True if the client parses the PBX's answer to the request of the states."""
    before = scene.wire.now
    try:
        await scene.wire.pbx.trunks.statuses()
    except PbxError:
        return False
    finally:
        scene.wire.now = before + EVERY
    return True


def test_the_seed_makes_the_case() -> None:
    _, _, status, body = RECORDED[0]
    assert [garbled(status, body, chance_of(7)) for _ in range(2)] == [garbled(status, body, chance_of(7))] * 2
    assert garbled(status, body, chance_of(7)) != garbled(status, body, chance_of(8))
