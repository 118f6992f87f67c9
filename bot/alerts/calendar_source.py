"""Calendars of duties from where they are: fetched over the net, and read in a process that can be ended.

The address of a calendar is a secret: nothing in here logs it or puts it into an error.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

import bot
from bot import plain_http
from bot.access import Permission
from bot.oncall.calendar import MOST_BYTES, Event, duties
from bot.oncall.rotation import Calendar
from bot.store.acquaintances import Acquaintances
from bot.store.grants import GrantBook

FETCH_WITHIN = 10.0
READ_WITHIN = 15.0
MOST_REDIRECTS = 3
ROOT = Path(bot.__file__).parent.parent


class Trouble(StrEnum):
    """Why there is no calendar."""

    NOT_AN_ADDRESS = "not an address"
    PLAIN_HTTP = "plain http"
    NO_ANSWER = "no answer"
    NOT_GIVEN = "not given"
    TOO_LARGE = "too large"
    NOT_A_CALENDAR = "not a calendar"


class NoCalendar(Exception):
    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(str(trouble))


def address(written: str) -> str:
    """An address as people copy it from a calendar. Raises NoCalendar."""
    text = written.strip().strip("<>")
    if text.lower().startswith("webcal://"):
        text = "https://" + text[len("webcal://") :]
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(char.isspace() for char in text):
        raise NoCalendar(Trouble.NOT_AN_ADDRESS)
    if plain_http.refusal(text, frozenset()) is not None:
        raise NoCalendar(Trouble.PLAIN_HTTP)
    return text


async def fetch(url: str) -> str:
    """Raises NoCalendar."""
    try:
        async with asyncio.timeout(FETCH_WITHIN), httpx.AsyncClient(timeout=FETCH_WITHIN, trust_env=False) as client:
            for _ in range(MOST_REDIRECTS + 1):
                async with client.stream("GET", url, headers={"Accept": "text/calendar"}) as answer:
                    if not answer.has_redirect_location:
                        return await _text(answer)
                    url = _next(url, answer.headers["Location"])
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError):
        raise NoCalendar(Trouble.NO_ANSWER) from None
    raise NoCalendar(Trouble.NOT_GIVEN)


def _next(url: str, location: str) -> str:
    """Where a redirect leads; never from https to anything less."""
    target = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise NoCalendar(Trouble.PLAIN_HTTP)
    return address(target)


async def _text(answer: httpx.Response) -> str:
    if answer.status_code != httpx.codes.OK:
        raise NoCalendar(Trouble.NOT_GIVEN)
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            raise NoCalendar(Trouble.TOO_LARGE)
    return content.decode("utf-8", "replace")


async def read(text: str, level: int, zone: str, now: datetime, whose: Callable[[str], int | None]) -> Calendar:
    """Raises NoCalendar, also when it would take too long."""
    if len(text) > MOST_BYTES:
        raise NoCalendar(Trouble.TOO_LARGE)
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.oncall",
        zone,
        now.isoformat(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Nothing of the program's own surroundings: its secrets stand there.
        env={"PYTHONPATH": str(ROOT)},
    )
    try:
        async with asyncio.timeout(READ_WITHIN):
            printed, _ = await reader.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        raise NoCalendar(Trouble.NOT_A_CALENDAR) from None
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()
    if reader.returncode != 0:
        raise NoCalendar(Trouble.NOT_A_CALENDAR)
    moment = datetime.fromisoformat
    events = [Event(title, moment(begins), moment(ends)) for title, begins, ends in json.loads(printed)]
    return duties(events, level, whose)


async def names(grants: GrantBook, people: Acquaintances, station: str, now: datetime) -> Callable[[str], int | None]:
    """Whose a name in a calendar is, among those who may be on call. A name that two of them bear is nobody's."""
    able = (await grants.current()).people_with(Permission.ONCALL_TAKE, station, now)
    known = await people.named(able, station)
    bearers: dict[str, set[int]] = {str(person): {person} for person in able}
    for one in known.values():
        for name in (one.name, f"@{one.username}" if one.username else ""):
            if name:
                bearers.setdefault(_folded(name), set()).add(one.id)
    return lambda name: _only(bearers, name)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _only(bearers: Mapping[str, set[int]], name: str) -> int | None:
    found = bearers.get(_folded(name), set())
    return next(iter(found)) if len(found) == 1 else None
