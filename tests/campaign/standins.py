"""Play a round with the real program between the stand-ins, and return the records for the audit."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.campaign import fault_actions
from tests.campaign.audit.records import Diary, RoundRecords, Shown, tables
from tests.campaign.clock_shim import CLOCK
from tests.campaign.kill_points import KillPoints
from tests.campaign.script import Death, ProgramRun
from tests.end_to_end.harness import Standins, ordinary_settings, running_standins
from tests.end_to_end.launcher import Started
from tests.fixtures import stored

LOOK_EVERY = 0.02
# Generous: a busy machine takes seconds to start the program.
LISTENS_WITHIN = 60.0
# Seconds after the last fault within which suppressed and queued messages must be delivered.
CALM_WITHIN = 300.0
# Seconds without a change that count as calm.
STILL_FOR = 2.5


class Stage:
    def __init__(self, standins: Standins, folder: Path) -> None:
        self.standins = standins
        self.folder = folder
        self.database = stored.in_folder(folder).migrated()
        self.clock = folder / "clock"
        self.diary = Diary()
        self.player = fault_actions.FaultPlayer(standins, self.diary, self)
        self.kill_points = KillPoints(standins, lambda at, where: self.diary.kills.append((at, where)))
        self._process: Started | None = None
        self._lives = 0
        self.clock.write_text("0")

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def play(self, script: tuple[ProgramRun, ...]) -> RoundRecords:
        try:
            for run in script:
                self._live(run)
            self._calm()
        finally:
            if self._process is not None:
                self._process.kill()
        return self._records()

    def _start(self) -> None:
        self._lives += 1
        environment = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TZ")}
        environment |= ordinary_settings(self.standins.address, self.folder) | self.player.settings()
        environment |= {CLOCK: str(self.clock), "LOG_LEVEL": "INFO"}
        log = self.folder / f"bot-{self._lives:03}.log"
        log.touch()
        self._process = Started(self.folder, environment, log, first="tests.campaign.clock_shim")
        self.diary.starts.append(time.time())
        self.kill_points.watch(self._process.pid)

    def _live(self, run: ProgramRun) -> None:
        self._start()
        if run.death.where == "start":
            self._wait_for(run.death.delay)
            for action in run.actions:
                self.player.do(action)
            self._end(run.death)
            return
        self._wait_for(LISTENS_WITHIN, listening=True)
        began = time.monotonic()
        for action in run.actions:
            if action.after >= run.death.not_before:
                self.kill_points.arm(run.death)
            self._wait_for(began + action.after - time.monotonic())
            self.player.do(action)
        self._wait_for(began + run.death.not_before - time.monotonic())
        self.kill_points.arm(run.death)
        self._wait_for(run.death.within)
        self.player.end_of_run()
        self._end(run.death)

    def _wait_for(self, seconds: float, *, listening: bool = False) -> None:
        """Wait for the time to pass or the program to exit."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not self.kill_points.sprung.wait(min(left, LOOK_EVERY)):
            if (listening and self.kill_points.listening.is_set()) or self._collapsed():
                return

    def _collapsed(self) -> bool:
        return not self.kill_points.sprung.is_set() and self._process is not None and self._process.poll() is not None

    def _end(self, death: Death) -> None:
        assert self._process is not None
        if self._collapsed():
            self._write_down_collapse()
            return
        if death.where == "politely" and not self.kill_points.sprung.is_set():
            self.diary.faults["stopped politely"] += 1
            self.diary.stops.append(time.time())
            self._process.terminate()
        else:
            self.kill_points.spring("at start" if death.where == "start" else "anywhere")
        self._process.wait(40)

    def _write_down_collapse(self) -> None:
        log = self.folder / f"bot-{self._lives:03}.log"
        self.diary.collapses.append((time.time(), log.read_text()[-1500:]))

    def _calm(self) -> None:
        """End all faults and wait until the queues are empty; restart the program if it exits, as a service manager
        does.
        """
        self.player.calm()
        self._start()
        ends, still_since, before = time.monotonic() + CALM_WITHIN, time.monotonic(), ""
        while time.monotonic() < ends:
            time.sleep(0.2)
            if self._collapsed():
                self._write_down_collapse()
                self._start()
            now = self._state()
            if now != before or self._owed():
                still_since, before = time.monotonic(), now
            elif time.monotonic() - still_since > STILL_FOR:
                return

    def _state(self) -> str:
        queue = len(self.standins.chats.queue.waiting())
        sent = sum(1 for call in self.standins.chats.log.after(0) if call["method"] != "getUpdates")
        return f"{queue} {sent}"

    def _owed(self) -> int:
        """Count unfinished rows of outbox and inbox, and open trunk incidents."""
        with suppress(*stored.FAILED):
            asked = (
                "SELECT (SELECT count(*) FROM outbox"
                " WHERE state NOT IN ('sent', 'dead', 'dropped') AND action != 'delete')"
                " + (SELECT count(*) FROM inbox WHERE done_at IS NULL)"
                " + (SELECT count(*) FROM incidents WHERE open_key LIKE '%-TRUNK-%' OR open_key LIKE '%|')"
            )
            ((owed,),) = self.database.execute(asked)
            return int(owed)
        return 1

    def _records(self) -> RoundRecords:
        chats = self.standins.chats
        bot = chats.bot
        return RoundRecords(
            tables=tables(self.database),
            calls=chats.log.after(0),
            looks=[entry for entry in self.standins.station.journal.after(0) if "getStatuses" in str(entry["path"])],
            shown=[
                Shown(chat.id, one.id, one.text, _buttons(one.markup))
                for chat in list(chats.chats.values())
                for one in list(chat.messages.values())
                if one.sender is bot
            ],
            pending_updates=len(chats.queue.waiting()),
            alert_chats=self.player.alert_chats,
            diary=self.diary,
        )


def _buttons(markup: dict[str, Any] | None) -> tuple[str, ...]:
    return tuple(str(button["text"]) for row in (markup or {}).get("inline_keyboard", []) for button in row)


def play(script: tuple[ProgramRun, ...], folder: Path) -> RoundRecords:
    with running_standins(speed=1.0) as standins:
        return Stage(standins, folder).play(script)
