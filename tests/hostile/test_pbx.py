"""PBXs with slow, endless or oversized answers: each is reported, and neither the bot nor the monitoring of other PBXs
suffers."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from tests.end_to_end.fleet_harness import FleetHarness, running_harness
from tests.end_to_end.harness import Program
from tests.fixtures.examples import PROFILE
from tests.hostile.fixtures.evil_pbx import EvilPbx, evil_pbxs

# Cause in the alert for each kind of answer.
SLOW = {
    "drips a body": "takes too long",
    "drips a head": "takes too long",
}
GARBAGE = {
    "sends a bomb": "not its API",
    "sends half a gigabyte": "not its API",
    "sends without end": "not its API",
    "says continue for ever": "not its API",
    "hints for ever": "not its API",
    "sends crumbs": "not its API",
    "goes on after gzip": "not its API",
    "is packed unasked": "not its API",
    "nests": "not its API",
    "nests objects": "not its API",
    "counts far": "not its API",
    "has twenty thousand trunks": "not its API",
    "has a million values": "not its API",
    "breaks its chunks": "cannot be reached",
}
# One of each kind for local runs: large when unpacked, endless, below HTTP, too deep, too many values, broken off.
DAILY = {
    *("drips a body", "sends a bomb", "sends without end", "says continue for ever", "nests", "has a million values"),
    "breaks its chunks",
}
# Megabytes; a single one of these answers would exceed it if read whole.
MOST_MEMORY = 300
# Clock speed-up: the timeout of an answer is forty seconds.
SPEED = 8.0
# Real seconds. The healthy PBX is polled eight times a second; the bomb blocked the bot for twenty seconds, a busy
# machine delays it by less.
ON_TIME = 10.0
ALL_DONE_WITHIN = 300.0


@contextmanager
def running(harness: FleetHarness, folder: Path, evils: list[EvilPbx], chats: list[int]) -> Iterator[Program]:
    tables = [harness["well"].table(), *(one.table(chat) for one, chat in zip(evils, chats, strict=True))]
    (folder / "stations.toml").write_text("\n\n".join(tables))
    program = Program(harness, folder, STATIONS_FILE="stations.toml", PBX_URL="", PBX_API_KEY="", PBX_NAME="")
    try:
        yield program
    finally:
        program.kill()


def memory(program: Program) -> int:
    """Return the resident memory in MB."""
    status = Path(f"/proc/{program._process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) // 1024


class Misdeeds:
    """PBX that goes through the kinds of answers: each until it is reported, then normal until it is resolved."""

    def __init__(self, harness: FleetHarness, evil: EvilPbx, chat: int, ways: dict[str, str]) -> None:
        self.evil = evil
        self._house = harness
        self._chat = chat
        self._left = list(ways.items())

    def goes_on(self) -> bool:
        """Advance; return False when all kinds are done."""
        bad = self._house.alerts(f"🔴 {self.evil.name.title()}", self._chat)
        if self.evil.way == "well" and not bad:
            if not self._left:
                return False
            self.evil.way = self._left[0][0]
        elif self.evil.way != "well" and any(self._left[0][1] in told for told in bad):
            self._left.pop(0)
            self.evil.way = "well"
        return True

    def __str__(self) -> str:
        return f"{self.evil.name} {self.evil.way}, {len(self._left)} left"


def tried(ways: dict[str, str]) -> dict[str, str]:
    return ways if PROFILE == "ci" else {way: told for way, told in ways.items() if way in DAILY}


def test_whatever_two_pbxs_answer_all_three_are_watched(tmp_path: Path) -> None:
    with running_harness("well", speed=SPEED) as harness, evil_pbxs(harness.clock, "slow", "garbage") as evils:
        chats = [harness.makes_group(one.name.title()) for one in evils]
        with running(harness, tmp_path, evils, chats) as program:
            harness.wait_until_watched("well")
            harness.wait_for(lambda: all(one.looks > 2 for one in evils) or None, "looks at all")
            before, most = len(harness["well"].looks()), memory(program)
            deeds = [Misdeeds(harness, *each) for each in zip(evils, chats, map(tried, (SLOW, GARBAGE)), strict=True)]

            def all_are_over() -> bool:
                nonlocal most
                most = max(most, memory(program))
                return not sum(one.goes_on() for one in deeds)

            harness["well"].breaks("Zadarma")
            harness.wait_for(lambda: all_are_over() or None, "all told of", within=ALL_DONE_WITHIN, every=0.02)
            harness.wait_for_message("🔴.*Zadarma", harness["well"].chat)
            looks = harness["well"].looks()[before - 1 :]
            assert max(after - begun for begun, after in pairwise(looks)) / SPEED < ON_TIME
            assert most < MOST_MEMORY
