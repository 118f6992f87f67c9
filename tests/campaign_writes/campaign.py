"""Kill the program with SIGKILL while it carries out confirmed changes on a slow, lossy PBX.

Afterwards the state of the PBX and the answers in the chat must agree with the request.
"""

import io
import re
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import openpyxl

from tests.end_to_end.harness import ANNA, KEY, Json, Program, Seen, Standins, running_standins

# Speed of all that the PBX takes seconds for, and of the bot's timeouts for it.
HURRY = 20.0
IN_ONE_HOUSE = 25
PEOPLE = 25
TROUBLES = ("well", "slow", "lost answer", "does it late")
PATIENCE = 120.0
# Answer to a press interrupted by two kills in a row: possibly carried out, and not retried. The same person is the
# administrator and reads that too.
SET_ASIDE = "what you sent at .* crashed me twice"
SET_ASIDE_TOLD = "sent something at .* that crashed me twice"


@dataclass
class Result:
    kills: Counter[str] = field(default_factory=Counter)
    wanted: int = 0
    created: int = 0
    told: int = 0
    set_aside: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Harness:
    """Harness of two stand-ins, one database and successive runs of the program."""

    standins: Standins
    folder: Path
    random: Random
    result: Result
    number: int = 3000
    requests_read: int = 0

    def start(self) -> Program:
        return Program(self.standins, self.folder, TESTS_HURRY=str(HURRY))

    def live(self, kills: int) -> None:
        self.standins.post("/control/speed", speed=HURRY)
        program = self.start()
        try:
            while kills > 0:
                is_import = self.random.random() < 0.3
                trouble = self.random.choice(TROUBLES)
                times = min(kills, self.random.choice((1, 1, 1, 2)))
                question = self._ask_many() if is_import else self._ask_one()
                self._begin(trouble)
                self.standins.post(
                    "/client/press",
                    **{"as": ANNA, "chat": ANNA, "message": question.id, "row": 0, "column": 0, "wait": 0},
                )
                for _ in range(times):
                    time.sleep(self.random.uniform(0.0, 0.5 if trouble == "well" else 0.9))
                    program.kill()
                    self.result.kills[f"{'import' if is_import else 'employee'}, PBX {trouble}"] += 1
                    program = self.start()
                kills -= times
                self._end()
                self._check_many(question) if is_import else self._check_one(question)
        finally:
            program.kill()

    def _begin(self, trouble: str) -> None:
        delay = self.random.uniform(0.05, 0.6)
        if trouble == "slow":
            self.standins.post("/control/fault", kind="slow", delay=delay, paths=["employees"])
        elif trouble == "lost answer":
            self.standins.post("/control/fault", kind="lost_answer", paths=["employees"], verbs=["POST"])
        elif trouble == "does it late":
            self.standins.post("/control/worker", running=False)

    def _end(self) -> None:
        self.standins.post("/control/fault", kind="none")
        self.standins.post("/control/worker", running=True)

    def _ask_one(self) -> Seen:
        self.number += 1
        return self._question(f"/add_employee {self.number} Person{self.number}")

    def _ask_many(self) -> Seen:
        first, self.number = self.number + 1, self.number + PEOPLE
        lines = "\n".join(f"{number};Person{number}" for number in range(first, first + PEOPLE))
        return self._question(f"/import_employees\n{lines}")

    def _question(self, typed: str) -> Seen:
        """Not the first message: queued messages of an earlier run may arrive before it."""
        number = self.standins.says(ANNA, typed)
        return self.standins.wait_for(
            lambda: next((m for m in self.standins.from_bot(ANNA, after=number) if m.buttons), None), typed
        )

    def _check_one(self, question: Seen) -> None:
        number = self.number
        told = self._last(question, rf"Created: {number} Person{number}|{SET_ASIDE}", "Not created|interrupted|expired")
        created = [one for one in self._new_requests() if one["path"].endswith("/employees") and one["status"] == 201]
        if len(created) > 1:
            self.result.wrong.append(f"employee {number}: created {len(created)} times")
        if re.search(SET_ASIDE, told):
            self._last(question, SET_ASIDE_TOLD, "expired")
            self.result.set_aside += 1
            self._compare([], [], f"employee {number}")
        else:
            self._compare([number], [number] if told else [], f"employee {number}")

    def _new_requests(self) -> list[Json]:
        requests: list[Json] = self.standins.get("/control/requests", after=self.requests_read)["requests"]
        self.requests_read = requests[-1]["seq"] if requests else self.requests_read
        return requests

    def _check_many(self, question: Seen) -> None:
        numbers = list(range(self.number - PEOPLE + 1, self.number + 1))
        told = self._last(question, f"Done|{SET_ASIDE}", "Stopped|expired")
        self._new_requests()
        if re.search(SET_ASIDE, told):
            self._last(question, SET_ASIDE_TOLD, "expired")
            self.result.set_aside += 1
            return
        self._compare(numbers, self._reported(question), f"import up to {self.number}")

    def _last(self, question: Seen, wanted: str, wrong: str) -> str:
        """Return the final text that confirms `wanted`; empty on timeout, or when a text matches `wrong`."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            texts = [m.text for m in self.standins.from_bot(ANNA) if m.id >= question.id]
            if found := next((text for text in texts if re.search(wanted, text)), ""):
                return found
            if lie := next((text for text in texts if re.search(wrong, text)), None):
                self.result.wrong.append(f"told: {lie.splitlines()[0]}")
                return ""
            time.sleep(0.1)
        self.result.wrong.append(f"never told: {wanted}")
        return ""

    def _reported(self, question: Seen) -> list[int]:
        """Return the employee ids in the newest report, which is repeated if its delivery is uncertain."""
        files = [m for m in self.standins.from_bot(ANNA) if m.id > question.id and m.raw["document"]]
        if not files:
            return []
        sheet = openpyxl.load_workbook(io.BytesIO(self.standins.file_of(files[-1]))).worksheets[0]
        return [int(str(row[3])) for row in sheet.iter_rows(min_row=2, values_only=True) if row[1] == "created"]

    def _compare(self, wanted: list[int], told: list[int], what: str) -> None:
        answer = self.standins.http.get(
            "/pbxcore/api/v3/employees", params={"limit": "1000"}, headers={"Authorization": f"Bearer {KEY}"}
        )
        rows = answer.json()["data"]["data"]
        for kind in ("number", "user_username"):
            twice = [value for value, count in Counter(row[kind] for row in rows).items() if count > 1]
            self.result.wrong += [f"{what}: twice on the PBX: {value}" for value in twice]
        there = {int(row["number"]) for row in rows}
        self.result.wanted += len(wanted)
        self.result.created += len(there & set(wanted))
        self.result.told += len(told)
        self.result.wrong += [f"{what}: confirmed and missing: {n}" for n in wanted if n not in there]
        self.result.wrong += [f"{what}: told and not there: {n}" for n in told if n not in there]
        self.result.wrong += [f"{what}: there and not told: {n}" for n in wanted if n in there and n not in told]


def campaign(kills: int, seed: int) -> Result:
    result, random = Result(), Random(seed)
    while kills > 0:
        some = min(kills, IN_ONE_HOUSE)
        with running_standins(speed=1.0) as standins, tempfile.TemporaryDirectory() as folder:
            Harness(standins, Path(folder), random, result).live(some)
        kills -= some
    return result
