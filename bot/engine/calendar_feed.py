"""Fetch on-call calendars over HTTP, and parse them in a sandboxed process with a timeout.

The address of a calendar is a secret: it is never logged nor part of an exception text.
"""

import asyncio
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import httpx

from bot.access.policy import Permission
from bot.http import decompression, response_head
from bot.http.decompression import BodyTooLarge
from bot.http.public_address import NotPublic, PublicOnlyTransport, Resolve, is_allowed, resolve
from bot.http.user_agent import user_agent
from bot.oncall import calendar
from bot.oncall.calendar import MAX_BYTES, READ, Event, duties
from bot.oncall.calendar_names import EMAIL
from bot.oncall.calendar_text import decoded
from bot.oncall.rotation import Calendar
from bot.sandbox.process import FOR_PEOPLE, run
from bot.sandbox.slots import SlotPool
from bot.sandbox.task import TaskFailed, TaskRefused
from bot.store.access.contacts import Contacts
from bot.store.access.grants import Grants
from bot.text.person_names import folded

# Two queues, so that periodic fetches do not delay people. Measured: a calendar sent byte by byte takes 0.7 s of
# processor time before it is refused; one that times out occupies its slot for ten seconds.
FETCHED_FOR_PEOPLE = SlotPool(3)
FETCHED_IN_THE_BACKGROUND = SlotPool(4, max_waiting=10_000)
FETCH_WITHIN = 10.0
MOST_REDIRECTS = 3
LOCAL_SEPARATORS = re.compile(r"[._]+")


class CalendarFault(StrEnum):
    """Reasons for a failed fetch.

    UNSAID replaces all of them for people without rights at every station: the exact reason would let them scan the
    operator's network.
    """

    NOT_AN_ADDRESS = "not an address"
    UNUSABLE_ADDRESS = "unusable address"
    PLAIN_HTTP = "plain http"
    INSIDE = "inside"
    NO_ANSWER = "no answer"
    NOT_GIVEN = "not given"
    TOO_LARGE = "too large"
    NOT_A_CALENDAR = calendar.UNPARSED
    TOO_MANY_EVENTS = calendar.TOO_MANY
    UNKNOWN_ZONE = calendar.UNKNOWN_ZONE
    UNREADABLE_EVENT = calendar.UNREADABLE_EVENT
    UNSAID = "unsaid"


class NoCalendar(Exception):
    """`problem`: the fault, with the name of a zone or event that it concerns after `: `; shown and stored."""

    def __init__(self, trouble: CalendarFault, name: str = "") -> None:
        self.trouble = trouble
        self.problem = f"{trouble}: {name}" if name else str(trouble)
        super().__init__(str(trouble))


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """Source of calendars from the public internet over https, and from the hosts in `allowed` over plain http too.

    `resolve` returns the IP addresses of a host.
    """

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = resolve

    def address(self, written: str) -> str:
        """Normalize an address as copied from a calendar. Raises NoCalendar."""
        text = written.strip().strip("<>")
        if text.lower().startswith("webcal://"):
            text = "https://" + text[len("webcal://") :]
        try:
            url = httpx.URL(text)
            host = url.host  # raises ValueError for an invalid international name
        except (httpx.InvalidURL, ValueError):
            raise NoCalendar(CalendarFault.NOT_AN_ADDRESS) from None
        if not host or any(char.isspace() for char in text) or not 0 < (url.port or 443) < 65536:
            raise NoCalendar(CalendarFault.NOT_AN_ADDRESS)
        if url.scheme not in ("http", "https") or url.userinfo:
            raise NoCalendar(CalendarFault.UNUSABLE_ADDRESS)
        if url.scheme == "http" and not is_allowed(url, self.allowed):
            raise NoCalendar(CalendarFault.PLAIN_HTTP)
        return text

    async def fetch(self, url: str, *, owner: Hashable, places: SlotPool = FETCHED_FOR_PEOPLE) -> str:
        """Fetch the text of a calendar, with a timeout of FETCH_WITHIN seconds and without retries; requests of one
        `owner` share a queue in `places`. Raises NoCalendar."""
        try:
            async with places.slot(owner):
                return await self._fetch(url)
        except TaskFailed:
            raise NoCalendar(CalendarFault.NO_ANSWER) from None

    async def _fetch(self, url: str) -> str:
        """Follow redirects; resolve and check the address at each one, since DNS answers change. Raises NoCalendar."""
        through = PublicOnlyTransport(self.allowed, self.resolve)
        try:
            async with (
                asyncio.timeout(FETCH_WITHIN),
                httpx.AsyncClient(timeout=FETCH_WITHIN, transport=through, trust_env=False) as client,
            ):
                response_head.limit_head(client, through.through)
                for _ in range(MOST_REDIRECTS + 1):
                    async with client.stream("GET", self.address(url), headers=_headers()) as answer:
                        if not answer.has_redirect_location:
                            return await _text(answer)
                        url = _next(answer)
        except NotPublic:
            raise NoCalendar(CalendarFault.INSIDE) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
            raise NoCalendar(CalendarFault.NO_ANSWER) from None
        raise NoCalendar(CalendarFault.NOT_GIVEN)


