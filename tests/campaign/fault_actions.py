"""Fault actions of a script: one method for each kind, over HTTP, as people and PBXs cause them."""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

from bot.demo.telegram.model import GENERAL
from tests.campaign import database_faults
from tests.campaign.audit.records import Diary, Outage, Said, Span
from tests.campaign.script import LINES, WITNESSED, FaultAction
from tests.end_to_end.harness import ANNA, BORIS, FORUM, GROUP, VERA, Standins
from tests.fixtures.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Callable


class Harness(Protocol):
    """Files of the program under test."""

    folder: Path
    database: Stored
    clock: Path

    @property
    def pid(self) -> int: ...


class FaultPlayer:
    def __init__(self, standins: Standins, diary: Diary, harness: Harness) -> None:
        self._standins = standins
        self._diary = diary
        self._harness = harness
        self._broken: dict[str, float] = {}
        self._pbx_trouble: tuple[str, float] | None = None
        self._shut: dict[int, float] = {}
        self._asked = 0
        self._offsets = [0.0]
        self._lock: database_faults.Lock | None = None
        self._disk_full_from: float | None = None
        self._disk_free_at = 0.0
        chats = standins.chats
        for person in (ANNA, BORIS):
            chats.people[person].started = True
        chats.limits.enforced = False
        for line in (*LINES, WITNESSED):
            standins.post("/control/trunks", name=line, host=f"{line[-2:]}.example.com", username="1")
        self._old = int(standins.post("/client/chats", title="Old", type="group", creator=ANNA, members=[BORIS])["id"])
        self._group = int(
            standins.post("/client/chats", title="Office talk", type="supergroup", creator=ANNA, members=[BORIS, VERA])[
                "id"
            ]
        )
        self._topic = next(number for number in chats.chats[FORUM].topics if number != GENERAL)
        self.alert_chats = (GROUP, FORUM, self._old, BORIS)
        self._handlers: dict[str, Callable[[FaultAction], None]] = {
            "break": self._break,
            "mend": lambda action: self._mend(action.of),
            "telegram": self._telegram,
            "pbx": self._pbx,
            "pbx well": lambda _: self._pbx_well(),
            "block": lambda _: self._block(True),
            "unblock": lambda _: self._block(False),
            "kick": lambda _: self._member("kicked"),
            "let in": lambda _: self._member("member"),
            "close topic": lambda _: self._close_topic(True),
            "open topic": lambda _: self._close_topic(False),
            "migrate": lambda _: self._migrate(),
            "clock": self._set_clock,
            "lock": self._lock_store,
            "disk full": self._fill_disk,
            "type": self._type,
            "take": self._take,
            "give": lambda _: self._give(),
        }

    def settings(self) -> dict[str, str]:
        return {
            "ALERT_CHATS": f"{GROUP},{FORUM}:{self._topic},{self._old},{BORIS}",
            "VIEWERS": f"{VERA},{self._group}",
        }

    def do(self, action: FaultAction) -> None:
        self._free_disk_when_time()
        self._handlers[action.what](action)

    def end_of_run(self) -> None:
        """Release the lock or the full disk; the program has survived it."""
        if self._lock is not None:
            self._lock.wait()
            self._lock = None
        if self._disk_full_from is not None:
            time.sleep(max(0.0, self._disk_free_at - time.time()))
            self._free_disk_when_time()
            time.sleep(1.5)

    def calm(self) -> None:
        self._standins.post("/client/faults", kind="none")
        self._pbx_well()
        self._block(False)
        self._member("member")
        self._close_topic(False)
        for line in list(self._broken):
            self._mend(line)
        # The clock is never set back: that would only delay queued messages.
        self._harness.clock.write_text(str(max(self._offsets)))

    def _count(self, what: str) -> None:
        self._diary.faults[what] += 1

    def _break(self, action: FaultAction) -> None:
        self._broken[action.of] = time.time()
        self._count("line broken")
        self._standins.breaks(action.of, action.more)

    def _mend(self, line: str) -> None:
        self._standins.mends(line)
        trunk = self._standins.trunk(line)["id"]
        if (began := self._broken.pop(line, None)) is not None:
            self._diary.outages.append(Outage(trunk, line, began, time.time()))

    def _telegram(self, action: FaultAction) -> None:
        self._count(f"Telegram: {action.of}")
        self._standins.post(
            "/client/faults",
            kind=action.of,
            methods=[action.more] if action.more else [],
            count=int(action.number),
            retry_after=2,
            seconds=1.5,
        )

    def _pbx(self, action: FaultAction) -> None:
        self._pbx_well()
        self._count(f"PBX: {action.of}")
        self._pbx_trouble = (action.of, time.time())
        match action.of:
            case "asterisk":
                self._standins.post("/control/asterisk", running=False)
            case "worker":
                self._standins.post("/control/worker", running=False)
            case "key":
                self._standins.post("/control/key", revoked=True)
            case kind:
                self._standins.post("/control/fault", kind=kind, delay=2 if kind == "slow" else 0)

    def _pbx_well(self) -> None:
        self._standins.post("/control/fault", kind="none", delay=0)
        self._standins.post("/control/asterisk", running=True)
        self._standins.post("/control/worker", running=True)
        self._standins.post("/control/key", revoked=False)
        if self._pbx_trouble is not None:
            self._diary.pbx_troubles.append(Span(self._pbx_trouble[1], time.time()))
            self._pbx_trouble = None

    def _block(self, blocked: bool) -> None:
        self._standins.post("/client/block", **{"as": BORIS, "blocked": blocked})
        self._shut_or_open(BORIS, blocked, "person blocks the bot")

    def _member(self, status: str) -> None:
        bot = self._standins.chats.bot.id
        if (self._standins.chats.chats[GROUP].status(bot) == "member") != (status == "member"):
            self._standins.post("/client/members", chat=GROUP, by=ANNA, user=bot, status=status)
        self._shut_or_open(GROUP, status != "member", "bot kicked from a group")

    def _close_topic(self, closed: bool) -> None:
        self._standins.post("/client/topics", chat=FORUM, id=self._topic, closed=closed)
        if closed:
            self._count("topic closed")

    def _shut_or_open(self, chat: int, shut: bool, what: str) -> None:
        if shut:
            self._count(what)
            self._shut[chat] = time.time()
        elif (began := self._shut.pop(chat, None)) is not None:
            self._diary.shut.setdefault(chat, []).append(Span(began, time.time()))

    def _migrate(self) -> None:
        self._count("group became a supergroup")
        new = int(self._standins.post("/client/migrate", chat=self._old)["new_id"])
        self._diary.moved[self._old] = new

    def _set_clock(self, action: FaultAction) -> None:
        self._count("clock set")
        self._offsets.append(action.number)
        self._harness.clock.write_text(str(action.number))

    def _lock_store(self, action: FaultAction) -> None:
        self._count(database_faults.LOCKED)
        self._lock = database_faults.Lock(self._harness.database, action.number)
        self._diary.store_troubles.append(Span(time.time(), time.time() + action.number))

    def _fill_disk(self, action: FaultAction) -> None:
        if not (pid := self._harness.pid):
            return
        self._count(database_faults.DOWN)
        self._disk_full_from = time.time()
        self._disk_free_at = self._disk_full_from + action.number
        database_faults.take_down(pid, self._harness.folder)

    def _free_disk_when_time(self) -> None:
        if self._disk_full_from is None or time.time() < self._disk_free_at:
            return
        with suppress(ProcessLookupError):
            database_faults.bring_back(self._harness.pid)
        self._diary.store_troubles.append(Span(self._disk_full_from, time.time() + 1))
        self._disk_full_from = None

    def _type(self, action: FaultAction) -> None:
        self._asked += 1
        text, who = action.of, BORIS
        if action.more == "mute":
            text = f"{action.of} reason{self._asked}x"
        elif action.more == "grant":
            text, who = f"/grant {5000 + self._asked} viewer", ANNA
        elif action.of == "/access":
            who = ANNA
        number = self._standins.says(who, text, self._group)
        self._diary.said.append(Said(self._group, number, text, action.more, time.time()))

    def _take(self, action: FaultAction) -> None:
        self._press("I'm on it", GROUP, int(action.number))

    def _give(self) -> None:
        self._press("✅ Give", self._group, ANNA)

    def _press(self, label: str, chat: int, person: int) -> None:
        """Press the newest button with that label, if any. Does not wait for the answer."""
        for message in reversed(self._standins.messages(chat)):
            for row, labels in enumerate(message.buttons):
                for column, text in enumerate(labels):
                    if label in text:
                        body = {
                            "as": person,
                            "chat": chat,
                            "message": message.id,
                            "row": row,
                            "column": column,
                            "wait": 0,
                        }
                        with suppress(AssertionError, httpx.HTTPError):
                            self._standins.post("/client/press", **body)
                            self._count("button pressed")
                            self._diary.pressed.add((chat, message.id))
                        return
