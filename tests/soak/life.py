"""Events of a busy period: failing and flapping trunks, storms, a PBX out of reach, commands, presses and strangers.
More than most PBXs see in a month.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from bot.pbx import Unreachable
from tests.incident_harness.station import DEAD, REFUSED, SILENT, UP
from tests.soak.season import ANNA, BORIS, GROUP, TRUNKS, VERA, Season

# Down from the first day on: acknowledged and never repaired.
FORGOTTEN = TRUNKS[-1]
COMMANDS = (
    "/status",
    "/incidents",
    "/why",
    "/history week",
    "/history",
    "/mutes",
    "/maintenance",
    "/oncall",
    "/audit",
    "/help",
    "/id",
    "/access",
    "/ack",
    "/mute all for 30m",
    "/unmute all",
    "/quiet 22:00-08:00",
    "/watch 201 202",
    "/test_alert",
    "/unknown",
    "a word in between",
)
Act = Callable[[Season], Awaitable[None]]


async def live(season: Season, chance: Random, lasting: timedelta, stranger: int, lively: float = 1.0) -> None:
    """`stranger` is the first id of the unknown people; `lively` scales the number of events."""
    begin = season.clock.now
    for at, act in sorted(_events(begin, lasting, chance, stranger, lively), key=lambda event: event[0]):
        await season.pass_until(at)
        await act(season)
    await season.pass_until(begin + lasting)
    await season.settles()


def _events(
    begin: datetime, lasting: timedelta, chance: Random, stranger: int, lively: float
) -> Iterator[tuple[datetime, Act]]:
    def some_time() -> datetime:
        return begin + lasting * chance.uniform(0.02, 0.8)

    def some(number: int) -> range:
        return range(max(1, round(number * lively)))

    yield begin, _shows([FORGOTTEN], DEAD)
    yield begin + timedelta(minutes=30), _types("/ack", ANNA, ANNA)
    for _ in some(15):
        down = some_time()
        trunk = chance.choice(TRUNKS[:-1])
        yield down, _shows([trunk], chance.choice((DEAD, REFUSED, SILENT)))
        yield down + timedelta(minutes=chance.expovariate(1 / 40)), _shows([trunk], UP)
    for _ in some(2):
        yield from _flapping(chance.choice(TRUNKS[:-1]), some_time())
    storm = some_time()
    yield storm, _shows(TRUNKS[:-1], DEAD)
    yield storm + timedelta(minutes=chance.uniform(20, 90)), _shows(TRUNKS[:-1], UP)
    away = some_time()
    yield away, _pbx_is_away(True)
    yield away + timedelta(minutes=chance.uniform(5, 60)), _pbx_is_away(False)
    for _ in some(2):
        yield some_time(), _is_online("201", False)
        yield some_time(), _is_online("201", True)
    for _ in some(3):
        weekday = chance.choice(("mon", "tue", "wed", "thu", "fri"))
        yield some_time(), _types(f"/maintenance all {weekday} 02:00-04:00 works", ANNA, GROUP)
        yield some_time(), _types(f"/mute {chance.choice(TRUNKS)} until recovery", VERA, GROUP)
    for _ in some(50):
        text, person = chance.choice(COMMANDS), chance.choice((ANNA, BORIS, VERA))
        yield some_time(), _types(text, person, chance.choice((GROUP, person)))
    for _ in some(30):
        yield some_time(), _presses(chance, chance.choice((ANNA, BORIS, VERA)))
    for number in some(5):
        yield some_time(), _types("/start", stranger + number, stranger + number)


def _flapping(trunk: str, begin: datetime) -> Iterator[tuple[datetime, Act]]:
    for number in range(8):
        yield begin + timedelta(minutes=12 * number), _shows([trunk], DEAD)
        yield begin + timedelta(minutes=12 * number + 6), _shows([trunk], UP)


def _shows(trunks: list[str], state: tuple[str, str]) -> Act:
    async def act(season: Season) -> None:
        for trunk in trunks:
            season.pbx.trunks.shows(trunk, state)

    return act


def _pbx_is_away(is_away: bool) -> Act:
    async def act(season: Season) -> None:
        season.pbx.trunks.error = Unreachable("no route") if is_away else None

    return act


def _is_online(number: str, is_online: bool) -> Act:
    async def act(season: Season) -> None:
        season.pbx.online[number] = is_online

    return act


def _types(text: str, person: int, chat: int) -> Act:
    async def act(season: Season) -> None:
        await season.types(text, person, chat)

    return act


def _presses(chance: Random, person: int) -> Act:
    async def act(season: Season) -> None:
        if season.telegram.buttons:
            chat, message, data = chance.choice(season.telegram.buttons)
            await season.presses(chat, message, data, person)

    return act
