"""A newcomer: from an empty folder to an acknowledged rehearsal, by `mikopbx-bot setup` in a terminal."""

import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.demo import pbx, telegram
from tests.end_to_end.clock import Clock
from tests.end_to_end.harness import ANNA, KEY, SAM, TOKEN, Standins, alive, press
from tests.end_to_end.server import serving
from tests.fixtures.paths import ROOT

# Certificates and other programs go by the machine's clock.
pytestmark = pytest.mark.usefixtures("real_time")

# Seconds that the program itself may take, on a machine with other work; a newcomer has five minutes.
OWN_SECONDS = 60.0
PATIENCE = 60.0
CODE = re.compile(r"\?start=(\w+)")


class Typed:
    """A program in a terminal of its own. `answers` counts what was typed, `waited` the seconds until each prompt."""

    def __init__(self, folder: Path, environment: dict[str, str], *command: str) -> None:
        ours, theirs = pty.openpty()
        self._terminal, self._new, self.shown = ours, "", ""
        self.answers, self.waited = 0, 0.0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", *command],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def reads(self, pattern: str) -> re.Match[str]:
        """Wait until the pattern is shown, and return the match; what comes before it is not looked at again."""
        begun = time.monotonic()
        while (found := re.search(pattern, self._new)) is None:
            left = begun + PATIENCE - time.monotonic()
            assert left > 0, f"{pattern!r} is not shown:\n{self.shown}"
            if select.select([self._terminal], [], [], left)[0]:
                self._take()
        self.waited += time.monotonic() - begun
        self._new = self._new[found.end() :]
        return found

    def answers_to(self, question: str, answer: str) -> None:
        self.reads(question)
        self.types(answer)

    def types(self, answer: str) -> None:
        self.answers += 1
        os.write(self._terminal, f"{answer}\n".encode())

    def ends(self) -> int:
        while True:
            try:
                self._take()
            except OSError:
                return self.process.wait(PATIENCE)

    def _take(self) -> None:
        piece = os.read(self._terminal, 65536).decode().replace("\r\n", "\n")
        if not piece:
            raise OSError("the terminal is closed")
        self._new += piece
        self.shown += piece


class Place(Standins):
    """Both stand-ins, each a server of its own, and an empty folder."""

    folder: Path
    pbx_address: str

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        return kept | {"TELEGRAM_API_URL": self.address}

    def setup(self, *options: str, **environment: str) -> Typed:
        return Typed(self.folder, self.environment | environment, "setup", *options)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = Clock(1.0)
    station = pbx.StandinPbx(name="Head office", api_key=KEY, now=clock.time, speed=20)
    chats = telegram.populated(TOKEN, now=clock.time)
    with (
        serving(pbx.routes(station), clock) as pbx_server,
        serving([*pbx.routes(station), *telegram.routes(chats, {"": station.name})], clock) as server,
        alive(Place(server, station, chats)) as one,
    ):
        one.folder, one.pbx_address = tmp_path, pbx_server.address
        yield one


@contextmanager
def bot_running(place: Place) -> Iterator[None]:
    with (place.folder / "log").open("w") as log:
        bot = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            cwd=place.folder,
            env=place.environment | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            bot.terminate()
            bot.wait(PATIENCE)


def test_a_newcomer_has_an_acknowledged_rehearsal(place: Place) -> None:
    """Eleven steps: nine answers in the terminal, Start on the phone, and the bot added to the group."""
    setup = place.setup()
    setup.answers_to("Bot token.*: ", TOKEN)
    setup.answers_to(r"The bot is MikoPBX, @mikopbx_demo_bot\n[^\0]*Address.*: ", place.pbx_address)
    setup.answers_to("MikoPBX answers at[^\0]*API key.*: ", KEY)
    code = setup.reads(r"\?start=(\w+)")[1]
    setup.reads("Waiting")
    place.says(SAM, "/start")
    setup.reads(r"Sam Miller \(1009\) wrote without the code, and is not taken")
    place.post("/client/start", **{"as": ANNA, "payload": code})
    setup.answers_to(r"Anna Ivanova \(1001\) wrote the code. Administrator\? \[Y/n\]: ", "")
    setup.answers_to(r"Shall a group be told of outages\?.*: ", "y")
    setup.reads("Waiting")
    group = place.post("/client/chats", title="On call", type="supergroup", creator=ANNA, members=[])["id"]
    setup.answers_to(rf"On call \({group}\). Alerts there\? ", "")
    setup.answers_to(r"Name of the PBX in messages \[127.0.0.1\]: ", "Head office")
    setup.answers_to(r"Language of the bot, en or ru \[en\]: ", "")
    assert setup.ends() == 0, setup.shown
    assert setup.answers <= 9
    assert TOKEN not in setup.shown
    assert KEY not in setup.shown
    env = place.folder / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert [file.name for file in place.folder.iterdir()] == [".env"]

    began = time.monotonic()
    with bot_running(place):
        place.wait_for_message("You are my administrator", ANNA)
        place.wait_for_message("This group will be told of outages", group)
        begun = place.asks(ANNA, "/test_alert", ANNA)
        alert = place.wait_for_message("Rehearsal|rehearsal", group)
        started = time.monotonic() - began
        press(place, alert, "on it", "Anna Ivanova", ANNA)
    assert begun
    own = setup.waited + started
    print(f"{setup.answers} answers; the program itself needed {setup.waited:.1f} s + {started:.1f} s")
    assert own < OWN_SECONDS


def test_an_interrupted_setup_goes_on_where_it_was(place: Place) -> None:
    kept = place.folder / ".env.setup"
    setup = place.setup()
    setup.answers_to("Bot token.*: ", TOKEN)
    setup.answers_to("Address.*: ", place.pbx_address)
    setup.reads("API key.*: ")
    setup.process.send_signal(signal.SIGINT)
    assert setup.ends() == 130, setup.shown
    assert "goes on from there" in setup.shown
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    setup = place.setup()
    setup.answers_to("Going on where it was interrupted[^\0]*API key.*: ", KEY)
    setup.reads("Waiting")
    setup.process.send_signal(signal.SIGTERM)
    assert setup.ends() == 130, setup.shown

    setup = place.setup()
    setup.reads("Waiting")
    setup.process.kill()
    setup.ends()
    assert [file.name for file in place.folder.iterdir()] == [kept.name]

    setup = place.setup("--group=none", "--language=ru", "--yes")
    code = setup.reads(r"\?start=(\w+)")[1]
    place.says(ANNA, code.upper(), ANNA)
    assert setup.ends() == 0, setup.shown
    assert "Traceback" not in setup.shown
    assert setup.answers == 0
    place.wait_for_message("Вы мой администратор", ANNA)
    assert [file.name for file in place.folder.iterdir()] == [".env"]
    assert f"ADMINS={ANNA}\n" in (place.folder / ".env").read_text()
