"""Script of a round, a pure function of the seed.

A round is a sequence of runs of the program, each ended by a kill, with faults in between. Every trunk fails once, so
that its name identifies the outage.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from bot.demo.pbx.web.faults import KINDS

LINES = tuple(f"Line {number:02}" for number in range(1, 9))
# Down while an alert recipient has blocked the bot.
WITNESSED = "Line 09"
# Kinds of failure of a trunk, each shown differently by the PBX.
CONDITIONS = ("provider_dead", "wrong_password", "unregistered")
COMMANDS = ("/status", "/calls", "/incidents", "/cdr today", "/mutes", "/help", "/oncall", "/id", "/missed", "/access")
SENDING = ("sendMessage", "editMessageText", "answerCallbackQuery")
PBX_TROUBLES = (*(kind for kind in KINDS if kind not in ("none", "ignore_switching")), "asterisk", "worker", "key")

# Every `LONG_EVERY`th run lasts long enough to detect an outage and its end.
LONG_EVERY, LONG = 4, 4.0

Where = Literal["start", "telegram", "pbx", "anywhere", "politely"]


@dataclass(frozen=True, slots=True)
class FaultAction:
    """Fault action `after` seconds of listening; `number` is seconds, a count or an id, depending on `what`."""

    after: float
    what: str
    of: str = ""
    number: float = 0
    more: str = ""


@dataclass(frozen=True, slots=True)
class Death:
    """Kill point: `delay` seconds after the next call of `method` was carried out (0: before its answer leaves), at the
    earliest `not_before` seconds into the run. Abandoned if no such call comes `within` seconds.
    """

    where: Where
    method: str = ""
    delay: float = 0
    within: float = 1.5
    not_before: float = 0


@dataclass(frozen=True, slots=True)
class ProgramRun:
    actions: tuple[FaultAction, ...]
    death: Death


def script(seed: int, lives: int) -> tuple[ProgramRun, ...]:
    chance = Random(f"fault campaign {seed}")
    actions: list[list[FaultAction]] = [[] for _ in range(lives)]
    deaths = [_death(chance) for _ in range(lives)]
    for run in range(2, lives, LONG_EVERY):
        deaths[run] = (
            replace(deaths[run], not_before=LONG) if deaths[run].where != "start" else Death("anywhere", within=LONG)
        )
    for planned in (_outages, _chat_faults, _telegram, _pbx, _people):
        for run, action in planned(chance, lives):
            actions[min(run, lives - 1)].append(action)
    for run in (*_of_the_store(chance, lives, actions), *_witnessed(chance, lives, actions)):
        # Long enough to see the program survive the fault.
        deaths[run] = Death("anywhere", within=5)
    return tuple(
        ProgramRun(tuple(sorted(one, key=lambda action: action.after)), death)
        for one, death in zip(actions, deaths, strict=True)
    )


Planned = Iterator[tuple[int, FaultAction]]


def _death(chance: Random) -> Death:
    match chance.choices(
        ("start", "send", "edit", "updates", "answer", "pbx", "anywhere", "politely"), (3, 6, 3, 3, 1, 4, 2, 1)
    )[0]:
        case "start":
            return Death("start", delay=chance.uniform(0, 0.6))
        case "send":
            return Death("telegram", "sendMessage", _instant(chance))
        case "edit":
            return Death("telegram", "editMessageText", _instant(chance))
        case "updates":
            return Death("telegram", "getUpdates", _instant(chance))
        case "answer":
            return Death("telegram", "answerCallbackQuery", _instant(chance))
        case "pbx":
            return Death("pbx", delay=chance.uniform(0, 0.08))
        case "anywhere":
            return Death("anywhere", within=chance.uniform(0, 2))
    return Death("politely", within=chance.uniform(0, 2))


def _instant(chance: Random) -> float:
    """Return a delay in seconds; in half the cases 0, before the answer leaves."""
    return chance.choice((0, chance.uniform(0.001, 0.06)))


def _outages(chance: Random, lives: int) -> Planned:
    for place, line in enumerate(LINES):
        begins = 1 + place * max(1, lives - 8) // len(LINES)
        if place % 4 == 3:
            yield begins - 1, FaultAction(0.2, "type", f"/mute {line} for 4h", more="mute")
        yield begins, FaultAction(chance.uniform(0, 1), "break", line, more=chance.choice(CONDITIONS))
        # Some end before they are confirmed.
        lasts = chance.choice((0, 4, 5, 6, 7, 8))
        yield begins + lasts, FaultAction(chance.uniform(1, 1.5), "mend", line)


def _chat_faults(chance: Random, lives: int) -> Planned:
    for shut, open_ in (("kick", "let in"), ("close topic", "open topic")):
        begins = chance.randrange(1, max(2, lives - 6))
        yield begins, FaultAction(chance.uniform(0, 1), shut)
        yield begins + chance.randint(1, 4), FaultAction(chance.uniform(0, 1), open_)
    yield chance.randrange(lives), FaultAction(chance.uniform(0, 1), "migrate")
    for _ in range(max(1, lives // 6)):
        step = chance.choice((chance.uniform(-40, 60), chance.uniform(-5, 5), 400))
        yield chance.randrange(lives), FaultAction(chance.uniform(0, 1), "clock", number=round(step, 1))


def _telegram(chance: Random, lives: int) -> Planned:
    for run in range(lives):
        for _ in range(chance.choice((0, 0, 1, 2))):
            kind = chance.choice(
                (
                    "rate_limit",
                    "server_error",
                    "html",
                    "slow",
                    "cut",
                    "lost_answer",
                    "lost_answer",
                    "conflict",
                    "bad_request",
                )
            )
            method = (
                "getUpdates"
                if kind == "conflict"
                else chance.choice(SENDING[:2] if kind == "bad_request" else (*SENDING, "getUpdates", ""))
            )
            count = 1 if kind in ("bad_request", "slow") else chance.randint(1, 3)
            yield run, FaultAction(chance.uniform(0, 1), "telegram", kind, count, method)


def _pbx(chance: Random, lives: int) -> Planned:
    run = chance.randint(1, 4)
    while run < lives - 2:
        yield run, FaultAction(chance.uniform(0, 1.5), "pbx", chance.choice(PBX_TROUBLES))
        run += chance.choice((0, 1, 2))
        yield run, FaultAction(1.6, "pbx well")
        run += chance.randint(2, 5)


def _people(chance: Random, lives: int) -> Planned:
    for run in range(lives):
        for _ in range(chance.choice((0, 1, 1, 2))):
            yield run, FaultAction(chance.uniform(0, 1.5), "type", chance.choice(COMMANDS))
        if chance.random() < 0.5:
            yield run, FaultAction(chance.uniform(0, 1.5), "take", number=chance.choice((1001, 1002)))
        if chance.random() < 0.3:
            yield run, FaultAction(chance.uniform(0, 0.5), "type", "/grant", more="grant")
        if chance.random() < 0.5:
            yield run, FaultAction(chance.uniform(0.5, 1.5), "give")


def _witnessed(chance: Random, lives: int, actions: list[list[FaultAction]]) -> list[int]:
    """Add an outage whose recipient is notified, then blocks the bot, and unblocks it after the end."""
    begins = chance.randrange(1, max(2, lives - 5))
    of_lives = [
        FaultAction(0.2, "break", WITNESSED, more=chance.choice(CONDITIONS)),
        # The notification has been delivered by then.
        FaultAction(chance.uniform(3, 4), "block"),
        FaultAction(chance.uniform(0.5, 1.5), "mend", WITNESSED),
        FaultAction(chance.uniform(0, 1), "unblock"),
    ]
    witnessed = [begins, begins + 1] if begins + 1 < lives else [begins]
    for run in witnessed:
        # No other fault hides it from the program, or the program from Telegram.
        actions[run] = [
            FaultAction(0, "pbx well"),
            *(one for one in actions[run] if one.what not in ("pbx", "telegram")),
        ]
    for after, action in enumerate(of_lives):
        actions[min(begins + after, lives - 1)].append(action)
    return witnessed


def _of_the_store(chance: Random, lives: int, actions: list[list[FaultAction]]) -> list[int]:
    first, second = chance.sample(range(1, lives), 2)
    actions[first].append(FaultAction(chance.uniform(0, 1), "lock", number=round(chance.uniform(0.5, 3), 1)))
    actions[second].append(FaultAction(chance.uniform(0, 1), "disk full", number=round(chance.uniform(1, 3), 1)))
    return [first, second]
