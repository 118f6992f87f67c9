"""Kill points: kill the program from within the stand-in that handles its request."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from bot.demo.pbx.web.journal import JournalEntry
from tests.campaign.script import Death
from tests.end_to_end.harness import Standins


class KillPoints:
    """Calls `killed` with the Unix time and the kill point immediately before the kill."""

    def __init__(self, standins: Standins, killed: Callable[[float, str], None]) -> None:
        self._killed = killed
        self._lock = threading.Lock()
        self._death: Death | None = None
        self._pid, self.armed = 0, False
        self.sprung = threading.Event()
        self.listening = threading.Event()
        standins.chats.log.heard = self._telegram
        standins.station.journal.heard = self._pbx

    def watch(self, pid: int) -> None:
        self._pid, self._death, self.armed = pid, None, False
        self.sprung.clear()
        self.listening.clear()

    def arm(self, death: Death) -> None:
        if not self.armed:
            self.armed, self._death = True, death

    def spring(self, where: str) -> None:
        with self._lock:
            if self.sprung.is_set():
                return
            self._death = None
            # Recorded first: events until the signal arrives belong before the kill.
            self._killed(time.time(), where)
            os.kill(self._pid, signal.SIGKILL)
            self.sprung.set()

    def _telegram(self, call: dict[str, Any]) -> None:
        if call["method"] == "getMe" and call["ok"]:
            self.listening.set()
        death = self._death
        if death is None or death.where != "telegram" or death.method != call["method"] or not call["ok"]:
            return
        if call["method"] == "getUpdates" and not call["result"]:
            return
        self._soon(death, f"{'in' if death.delay == 0 else 'after'} {call['method']}")

    def _pbx(self, entry: JournalEntry) -> None:
        death = self._death
        if death is not None and death.where == "pbx" and "/pbxcore/api" in entry.path:
            self._soon(death, "after the PBX answered")

    def _soon(self, death: Death, where: str) -> None:
        self._death = None
        if death.delay == 0:
            self.spring(where)
        else:
            asyncio.get_running_loop().call_later(death.delay, self.spring, where)