def _headers() -> dict[str, str]:
    return {"Accept": "text/calendar", "User-Agent": user_agent(), **decompression.IDENTITY}


def _next(answer: httpx.Response) -> str:
    """Return the target of a redirect. Raises NoCalendar for https to plain http."""
    here = answer.request.url
    target = here.join(answer.headers["Location"])
    if here.scheme == "https" and target.scheme != "https":
        raise NoCalendar(CalendarFault.PLAIN_HTTP)
    return str(target)


async def _text(answer: httpx.Response) -> str:
    """Read at most MAX_BYTES of a calendar.

    A compressed answer was not requested and could grow without limit: refused. Raises NoCalendar.
    """
    packed = answer.headers.get("Content-Encoding", "identity").lower() != "identity"
    if answer.status_code != httpx.codes.OK or packed:
        raise NoCalendar(CalendarFault.NOT_GIVEN)
    try:
        content = await decompression.read_all(answer, MAX_BYTES)
    except BodyTooLarge:
        raise NoCalendar(CalendarFault.TOO_LARGE) from None
    return decoded(bytes(content), answer.charset_encoding)


async def read(
    text: str,
    level: int,
    zone: str,
    now: datetime,
    whose: Callable[[str], int | None],
    *,
    owner: Hashable,
) -> Calendar:
    """Parse the shifts for a person who waits for them. Raises NoCalendar, as `events` does."""
    return duties(await events(text, zone, now, owner=owner), level, whose)


async def events(text: str, zone: str, now: datetime, *, owner: Hashable, places: SlotPool = FOR_PEOPLE) -> list[Event]:
    """Parse the events of the weeks around `now`; tasks of one `owner` share a queue in `places`.

    Raises NoCalendar, also on timeout.
    """
    if len(text) > MAX_BYTES:
        raise NoCalendar(CalendarFault.TOO_LARGE)
    try:
        found = await run(
            READ, text.encode("utf-8", "replace"), owner=owner, slots=places, zone=zone, now=now.isoformat()
        )
    except TaskRefused as refused:
        fault, _, name = refused.reason.partition(": ")
        raise NoCalendar(CalendarFault(fault), name) from None
    except TaskFailed:
        raise NoCalendar(CalendarFault.NOT_A_CALENDAR) from None
    moment = datetime.fromisoformat
    return [Event(title, moment(begins), moment(ends), tuple(attendees)) for title, begins, ends, *attendees in found]


async def names(grants: Grants, people: Contacts, station: str, now: datetime) -> Callable[[str], int | None]:
    """Return a lookup from a name in a calendar to the user id among people that may be on call.

    A name of two people yields None. Names are equal in any spelling and order; an e-mail address names whoever has its
    local part as username or, like `anna.ivanova`, as name.
    """
    able = (await grants.current()).people_with(Permission.ONCALL_TAKE, station, now)
    known = await people.named(able, station)
    bearers: dict[str, set[int]] = {str(person): {person} for person in able}
    for one in known.values():
        for name in (one.name, one.username or ""):
            if name:
                bearers.setdefault(_key(name), set()).add(one.id)
        if one.username:
            bearers.setdefault(_key(f"@{one.username}"), set()).add(one.id)
    return lambda name: _only(bearers, name)


def _key(name: str) -> str:
    return " ".join(sorted(folded(name).split()))


def _only(bearers: Mapping[str, set[int]], name: str) -> int | None:
    if not EMAIL.fullmatch(name):
        found = bearers.get(_key(name), set())
        return next(iter(found)) if len(found) == 1 else None
    local = name.partition("@")[0]
    words = LOCAL_SEPARATORS.sub(" ", local)
    return _only(bearers, f"@{local}") or (_only(bearers, words) if " " in words else None)
