"""Calendars of duties from where they are: fetched over the net, and read in a process that can be ended.

The address of a calendar is a secret: nothing in here logs it or puts it into an error.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

import httpx

from bot import plain_http
from bot.access import Permission
from bot.oncall.calendar import MOST_BYTES, READ, Event, duties
from bot.oncall.rotation import Calendar
from bot.sandbox.places import Places
from bot.sandbox.process import FOR_PEOPLE, run
from bot.sandbox.task import NotDone, Refusal
from bot.store.acquaintances import Acquaintances
from bot.store.grants import GrantBook

FETCH_WITHIN = 10.0
MOST_REDIRECTS = 3


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


async def read(
    text: str,
    level: int,
    zone: str,
    now: datetime,
    whose: Callable[[str], int | None],
    *,
    owner: Hashable,
    places: Places = FOR_PEOPLE,
) -> Calendar:
    """`owner` is whose turn it takes among the `places`. Raises NoCalendar, also when it would take too long."""
    if len(text) > MOST_BYTES:
        raise NoCalendar(Trouble.TOO_LARGE)
    try:
        found = await run(
            READ, text.encode("utf-8", "replace"), owner=owner, places=places, zone=zone, now=now.isoformat()
        )
    except (Refusal, NotDone):
        raise NoCalendar(Trouble.NOT_A_CALENDAR) from None
    moment = datetime.fromisoformat
    events = [Event(title, moment(begins), moment(ends)) for title, begins, ends in found]
    return duties(events, level, whose)


async def names(grants: GrantBook, people: Acquaintances, station: str, now: datetime) -> Callable[[str], int | None]:
    """Whose a name in a calendar is, among those who may be on call. A name that two of them bear is nobody's."""
    able = (await grants.current()).people_with(Permission.ONCALL_TAKE, station, now)
    known = await people.named(able)
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
